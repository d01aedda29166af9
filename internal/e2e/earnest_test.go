package e2e_test

import (
	"regexp"
	"testing"
	"time"

	"enishi/internal/corpnum"
	"enishi/internal/e2e"
	"enishi/internal/fleet"
)

// TestInEarnest goes through an installation as it runs for real people. A company
// registers and waits, an operator looks at the evidence and verifies it, and it
// builds a rule. What that proposes comes, once it is confirmed, to the inbox of a
// stranger without a reload, who has confirmed an address and accepts.
func TestInEarnest(t *testing.T) {
	e2e.Need(t)
	server, b := e2e.NewEarnestServer(t, people), e2e.NewBrowser(t)
	s := &stage{t, server, b}
	person, firm, operator := s.tab(e2e.View{Width: e2e.Phone}), s.tab(e2e.View{}), s.tab(e2e.View{})
	const name, title = "みなと精機株式会社", "制御ソフトの設計"
	confirms(s, person, stranger(person))
	person.Has("body[data-listening]")
	person.Run("window.same = true")

	founds(firm, corpnum.From(820_000_000_001).String(), name)
	firm.Says("いま、運営が企業情報を確認しています")
	publishes(firm, title)
	verifies(operator, name)
	starts(firm)
	firm.Click(`main a[href$="/proposals"]`)
	firm.Says("確認を待っています")
	for begun := time.Now(); firm.Text(`!!document.querySelector("main form button.primary")`) != "true"; firm.Reload() {
		if time.Since(begun) > proposing {
			t.Fatalf("the rule of a verified company proposes nobody within %s", proposing)
		}
		fleet.Wait(t, 100*time.Millisecond)
	}
	firm.Says("が確認を待っています")
	firm.Click("main form button.primary")
	firm.Says("件のオファーを届けました。")
	person.Says("新しいオファーが届きました。", title, name)
	if person.Text("window.same") != "true" {
		t.Error("the inbox was loaded again")
	}
	person.Click("main article h2 a")
	accepts(person)
	firm.Open("/company/pipeline")
	firm.Says("日程の提示を待つ方が1人います")
}

// proposing is how long a company may wait until its rule has found whom it fits.
const proposing = 15 * time.Second

// verifies has an operator find the company that waits, who sees no address of its
// people, and is asked why before it is verified.
func verifies(operator *e2e.Tab, name string) {
	operator.SignIn(e2e.Operator)
	operator.Open("/operator")
	operator.Says("1社が確認を待っています", name)
	operator.Click(`main a[href^="/operator/companies/"]`)
	operator.Says(name, "判断の材料", "検査用数字は正しい", "e2e.example.jp")
	operator.Unbarred()
	operator.Run(`document.querySelector("#reason").required = false`)
	operator.Expect("422")
	operator.Click(`main form[action$="/verify"] button.primary`)
	operator.Says("理由を、500文字までの1行で入力してください。")
	operator.Expect()
	operator.Fill("#reason", "登記と一致。電話で担当者に確認。")
	operator.Click(`main form[action$="/verify"] button.primary`)
	operator.Says("確認済みにしました。", "登記と一致。電話で担当者に確認。")
	operator.Open("/operator")
	operator.Says("確認を待っている企業はありません")
}

// confirms has a person confirm the address by the code that was mailed to it.
func confirms(s *stage, person *e2e.Tab, email string) {
	person.Says("メールアドレスの確認がまだです。")
	person.Click(`main a[href="/confirm"]`)
	person.At("/confirm")
	var mails struct {
		Items []struct{ To, Body string }
	}
	s.ask("GET", "/dev/mail", "", nil, &mails)
	code := ""
	for _, m := range mails.Items {
		if m.To == email {
			code = regexp.MustCompile(`\d{4} ?-?\d{4}`).FindString(m.Body)
		}
	}
	person.Fill("#code", code)
	person.Click(`main form[action="/confirm"] button.primary`)
	person.At("/offers")
	person.Lacks("メールアドレスの確認がまだです。")
}
