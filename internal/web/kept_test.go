package web_test

import (
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"enishi/internal/account"
)

// sessionEnds ends every session of whoever is signed in; the browser knows nothing
// of it.
func (s *site) sessionEnds() {
	s.Helper()
	s.must(s.market.SignOutEverywhere(s.Context(), s.actor()))
}

var keptField = regexp.MustCompile(`name="kept" value="([^"]+)"`)

// keptOn gives the form that a page to sign in keeps, "" if there is none.
func keptOn(p page) string {
	if m := keptField.FindStringSubmatch(p.body); m != nil {
		return m[1]
	}
	return ""
}

// TestAFormOutlivesItsSession expects a form to come back to the account that sent it,
// under its name, and to nobody else.
func TestAFormOutlivesItsSession(t *testing.T) {
	s := newSite(t)
	s.employer()
	s.forget()
	s.post("/signup", chosen("email", "jiro@example.jp", "password", otherWords))
	s.forget()
	s.post("/signup", chosen("email", "taro@example.jp", "password", firstWords))
	s.get("/profile")
	s.sessionEnds()
	asked := s.post("/profile", form("name", "山田太郎", "pay", "523", "version", "1"))
	s.holds(asked, http.StatusUnauthorized, "ログインの有効期限が切れました", "同じアカウント", `name="as" value="candidate"`)
	if strings.Contains(asked.body, "山田太郎") || strings.Contains(asked.body, "523") {
		t.Error("what was typed can be read on the page to sign in")
	}
	kept := keptOn(asked)
	again := s.post("/signin", form("email", "taro@example.jp", "password", "wrong horse", "kept", kept))
	if keptOn(again) != kept {
		t.Error("a wrong password loses the form")
	}
	for _, other := range []struct{ email, password, home string }{
		{"jiro@example.jp", otherWords, "/offers"}, {"owner@example.jp", firstWords, "/company"},
	} {
		s.forget()
		p := s.post("/signin", form("email", other.email, "password", other.password, "kept", kept))
		s.holds(p, http.StatusOK, "前の入力は、破棄しました", "別のアカウント", `href="`+other.home+`"`)
		if strings.Contains(p.body, "山田太郎") || strings.Contains(p.body, `action="/profile"`) {
			t.Errorf("%s is given somebody else's form", other.email)
		}
	}
	s.forget()
	p := s.post("/signin", form("email", "taro@example.jp", "password", firstWords, "kept", kept))
	s.holds(p, http.StatusOK, "「経歴」の入力が残っています", `action="/profile"`, `name="name" value="山田太郎"`, `name="pay" value="523"`)
}

var markOf = regexp.MustCompile(`data-account="([^"]+)"`)

// TestAFormBelongsToWhomItsPageWasOf sends a form from a page that stayed open while
// another account used the browser: it comes back to whose page it is, and not to whoever
// was there last.
func TestAFormBelongsToWhomItsPageWasOf(t *testing.T) {
	s := newSite(t)
	s.post("/signup", chosen("email", "taro@example.jp", "password", firstWords))
	mark := markOf.FindStringSubmatch(s.get("/profile").body)[1]
	s.post("/signout", nil)
	s.post("/signup", chosen("email", "jiro@example.jp", "password", otherWords))
	beside := s.post("/profile", form("name", "山田太郎", "version", "1"), "Enishi-Account", mark)
	s.holds(beside, http.StatusUnauthorized, "同じアカウント")
	if p := s.get("/profile"); strings.Contains(p.body, "山田太郎") {
		t.Error("what was typed on a page of one account is saved in another")
	}
	if other := markOf.FindStringSubmatch(s.get("/profile").body)[1]; other == mark {
		t.Fatal("two accounts have the same mark")
	}
	s.post("/signout", nil)
	if p := s.get("/signin"); strings.Contains(p.body, "data-account") {
		t.Error("a page of nobody is marked")
	}
	kept := keptOn(s.post("/profile", form("name", "山田太郎"), "Enishi-Account", mark))
	s.holds(s.post("/signin", form("email", "jiro@example.jp", "password", otherWords, "kept", kept)), http.StatusOK, "前の入力は、破棄しました")
	s.post("/signout", nil)
	p := s.post("/signin", form("email", "taro@example.jp", "password", firstWords, "kept", kept))
	s.holds(p, http.StatusOK, `name="name" value="山田太郎"`)
	if again := markOf.FindStringSubmatch(p.body)[1]; again != mark {
		t.Error("the mark of an account changes with its session")
	}
	s.sessionEnds()
	if keptOn(s.post("/profile", form("name", "山田太郎"), "Enishi-Account", strings.Repeat("0", len(mark)))) != "" {
		t.Error("a form is kept for a mark that somebody made")
	}
}

// TestNobodyMakesAKeptForm expects a form that was not kept here to be offered to nobody.
func TestNobodyMakesAKeptForm(t *testing.T) {
	s := newSite(t)
	s.post("/signup", chosen("email", "taro@example.jp", "password", firstWords))
	s.forget()
	for _, typed := range []url.Values{
		form("back", "/settings/leave", "waits", "1", "typed.sure", "on"),
		form("back", "/settings/leave", "kept", `{"Account":1,"Path":"/settings/leave","Form":{"sure":["on"]}}`),
		form("back", "/settings/leave", "kept", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"),
	} {
		typed.Set("email", "taro@example.jp")
		typed.Set("password", firstWords)
		p := s.post("/signin", typed)
		if p.path != "/settings/leave" || strings.Contains(p.body, "残っています") {
			t.Errorf("a form that somebody made leads to %s: %s", p.path, main(p.body))
		}
		s.forget()
	}
}

// TestDangerousFormsAreAskedAgain expects whatever erases, removes or holds a secret not
// to be kept: who signs in again reads the page that it is on.
func TestDangerousFormsAreAskedAgain(t *testing.T) {
	for _, c := range []struct {
		as   account.Kind
		path string
		back string
	}{
		{account.Candidate, "/settings/leave", "/settings/leave"},
		{account.Candidate, "/account/password", "/account"},
		{account.Candidate, "/account/signout", "/account"},
		{account.Candidate, "/settings/blocks", "/settings"},
		{account.Member, "/company/members/00000000-0000-0000-0000-000000000001/remove", "/company/members"},
		{account.Member, "/company/tokens", "/company/tokens"},
	} {
		t.Run(c.path, func(t *testing.T) {
			s := newSite(t)
			email := "taro@example.jp"
			if c.as == account.Member {
				email = "owner@example.jp"
				s.employer()
			} else {
				s.post("/signup", chosen("email", email, "password", firstWords))
			}
			s.get("/account")
			s.sessionEnds()
			asked := s.post(c.path, form("sure", "on", "name", "t", "role", "viewer"))
			s.holds(asked, http.StatusUnauthorized, "送信されませんでした")
			if keptOn(asked) != "" {
				t.Fatal("it is kept")
			}
			if p := s.post("/signin", form("email", email, "password", firstWords, "back", backOn(asked))); p.path != c.back {
				t.Errorf("signing in leads to %s, want %s", p.path, c.back)
			}
		})
	}
}

func backOn(p page) string {
	return regexp.MustCompile(`name="back" value="([^"]*)"`).FindStringSubmatch(main(p.body))[1]
}

// TestSecretsAreNotWritten sends every form without a session and with a secret in each
// field that is typed as one: no page writes it down, and no form that is kept holds it.
func TestSecretsAreNotWritten(t *testing.T) {
	files, err := filepath.Glob("*.templ")
	if err != nil || len(files) == 0 {
		t.Fatalf("no templates: %v", err)
	}
	names := map[string]bool{"code": true}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range regexp.MustCompile(`typed\{name: "([^"]+)"[^\n]*kind: "password"`).FindAllStringSubmatch(string(text), -1) {
			names[m[1]] = true
		}
	}
	if !names["password"] || !names["current"] {
		t.Fatalf("the secrets of the templates are %v", names)
	}
	const secret = "SECRET-THAT-NOBODY-READS"
	s := newSite(t)
	s.post("/signup", chosen("email", "taro@example.jp", "password", firstWords))
	s.get("/profile")
	s.sessionEnds()
	typed := form("name", "x")
	for name := range names {
		typed.Set(name, secret)
	}
	for _, path := range append(s.formPaths(), "/profile") {
		p := s.post(path, typed)
		if strings.Contains(p.body, secret) {
			t.Errorf("POST %s writes a secret into a page", path)
		}
		if kept := keptOn(p); kept != "" {
			p := s.post("/signin", form("email", "taro@example.jp", "password", firstWords, "kept", kept))
			if strings.Contains(p.body, secret) {
				t.Errorf("POST %s keeps a secret", path)
			}
			s.sessionEnds()
		}
	}
}

// TestTheOwnerOutlivesTheSession compares how long a browser keeps the two cookies: a form
// that is sent when the session's has gone by itself still has an owner.
func TestTheOwnerOutlivesTheSession(t *testing.T) {
	s := newSite(t)
	ages := map[string]int{}
	s.browser.Transport = noting{ages}
	s.post("/signup", chosen("email", "taro@example.jp", "password", firstWords))
	s.get("/profile")
	if ages[sessionName] == 0 || ages[ownerName] <= ages[sessionName] {
		t.Errorf("cookies are kept for %v seconds", ages)
	}
}

const sessionName, ownerName = "enishi_session", "enishi_owner"

// noting notes the age of every cookie that is set.
type noting struct{ ages map[string]int }

func (n noting) RoundTrip(r *http.Request) (*http.Response, error) {
	answer, err := http.DefaultTransport.RoundTrip(r)
	if err == nil {
		for _, c := range answer.Cookies() {
			n.ages[c.Name] = c.MaxAge
		}
	}
	return answer, err
}
