package position_test

import (
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"enishi/internal/condition"
	"enishi/internal/corpnum"
	"enishi/internal/errs"
	"enishi/internal/position"
)

func ptr[T any](v T) *T { return &v }

// full gives terms in which nothing is missing.
func full() position.Terms {
	t := position.Terms{
		Title: "総務担当", Occupation: "0102", Industry: "01", Prefecture: []string{"13", "09"}, EmploymentType: "seishain",
		PayMin: ptr(400), PayMax: ptr(600),
	}
	v := reflect.ValueOf(&t).Elem()
	for i := range v.NumField() {
		switch f := v.Field(i); {
		case f.Type() == reflect.TypeFor[*int]() && f.IsNil():
			f.Set(reflect.ValueOf(ptr(1)))
		case f.Type() == reflect.TypeFor[*bool]():
			f.Set(reflect.ValueOf(ptr(true)))
		}
	}
	legal := reflect.ValueOf(&t.Legal).Elem()
	for i := range legal.NumField() {
		legal.Field(i).SetString("記載のとおり")
	}
	return t
}

// TestRecordHasEveryField verifies that each field of the language has its
// place in the record of terms that lack nothing.
func TestRecordHasEveryField(t *testing.T) {
	t.Parallel()
	terms := full()
	n := corpnum.From(700_000_000_001)
	r := terms.Record(position.Offered{Kind: "casual", Company: n, Size: 3})
	for _, f := range condition.Fields(condition.Positions) {
		_, number := r.Numbers[f.Name]
		_, flag := r.Flags[f.Name]
		if len(r.Codes[f.Name]) == 0 && !number && !flag {
			t.Errorf("the record has no %s", f.Name)
		}
	}
	if d := cmp.Diff([]condition.Held{{Code: n.String()}}, r.Codes["company"]); d != "" {
		t.Errorf("company (-want +got):\n%s", d)
	}
	empty := new(position.Terms).Record(position.Offered{Company: n})
	if len(empty.Codes) != 1 || len(empty.Numbers) != 1 || len(empty.Flags) != 0 {
		t.Errorf("the record of empty terms holds %+v", empty)
	}
}

func TestPublishable(t *testing.T) {
	t.Parallel()
	terms := full()
	if err := terms.Publishable(); err != nil {
		t.Fatalf("full terms: %v", err)
	}
	for pointer, change := range map[string]func(*position.Terms){
		"/occupation":      func(t *position.Terms) { t.Occupation = "" },
		"/prefecture":      func(t *position.Terms) { t.Prefecture = nil },
		"/employment_type": func(t *position.Terms) { t.EmploymentType = "" },
		"/pay_min":         func(t *position.Terms) { t.PayMin = nil },
		"/pay_max":         func(t *position.Terms) { t.PayMax = nil },
	} {
		terms := full()
		change(&terms)
		if err := terms.Publishable(); !errs.Is(err, errs.Invalid) || !strings.Contains(err.Error(), pointer+":") {
			t.Errorf("%s: %v", pointer, err)
		}
	}
	legal := reflect.TypeFor[position.Legal]()
	for i := range legal.NumField() {
		terms := full()
		reflect.ValueOf(&terms.Legal).Elem().Field(i).SetString(" \u3000\n")
		name, _, _ := strings.Cut(legal.Field(i).Tag.Get("json"), ",")
		if err := terms.Publishable(); !errs.Is(err, errs.Invalid) || !strings.Contains(err.Error(), "/legal/"+name+":") {
			t.Errorf("without %s: %v", name, err)
		}
	}
}

func TestValidate(t *testing.T) {
	t.Parallel()
	draft := position.Terms{Title: "総務"}
	if err := draft.Validate(); err != nil {
		t.Errorf("a draft with a title: %v", err)
	}
	for pointer, change := range map[string]func(*position.Terms){
		"/title":               func(t *position.Terms) { t.Title = " " },
		"/text":                func(t *position.Terms) { t.Text = strings.Repeat("長", 10_001) },
		"/occupation":          func(t *position.Terms) { t.Occupation = "01" },
		"/industry":            func(t *position.Terms) { t.Industry = "nothing" },
		"/employment_type":     func(t *position.Terms) { t.EmploymentType = "x" },
		"/prefecture/1":        func(t *position.Terms) { t.Prefecture = []string{"13", "13"} },
		"/prefecture/0":        func(t *position.Terms) { t.Prefecture = []string{"r-kanto"} },
		"/pay_max":             func(t *position.Terms) { t.PayMin, t.PayMax = ptr(500), ptr(499) },
		"/overtime_hours":      func(t *position.Terms) { t.OvertimeHours = ptr(-1) },
		"/remote":              func(t *position.Terms) { t.Remote = ptr(3) },
		"/legal/contract_term": func(t *position.Terms) { t.Legal.ContractTerm = strings.Repeat("長", 2_001) },
	} {
		terms := full()
		change(&terms)
		if err := terms.Validate(); !errs.Is(err, errs.Invalid) || !strings.Contains(err.Error(), pointer+":") {
			t.Errorf("%s: %v", pointer, err)
		}
	}
}
