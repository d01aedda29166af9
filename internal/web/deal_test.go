package web_test

import (
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"enishi/internal/account"
	"enishi/internal/company"
	"enishi/internal/market"
)

// accepted has somebody accept an offer of a company, and gives the offer's page for
// each side and a browser of each.
func (s *site) accepted() (d dealt) {
	s.Helper()
	step := s.onTheBoard()
	d = dealt{site: s, ours: strings.Replace(step, "/pipeline/", "/offers/", 1), theirs: strings.Replace(step, "/company/pipeline/", "/offers/", 1), company: s.browser}
	s.signIn("c@example.jp", firstWords, account.Candidate)
	d.candidate = s.browser
	return d
}

// dealt is an offer between two browsers.
type dealt struct {
	*site
	ours, theirs       string // pages of the company and of the candidate
	company, candidate *http.Client
}

// asCompany and asCandidate go on in the browser of a side.
func (d dealt) asCompany()   { d.browser = d.company }
func (d dealt) asCandidate() { d.browser = d.candidate }

// dates are a form with dates to propose.
func dates(starts ...string) url.Values {
	f := form("zone", "Asia/Tokyo", "minutes", "60", "meeting", "online", "place", "https://meet.example.jp/abc")
	f["start"] = starts
	return f
}

var slotIDs = regexp.MustCompile(`name="slot" id="[^"]*" value="([0-9a-f-]{36})"`)

// TestADealIsMade takes an offer from its acceptance to the confirmed pay, through the
// pages of both sides.
func TestADealIsMade(t *testing.T) {
	s := newSite(t)
	d := s.accepted()
	s.holds(s.get(d.theirs), http.StatusOK, "12月8日(火)までに日程の提案が届きます", "日程を提案する", "面接を行う", "1月23日(土)まで", "まだメッセージはありません")
	question := form("text", "勤務地は\n選べますか。", "once", "1")
	s.holds(s.post(d.theirs+"/messages", question), http.StatusOK, "あなた", "選べますか。", "11月24日(火) 12:00")
	if p := s.post(d.theirs+"/messages", question); strings.Count(p.body, "選べますか。") != 1 {
		t.Error("a second click writes a second message")
	}
	s.holds(s.post(d.theirs+"/messages", form("text", "開始時刻は？", "once", "1")), http.StatusOK, "選べますか。", "開始時刻は？") // sent after going back

	d.asCompany()
	s.holds(s.get("/company/pipeline"), http.StatusOK, "未読メッセージ 2件", `href="`+d.ours+`"`)
	s.holds(s.get(d.ours), http.StatusOK, "12月8日(火)までに日程を提案してください", "未読メッセージ 2件", "選べますか。", "候補の日時を提案する", "約束の不履行として記録され", "経歴を見る")
	if p := s.get(d.ours); strings.Contains(p.body, "未読メッセージ") {
		t.Error("what was read stays unread")
	}
	s.holds(s.post(d.ours+"/messages", form("text", "はい、選べます。")), http.StatusOK, "貴社", "はい、選べます。")
	s.holds(s.post(d.ours+"/slots", dates("2026-12-03T14:00", "", "2026-12-04T10:30")), http.StatusOK, "候補の日時への返事を待っています", "12月4日(金) 10:30〜11:30", "日本時間")

	d.asCandidate()
	s.holds(s.get("/offers"), http.StatusOK, "未読メッセージ 1件")
	page := s.get(d.theirs)
	s.holds(page, http.StatusOK, "候補の日時から1つ選んでください", "12月3日(木) 14:00〜15:00", "https://meet.example.jp/abc", "期限は進みません", "守られました")
	s.holds(s.post(d.theirs+"/choose", nil), http.StatusUnprocessableEntity, "日時を1つ選んでください")
	ids := slotIDs.FindAllStringSubmatch(page.body, -1)
	if len(ids) != 2 {
		t.Fatalf("%d dates can be chosen, want 2", len(ids))
	}
	s.holds(s.post(d.theirs+"/choose", form("slot", ids[0][1])), http.StatusOK, "面接は 12月3日(木) 14:00 からです", "カレンダーに追加する", "この日程を取り消しますか")
	s.holds(s.post(d.theirs+"/choose", form("slot", ids[1][1])), http.StatusConflict, "その操作はできません", "面接は 12月3日(木) 14:00 からです")
	s.holds(s.get(d.theirs+"/calendar.ics"), http.StatusOK, "BEGIN:VCALENDAR", "DTSTART:20261203T050000Z", "面接：会社1", "//JA")
	s.holds(s.get(d.theirs+"/calendar.ics", "Accept-Language", "en"), http.StatusOK, "Interview: 会社1", "//EN")

	d.asCompany()
	s.holds(s.get(d.ours+"/calendar.ics"), http.StatusOK, "DTSTART:20261203T050000Z")
	s.holds(s.post(d.ours+"/held", nil), http.StatusConflict, "その操作はできません", "決まった日時になると")
	s.holds(s.post(strings.Replace(d.ours, "/offers/", "/pipeline/", 1), form("to", "held")), http.StatusConflict, "決まった日時になると")
	s.holds(s.post(d.ours+"/reschedule", nil), http.StatusOK, "の予定は取り消されました")
	s.holds(s.post(d.ours+"/held", nil), http.StatusOK, "面接の結果を登録してください", "450万円", "90％")
	d.hiredFor("460")
	for page, as := range map[string]func(){d.ours: d.asCompany, d.theirs: d.asCandidate} {
		as()
		s.english(s.get(page, "Accept-Language", "en"), "サーバー開発", "会社1", "記載のとおり", "勤務地は\n選べますか。", "開始時刻は？", "はい、選べます。")
	}
}

// hiredFor has the company hire for a pay, which the candidate confirms.
func (d dealt) hiredFor(pay string) {
	d.Helper()
	d.holds(d.post(d.ours+"/hire", form("final_pay", "46O")), http.StatusUnprocessableEntity, `value="46O"`, "整数（万円）", `aria-invalid="true"`, "面接の結果を登録してください")
	d.holds(d.post(d.ours+"/hire", form("final_pay", "0")), http.StatusUnprocessableEntity, `value="0"`, "整数（万円）")
	d.holds(d.post(d.ours+"/hire", form("final_pay", "45")), http.StatusUnprocessableEntity, `value="45"`, "90％を下回っています", "45万円で間違いありません", "面接の結果を登録してください")
	d.holds(d.post(d.ours+"/hire", form("final_pay", "４５５")), http.StatusOK, "採用しました", "455万円", "年収を登録する")
	d.holds(d.post(d.ours+"/hire", form("final_pay", pay)), http.StatusOK, pay+"万円")
	d.asCandidate()
	d.holds(d.get(d.theirs), http.StatusOK, "最終的な年収を確認してください", pay+"万円で間違いありません", "実際の年収を伝える")
	d.holds(d.post(d.theirs+"/confirm-pay", form("final_pay", "")), http.StatusUnprocessableEntity, "整数（万円）", "<details open>")
	d.holds(d.post(d.theirs+"/confirm-pay", form("final_pay", pay)), http.StatusOK, "採用が決まりました", "本人の確認", "確認されました")
	d.holds(d.post(d.theirs+"/confirm-pay", form("final_pay", "300")), http.StatusConflict, "その操作はできません")
	d.asCompany()
	if p := d.get(d.ours); strings.Contains(main(p.body), `name="final_pay"`) {
		d.Error("a pay that is confirmed can be mended")
	}
}

// TestDatesAreRefused expects all that was typed to come back, with the fault beneath
// its field.
func TestDatesAreRefused(t *testing.T) {
	s := newSite(t)
	d := s.accepted()
	d.asCompany()
	for name, tt := range map[string]struct {
		form  url.Values
		texts []string
	}{
		"none":     {dates("", ""), []string{"1つ以上入力", `id="start-0-fault"`}},
		"past":     {dates("2026-12-03T14:00", "2026-11-01T10:00"), []string{`id="start-1-fault"`, `value="2026-11-01T10:00"`, `value="2026-12-03T14:00"`}},
		"twice":    {dates("2026-12-03T14:00", "2026-12-03T14:00"), []string{`id="start-1-fault"`}},
		"no time":  {dates("2026-12-03"), []string{`id="start-0-fault"`, `value="2026-12-03"`}},
		"skipped":  {but(dates("2027-03-28T01:30"), "zone", "Europe/London"), []string{`id="start-0-fault"`, `value="Europe/London" selected`}},
		"no zone":  {but(dates("2026-12-03T14:00"), "zone", "Local"), []string{"時間帯を一覧から"}},
		"length":   {but(dates("2026-12-03T14:00"), "minutes", ""), []string{"長さを一覧から"}},
		"no place": {but(dates("2026-12-03T14:00"), "place", "駅前"), []string{"https:// で始まる", `value="駅前"`}},
	} {
		t.Run(name, func(t *testing.T) {
			s.T = t
			s.holds(s.post(d.ours+"/slots", tt.form), http.StatusUnprocessableEntity, append(tt.texts, `aria-invalid="true"`, `open>`)...)
		})
	}
	s.T = t
	s.holds(s.post(d.ours+"/slots", but(dates("2026-12-03T14:00"), "zone", "America/New_York")), http.StatusOK,
		"12月4日(金) 04:00〜05:00", "アメリカ東部（ニューヨーク）では 12月3日(木) 14:00")
	s.holds(s.post(d.ours+"/slots", but(dates("2026-12-03T14:00"), "meeting", "place", "place", "東京駅前1-1")), http.StatusOK, "場所：東京駅前1-1")

	long := strings.Repeat("あ", 4001)
	s.holds(s.post(d.ours+"/messages", form("text", long)), http.StatusUnprocessableEntity, long, "1〜4,000文字")
}

func but(f url.Values, pairs ...string) url.Values {
	for i := 0; i < len(pairs); i += 2 {
		f.Set(pairs[i], pairs[i+1])
	}
	return f
}

// TestDatesChange calls dates off from both sides, and agrees on one elsewhere.
func TestDatesChange(t *testing.T) {
	s := newSite(t)
	d := s.accepted()
	d.asCompany()
	s.holds(s.post(d.ours+"/slots", dates("2026-12-03T14:00")), http.StatusOK)
	d.asCandidate()
	s.holds(s.post(d.theirs+"/reschedule", nil), http.StatusOK, "日程の提案を待っています")
	d.asCompany()
	s.holds(s.post(d.ours+"/slots", dates("2026-12-05T14:00")), http.StatusOK)
	d.asCandidate()
	slot := slotIDs.FindStringSubmatch(s.get(d.theirs).body)
	s.holds(s.post(d.theirs+"/choose", form("slot", slot[1])), http.StatusOK, "12月5日(土) 14:00")
	d.asCompany()
	s.holds(s.post(d.ours+"/reschedule", nil), http.StatusOK, "の予定は取り消されました", "カレンダーから取り消す")
	s.holds(s.post(d.ours+"/schedule", nil), http.StatusOK, "日程が決まっています", "この画面の外で決められました")
	s.holds(s.post(d.ours+"/held", nil), http.StatusOK, "面接の結果を登録してください")
	s.holds(s.post(d.ours+"/reject", nil), http.StatusOK, "採用を見送りました", "メッセージは送れません")
	s.holds(s.post(d.ours+"/messages", form("text", "残念ですが")), http.StatusConflict, "残念ですが", "その操作はできません")
	d.asCandidate()
	s.holds(s.get(d.theirs), http.StatusOK, "今回は見送りになりました")
}

// TestWithdrawals are taken from each side, and say what they cost.
func TestWithdrawals(t *testing.T) {
	s := newSite(t)
	d := s.accepted()
	s.holds(s.get(d.theirs), http.StatusOK, "このオファーを辞退しますか")
	d.asCompany()
	s.holds(s.post(d.ours+"/withdraw", nil), http.StatusOK, "オファーを取り下げました", "守られませんでした")
	const cost = "約束の不履行が1件あるため、1日に届けられる数は、上限の90％になっています"
	s.holds(s.get("/company"), http.StatusOK, cost, "承諾されたあとに取り下げた", "2027年5月22日まで")
	s.holds(s.get("/company/rules"), http.StatusOK, cost, "/90")
	d.asCandidate()
	s.holds(s.get(d.theirs), http.StatusOK, "企業がオファーを取り下げました", "守られませんでした")
	s.holds(s.post(d.theirs+"/withdraw", nil), http.StatusOK, "企業がオファーを取り下げました")
}

// TestADeclineMaySayWhy tells the company what it can change, and once it stands.
func TestADeclineMaySayWhy(t *testing.T) {
	s := newSite(t)
	s.offer(1, 600)
	inbox := s.post("/signup", chosen("email", "a@example.jp", "password", firstWords))
	path := regexp.MustCompile(`href="(/offers/[0-9a-f-]{36})"`).FindStringSubmatch(inbox.body)[1]
	s.holds(s.get(path), http.StatusOK, "理由（任意）", "年収が合わない", "企業には伝わりません")
	s.holds(s.post(path+"/decline", form("reason", "pay")), http.StatusOK, "辞退しました")
	s.ownerOf("k1@example.jp")
	s.holds(s.get("/company"+path), http.StatusOK, "までの回答を待っています", "候補者 ")
	if p := s.get("/company" + path); strings.Contains(p.body, "年収が合わない") {
		t.Error("a decline that can be taken back is told")
	}
}

// TestDealsAreOfTwo shows an offer to nobody but its two sides.
func TestDealsAreOfTwo(t *testing.T) {
	s := newSite(t)
	d := s.accepted()
	for i, come := range []func(){
		func() { s.signIn("a@example.jp", firstWords, account.Candidate) },
		func() { s.offer(2, 700); s.ownerOf("k2@example.jp") },
	} {
		come()
		base, steps := d.theirs, []string{"messages", "reschedule", "choose", "confirm-pay", "withdraw"}
		if i == 1 {
			base, steps = d.ours, []string{"messages", "reschedule", "slots", "schedule", "held", "hire", "reject", "withdraw"}
		}
		s.holds(s.get(base), http.StatusNotFound)
		s.holds(s.get(base+"/calendar.ics"), http.StatusNotFound)
		f := but(dates("2026-12-03T14:00"), "text", "こんにちは", "final_pay", "500", "slot", "00000000-0000-0000-0000-000000000001")
		for _, step := range steps {
			if p := s.post(base+"/"+step, f); p.status != http.StatusNotFound {
				t.Errorf("%s of somebody else's: %d, want 404", step, p.status)
			}
		}
	}
	d.asCandidate()
	s.holds(s.get(d.ours), http.StatusForbidden)
	s.holds(s.get(d.theirs+"/calendar.ics"), http.StatusNotFound)
}

// TestWhoMayNotAct shows a deal to a viewer without anything to press, and keeps what
// a suspended company has typed.
func TestWhoMayNotAct(t *testing.T) {
	s := newSite(t)
	d := s.accepted()
	d.asCompany()
	member := s.actor()
	s.post("/company/members", form("email", "viewer@example.jp", "role", string(account.Viewer)))
	link := s.mailed("viewer@example.jp")
	s.forget()
	s.post("/invitations", form("code", code(link), "password", otherWords))
	page := s.get(d.ours)
	s.holds(page, http.StatusOK, "日程を提案してください", "まだメッセージはありません")
	if strings.Contains(main(page.body), "<form") {
		t.Errorf("a viewer can send a form: %s", main(page.body))
	}
	for _, step := range []string{"messages", "slots", "withdraw"} {
		s.holds(s.post(d.ours+"/"+step, but(dates("2026-12-03T14:00"), "text", "こんにちは")), http.StatusForbidden)
	}
	_, err := s.market.SetStatus(s.Context(), market.Actor{Kind: account.Operator}, member.CompanyID, company.Suspended)
	s.must(err)
	d.asCompany()
	s.holds(s.post(d.ours+"/messages", form("text", "お返事します。")), http.StatusForbidden, "停止されている", "お返事します。")
	s.holds(s.post(d.ours+"/slots", dates("2026-12-03T14:00")), http.StatusForbidden, "停止されている", `value="2026-12-03T14:00"`)
}

// TestALongThread shows the newest messages, and leads to those before them.
func TestALongThread(t *testing.T) {
	s := newSite(t)
	d := s.accepted()
	for i := range 52 {
		s.holds(s.post(d.theirs+"/messages", form("text", fmt.Sprintf("その%dです。", i))), http.StatusOK)
	}
	newest := s.get(d.theirs)
	s.holds(newest, http.StatusOK, "その51です。", "その2です。", "前のメッセージ")
	if strings.Contains(newest.body, "その1です。") || strings.Index(newest.body, "その2です。") > strings.Index(newest.body, "その51です。") {
		t.Error("the page does not show the newest 50 messages, the oldest of them first")
	}
	link := regexp.MustCompile(`href="([^"]+\?before=\d+)#`).FindStringSubmatch(newest.body)
	if link == nil {
		t.Fatal("nothing leads to earlier messages")
	}
	earlier := s.get(link[1])
	s.holds(earlier, http.StatusOK, "その0です。", "その1です。", "新しいメッセージ")
	if strings.Contains(earlier.body, "その2です。") || strings.Contains(earlier.body, "前のメッセージ") {
		t.Error("the page before shows more than the first two messages")
	}
}

// TestAnOverdueInterviewIsSaid says at the head of both pages that the promised interview is
// late, and by which day it was due.
func TestAnOverdueInterviewIsSaid(t *testing.T) {
	now := noon()
	s := newSite(t, func(o *market.Options) { o.Clock = func() time.Time { return now } })
	d := s.accepted()
	s.agreed(d)
	now = now.AddDate(0, 0, 70) // sessions have ended by then
	s.must(s.market.Follow(s.Context()))
	s.must(s.market.Drain(s.Context()))
	s.ownerOf("k1@example.jp")
	s.holds(s.get(d.ours), http.StatusOK, "<h1>面接が10日遅れています</h1>", "守られませんでした（期限は 2027年1月23日(土)）")
	s.signIn("c@example.jp", firstWords, account.Candidate)
	s.holds(s.get(d.theirs), http.StatusOK, "面接の期限を10日過ぎています")
}
