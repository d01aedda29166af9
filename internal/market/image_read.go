package market

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"golang.org/x/sync/errgroup"

	"enishi/internal/account"
	"enishi/internal/condition"
	"enishi/internal/corpnum"
	"enishi/internal/engine"
	"enishi/internal/errs"
	"enishi/internal/rule"
	"enishi/internal/section"
)

// Snapshots has images that were written, by this process or another.
type Snapshots interface {
	// Names gives the names of the images, the newest first.
	Names(ctx context.Context) ([]string, error)
	// Open opens an image; the caller closes it.
	Open(ctx context.Context, name string) (io.ReadCloser, error)
}

// ImageLife is how long an image may be used: it holds people who may have been
// erased since, and is removed after that.
const ImageLife = 7 * 24 * time.Hour

// loadImage fills the populations from the newest image that fits, and follows
// the log from there: before anything is answered, whoever was erased or
// blocked after the image was taken is out again. Images that do not fit are
// reported and passed over; it gives whether there was one that does.
func (m *Market) loadImage(ctx context.Context, progress func(what string, done int)) (bool, error) {
	if m.options.Snapshots == nil {
		return false, nil
	}
	names, err := m.options.Snapshots.Names(ctx)
	if err != nil {
		m.report(ctx, "the snapshots cannot be listed: every row is loaded", err)
		return false, ctx.Err()
	}
	for _, name := range names {
		what := "candidates from the snapshot " + name
		progress(what, 0)
		people, err := m.openImage(ctx, name)
		if ctx.Err() != nil {
			return false, ctx.Err()
		}
		if err != nil {
			m.passedOver[name] = err
			m.report(ctx, "the snapshot "+name+" is passed over", err)
			continue
		}
		m.people, m.turn = people, loadTurn
		if err := m.loadTrials(ctx, loadTurn); err != nil {
			return false, err
		}
		progress(what, people.candidates.View().Len())
		if err := m.loadAnswers(ctx); err != nil {
			return false, err
		}
		if err := m.loadSearches(ctx, loadTurn); err != nil {
			return false, err
		}
		return true, m.Follow(ctx)
	}
	return false, nil
}

// openImage gives the populations of an image. It is Stale if the image is too
// old, or of another program or installation, and Invalid if it is damaged.
func (m *Market) openImage(ctx context.Context, name string) (people *populations, err error) {
	err = m.withImage(ctx, name, func(r *imageReader) error {
		if err := r.load(); err != nil {
			return err
		}
		r.people.applied.Store(r.about.Applied)
		people = r.people
		return nil
	})
	return people, err
}

// CheckImage says why a market would not start from an image, as far as that
// is known without reading it whole: nil if it would. Stale and Invalid mean
// that another is needed.
func (m *Market) CheckImage(ctx context.Context, name string) error {
	if err := m.passedOver[name]; err != nil {
		return err
	}
	return m.withImage(ctx, name, func(*imageReader) error { return nil })
}

// withImage opens an image, reads its head, and calls found if it fits.
func (m *Market) withImage(ctx context.Context, name string, found func(*imageReader) error) (err error) {
	file, err := m.options.Snapshots.Open(ctx, name)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	r := &imageReader{from: &interrupted{ctx, file}, vault: m.vault}
	if r.people, err = newPopulations(); err != nil {
		return err
	}
	if err := r.open(); err != nil {
		return err
	}
	if err := m.fits(ctx, &r.about, r.people.fingerprint()); err != nil {
		return err
	}
	return found(r)
}

// fits is Stale if an image is not one to start from.
func (m *Market) fits(ctx context.Context, a *about, lowering string) error {
	stale := func(format string, args ...any) error { return errs.New(errs.Stale, fmt.Sprintf(format, args...)) }
	switch age := m.Now().Sub(a.Made); {
	case a.Installation != m.installation():
		return stale("it is of another installation")
	case a.Lowering != lowering:
		return stale("it was written by a program with other fields, codes or rules of lowering")
	case age >= ImageLife:
		return stale("it was made on %s; snapshots are used for %d days", a.Made.Format(time.RFC3339), ImageLife/(24*time.Hour))
	}
	return m.read(ctx, func(tx Tx) error {
		head, err := tx.Head()
		if err != nil {
			return err
		}
		trimmed, err := numberSetting(tx, settingTrimmed)
		if err != nil {
			return err
		}
		switch {
		case a.Applied > head:
			return stale("it is at position %d, and the log ends at %d: the database is older", a.Applied, head)
		case a.Applied < trimmed:
			return stale("it is at position %d, and the log is kept from %d on", a.Applied, trimmed+1)
		case a.Applied == trimmed || a.Row == nil:
			return nil
		}
		row, err := rowAt(tx, a.Applied)
		if err != nil {
			return err
		}
		if row == nil || row.Change != a.Row.Change || row.Entity != a.Row.Entity || row.Version != a.Row.Version || !row.At.Equal(a.Row.At) {
			return stale("the log has another row at position %d: the database has another history", a.Applied)
		}
		return nil
	})
}

// interrupted is a reader that ends with its context.
type interrupted struct {
	ctx  context.Context
	from io.Reader
}

func (r *interrupted) Read(b []byte) (int, error) {
	if err := r.ctx.Err(); err != nil {
		return 0, err
	}
	return r.from.Read(b)
}

// imageReader reads one image.
type imageReader struct {
	from   io.Reader
	frame  *section.Reader
	about  about
	people *populations
	vault  *account.Vault
}

func unsound(what string) error {
	return errs.New(errs.Invalid, "the snapshot is not sound: "+what)
}

// open reads what the image is about.
func (r *imageReader) open() error {
	var err error
	if r.frame, err = section.NewReader(r.from, imageMagic, imageFormat); err != nil {
		return err
	}
	head, err := r.next()
	if err != nil {
		return err
	}
	d := json.NewDecoder(bytes.NewReader(head))
	d.DisallowUnknownFields()
	if err := d.Decode(&r.about); err != nil {
		return errs.Wrap(errs.Invalid, "the snapshot's head cannot be read", err)
	}
	return nil
}

// next gives the next section, which must be there.
func (r *imageReader) next() ([]byte, error) {
	b, err := r.frame.Next(nil)
	if errors.Is(err, io.EOF) {
		return nil, unsound("a section is missing")
	}
	return b, err
}

// load reads the rest. What is beside the populations is made while those are
// still being read.
func (r *imageReader) load() error {
	numbers, err := r.runs(r.about.Numbers, numberBytes)
	if err != nil {
		return err
	}
	people, err := r.runs(r.about.People, personBytes)
	if err != nil {
		return err
	}
	words, err := r.texts()
	if err != nil {
		return err
	}
	if err := r.setNumbers(numbers); err != nil { // rules name them
		return err
	}
	var beside errgroup.Group
	beside.Go(func() error {
		r.people.texts.apply(words)
		return nil
	})
	beside.Go(func() error { return r.setPeople(people) })
	if err = r.loadRules(&beside); err == nil {
		err = r.loadPopulations()
	}
	if err = errors.Join(err, beside.Wait()); err == nil {
		r.people.show()
	}
	return err
}

// runs reads n lines of one size.
func (r *imageReader) runs(n, size int) ([][]byte, error) {
	var out [][]byte
	for n > 0 {
		b, err := r.next()
		if err != nil {
			return nil, err
		}
		if lines := min(n, runLines); len(b) != lines*size {
			return nil, unsound("the length of a section")
		}
		out = append(out, b)
		n -= runLines
	}
	return out, nil
}

func (r *imageReader) setNumbers(runs [][]byte) error {
	to := r.people.profiles.numbers
	for _, run := range runs {
		for at := 0; at < len(run); at += numberBytes {
			to.byNo[corpnum.Number(binary.LittleEndian.Uint64(run[at:]))] = int32(len(to.byNo))
		}
	}
	if len(to.byNo) != r.about.Numbers {
		return unsound("a number that stands twice")
	}
	return nil
}

func (r *imageReader) setPeople(runs [][]byte) error {
	to := make(map[int64]person, len(runs)*runLines)
	for _, run := range runs {
		for at := 0; at < len(run); at += personBytes {
			who, err := personOf(run[at : at+personBytes])
			if err != nil {
				return errs.Wrap(errs.Invalid, "the snapshot is not sound", err)
			}
			to[who.key] = who.person
		}
	}
	if len(to) != r.about.People {
		return unsound("a person who stands twice")
	}
	r.people.person = to
	return nil
}

// ruleLine is a rule whose conditions are still to be parsed.
type ruleLine struct {
	rule.Rule
	Must   json.RawMessage
	Prefer []struct {
		Condition json.RawMessage `json:"condition"`
		Weight    int             `json:"weight"`
	}
}

// loadRules reads the rules; they are parsed side by side.
func (r *imageReader) loadRules(beside *errgroup.Group) error {
	for n := r.about.Rules; n > 0; n -= runRules {
		b, err := r.next()
		if err != nil {
			return err
		}
		beside.Go(func() error { return r.setRules(b, min(n, runRules)) })
	}
	if _, err := r.frame.Next(nil); !errors.Is(err, io.EOF) {
		return errors.Join(err, unsound("more sections than it says"))
	}
	return nil
}

func (r *imageReader) setRules(text []byte, n int) error {
	var stored []ruleLine
	if err := json.Unmarshal(text, &stored); err != nil {
		return errs.Wrap(errs.Invalid, "the snapshot's rules cannot be read", err)
	}
	if len(stored) != n {
		return unsound("the number of rules in a section")
	}
	lines := make([]order, n)
	for i := range stored {
		full, err := stored[i].parse()
		if err == nil {
			lines[i], err = r.people.ranking(full)
		}
		if err != nil {
			return errs.Wrap(errs.Invalid, fmt.Sprintf("rule %d of the snapshot cannot be read", stored[i].Key), err)
		}
	}
	r.people.mu.Lock()
	defer r.people.mu.Unlock()
	for i := range lines {
		r.people.setOrder(lines[i].rule.Key, lines[i])
	}
	return nil
}

func (s *ruleLine) parse() (rule.Rule, error) {
	out := s.Rule
	var err error
	if out.Must, err = condition.Parse(condition.Profiles, s.Must, false); err != nil {
		return rule.Rule{}, err
	}
	for _, p := range s.Prefer {
		c, err := condition.Parse(condition.Profiles, p.Condition, false)
		if err != nil {
			return rule.Rule{}, err
		}
		out.Prefer = append(out.Prefer, rule.Preference{Condition: c, Weight: p.Weight})
	}
	return out, nil
}

func (r *imageReader) loadPopulations() error {
	var err error
	if r.people.candidates, err = engine.Read(r.from, r.people.profiles.schema, r.people.positions.schema); err != nil {
		return fmt.Errorf("candidates: %w", err)
	}
	if r.people.rules, err = engine.Read(r.from, r.people.positions.schema, r.people.profiles.schema); err != nil {
		return fmt.Errorf("rules: %w", err)
	}
	if n, err := io.ReadFull(r.from, make([]byte, 1)); n != 0 || !errors.Is(err, io.EOF) {
		return unsound("something stands behind its end")
	}
	return nil
}
