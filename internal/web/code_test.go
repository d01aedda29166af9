package web_test

import (
	"net/http"
	"strings"
	"testing"
)

// TestCodesAreProposed asks what people mean by what they type.
func TestCodesAreProposed(t *testing.T) {
	s := newSite(t)
	for _, c := range []struct{ path, has, lacks string }{
		{"/codes/skill?q=go&id=x", `data-value="go" data-text="Go"`, ""},
		{"/codes/occupation?q=えいぎょう&id=x", `id="x-0"`, `data-value="01"`},
		{"/codes/occupation?q=eigyou&id=x", "営業", ""},
		{"/codes/occupation?q=営業職", `data-value="0201"`, `data-value="02"`},
		{"/codes/occupation?q=nurse", `data-value="0905"`, ""},
		{"/codes/prefecture?q=toukyou", `data-value="13"`, ""},
		{"/codes/skill?q=", `role="option"`, ""},
		{"/codes/occupation?q=営業&groups=true&id=x", `role="option"`, ""},
	} {
		p := s.get(c.path)
		s.holds(p, http.StatusOK, c.has)
		if c.lacks != "" && strings.Contains(p.body, c.lacks) {
			t.Errorf("%s proposes %s", c.path, c.lacks)
		}
	}
	s.holds(s.get("/codes/skill?q=qqqqqqqqqqqqq"), http.StatusOK)
	s.holds(s.get("/codes/pay?q=1"), http.StatusNotFound)
	s.holds(s.get("/codes/skill?q=go", "Accept-Language", "en"), http.StatusOK, "Go")
	s.holds(s.get("/dev/components"), http.StatusOK, `name="g-work.hit"`, `data-combobox="/codes/skill"`)
}
