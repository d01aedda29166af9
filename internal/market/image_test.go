package market_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"enishi/internal/condition"
	"enishi/internal/market"
)

// shelf keeps images in memory, and notes which were used and which not.
type shelf struct {
	mu         sync.Mutex
	names      []string // newest first
	files      map[string][]byte
	opened     int
	passedOver []string
}

func (s *shelf) Names(context.Context) ([]string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.names), nil
}

func (s *shelf) Open(_ context.Context, name string) (io.ReadCloser, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.opened++
	return io.NopCloser(bytes.NewReader(s.files[name])), nil
}

func (s *shelf) put(name string, file []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.files == nil {
		s.files = map[string][]byte{}
	}
	s.names = append([]string{name}, s.names...)
	s.files[name] = file
}

// passOver notes an image that a market did not start from.
func (s *shelf) passOver(why string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.passedOver = append(s.passedOver, why)
}

// used gives how many images were started from.
func (s *shelf) used() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.opened - len(s.passedOver)
}

// image takes an image of a market and puts it on the shelf.
func (w *world) image(m *market.Market) ([]byte, error) {
	i, err := m.Image(w.Context())
	if err != nil {
		return nil, err
	}
	var file bytes.Buffer
	n, err := i.WriteTo(&file)
	if err == nil && n != int64(file.Len()) {
		err = fmt.Errorf("WriteTo gave %d and wrote %d", n, file.Len())
	}
	w.shelf.put(fmt.Sprint("image-", i.Applied(), "-", len(w.shelf.files)), file.Bytes())
	return file.Bytes(), err
}

func (h *history) doImage(draw) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	_, err := h.image(h.Market)
	return err
}

// rebuilt opens the market from its rows alone.
func (w *world) rebuilt() *market.Market {
	w.Helper()
	o := w.options
	o.Snapshots = nil
	m, err := market.Open(w.Context(), w.records, w.vault, o, nil)
	if err != nil {
		w.Fatalf("open the market from its rows: %v", err)
	}
	return m
}

// sought gives what a company finds that searches for everybody.
func (w *world) sought(m *market.Market, f firm) market.SearchResult {
	w.Helper()
	actor, err := m.Authenticate(w.Context(), f.token)
	if err != nil {
		w.Fatalf("authenticate: %v", err)
	}
	out, err := m.Search(w.Context(), actor, market.SearchInput{
		Condition: all(), Facets: []string{"residence", "occupation", "skill"}, Limit: 50,
	})
	if err != nil {
		w.Fatalf("search: %v", err)
	}
	return out
}

// peopled is a market with candidates, a company with a rule, and one without.
func peopled(t *testing.T, open func(testing.TB) market.Store) (*world, firm, []person) {
	w := newWorld(t, open(t), demo())
	f := w.firm(1, 0)
	d := newDraw(4, 4)
	w.order(f, w.post(f, d.terms()), plain())
	var people []person
	for i := range 40 {
		people = append(people, w.signUp(d.person(w.Today(), i)))
	}
	w.drain()
	return w, f, people
}

// What opens from an image and follows the log is what opens from the rows.
func TestImage(t *testing.T) {
	t.Parallel()
	for name, open := range stores() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, f, people := peopled(t, open)
			before := w.sought(w.Market, f)
			if _, err := w.image(w.Market); err != nil {
				t.Fatal(err)
			}
			if got := w.sought(w.open(), f); w.shelf.used() != 1 || !cmp.Equal(before, got, cmpopts.EquateEmpty()) {
				t.Errorf("from an image at the head (%d used): %s", w.shelf.used(), cmp.Diff(before, got))
			}
			// Somebody comes, goes, is erased, and blocks; an employer of a
			// number that the image does not know is blocked too.
			if err := w.Erase(w.Context(), w.actor(people[0].token)); err != nil {
				t.Fatal(err)
			}
			w.block(people[1], f.number)
			w.block(people[2], numbered(9000))
			w.someone(900)
			w.setWishes(people[3], all())
			w.pass(imageAge)
			late := w.firm(9000, 0)
			want, got := w.rebuilt(), w.open()
			if w.shelf.used() != 2 {
				t.Fatalf("the image was passed over: %v", w.shelf.passedOver)
			}
			for _, of := range []firm{f, late} {
				a, b := w.sought(want, of), w.sought(got, of)
				if d := cmp.Diff(a, b, cmpopts.EquateEmpty()); d != "" || a.Count == 0 {
					t.Errorf("of %d found, from an image (-rows +image):\n%s", a.Count, d)
				}
			}
			w.Market = got
			w.drain()
		})
	}
}

// imageAge is how old an image of these tests may become and still be used.
const imageAge = market.ImageLife - time.Hour

// Whoever was erased after an image was taken is in its file and in no answer
// of what opens from it, and in no later image.
func TestImageOfErased(t *testing.T) {
	t.Parallel()
	w, f, people := peopled(t, stores()["memory"])
	gone := people[7]
	with, err := w.image(w.Market)
	if err != nil {
		t.Fatal(err)
	}
	before := w.sought(w.Market, f).Count
	if err := w.Erase(w.Context(), w.actor(gone.token)); err != nil {
		t.Fatal(err)
	}
	opened := w.open()
	after := w.sought(opened, f).Count
	if w.shelf.used() != 1 || after != before-1 {
		t.Errorf("found %d before and %d after, %d images used; want one less, and 1", before, after, w.shelf.used())
	}
	for what, m := range map[string]*market.Market{"the market that went on": w.Market, "the market from the image": opened} {
		without, err := w.image(m)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Contains(with, gone.id[:]) || bytes.Contains(without, gone.id[:]) {
			t.Errorf("%s: id in the image before: %v, after: %v; want true, false",
				what, bytes.Contains(with, gone.id[:]), bytes.Contains(without, gone.id[:]))
		}
	}
}

// What does not fit is passed over with the reason, and the market is rebuilt.
func TestImagePassedOver(t *testing.T) {
	t.Parallel()
	set := func(w *world, name, value string) {
		err := w.records.Write(w.Context(), func(tx market.Tx) error { return tx.SetSetting(name, value) })
		if err != nil {
			w.Fatal(err)
		}
	}
	for name, c := range map[string]struct {
		change func(w *world, file []byte) []byte
		why    string
	}{
		"damaged": {func(_ *world, file []byte) []byte {
			file[len(file)/2] ^= 4
			return file
		}, "damaged"},
		"cut short":    {func(_ *world, file []byte) []byte { return file[:len(file)-1] }, "cut short"},
		"longer":       {func(_ *world, file []byte) []byte { return append(file, 0) }, "behind its end"},
		"empty":        {func(*world, []byte) []byte { return nil }, "cut short"},
		"another file": {func(*world, []byte) []byte { return bytes.Repeat([]byte("text "), 99) }, "no file of the kind"},
		"seven days old": {func(w *world, file []byte) []byte {
			w.pass(market.ImageLife)
			return file
		}, "snapshots are used for 7 days"},
		"older than the log": {func(w *world, file []byte) []byte {
			w.someone(901)
			s, err := w.Status(w.Context())
			if err != nil {
				w.Fatal(err)
			}
			set(w, "log_trimmed", strconv.FormatInt(s.LogHead, 10))
			return file
		}, "the log is kept from"},
		"another installation": {func(w *world, file []byte) []byte {
			set(w, "seed", strings.Repeat("0", 32))
			return file
		}, "another installation"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, f, _ := peopled(t, stores()["memory"])
			file, err := w.image(w.Market)
			if err != nil {
				t.Fatal(err)
			}
			w.shelf.files[w.shelf.names[0]] = c.change(w, file)
			got := w.sought(w.open(), f)
			if len(w.shelf.passedOver) != 1 || !strings.Contains(w.shelf.passedOver[0], c.why) || !strings.Contains(w.shelf.passedOver[0], w.shelf.names[0]) {
				t.Errorf("passed over: %q, want one of %q", w.shelf.passedOver, c.why)
			}
			if want := w.sought(w.rebuilt(), f); got.Count != want.Count || want.Count == 0 {
				t.Errorf("found %d, want %d", got.Count, want.Count)
			}
		})
	}
}

// A database that was restored from before the image, or went another way
// since, is not met by it.
func TestImageOfAnotherHistory(t *testing.T) {
	t.Parallel()
	w, _, _ := peopled(t, stores()["memory"])
	if _, err := w.image(w.Market); err != nil {
		t.Fatal(err)
	}
	w.someone(902)
	w.drain()
	if _, err := w.image(w.Market); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		short bool
		why   string
	}{"older": {true, "the database is older"}, "another": {false, "another history"}} {
		store := &otherLog{Store: w.records.Store, short: c.short}
		var passedOver []string
		o := w.options
		o.Report = func(_ context.Context, what string, err error) {
			passedOver = append(passedOver, what+": "+err.Error())
		}
		opened := w.shelf.opened
		if _, err := market.Open(t.Context(), store, w.vault, o, nil); err != nil {
			t.Fatal(err)
		}
		if len(passedOver) != 1 || !strings.Contains(passedOver[0], c.why) {
			t.Errorf("%s: passed over %q, want one of %q", name, passedOver, c.why)
		}
		// The image of before fits.
		if used := w.shelf.opened - opened - len(passedOver); used != 1 {
			t.Errorf("%s: %d images were started from, want the older one", name, used)
		}
	}
}

// otherLog is a store whose log ends before its last rows, or tells others.
type otherLog struct {
	market.Store
	short bool
}

type otherTx struct {
	market.Tx
	short bool
}

func (s *otherLog) Read(ctx context.Context, fn func(market.Tx) error) error {
	return s.Store.Read(ctx, func(tx market.Tx) error { return fn(&otherTx{tx, s.short}) })
}

func (t *otherTx) Head() (int64, error) {
	head, err := t.Tx.Head()
	if t.short {
		head--
	}
	return head, err
}

func (t *otherTx) Rows(after int64, limit int) ([]market.Row, error) {
	rows, err := t.Tx.Rows(after, limit)
	head, wrong := t.Tx.Head()
	for i := range rows {
		if rows[i].Pos == head {
			rows[i].At = rows[i].At.Add(time.Microsecond)
		}
	}
	return rows, errors.Join(err, wrong)
}

// Two databases with one seed and one secret, as demos are loaded, are two: the
// images of one are not of the other, though neither has written to its log yet.
func TestImageOfADatabaseFilledAlike(t *testing.T) {
	t.Parallel()
	filled := func() *market.Memory {
		s := market.NewMemory()
		if err := s.Write(t.Context(), func(tx market.Tx) error { return tx.SetSetting("seed", "00ff") }); err != nil {
			t.Fatal(err)
		}
		return s
	}
	w := newWorld(t, filled(), demo())
	if _, err := w.image(w.Market); err != nil {
		t.Fatal(err)
	}
	var passedOver []string
	o := w.options
	o.Report = func(_ context.Context, what string, err error) {
		passedOver = append(passedOver, what+": "+err.Error())
	}
	if _, err := market.Open(t.Context(), filled(), w.vault, o, nil); err != nil {
		t.Fatal(err)
	}
	if len(passedOver) != 1 || !strings.Contains(passedOver[0], "another installation") {
		t.Errorf("passed over %q, want the image of the other database", passedOver)
	}
}

// An image that is damaged in any place is refused, and nothing panics.
func TestImageDamagedAnywhere(t *testing.T) {
	t.Parallel()
	w, _, _ := peopled(t, stores()["memory"])
	whole, err := w.image(w.Market)
	if err != nil {
		t.Fatal(err)
	}
	name := w.shelf.names[0]
	places := 150
	if testing.Short() {
		places = 10
	}
	step := len(whole)/places + 1
	tried := 0
	for at := 0; at < len(whole); at += step {
		turned := bytes.Clone(whole)
		turned[at] ^= 1 << (at % 8)
		for _, file := range [][]byte{turned, whole[:at]} {
			tried++
			w.shelf.files[name] = file
			w.open()
		}
	}
	if len(w.shelf.passedOver) != tried || w.shelf.used() != 0 {
		t.Errorf("%d of %d damaged images passed over", len(w.shelf.passedOver), tried)
	}
}

// The newest image that fits is taken.
func TestImageBeforeTheDamagedOne(t *testing.T) {
	t.Parallel()
	w, f, _ := peopled(t, stores()["memory"])
	for range 2 {
		if _, err := w.image(w.Market); err != nil {
			t.Fatal(err)
		}
	}
	w.shelf.files[w.shelf.names[0]] = []byte("half of")
	m := w.open()
	if len(w.shelf.passedOver) != 1 || w.shelf.used() != 1 || w.sought(m, f).Count == 0 {
		t.Errorf("%d used, passed over %q", w.shelf.used(), w.shelf.passedOver)
	}
}

// A file holds no text of people that can be read without the secret; who starts
// from it finds them by it.
func TestImageHoldsNoText(t *testing.T) {
	t.Parallel()
	w, f, _ := peopled(t, stores()["memory"])
	const text = "a text that only this candidate has written"
	p := w.someone(903, func(in *market.SignUp) { in.Profile.Text = text })
	file, err := w.image(w.Market)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Contains(file, p.id[:]) {
		t.Fatal("the candidate is not in the image")
	}
	for _, s := range []string{text, p.email, p.token, p.code} {
		if bytes.Contains(file, []byte(s)) {
			t.Errorf("the image holds %q", s)
		}
	}
	m := w.open()
	found, err := m.Search(w.Context(), w.actor(f.token), market.SearchInput{
		Condition: condition.Condition{Op: condition.Contains, Field: "text", Contains: "THAT ONLY"}, Limit: 2,
	})
	if err != nil || w.shelf.used() != 1 || found.Count != 1 || len(found.Items[0].Highlights) != 1 {
		t.Errorf("after a start from the image: %+v, %v", found, err)
	}
}
