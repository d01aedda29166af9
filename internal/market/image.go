package market

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"time"

	"github.com/google/uuid"

	"enishi/internal/corpnum"
	"enishi/internal/engine"
	"enishi/internal/rule"
	"enishi/internal/section"
)

// Image is the populations at one position of the log, ready to be written to
// a file from which another process starts. What it holds may be newer than
// the position, never older: who follows the log from there is right.
//
// It holds people under keys: their documents as numbers of codes, their
// wishes, ids and limits, the numbers of employers that they block, and their
// texts as companies search them: masked, and sealed with the installation's
// secret. No name, no address. Rules are held whole. Trials are not in it.
type Image struct {
	about             about
	numbers           []corpnum.Number
	people            []personLine
	orders            []rule.Rule
	texts             *textView
	seal              func(string) []byte // of texts
	candidates, rules *engine.View
}

// The file: a frame of sections (the head as JSON; corporate numbers, people,
// texts and rules in runs), then the snapshots of candidates and of rules.
const (
	imageMagic  = "ENISHIMK"
	imageFormat = 1
	// loweringVersion is raised whenever the same rows become other documents
	// or conditions, or a person or an order holds something else.
	loweringVersion = 4

	numberBytes = 8
	personBytes = 8 + 16 + 4
	runLines    = 1 << 16 // numbers or people in a section
	runRules    = 1000    // rules in a section
	runTexts    = 4096    // texts in a section
)

// about says what an image is of; an image with another one does not fit.
type about struct {
	Installation string    `json:"installation"` // keyed by its seed
	Lowering     string    `json:"lowering"`     // of schemas, taxonomy and loweringVersion
	Applied      int64     `json:"applied"`      // position of the log
	Row          *Row      `json:"row"`          // the log's row there, if it still has it
	Made         time.Time `json:"made"`         // by the installation's clock

	Numbers int `json:"numbers"`
	People  int `json:"people"`
	Texts   int `json:"texts"`
	Rules   int `json:"rules"`
}

type personLine struct {
	key int64
	person
}

// Image takes an image of the populations. It copies what is beside them, some
// 30 bytes a person, and holds up nobody for longer than that.
func (m *Market) Image(ctx context.Context) (*Image, error) {
	p := m.people
	// The position first: all that is read after it is at least as new.
	i := &Image{about: about{
		Installation: m.installation(), Lowering: p.fingerprint(), Applied: p.applied.Load(), Made: m.Now(),
	}, seal: m.vault.Seal}
	shown := p.seen.Load()
	i.candidates, i.texts, i.rules = shown.candidates, shown.texts, p.rules.View()
	p.mu.RLock()
	i.people = make([]personLine, 0, len(p.person))
	for key, who := range p.person {
		i.people = append(i.people, personLine{key, who})
	}
	i.orders = make([]rule.Rule, 0, len(p.order))
	for _, o := range p.order {
		i.orders = append(i.orders, o.rule)
	}
	p.mu.RUnlock()
	// The numbers last: what stands in the views has had its number before.
	i.numbers = p.profiles.numbers.all()
	slices.SortFunc(i.people, func(a, b personLine) int { return cmp.Compare(a.key, b.key) })
	slices.SortFunc(i.orders, func(a, b rule.Rule) int { return cmp.Compare(a.Key, b.Key) })
	i.about.Numbers, i.about.People, i.about.Rules = len(i.numbers), len(i.people), len(i.orders)
	i.about.Texts = i.texts.len()
	err := m.read(ctx, func(tx Tx) error {
		var err error
		i.about.Row, err = rowAt(tx, i.about.Applied)
		return err
	})
	return i, err
}

// rowAt gives the log's row at a position, or nil.
func rowAt(tx Tx, pos int64) (*Row, error) {
	rows, err := tx.Rows(pos-1, 1)
	if err != nil {
		return nil, fmt.Errorf("read the log at %d: %w", pos, err)
	}
	if pos == 0 || len(rows) == 0 || rows[0].Pos != pos {
		return nil, nil
	}
	return &rows[0], nil
}

// all gives every number, by the small number that stands for it.
func (n *numbering) all() []corpnum.Number {
	n.mu.RLock()
	defer n.mu.RUnlock()
	return slices.SortedFunc(maps.Keys(n.byNo), func(a, b corpnum.Number) int { return cmp.Compare(n.byNo[a], n.byNo[b]) })
}

// installation tells installations apart without telling their seed.
func (m *Market) installation() string {
	sum := sha256.Sum256(fmt.Append(nil, "snapshot of the installation ", string(m.seed), m.identity))
	return hex.EncodeToString(sum[:])
}

// fingerprint is of everything that decides how rows are lowered: schemas,
// codes in the engine's order, steps of levels, and loweringVersion.
func (p *populations) fingerprint() string {
	h := sha256.New()
	fmt.Fprintln(h, loweringVersion)
	for _, l := range []*lowering{p.profiles, p.positions} {
		for _, name := range slices.Sorted(maps.Keys(l.fields)) {
			f := l.fields[name]
			fmt.Fprintf(h, "%q %d %q %d %v %t %q %+v\n",
				name, f.source.Kind, f.source.Classification, f.source.Hi, f.source.Steps, f.dated, f.codes, l.schema.Fields[f.field])
		}
	}
	return hex.EncodeToString(h.Sum(nil))
}

// Applied is the position of the log up to which the image is complete.
func (i *Image) Applied() int64 { return i.about.Applied }

// Made is when the image was taken, by the installation's clock.
func (i *Image) Made() time.Time { return i.about.Made }

// WriteTo writes the image and gives its length. Nothing waits for it.
func (i *Image) WriteTo(w io.Writer) (int64, error) {
	f, err := section.NewWriter(w, imageMagic, imageFormat)
	if err == nil {
		err = i.writeSections(f)
	}
	if err != nil {
		return f.Bytes(), fmt.Errorf("write the image: %w", err)
	}
	n := f.Bytes()
	for _, v := range []*engine.View{i.candidates, i.rules} {
		more, err := v.WriteTo(w)
		n += more
		if err != nil {
			return n, fmt.Errorf("write the image: %w", err)
		}
	}
	return n, nil
}

func (i *Image) writeSections(f *section.Writer) error {
	head, err := json.Marshal(i.about)
	if err != nil {
		return err
	}
	if err := f.Section(head); err != nil {
		return err
	}
	var b []byte
	for run := range slices.Chunk(i.numbers, runLines) {
		b = b[:0]
		for _, n := range run {
			b = binary.LittleEndian.AppendUint64(b, uint64(n))
		}
		if err := f.Section(b); err != nil {
			return err
		}
	}
	for run := range slices.Chunk(i.people, runLines) {
		b = b[:0]
		for _, who := range run {
			b = binary.LittleEndian.AppendUint64(b, uint64(who.key))
			b = append(b, who.id[:]...)
			b = binary.LittleEndian.AppendUint32(b, uint32(who.limit))
		}
		if err := f.Section(b); err != nil {
			return err
		}
	}
	if err := i.texts.write(f, i.seal); err != nil {
		return err
	}
	for run := range slices.Chunk(i.orders, runRules) {
		text, err := json.Marshal(run)
		if err == nil {
			err = f.Section(text)
		}
		if err != nil {
			return err
		}
	}
	return f.Close()
}

// personOf reads a line that WriteTo wrote.
func personOf(b []byte) (personLine, error) {
	id, err := uuid.FromBytes(b[8:24])
	if id == uuid.Nil {
		err = errors.New("a person without an id")
	}
	return personLine{
		int64(binary.LittleEndian.Uint64(b)),
		person{id: id, limit: int(int32(binary.LittleEndian.Uint32(b[24:])))},
	}, err
}
