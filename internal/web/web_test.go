package web_test

import (
	"math"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"unicode"

	"enishi/internal/market"
)

// chosen are the answers of a visitor.
func chosen(more ...string) url.Values {
	v := url.Values{"occupation": {"0312"}, "years": {"5"}, "prefecture": {"13"}, "pay": {"480"}}
	for i := 0; i < len(more); i += 2 {
		v.Set(more[i], more[i+1])
	}
	return v
}

// TestAStrangerGetsAnOffer goes the main way through the pages: what would I get,
// register, read, accept, decline, take it back.
func TestAStrangerGetsAnOffer(t *testing.T) {
	s := newSite(t)
	for i := range 6 {
		s.offer(i, 500+50*i)
	}
	s.holds(s.get("/"), http.StatusOK, "登録する前に、自分の市場価値を。", "ソフトウェア開発", "東京都")
	seen := s.get("/insight?" + chosen().Encode())
	s.holds(seen, http.StatusOK, "いま5件以上のオファー条件に合っています", "550万円", "600万円", "650万円", `name="occupation" value="0312"`)

	inbox := s.post("/signup", chosen("email", "taro@example.jp", "password", "correct horse"))
	s.holds(inbox, http.StatusOK, "いま6件のオファーに答えられます", "会社5", "650〜750万円", "あと14日")
	if inbox.path != "/offers" {
		t.Errorf("after registering: %s, want /offers", inbox.path)
	}
	links := regexp.MustCompile(`href="(/offers/[0-9a-f-]{36})"`).FindAllStringSubmatch(inbox.body, -1)
	if len(links) != 6 {
		t.Fatalf("%d offers are linked, want 6", len(links))
	}
	first, second := links[0][1], links[1][1]
	s.holds(s.get(first), http.StatusOK, "面接確約", "回答待ち", "受動喫煙対策", "記載のとおり", "12月8日(火)")
	s.holds(s.post(first+"/accept", nil), http.StatusOK, "承諾済み")
	s.holds(s.post(first+"/decline", nil), http.StatusConflict, "承諾済み", "その操作ができません")
	s.holds(s.post(second+"/decline", nil), http.StatusOK, "辞退しました", "12:05")
	s.holds(s.post(second+"/undo", nil), http.StatusOK, "回答待ち")
	s.holds(s.get("/offers"), http.StatusOK, "いま5件のオファーに答えられます", "承諾済み")

	s.holds(s.post("/signout", nil), http.StatusOK, "市場価値")
	if p := s.get("/offers"); p.path != "/signin" {
		t.Errorf("signed out, /offers leads to %s, want /signin", p.path)
	}
	s.holds(s.post("/signin", url.Values{"email": {"taro@example.jp"}, "password": {"wrong horse"}}),
		http.StatusUnprocessableEntity, "違います", `value="taro@example.jp"`)
	s.holds(s.post("/signin", url.Values{"email": {"taro@example.jp"}, "password": {"correct horse"}}), http.StatusOK, "オファーに答えられます")
}

// TestNothingTypedIsLost sends forms with something wrong in them.
func TestNothingTypedIsLost(t *testing.T) {
	s := newSite(t)
	kept := []string{`<option value="13" selected>`, `<option value="5" selected>`}
	for _, c := range []struct {
		form  url.Values
		fault string
		kept  []string
	}{
		{chosen("email", "taro", "password", "correct horse"), "メールアドレスの形", []string{`value="taro"`, `name="pay" value="480"`}},
		{chosen("email", "taro@example.jp", "password", "short"), "8文字以上", []string{`value="taro@example.jp"`}},
		{chosen("email", "taro@example.jp", "password", strings.Repeat("長", 129)), "128文字以内", []string{`value="taro@example.jp"`}},
		{chosen("pay", "48百", "email", "taro@example.jp", "password", "correct horse"), "0〜100,000の整数（万円）", append(kept, `value="48百"`)},
		{chosen("years", "4", "email", "taro@example.jp", "password", "correct horse"), "一覧から", []string{`<option value="13" selected>`, `value="480"`}},
		{chosen("occupation", "9999", "email", "taro@example.jp", "password", "correct horse"), "一覧から", kept},
	} {
		p := s.post("/signup", c.form)
		s.holds(p, http.StatusUnprocessableEntity, append(c.kept, c.fault, `aria-invalid="true"`)...)
	}
	s.holds(s.get("/insight?"+chosen("pay", "many").Encode()), http.StatusUnprocessableEntity, append(kept, "0〜100,000の整数（万円）", `value="many"`)...)
}

// TestAnswersThatNoListHas sends what only an address that was written by hand can
// hold: the page says what is wrong, and how to go on without it.
func TestAnswersThatNoListHas(t *testing.T) {
	s := newSite(t)
	for query, said := range map[string]string{
		"skill=zzz": "スキル：一覧から", "skill=go:99": "スキル：一覧から", "language=xx:3": "言語：一覧から", "certification=none": "資格：一覧から", "willing=99": "働ける都道府県：一覧から",
		"floor=abc": "希望する年収：年収は、0〜100,000の整数", "floor=100001": "希望する年収：年収は、0〜100,000の整数", "places=zz": "働きたい都道府県：一覧から", "remote=9": "リモート勤務：一覧から",
	} {
		p := s.get("/insight?" + chosen().Encode() + "&" + query)
		s.holds(p, http.StatusUnprocessableEntity, said, "この答えを外す", `role="alert"`)
		way := regexp.MustCompile(`href="(/insight\?[^"]*)">この答えを外す`).FindStringSubmatch(p.body)
		if way == nil {
			t.Fatalf("%s: no way on", query)
		}
		s.holds(s.get(strings.ReplaceAll(way[1], "&amp;", "&")), http.StatusOK, "480万円")
	}
}

// TestTheOccupationComesFirst sends the form of the landing page with nothing in it, and
// with all but the occupation.
func TestTheOccupationComesFirst(t *testing.T) {
	s := newSite(t)
	for _, query := range []string{"", "occupation=&years=&prefecture=&pay=", "years=5&prefecture=13&pay=480"} {
		p := s.get("/insight?" + query)
		s.holds(p, http.StatusUnprocessableEntity, "まず職種を選んでください。", `id="occupation" name="occupation" autofocus`, "登録する前に、自分の市場価値を。")
		if strings.Count(p.body, `aria-invalid="true"`) != 1 {
			t.Errorf("%q: more than the occupation is marked", query)
		}
	}
	s.holds(s.get("/insight?years=5&pay=480", "Accept-Language", "en"), http.StatusUnprocessableEntity, "Please choose your occupation first.", `value="480"`, `value="5" selected`)
}

// TestNumbersOfEveryKeyboard fills forms with full-width digits, units and commas.
func TestNumbersOfEveryKeyboard(t *testing.T) {
	s := newSite(t)
	for _, pay := range []string{"４８０", "480万円", "４８０　万円", "480 "} {
		s.holds(s.get("/insight?"+chosen("pay", pay).Encode()), http.StatusOK, `name="pay" value="480"`)
	}
	s.holds(s.get("/insight?"+chosen("pay", "４，８００").Encode()), http.StatusOK, `name="pay" value="4800"`)
	s.holds(s.get("/insight?"+chosen("floor", "５００万円").Encode()), http.StatusOK, `name="floor" value="500"`)
	s.holds(s.post("/signup", chosen("pay", "４８０万円", "email", "ｔａｒｏ＠ｅｘａｍｐｌｅ．ｊｐ", "password", "correct horse")), http.StatusOK)
	if mails, err := s.market.Mails(t.Context(), 1); err != nil || len(mails) != 1 || mails[0].To != "taro@example.jp" {
		t.Errorf("mails: %v, %v; want one to taro@example.jp", mails, err)
	}
	s.holds(s.get("/profile"), http.StatusOK, `value="480"`)
	s.holds(s.post("/settings", url.Values{"open": {"true"}, "weekly_limit": {"１２件"}}), http.StatusOK, `value="12"`)
}

// TestOtherSites expects that no other site's page can act for somebody.
func TestOtherSites(t *testing.T) {
	s := newSite(t)
	for _, path := range []string{"/signup", "/signin", "/signout", "/language", "/offers/x/accept"} {
		if p := s.post(path, chosen(), "Origin", "https://evil.example", "Sec-Fetch-Site", "cross-site"); p.status != http.StatusForbidden {
			t.Errorf("POST %s from another site: %d, want 403", path, p.status)
		}
	}
	p := s.post("/language", url.Values{"to": {"en"}, "back": {"//evil.example/"}})
	s.holds(p, http.StatusOK, "Know your market value")
	// Browsers drop a tab out of an address, and would be at //evil.example.
	s.holds(s.get("/signin?back=/%09/evil.example"), http.StatusOK, `name="back" value="/"`)
}

// TestConfirming registers where addresses have to be confirmed.
func TestConfirming(t *testing.T) {
	s := newSite(t, func(o *market.Options) { o.Demo = false })
	s.offer(1, 500)
	s.holds(s.post("/signup", chosen("email", "taro@example.jp", "password", "correct horse")), http.StatusOK,
		"1件のオファーが、メールアドレスの確認を待っています", `href="/confirm"`)
	s.holds(s.get("/confirm"), http.StatusOK, "確認コード")
	s.holds(s.post("/confirm", url.Values{"code": {"1234"}}), http.StatusUnprocessableEntity, "違います", `value="1234"`)
	mails, err := s.market.Mails(t.Context(), 1)
	if err != nil || len(mails) != 1 {
		t.Fatalf("mails: %v, %v", mails, err)
	}
	code := regexp.MustCompile(`\d{4} ?-?\d{4}`).FindString(mails[0].Body)
	s.holds(s.post("/confirm", url.Values{"code": {code}}), http.StatusOK, "いま1件のオファーに答えられます")
}

// TestGuessing bounds sign-ins of one address.
func TestGuessing(t *testing.T) {
	s := newSite(t)
	form := url.Values{"email": {"taro@example.jp"}, "password": {"guess"}}
	for range 20 {
		s.holds(s.post("/signin", form), http.StatusUnprocessableEntity, "違います")
	}
	s.holds(s.post("/signin", form), http.StatusTooManyRequests, "しばらく待ってから")
	s.holds(s.post("/signup", chosen("email", "x@example.jp", "password", "correct horse")), http.StatusTooManyRequests, "しばらく待ってから")
}

// TestErrorsArePages expects words that help, in the reader's language.
func TestErrorsArePages(t *testing.T) {
	s := newSite(t)
	s.holds(s.get("/nowhere"), http.StatusNotFound, "ページが見つかりません")
	s.holds(s.get("/nowhere", "Accept-Language", "en"), http.StatusNotFound, "There is no such page")
	s.post("/signup", chosen("email", "taro@example.jp", "password", "correct horse"))
	for _, path := range []string{"/offers/1", "/offers/00000000-0000-0000-0000-000000000000"} {
		s.holds(s.get(path), http.StatusNotFound, "ページが見つかりません")
	}
}

// TestEnglishPages expects no Japanese on them but names.
func TestEnglishPages(t *testing.T) {
	s := newSite(t)
	s.get("/")
	s.post("/language", url.Values{"to": {"en"}, "back": {"/"}})
	for _, path := range []string{"/", "/signin", "/insight?" + chosen().Encode(), "/dev/components", "/nowhere", "/offers"} {
		p := s.get(path)
		if !strings.Contains(p.body, `<html lang="en">`) {
			t.Errorf("%s is not said to be English", path)
		}
		text := strings.NewReplacer("日本語", "", "Enishi (縁)", "").Replace(p.body)
		if at := strings.IndexFunc(text, func(r rune) bool { return unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana) }); at >= 0 {
			t.Errorf("%s has Japanese on it: %.60q", path, text[at:])
		}
	}
}

// TestOneSheetForEachClass finds no class by its own name in two sheets: what one page
// says of it would change another.
func TestOneSheetForEachClass(t *testing.T) {
	sheets, err := filepath.Glob("static/css/*.css")
	if err != nil || len(sheets) < 5 {
		t.Fatalf("%d style sheets: %v", len(sheets), err)
	}
	in := map[string]string{}
	for _, sheet := range sheets {
		css, err := os.ReadFile(sheet)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range regexp.MustCompile(`(?:^|[}{,/])\s*\.([a-z-]+)\s*[{,]`).FindAllStringSubmatch(string(css), -1) {
			if other := in[m[1]]; other != "" && other != sheet && m[1] != "foot" && m[1] != "top" { // which print leaves out
				t.Errorf(".%s is in %s and in %s", m[1], other, sheet)
			}
			in[m[1]] = sheet
		}
	}
	if len(in) < 50 {
		t.Errorf("only %d classes were found", len(in))
	}
}

// TestContrast computes the contrast of the tokens as WCAG 2.2 does: 4.5 for text,
// 3 for the borders of controls.
func TestContrast(t *testing.T) {
	css, err := os.ReadFile("static/css/10-tokens.css")
	if err != nil {
		t.Fatal(err)
	}
	light, dark, _ := strings.Cut(string(css), "@media (prefers-color-scheme: dark)")
	dark, _, _ = strings.Cut(dark, "}\n}")
	themes := map[string]map[string]float64{"light": tokens(light)}
	themes["dark"] = tokens(light)
	for name, value := range tokens(dark) {
		themes["dark"][name] = value
	}
	for theme, colour := range themes {
		for _, pair := range []struct {
			a, b string
			want float64
		}{
			{"ink", "paper", 4.5},
			{"ink", "panel", 4.5},
			{"quiet", "paper", 4.5},
			{"quiet", "panel", 4.5},
			{"thread", "paper", 4.5},
			{"thread", "panel", 4.5},
			{"on-thread", "thread", 4.5},
			{"good", "paper", 4.5},
			{"good", "panel", 4.5},
			{"warn", "panel", 4.5},
			{"bad", "paper", 4.5},
			{"bad", "panel", 4.5},
			{"control", "paper", 3},
			{"control", "panel", 3},
		} {
			a, aok := colour[pair.a]
			b, bok := colour[pair.b]
			if got := (max(a, b) + .05) / (min(a, b) + .05); !aok || !bok || got < pair.want {
				t.Errorf("%s: %s on %s has contrast %.2f, want %.1f", theme, pair.a, pair.b, got, pair.want)
			}
		}
	}
}

// tokens gives the relative luminance of each colour.
func tokens(css string) map[string]float64 {
	all := map[string]float64{}
	for _, m := range regexp.MustCompile(`--([a-z-]+): #([0-9a-f]{6});`).FindAllStringSubmatch(css, -1) {
		sum := 0.0
		for i, weight := range []float64{.2126, .7152, .0722} {
			n, _ := strconv.ParseUint(m[2][2*i:2*i+2], 16, 8)
			c := float64(n) / 255
			if c <= .04045 {
				c /= 12.92
			} else {
				c = math.Pow((c+.055)/1.055, 2.4)
			}
			sum += weight * c
		}
		all[m[1]] = sum
	}
	return all
}

// TestFormsThatAScriptSends expects that the script is told where to go, instead of
// being sent there.
func TestFormsThatAScriptSends(t *testing.T) {
	s := newSite(t)
	s.holds(s.post("/signup", chosen("email", "taro@example.jp", "password", "correct horse"), "Enishi-Form", "1"), http.StatusNoContent)
	s.holds(s.get("/offers"), http.StatusOK)
	// An answer without anything typed waits for its owner as well.
	s.sessionEnds()
	p := s.post("/offers/00000000-0000-0000-0000-000000000000/accept", nil, "Enishi-Form", "1")
	s.holds(p, http.StatusUnauthorized, `name="kept"`)
	p = s.post("/signin", form("email", "taro@example.jp", "password", "correct horse", "kept", keptOn(p)))
	s.holds(p, http.StatusOK, `action="/offers/00000000-0000-0000-0000-000000000000/accept"`)
}
