package web

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"enishi/internal/errs"
	"enishi/internal/httpx"
	"enishi/internal/taxonomy"
)

// codesShown is how many entries of a classification are proposed for what
// somebody types.
const codesShown = 8

// The names of what a codeField sends, behind its own: what is typed, the entry
// chosen among those proposed, and the text for which they were proposed.
const (
	typedPart = ".q"
	hitPart   = ".hit"
	askedPart = ".for"
)

// findButton is the name of the buttons that look for what is typed in the field
// that their value names.
const findButton = "find"

// code is a field whose value is one entry of a long classification. It is found by
// typing kanji, kana, romaji, English or a synonym: among proposals as one types
// where scripts run, else after its button was pressed.
type code struct {
	name, label, hint, fault string

	kind   taxonomy.Kind
	groups bool // entries that have others below them may be chosen
	bare   bool // the label is for screen readers: the row says what it is

	value string          // the chosen code, "": none
	text  string          // what is typed
	hits  []taxonomy.Item // what the text may mean; nil: nobody asked
	focus bool            // the reader goes on here
}

// codeOf reads a codeField from a form. The text decides: emptied, nothing is chosen;
// a name or code of the classification stands for it; whatever else is kept with
// what it may mean, and is open.
func codeOf(w words, form url.Values, f code) code {
	list := taxonomy.Of(f.kind)
	f.value, f.text = form.Get(f.name), strings.TrimSpace(form.Get(f.name+typedPart))
	if !form.Has(f.name + typedPart) { // a select, or a script's own field
		return f.named(w)
	}
	if hit := form.Get(f.name + hitPart); hit != "" && form.Get(f.name+askedPart) == f.text {
		f.value = hit
		return f.named(w)
	}
	if f.text == "" {
		f.value = ""
		return f
	}
	if item, ok := list.Find(f.value); ok && (f.text == item.JA || f.text == item.EN) {
		return f.named(w)
	}
	f.value = ""
	if item, ok := list.Find(f.text); ok && (f.groups || list.Leaf(item.Code)) {
		f.value = item.Code
		return f.named(w)
	}
	f.hits = f.find()
	for _, item := range f.hits {
		if f.text == item.JA || strings.EqualFold(f.text, item.EN) {
			f.value, f.hits = item.Code, nil
			return f.named(w)
		}
	}
	f.focus = form.Get(findButton) == f.name
	return f
}

// named shows a chosen code by its name.
func (f code) named(w words) code {
	if f.value != "" {
		f.text = w.Name(f.kind, f.value)
	}
	return f
}

// open says whether something is typed that is not chosen yet.
func (f code) open() bool { return f.value == "" && f.text != "" }

// choose is the fault of a field that is open.
func (f code) choose(w words) string {
	if len(f.hits) == 0 {
		return w.Say("「"+f.text+"」に近いものが見つかりません。別の言葉でお試しください。", "Nothing like “"+f.text+"” was found. Please try another word.")
	}
	return w.Say("「"+f.text+"」に近いものを選んでください。", "Please choose what you mean by “"+f.text+"”.")
}

// find gives what the text may mean, best first.
func (f code) find() []taxonomy.Item {
	return codesFor(f.kind, f.text, f.groups)
}

// codesFor gives the entries that somebody may mean by a text, best first. Where groups
// may not be chosen, the first of those that a text names gives way to what is in it, once
// there is no better: 営業職 is the name of nothing but a group.
func codesFor(kind taxonomy.Kind, text string, groups bool) []taxonomy.Item {
	list := taxonomy.Of(kind)
	out := []taxonomy.Item{}
	group := ""
	for _, item := range list.Search(text, 4*codesShown) {
		switch {
		case groups || list.Leaf(item.Code):
			out = append(out, item)
		case group == "":
			group = item.Code
		}
	}
	if group != "" && len(out) < codesShown {
		for _, item := range list.Items() {
			if item.Parent == group && list.Leaf(item.Code) && !slices.ContainsFunc(out, func(o taxonomy.Item) bool { return o.Code == item.Code }) {
				out = append(out, item)
			}
		}
	}
	return out[:min(len(out), codesShown)]
}

// above says the group of an entry, "" if it has none.
func above(w words, kind taxonomy.Kind, item taxonomy.Item) string {
	if item.Parent == "" {
		return ""
	}
	return w.Name(kind, item.Parent)
}

func (p *Pages) codeRoutes() []Route {
	return []Route{{Pattern: "GET /codes/{kind}", Who: Anyone, class: httpx.Ordinary, serve: p.codes}}
}

// codes answers with what a text may mean, for the list below a codeField.
func (p *Pages) codes(r *request) error {
	kind := taxonomy.Kind(r.PathValue("kind"))
	if taxonomy.Of(kind) == nil {
		return errs.New(errs.NotFound, "no classification of this name")
	}
	q := r.URL.Query()
	groups, _ := strconv.ParseBool(q.Get("groups"))
	return p.part(r, http.StatusOK, codeOptions(r.words, kind, q.Get("id"), codesFor(kind, strings.TrimSpace(q.Get("q")), groups)))
}

// galleryCode is a field in which somebody has typed and asked.
func galleryCode(w words) code {
	f := codeOf(w, url.Values{"g-work.q": {"eigyou"}}, code{name: "g-work", label: w.Say("職種", "Occupation"), kind: taxonomy.Occupation})
	f.fault = f.choose(w)
	return f
}
