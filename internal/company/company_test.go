package company_test

import (
	"strings"
	"testing"

	"enishi/internal/company"
	"enishi/internal/errs"
)

func TestValidate(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		in      company.Company
		pointer string // of the problem; empty: none
	}{
		"fine":            {company.Company{Name: "縁株式会社", Size: 0}, ""},
		"a hundred":       {company.Company{Name: strings.Repeat("縁", 100), Size: 3}, ""},
		"more":            {company.Company{Name: strings.Repeat("縁", 101)}, "/name"},
		"no name":         {company.Company{Name: " \u3000"}, "/name"},
		"no UTF-8":        {company.Company{Name: "a\xff"}, "/name"},
		"no such size":    {company.Company{Name: "縁", Size: 99}, "/size"},
		"size below zero": {company.Company{Name: "縁", Size: -1}, "/size"},
	} {
		err := c.in.Validate()
		if c.pointer == "" && err != nil || c.pointer != "" && (!errs.Is(err, errs.Invalid) || !strings.Contains(err.Error(), c.pointer+":")) {
			t.Errorf("%s: %v, want a problem at %q", name, err, c.pointer)
		}
	}
}
