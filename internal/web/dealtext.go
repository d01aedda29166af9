package web

import (
	"errors"
	"strconv"
	"strings"

	"enishi/internal/errs"
	"enishi/internal/market"
	"enishi/internal/offer"
)

// dealFaults says what is wrong with the forms on an offer, by the name of the field.
func dealFaults(w words, err error) faults {
	all := faults{}
	var e *errs.Error
	if !errors.As(err, &e) {
		return all
	}
	for _, p := range e.Problems {
		name, text := dealFault(w, p.Pointer)
		all[name] = text
	}
	return all
}

func dealFault(w words, pointer string) (name, text string) {
	rest, ofSlots := strings.CutPrefix(pointer, "/slots")
	number, field, _ := strings.Cut(strings.TrimPrefix(rest, "/"), "/")
	switch {
	case pointer == "/text":
		return "text", w.Say("メッセージは1〜4,000文字で入力してください。", "A message has 1 to 4,000 characters.")
	case pointer == "/final_pay":
		return "final_pay", w.Say("年収は、1〜100,000の整数（万円）で入力してください（例：640）。", "Annual pay is a whole number of 10,000 yen from 1 to 100,000, such as 640.")
	case pointer == "/low":
		return "low", w.Say("オファーの下限の90％を下回っています。このまま登録すると、約束の不履行として記録されることがあります。", "It is under 90% of what you offered at least. As it is, it may be recorded as a broken promise.")
	case pointer == "/slot":
		return "slot", w.Say("日時を1つ選んでください。", "Please choose one of the times.")
	case ofSlots && number == "":
		return "start-0", w.Say("候補の日時を1つ以上入力してください。", "Give one date and time at least.")
	case ofSlots && field == "start":
		return "start-" + number, w.Say("これから180日以内で、ほかの候補と重ならない日時を入力してください。", "Give a date and time to come, within 180 days, that is not among the others.")
	case ofSlots && field == "place":
		return "place", w.Say("対面なら場所を、オンラインなら https:// で始まるアドレスを、300文字以内で入力してください。", "Give the place, or for a call its address that begins with https://, in 300 characters at most.")
	case strings.HasSuffix(pointer, "/minutes"):
		return "minutes", w.Say("長さを一覧から選んでください。", "Please choose how long it takes.")
	}
	return "zone", w.Say("時間帯を一覧から選んでください。", "Please choose a time zone.")
}

func talkName(w words, o *offer.Offer) string {
	if o.Kind == offer.Casual {
		return w.Say("面談", "talk")
	}
	return w.Say("面接", "interview")
}

// ours says one thing to the candidate and another to the company.
func (x *deal) ours(candidate, company string) string {
	if x.by == offer.Candidate {
		return candidate
	}
	return company
}

// due gives the day by which the company owes a step, as it is said, "" if it owes none.
func (x *deal) due(w words, p offer.Promise) string {
	for _, u := range x.Duties {
		if u.Promise == p && u.Standing == offer.Open && u.Due != 0 {
			return w.Date(u.Due)
		}
	}
	return ""
}

// denyText says what an objection does.
func denyText(w words) string {
	return w.Say("オファーは「承諾済み」に戻り、面接の期限はそのまま進みます。企業と運営に、この申告と日時が表示されます。企業は、あなたが選んだ新しい日時が来るまで、面接済みと登録できません。",
		"The offer is accepted again, and the clock of the interview goes on. The company and the operator see that you said so, and when. The company can say that it was held only once a new time that you choose has come.")
}

// objectionText says when the candidate objected, and what that means.
func objectionText(w words, x *deal) string {
	at := w.Time(x.Dealing.DeniedAt)
	what := x.ours(w.Say(at+" に「面接は行われていません」と伝えました。", "You said on "+at+" that the interview was not held."),
		w.Say(at+" に、候補者から「面接は行われていません」と申告がありました。", "The candidate said on "+at+" that the interview was not held."))
	if !x.Dealing.Unshown() || !x.Running() || x.State == offer.Held {
		return what
	}
	return what + x.ours(w.Say("企業が提案する日時を選んでください。", " Choose a time that the company proposes."),
		w.Say("候補の日時を提案してください。候補者が選んだ日時が来ると、面接済みと登録できます。", " Propose times: you can say that it was held once the one that they choose has come."))
}

// goneTitle says to the company that the candidate has left.
func goneTitle(w words, x *deal) string {
	if x.State == offer.Hired {
		return w.Say("採用した方は、退会しました", "Hired; they have left since")
	}
	return w.Say("候補者が退会したため、選考は終わりました", "The candidate has left: this is over")
}

// dealTitle says where an offer stands and what is next.
func dealTitle(w words, x *deal) string {
	talk := talkName(w, &x.Offer)
	if x.by == offer.Company && x.Dealing.Gone && (x.Running() || x.State == offer.Hired) {
		return goneTitle(w, x)
	}
	if since := x.OverdueSince(); since != 0 {
		late := int(x.today - since)
		return x.ours(w.Say("面接の期限を"+grouped(late)+"日過ぎています", "The interview is "+grouped(late)+" "+plural(late, "day")+" overdue"), dateLeft(w, x.today, &x.Delivered))
	}
	switch x.State {
	case offer.Accepted:
		return acceptedTitle(w, x)
	case offer.Scheduled:
		if d := x.Dealing.Date; d != nil && !x.Dealing.CalledOff {
			return w.Say(talk+"は "+w.Time(d.Start)+" からです", "The "+talk+" is on "+w.Time(d.Start))
		}
		return w.Say(talk+"の日程が決まっています", "A date for the "+talk+" is fixed")
	case offer.Held:
		if x.Kind == offer.Casual {
			return w.Say("面談が終わりました", "The talk was held")
		}
		return x.ours(w.Say("面接の結果を待っています", "You wait for the result of the interview"), w.Say("面接の結果を登録してください", "Say what came of the interview"))
	case offer.Hired:
		if x.Dealing.ConfirmedPay == nil {
			return x.ours(w.Say("採用が決まりました。最終的な年収を確認してください", "You are hired. Please confirm your final pay"), w.Say("採用しました", "Hired"))
		}
		return x.ours(w.Say("採用が決まりました", "You are hired"), w.Say("採用しました", "Hired"))
	case offer.Rejected:
		return x.ours(w.Say("今回は見送りになりました", "You were not hired this time"), w.Say("採用を見送りました", "Not hired"))
	case offer.Withdrawn:
		return withdrawnTitle(w, x)
	}
	if x.by == offer.Candidate {
		return x.Terms.Title
	}
	return unansweredTitle(w, x)
}

func acceptedTitle(w words, x *deal) string {
	if x.Dealing.Waits() {
		return x.ours(w.Say("候補の日時から1つ選んでください", "Choose one of the times"), w.Say("候補の日時への返事を待っています", "You wait for an answer about the times"))
	}
	by := x.due(w, offer.PromiseDate)
	if by == "" {
		return x.ours(w.Say("日程の提案を待っています", "You wait for the company to propose a date"), w.Say("日程を提案してください", "Propose a date"))
	}
	return x.ours(w.Say(by+"までに日程の提案が届きます", "A date is to be proposed by "+by), w.Say(by+"までに日程を提案してください", "Propose a date by "+by))
}

func withdrawnTitle(w words, x *deal) string {
	switch x.Dealing.EndedBy {
	case x.by:
		return w.Say("オファーを取り下げました", "You withdrew from this offer")
	case offer.Company:
		return w.Say("企業がオファーを取り下げました", "The company withdrew this offer")
	case offer.Candidate:
		return w.Say("候補者がオファーを取り下げました", "The candidate withdrew from this offer")
	}
	return w.Say("オファーは取り下げられました", "This offer was withdrawn")
}

func unansweredTitle(w words, x *deal) string {
	switch x.State {
	case offer.Sent, offer.Seen:
		return w.Say(w.Date(x.ExpiresOn)+"までの回答を待っています", "You wait for an answer until "+w.Date(x.ExpiresOn))
	case offer.Declined:
		return w.Say("辞退されました", "The offer was declined")
	case offer.Expired:
		return w.Say("回答がないまま期限が過ぎました", "It expired without an answer")
	case offer.Proposed:
		return w.Say("送付の確認を待っています", "It waits for you to confirm that it is sent")
	}
	return w.Say("まだ届いていません", "It has not arrived yet")
}

// partyName names a side of an offer to who reads.
func (x *deal) partyName(w words, side offer.Side) string {
	switch {
	case side == x.by && side == offer.Candidate:
		return w.Say("あなた", "You")
	case side == offer.Company:
		return x.ours(x.CompanyName, w.Say("貴社", "Your company"))
	}
	return partyOf(w, &x.Delivered)
}

// partyOf names the candidate of an offer to its company.
func partyOf(w words, d *market.Delivered) string {
	if d.Name != "" {
		return w.Say(d.Name+" さん", d.Name)
	}
	return shortCard(w, d.Card)
}

// dutyText says what a promise obliges to.
func dutyText(w words, x *deal, u offer.Duty) string {
	switch u.Promise {
	case offer.PromiseDate:
		return w.Say("日程を提案する", "Propose a date")
	case offer.PromiseHold:
		return w.Say("面接を行う", "Hold the interview")
	case offer.PromiseKeep:
		return w.Say("約束した面接を取り下げない", "Not take back the promised interview")
	case offer.PromisePay:
		if x.Terms.PayMin == nil {
			return w.Say("オファーどおりの年収を支払う", "Pay what was offered")
		}
		return w.Say("年収をオファーの下限の90％（"+w.Pay(offer.LeastPay(*x.Terms.PayMin))+"）以上にする", "Pay 90% of the offered minimum at least ("+w.Pay(offer.LeastPay(*x.Terms.PayMin))+")")
	}
	return w.Say("最終的な年収を確認する", "Confirm the final pay")
}

// standingText says how a promise stands, and standingClass how it is marked.
func standingText(w words, x *deal, u offer.Duty) string {
	switch u.Standing {
	case offer.Met:
		if u.Promise == offer.PromiseWord {
			return w.Say("確認されました", "Confirmed")
		}
		return w.Say("守られました", "Kept")
	case offer.Broken:
		if u.Due == 0 {
			return w.Say("守られませんでした", "Broken")
		}
		return w.Say("守られませんでした（期限は "+w.Date(u.Due)+"）", "Broken (it was due by "+w.Date(u.Due)+")")
	case offer.Void:
		return w.Say("対象外になりました", "No longer owed")
	case offer.Open:
	}
	switch {
	case u.Due == 0:
		return w.Say("これから", "To come")
	case u.Promise == offer.PromiseHold && x.Dealing.Waits():
		return w.Say("候補の日時への返事を待つあいだ、期限は進みません", "Its clock stands still while the proposed times wait for an answer")
	}
	return w.Say(w.Date(u.Due)+"まで・"+w.Left(x.today, u.Due), "By "+w.Date(u.Due)+", "+w.Left(x.today, u.Due))
}

func standingClass(s offer.Standing) string {
	switch s {
	case offer.Met:
		return "done"
	case offer.Broken:
		return "broken"
	case offer.Void:
		return "void"
	case offer.Open:
	}
	return "open"
}

func reasonName(w words, r offer.Reason) string {
	switch r {
	case offer.ReasonPay:
		return w.Say("年収が合わない", "The pay")
	case offer.ReasonPlace:
		return w.Say("勤務地が合わない", "The place of work")
	case offer.ReasonWork:
		return w.Say("仕事の内容が合わない", "The work itself")
	case offer.ReasonHours:
		return w.Say("働く時間や休日が合わない", "Hours or days off")
	case offer.ReasonTiming:
		return w.Say("いまは時期が合わない", "The time is not right")
	case offer.ReasonCompany:
		return w.Say("企業への関心がない", "The company")
	case offer.ReasonOther:
	}
	return w.Say("その他", "Something else")
}

// unreadText says how many messages are unread.
func unreadText(w words, n int) string {
	return w.Say("未読メッセージ "+strconv.Itoa(n)+"件", strconv.Itoa(n)+" unread "+plural(n, "message"))
}

// payRule says what the final pay must reach.
func payRule(w words, d *market.Delivered) string {
	if d.Terms.PayMin == nil || d.Kind == offer.Casual {
		return ""
	}
	least := w.Pay(offer.LeastPay(*d.Terms.PayMin))
	return w.Say("オファーで示した下限（"+w.Pay(*d.Terms.PayMin)+"）の90％にあたる "+least+" 以上である必要があります。下回ると、約束の不履行として記録されます。",
		"It must reach "+least+", 90% of the offered minimum of "+w.Pay(*d.Terms.PayMin)+". Less is recorded as a breach.")
}

// start gives the date that was typed in a row.
func (x *deal) start(row int) string {
	if list := filled(x.typed["start"]); row < len(list) {
		return list[row]
	}
	return ""
}

// filledIn gives what was typed into a field, or what it holds at first.
func (x *deal) filledIn(name, first string) string {
	if x.typed.Has(name) {
		return x.typed.Get(name)
	}
	return first
}

// hireHint says what a final pay must reach, and what becomes of it.
func hireHint(w words, d *market.Delivered) string {
	return strings.TrimSpace(payRule(w, d) + w.Say("本人が確認します。まだ決まっていなければ、空欄のまま進めて、あとから登録できます。",
		" The candidate is asked to confirm it. Leave it empty if it is not settled yet, and say it later."))
}
