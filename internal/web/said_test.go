package web

import (
	"log/slog"
	"strings"
	"testing"

	"enishi/internal/account"
	"enishi/internal/market"
	"enishi/internal/offer"
)

// TestEveryActionHasAName expects words for whatever a role may lack.
func TestEveryActionHasAName(t *testing.T) {
	for _, w := range []words{{}, {english: true}} {
		names := map[string]bool{}
		for _, a := range account.Actions() {
			name := actionName(w, a)
			if name == "" || names[name] {
				t.Errorf("%q is called %q", a, name)
			}
			names[name] = true
		}
	}
}

// TestEveryJobHasAName expects words of either language for each job, not its own name.
func TestEveryJobHasAName(t *testing.T) {
	jobs := market.AllJobs()
	if len(jobs) == 0 {
		t.Fatal("there are no jobs")
	}
	japanese := func(r rune) bool { return r > 0x2fff }
	for _, j := range jobs {
		ja, en := jobName(words{}, j.Name), jobName(words{english: true}, j.Name)
		if !strings.ContainsFunc(ja, japanese) || en == "" || en == j.Name || strings.ContainsFunc(en, japanese) {
			t.Errorf("job %q is called %q and %q", j.Name, ja, en)
		}
	}
}

// TestInboxTitles expects one offer to be said as one.
func TestInboxTitles(t *testing.T) {
	for want, state := range map[string]offer.State{
		"You can answer 1 offer now": offer.Sent, "1 offer waits for your address to be confirmed": offer.Reserved,
	} {
		var d market.Delivered
		d.State = state
		if got := inboxTitle(words{english: true}, []market.Delivered{d}, market.Asking{}); got != want {
			t.Errorf("inboxTitle = %q, want %q", got, want)
		}
	}
	for want, n := range map[string]int{
		"1 company is being asked to confirm an offer to you": 1, "1,200 companies are being asked to confirm an offer to you": 1200,
	} {
		if got := inboxTitle(words{english: true}, nil, market.Asking{Companies: n}); got != want {
			t.Errorf("inboxTitle = %q, want %q", got, want)
		}
	}
}

// TestFormsThatAreKept expects each of them to be of somebody who is signed in.
func TestFormsThatAreKept(t *testing.T) {
	p, err := New(slog.New(slog.DiscardHandler), nil, Options{})
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, route := range p.Routes() {
		if formName(words{}, route.Pattern) == "" {
			continue
		}
		n++
		if route.Who == Anyone || route.Who == SignedIn {
			t.Errorf("%s is kept for %s", route.Pattern, route.Who)
		}
	}
	if n != 12 {
		t.Errorf("%d forms are kept, want 12", n)
	}
}

// TestHowOperatorsAreReached expects a page to send nobody to an operator whom it does
// not name.
func TestHowOperatorsAreReached(t *testing.T) {
	for contact, want := range map[string]struct{ foot, pay string }{
		"":                              {"", "金額をよくご確認ください。"},
		"unei@example.jp":               {`<a href="mailto:unei@example.jp">unei@example.jp</a>`, "運営へご連絡ください（unei@example.jp）"},
		"https://enishi.example.jp/ask": {`<a href="https://enishi.example.jp/ask">`, "運営へご連絡ください（https://enishi.example.jp/ask）"},
		"03-0000-0000（平日）":              {"03-0000-0000（平日）", "運営へご連絡ください（03-0000-0000（平日））"},
		"javascript:alert(1)":           {"javascript:alert(1)", ""},
	} {
		w := words{contact: contact}
		x := &deal{}
		x.by, x.State, x.acts = offer.Candidate, offer.Hired, true
		var page strings.Builder
		if err := layout(frame{words: w}, confirmsPay(w, x)).Render(t.Context(), &page); err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(page.String(), want.foot) || !strings.Contains(page.String(), want.pay) || strings.Contains(page.String(), `href="javascript`) {
			t.Errorf("with the contact %q:\n%s", contact, page.String())
		}
		if contact == "" && strings.Contains(page.String(), "運営へ") {
			t.Error("somebody is sent to an operator whom nobody can reach")
		}
	}
}

// TestWhoIsLikeYou expects whom the past counts to be said as it is, in numbers that read.
func TestWhoIsLikeYou(t *testing.T) {
	past := &market.Past{People: 18203, Widened: []string{"region", "occupation"}}
	for _, c := range []struct {
		got, has, lacks string
	}{
		{pastHead(words{}, past), "18,203人", "18203"},
		{pastHead(words{english: true}, past), "18,203 people", "18203"},
		{pastNote(words{}, answers{}, past), "職種が選ばれていない", "足りない"},
		{pastNote(words{english: true}, answers{}, past), "every occupation", "Too few"},
		{pastNote(words{}, answers{Occupation: "0312"}, past), "人数が足りないため、地方・職種の分野の違う人", "選ばれていない"},
		{reached(words{}, market.Reach{AtLeast: 1200}), "1,200件以上", "1200"},
		{gainMore(words{english: true}, market.Reach{AtLeast: 1200}), "+1,200 or more", "1200"},
	} {
		if !strings.Contains(c.got, c.has) || strings.Contains(c.got, c.lacks) {
			t.Errorf("%q, want with %q and without %q", c.got, c.has, c.lacks)
		}
	}
	if got, want := unparted("9時00分から18時00分まで、完全週休2日"), "9時\u206000分から18時\u206000分まで、完全週\u2060休\u20602\u2060日"; got != want {
		t.Errorf("unparted = %q, want %q", got, want)
	}
}
