package section_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"math"
	"runtime"
	"testing"

	"github.com/google/go-cmp/cmp"

	"enishi/internal/errs"
	"enishi/internal/section"
)

const magic, format = "ENISHITS", 3

func write(t testing.TB, sections ...[]byte) []byte {
	t.Helper()
	var out bytes.Buffer
	w, err := section.NewWriter(&out, magic, format)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range sections {
		if err := w.Section(s); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if w.Bytes() != int64(out.Len()) {
		t.Errorf("Bytes() = %d, wrote %d", w.Bytes(), out.Len())
	}
	return out.Bytes()
}

func read(from io.Reader, magic string, format uint32) ([][]byte, error) {
	r, err := section.NewReader(from, magic, format)
	if err != nil {
		return nil, err
	}
	var all [][]byte
	for {
		b, err := r.Next(nil)
		if errors.Is(err, io.EOF) {
			return all, nil
		}
		if err != nil {
			return nil, err
		}
		all = append(all, b)
	}
}

func some() [][]byte {
	large := make([]byte, 3<<20)
	for i := range large {
		large[i] = byte(i * 7)
	}
	return [][]byte{[]byte("first"), {}, large, []byte("last")}
}

func TestRoundTrip(t *testing.T) {
	want := some()
	from := bytes.NewReader(append(write(t, want...), "behind it"...))
	got, err := read(from, magic, format)
	if err != nil {
		t.Fatal(err)
	}
	for i := range want {
		if !bytes.Equal(want[i], got[i]) {
			t.Errorf("section %d differs", i)
		}
	}
	if rest, _ := io.ReadAll(from); len(got) != len(want) || string(rest) != "behind it" {
		t.Errorf("%d sections, %q behind them; want %d and %q", len(got), rest, len(want), "behind it")
	}
	if got, err := read(bytes.NewReader(write(t)), magic, format); err != nil || len(got) != 0 {
		t.Errorf("of no sections: %v, %v", got, err)
	}
}

func TestOtherFiles(t *testing.T) {
	whole := write(t, []byte("one"))
	if _, err := read(bytes.NewReader(whole), "ANOTHER!", format); !errs.Is(err, errs.Invalid) {
		t.Errorf("another magic: %v", err)
	}
	if _, err := read(bytes.NewReader(whole), magic, format+1); !errs.Is(err, errs.Stale) {
		t.Errorf("another format: %v", err)
	}
}

func TestEveryBit(t *testing.T) {
	whole := write(t, []byte("one"), nil, []byte("three"))
	for bit := range 8 * len(whole) {
		turned := bytes.Clone(whole)
		turned[bit/8] ^= 1 << (bit % 8)
		if got, err := read(bytes.NewReader(turned), magic, format); err == nil {
			t.Errorf("bit %d turned: read %q", bit, got)
		}
	}
}

func TestEveryEnd(t *testing.T) {
	whole := write(t, []byte("one"), nil, []byte("three"))
	for n := range whole {
		if got, err := read(bytes.NewReader(whole[:n]), magic, format); !errs.Is(err, errs.Invalid) {
			t.Errorf("cut at %d of %d: read %q, %v", n, len(whole), got, err)
		}
	}
}

// Sections that are whole but lost, doubled or moved are not passed over.
func TestOrderOfSections(t *testing.T) {
	const head, prefix, tail = 16, 12, 28
	whole := write(t, []byte("abcd"), []byte("efgh"), []byte("ijkl"))
	body := whole[head : len(whole)-tail]
	at := func(i int) []byte { return body[i*(prefix+4) : (i+1)*(prefix+4)] }
	for name, parts := range map[string][][]byte{
		"lost":    {at(0), at(1)},
		"doubled": {at(0), at(1), at(2), at(2)},
		"moved":   {at(1), at(0), at(2)},
		"none":    {},
	} {
		file := append(bytes.Clone(whole[:head]), bytes.Join(parts, nil)...)
		file = append(file, whole[len(whole)-tail:]...)
		if got, err := read(bytes.NewReader(file), magic, format); !errs.Is(err, errs.Invalid) {
			t.Errorf("%s: read %q, %v", name, got, err)
		}
	}
	if d := cmp.Diff(whole[head:len(whole)-tail], bytes.Join([][]byte{at(0), at(1), at(2)}, nil)); d != "" {
		t.Fatalf("the test does not know the frame: %s", d)
	}
}

// A length that is claimed is not believed.
func TestMemory(t *testing.T) {
	for _, claimed := range []uint64{1 << 30, 1 << 40, math.MaxInt64, math.MaxUint64 - 1} {
		file := bytes.Clone(write(t, []byte("x"))[:16])
		file = binary.LittleEndian.AppendUint64(file, claimed)
		file = append(file, make([]byte, 100)...)
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		if _, err := read(bytes.NewReader(file), magic, format); !errs.Is(err, errs.Invalid) {
			t.Errorf("claimed %d: %v", claimed, err)
		}
		runtime.ReadMemStats(&after)
		if took := after.TotalAlloc - before.TotalAlloc; took > 4<<20 {
			t.Errorf("claimed %d: took %d bytes", claimed, took)
		}
	}
}

type broken struct{ after int }

var errBroken = errors.New("the disk is full")

func (b *broken) Write(p []byte) (int, error) {
	if b.after--; b.after < 0 {
		return 0, errBroken
	}
	return len(p), nil
}

func TestFullDisk(t *testing.T) {
	for after := range 5 {
		w, err := section.NewWriter(&broken{after}, magic, format)
		if err == nil {
			err = w.Section([]byte("x"))
		}
		if err == nil {
			err = w.Close()
		}
		if !errors.Is(err, errBroken) {
			t.Errorf("a disk full after %d writes: %v", after, err)
		}
	}
}
