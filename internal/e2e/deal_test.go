package e2e_test

import (
	"fmt"
	"time"

	"enishi/internal/day"
	"enishi/internal/e2e"
)

// aDealIsMade takes an offer from its acceptance on a phone to the confirmed pay, with
// its company at a desk. What one side does appears on the page of the other, which
// keeps what is being typed there.
func aDealIsMade(s *stage) {
	person, firm := s.tab(e2e.View{Width: e2e.Phone}), s.tab(e2e.View{})
	const title = "約束を守る会社の求人"
	stranger(person)
	owner := s.sendsOffers("約束の会社", title)
	person.Says(title)
	person.Run(fmt.Sprintf(`[...document.querySelectorAll("main h2 a")].find((a) => a.innerText.includes(%q)).click()`, title))
	person.Has(`#deal-main form[action$="/accept"]`)
	person.Click(`button[popovertarget=decline]`)
	look(s, "decline", person)
	person.Click(`#decline button[popovertargetaction=hide]`)
	accepts(person)
	person.Says("までに日程の提案が届きます", "まだメッセージはありません")

	firm.SignIn(owner)
	firm.Open("/company/pipeline")
	firm.Click(`#column-accepted ~ ul a[href^="/company/offers/"]`)
	firm.Says("までに日程を提案してください")
	open(person, firm)
	person.Run("window.same = true")
	person.Fill("#text", "書きかけの")
	firm.Fill("#text", "ご承諾ありがとうございます。面接の日程をご相談させてください。")
	firm.Click("#write button")
	person.Says("ご承諾ありがとうございます。")
	person.Field("#text", "書きかけの")
	person.Fill("#text", "よろしくお願いします。平日の午後が助かります。")
	person.Click("#write button")
	firm.Says("平日の午後が助かります。")
	look(s, "talk", person, firm)
	meets(s, person, firm)
}

// open waits until pages listen.
func open(tabs ...*e2e.Tab) {
	for _, tab := range tabs {
		tab.Has("body[data-listening]")
	}
}

// meets has a company propose dates, of which one is chosen, hold the interview, and
// hire for a pay that the other side confirms.
func meets(s *stage, person, firm *e2e.Tab) {
	for i, hour := range []int{14, 16} {
		at := time.Now().In(day.Tokyo).AddDate(0, 0, 3+i)
		firm.Run(fmt.Sprintf(`document.querySelector("#start-%d").value = %q`, i, fmt.Sprintf("%s%02d:00", at.Format("2006-01-02T"), hour)))
	}
	firm.Fill("#place", "meet.example.jp")
	firm.Expect("422")
	firm.Click(`form[action$="/slots"] button`)
	firm.Says("https:// で始まるアドレス")
	firm.Has("#place:focus")
	look(s, "refused", firm)
	firm.Expect()
	firm.Fill("#place", "https://meet.example.jp/abc")
	firm.Click(`form[action$="/slots"] button`)
	firm.Says("候補の日時への返事を待っています")

	person.Has("input[name=slot]")
	look(s, "slots", person, firm)
	person.Click("label.slot:nth-of-type(1)")
	proposesAnother(s, person, firm)
	person.Fill("#text", "まだ送らない")
	person.Click("label.slot:nth-of-type(2)")
	person.Click(`form[action$="/choose"] button.primary`)
	person.Says("カレンダーに追加する")
	person.Field("#text", "まだ送らない")
	nothingCameBack(s, "a message waits while a date is chosen", person)
	firm.Says("16:15 からです")
	look(s, "agreed", person, firm)
	firm.Says("決まった日時になると、「面接を行った」と登録できます")
	firm.Click(`button[popovertarget="reschedule"]`)
	firm.Click(`#reschedule button.danger`)
	person.Says("の予定は取り消されました")
	firm.Click(`button[popovertarget="step-held"]`)
	look(s, "asks", firm)
	firm.Click(`#step-held button.primary`)
	firm.Says("面接の結果を登録してください")
	look(s, "held", person, firm)
	firm.Click(`button[popovertarget="step-hire"]`)
	firm.Fill("#final_pay", "64")
	firm.Expect("422")
	firm.Click("#step-hire button.primary")
	firm.Says("90％を下回っています", "64万円で間違いありません")
	firm.Expect()
	firm.Fill("#final_pay", "640")
	firm.Click("#hire input[name=low]")
	firm.Click("#hire button")
	firm.Says("640万円")
	person.Says("最終的な年収を確認してください")
	look(s, "hired", person, firm)
	person.Click(`form[action$="/confirm-pay"] button.primary`)
	person.Says("本人の確認")
	firm.Says("本人の確認")
	look(s, "done", person, firm)
}

// proposesAnother has a company propose the same dates a quarter of an hour longer, while
// its candidate has ticked one of those before: nothing is ticked of the new ones, also
// once the page is loaded again.
func proposesAnother(s *stage, person, firm *e2e.Tab) {
	const slot, ticked = `document.querySelector("input[name=slot]").value`, `document.querySelectorAll("input[name=slot]:checked").length`
	before := person.Text(slot)
	firm.Run(`document.querySelector('form[action$="/slots"]').closest("details")?.setAttribute("open", "")`)
	for i, hour := range []int{14, 16} {
		firm.Run(fmt.Sprintf(`document.querySelector("#start-%d").value = %q`, i, time.Now().In(day.Tokyo).AddDate(0, 0, 3+i).Format("2006-01-02T")+fmt.Sprintf("%d:15", hour)))
	}
	firm.Fill("#place", "https://meet.example.jp/def")
	firm.Click(`form[action$="/slots"] button`)
	person.Until(fmt.Sprintf("%s !== %q", slot, before))
	for _, loaded := range []func(){func() {}, person.Reload} {
		loaded()
		if n := person.Number(ticked); n != 0 {
			s.Errorf("%d dates are ticked that were not there when one was ticked", n)
		}
		nothingCameBack(s, "other dates are proposed", person, firm)
	}
}

// nothingCameBack finds that pages do not say that what was typed was put back.
func nothingCameBack(s *stage, at string, tabs ...*e2e.Tab) {
	for _, tab := range tabs {
		if tab.Number(`document.querySelectorAll("[data-toast=draft]").length`) > 0 {
			s.Errorf("%s: a page says that it has put back what was typed, though nothing was interrupted", at)
		}
	}
}

// look finds nothing that keeps somebody out of pages.
func look(s *stage, at string, tabs ...*e2e.Tab) {
	for _, tab := range tabs {
		for _, barrier := range tab.Barriers() {
			s.Errorf("%s: %s", at, barrier)
		}
	}
	nothingCameBack(s, at, tabs...)
}
