package engine

import (
	"reflect"
	"testing"
)

// TestBytesCountsEverything holds Bytes to what can be reached from a view, so
// that a slice that is added to a segment is counted too.
func TestBytesCountsEverything(t *testing.T) {
	p := newPair(t, newRandom(5), 500, 2000)
	if got := p.real.View().Bytes(); got <= 0 || got > 1000 {
		t.Errorf("an empty view takes %d bytes", got)
	}
	last := int64(0)
	for round := int64(1); round <= 3; round++ {
		var changes []Change
		for id := (round - 1) * 600; id < round*600; id++ {
			e := Entry{ID: id, Doc: p.doc(&p.docs)}
			if round > 1 { // at first nobody has a condition
				e.Cond = p.cond(&p.conds)
			}
			changes = append(changes, Change{Version: round, Entry: e})
		}
		if err := p.real.Apply(changes); err != nil {
			t.Fatal(err)
		}
		v := p.real.View()
		got, want := v.Bytes(), reached(reflect.ValueOf(v), map[uintptr]bool{})
		if got != want {
			t.Errorf("after %d rounds: Bytes() = %d, want %d", round, got, want)
		}
		if got <= last {
			t.Errorf("after %d rounds: %d bytes, not more than %d before", round, got, last)
		}
		last = got
	}
}

// reached gives the bytes of what v points to, each once; the population of a
// view, with its schemas, is not the view's.
func reached(v reflect.Value, seen map[uintptr]bool) int64 {
	switch v.Kind() {
	case reflect.Pointer:
		if v.IsNil() || v.Type() == reflect.TypeFor[*Population]() || seen[v.Pointer()] {
			return 0
		}
		seen[v.Pointer()] = true
		return int64(v.Type().Elem().Size()) + reached(v.Elem(), seen)
	case reflect.Slice:
		n := int64(v.Cap()) * int64(v.Type().Elem().Size())
		for i := range v.Len() {
			n += reached(v.Index(i), seen)
		}
		return n
	case reflect.Struct:
		n := int64(0)
		for i := range v.NumField() {
			n += reached(v.Field(i), seen)
		}
		return n
	}
	return 0
}
