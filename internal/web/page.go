package web

import (
	"net/http"
	"strconv"

	"enishi/internal/market"
	"enishi/internal/offer"
	"enishi/internal/position"
)

func (p *Pages) gallery(r *request) error {
	return p.show(r, http.StatusOK, r.words.Say("部品", "Components"), galleryPage(r.words))
}

func yearOptions(w words) []option {
	steps := yearSteps()
	out := make([]option, len(steps))
	for i, n := range steps {
		text := w.Say(strconv.Itoa(n)+"年以上", strconv.Itoa(n)+" years or more")
		switch n {
		case 0:
			text = w.Say("1年未満", "under a year")
		case 1:
			text = w.Say("1年以上", "1 year or more")
		}
		out[i] = option{strconv.Itoa(n), text}
	}
	return out
}

func quartiles(w words) [3]string {
	return [3]string{w.Say("下から4分の1", "Lower quartile"), w.Say("中央値", "Median"), w.Say("上から4分の1", "Upper quartile")}
}

func kindClass(kind string) string {
	if kind == "interview" {
		return "strong"
	}
	return ""
}

func stateClass(d market.Delivered) string {
	if d.State == offer.Accepted || d.State == offer.Hired {
		return "good"
	}
	return ""
}

func stateName(w words, d market.Delivered) string {
	switch d.State {
	case offer.Sent:
		return w.Say("未読", "new")
	case offer.Seen:
		return w.Say("回答待ち", "waits for your answer")
	case offer.Reserved:
		return w.Say("メールの確認待ち", "waits for your address to be confirmed")
	case offer.Accepted:
		return w.Say("承諾済み", "accepted")
	case offer.Declined:
		return w.Say("辞退", "declined")
	case offer.Expired:
		return w.Say("期限切れ", "expired")
	case offer.Withdrawn:
		return w.Say("取り下げ", "withdrawn")
	case offer.Scheduled:
		return w.Say("日程決定", "scheduled")
	case offer.Held:
		return w.Say("面接済み", "interview held")
	case offer.Hired:
		return w.Say("採用", "hired")
	case offer.Rejected:
		return w.Say("見送り", "not hired")
	}
	return string(d.State)
}

// waits says whether an offer waits for an answer.
func waits(d market.Delivered) bool { return d.State == offer.Sent || d.State == offer.Seen }

// undoable says whether a decline can be taken back: its effects still wait.
func undoable(d market.Delivered) bool { return d.State == offer.Declined && !d.DueAt.IsZero() }

type legalItem struct{ name, text string }

// legalItems names the items that the Employment Security Act wants with every
// job, in the order of its enforcement rules.
func legalItems(w words, l *position.Legal) []legalItem {
	return []legalItem{
		{w.Say("業務の内容", "Work"), l.Work},
		{w.Say("業務の変更の範囲", "How the work may change"), l.WorkChange},
		{w.Say("就業の場所", "Place of work"), l.Place},
		{w.Say("場所の変更の範囲", "How the place may change"), l.PlaceChange},
		{w.Say("契約期間", "Term of contract"), l.ContractTerm},
		{w.Say("更新の上限", "Limit of renewals"), l.RenewalLimit},
		{w.Say("試用期間", "Trial period"), l.TrialPeriod},
		{w.Say("就業時間", "Hours"), l.Hours},
		{w.Say("時間外労働", "Overtime"), l.Overtime},
		{w.Say("休日", "Days off"), l.Holidays},
		{w.Say("賃金", "Wages"), l.Pay},
		{w.Say("固定残業代", "Fixed overtime pay"), l.FixedOvertimePay},
		{w.Say("社会保険", "Insurance"), l.Insurance},
		{w.Say("受動喫煙対策", "Smoking"), l.Smoking},
	}
}

// acceptText says what accepting tells, and to whom; name is under which, "": not known yet.
func acceptText(w words, name string) string {
	ja, en := "氏名", "your name"
	if name != "" {
		ja, en = ja+"（"+name+"）", en+" ("+name+")"
	}
	return w.Say("受けると、この会社にだけ、"+ja+"と、勤務先を含む経歴が伝わり、メッセージのやり取りができるようになります。辞退は5分以内なら取り消せます。",
		"If you accept, this company alone learns "+en+" and your whole career, employers included, and you can write to each other. A decline can be taken back within 5 minutes.")
}
