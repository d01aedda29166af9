package web

import (
	"strconv"

	"enishi/internal/market"
)

// previewStep is how wide the steps of a preview are: the market rounds them down to
// multiples of it.
const previewStep = 5

// floored says a figure of a preview for what is known of it: how many there are at
// least and at most.
func floored(w words, n int) string {
	if n == 0 {
		return w.Say("5人未満", "fewer than 5")
	}
	low, high := grouped(n), grouped(n+previewStep-1)
	return w.Say(low+"〜"+high+"人", low+" to "+high)
}

// steps are those of a preview, from who matches to who is reached.
func steps(w words, p *market.Preview) figure {
	step := func(label string, n *int, total bool) fall { return fall{label, *n, total, floored(w, *n)} }
	return waterfall(w.Say("届くまでの内訳", "From matching to reached"), [2]string{w.Say("段階", "Step"), w.Say("人数", "People")}, []fall{
		{w.Say("合致", "Match"), p.Matched, true, w.People(p.Matched)},
		step(w.Say("送信済み", "Offered already"), p.Already, false),
		step(w.Say("希望条件で除外", "Their own wishes"), p.Wishes, false),
		step(w.Say("上限超過・確認待ち", "Over their limit, or address unconfirmed"), p.Limit, false),
		step(w.Say("本日の予算外", "Beyond today's budget"), p.Budget, false),
		step(w.Say("届く人", "Reached now"), p.Due, true),
	}, strconv.Itoa)
}

// whySteps says why a preview gives no exact numbers.
func whySteps(w words) string {
	return w.Say("一人ひとりの希望条件が推測されないよう、内訳は5人きざみの幅で示します。", "Steps are shown in bands of five, so that nobody's own wishes can be worked out.")
}

// previewSentence says it.
func previewSentence(w words, p *market.Preview) string {
	switch {
	case p.Due == nil:
		return w.Say("合致する人が10人未満のため、内訳は表示しません。", "Fewer than 10 people match, so the steps are not shown.")
	case *p.Due == 0:
		return w.Say("いま有効にすると、届く人は5人未満です（0人のこともあります）。"+whySteps(w), "Activated now, it reaches fewer than 5 people, perhaps nobody. "+whySteps(w))
	}
	return w.Say("いま有効にすると、"+floored(w, *p.Due)+"に届きます。"+whySteps(w), "Activated now, it reaches "+floored(w, *p.Due)+" people. "+whySteps(w))
}

// today says what activating does now.
func (a activation) today(w words) string {
	switch {
	case a.preview == nil:
		return w.Say("人数はいま確かめられません（確認前の企業か、本日のプレビューの上限です）。", "Not known now: your company is not verified yet, or has used today's previews.")
	case a.approve:
		return waiting(w, a.preview)
	case a.preview.Due == nil:
		return w.Say("合致する10人未満のうち、希望条件に合う人に届きます。", "Those among fewer than 10 whose own wishes hold.")
	case *a.preview.Due == 0:
		return w.Say("すぐに届く人は5人未満です（0人のこともあります）。条件に合う人が現れると届きます。", "Fewer than 5 are reached at once, perhaps nobody. Whoever comes to match is.")
	}
	return w.Say(floored(w, *a.preview.Due)+"にすぐ届きます。", floored(w, *a.preview.Due)+" people are reached at once.")
}

// waiting says how many wait for a company to confirm them. A batch takes neither
// budget nor room: those over either are in it, and are sent as far as both reach.
func waiting(w words, p *market.Preview) string {
	who := w.Say("合致する10人未満のうち、希望条件に合う人", "Those among fewer than 10 whose own wishes hold")
	if p.Due != nil {
		least := *p.Budget + *p.Due // among those over a limit are some that were asked already
		most := min(*p.Limit+least+3*(previewStep-1), p.Matched-*p.Already-*p.Wishes)
		who = w.Say(grouped(least)+"〜"+grouped(most)+"人", grouped(least)+" to "+grouped(most)+" people")
	}
	return w.Say(who+"が確認待ちに並びます。あなたが確認するまで、誰にも届きません。届くのは、予算と相手の上限の範囲です。",
		who+" wait for you to confirm. Nobody is reached before, and then as far as your budget and their limits reach.")
}
