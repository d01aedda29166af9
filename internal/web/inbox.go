package web

import (
	"cmp"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/google/uuid"

	"enishi/internal/market"
	"enishi/internal/offer"
	"enishi/internal/taxonomy"
)

// inbox is what a candidate was offered, as the page lists it.
type inbox struct {
	words
	title     string
	confirmed bool
	all       []market.Delivered // newest first
	next      int64
	show      string // a shelf's name
	sort      string
	why       market.Why // if nothing was ever offered
	asking    market.Asking
	reasons   map[uuid.UUID]market.Reasons
	before    int64             // the key that the page begins before; 0: the newest
	done      *market.Delivered // what was just answered
	notice    string            // of what was asked and is not there
}

// settle takes a choice that there is not for none, and says so.
func (b *inbox) settle() {
	known := slices.ContainsFunc(shelves(b.words), func(s shelf) bool { return s.name == b.show })
	if known && slices.ContainsFunc(orders(b.words), func(o option) bool { return o.value == b.sort || b.sort == "" }) {
		return
	}
	b.notice = b.Say("その絞り込みや並び順はありません。すべてを新しい順に表示しています。", "There is no such filter or order. All are shown, the newest first.")
	b.show, b.sort = "", ""
}

// orders are those of an inbox.
func orders(w words) []option {
	return []option{{byNewest, w.Say("新しい順", "newest")}, {byDeadline, w.Say("期限が近い順", "deadline")}, {byPay, w.Say("年収が高い順", "pay")}}
}

// The orders of an inbox; the first is the default.
const (
	byNewest   = "newest"
	byDeadline = "deadline"
	byPay      = "pay"
)

// shelf is one of the kinds that an inbox can be narrowed to.
type shelf struct {
	name  string
	text  string
	holds func(*market.Delivered) bool
}

func shelves(w words) []shelf {
	return []shelf{
		{"", w.Say("すべて", "All"), func(*market.Delivered) bool { return true }},
		{"waiting", w.Say("回答待ち", "To answer"), func(d *market.Delivered) bool { return waits(*d) }},
		{"interview", w.Say("面接確約", "Interviews"), func(d *market.Delivered) bool { return d.Kind == "interview" }},
		{"casual", w.Say("カジュアル面談", "Talks"), func(d *market.Delivered) bool { return d.Kind == "casual" }},
		{"accepted", w.Say("進行中", "Under way"), func(d *market.Delivered) bool { return d.State.Live() && !d.State.Unanswered() }},
		{"ended", w.Say("終了", "Ended"), func(d *market.Delivered) bool { return !d.State.Live() }},
	}
}

// count gives how many offers stand on a shelf.
func (b *inbox) count(s shelf) int {
	n := 0
	for i := range b.all {
		if s.holds(&b.all[i]) {
			n++
		}
	}
	return n
}

// answeredAnchor is where the page says what an answer has done.
const answeredAnchor = "answered"

// isDone says whether an offer was just answered.
func (b *inbox) isDone(d *market.Delivered) bool { return b.done != nil && b.done.ID == d.ID }

// holds says whether an offer stands on the shelf that is shown.
func (b *inbox) holds(w words, d *market.Delivered) bool {
	return slices.ContainsFunc(shelves(w), func(s shelf) bool { return s.name == b.show && s.holds(d) })
}

// places says whether an offer has a place in the list.
func (b *inbox) places(w words, d *market.Delivered) bool {
	return slices.ContainsFunc(b.listed(w), func(x market.Delivered) bool { return x.ID == d.ID })
}

// listed gives what the page shows, in its order. What was just answered keeps the
// place that it had.
func (b *inbox) listed(w words) []market.Delivered {
	list := slices.Clone(b.all)
	for _, s := range shelves(w) {
		if s.name == b.show {
			list = slices.DeleteFunc(list, func(d market.Delivered) bool { return !s.holds(&d) && !b.isDone(&d) })
		}
	}
	switch b.sort {
	case byDeadline: // what can be answered first, the nearest last day before
		slices.SortStableFunc(list, func(x, y market.Delivered) int {
			first, second := waits(x) || b.isDone(&x), waits(y) || b.isDone(&y)
			if first != second {
				if first {
					return -1
				}
				return 1
			}
			return cmp.Compare(x.ExpiresOn, y.ExpiresOn)
		})
	case byPay:
		slices.SortStableFunc(list, func(x, y market.Delivered) int { return cmp.Compare(most(y), most(x)) })
	}
	return list
}

// most is the most that an offer pays, 0 if it does not say.
func most(d market.Delivered) int {
	if d.Terms.PayMax == nil {
		return 0
	}
	return *d.Terms.PayMax
}

// placeLine says where the work is, and whether it can be done from elsewhere.
func placeLine(w words, d market.Delivered) string {
	parts := filled([]string{w.fewOf(taxonomy.Prefecture, d.Terms.Prefecture)})
	if d.Terms.Remote != nil {
		parts = append(parts, w.Name(taxonomy.Remote, strconv.Itoa(*d.Terms.Remote)))
	}
	return strings.Join(parts, w.Say("／", " · "))
}

// path is the address of the inbox with another choice.
func (b *inbox) path(show, sort string) string {
	q := url.Values{}
	if show != "" {
		q.Set("show", show)
	}
	if sort != "" && sort != byNewest {
		q.Set("sort", sort)
	}
	if len(q) == 0 {
		return "/offers"
	}
	return "/offers?" + q.Encode()
}

// here is the address of the page that is shown; earlier of the one after it.
func (b *inbox) here() string { return from(b.path(b.show, b.sort), "before", b.before) }

func (b *inbox) earlier() string { return from(b.path(b.show, b.sort), "before", b.next) }

// from adds a key to an address, unless it is 0.
func from(path, name string, key int64) string {
	if key == 0 {
		return path
	}
	return with(path, name, strconv.FormatInt(key, 10))
}

// with adds a value to the question of an address.
func with(path, name, value string) string {
	mark := "?"
	if strings.Contains(path, "?") {
		mark = "&"
	}
	return path + mark + name + "=" + url.QueryEscape(value)
}

// answeredText says what an answer has done, and until when that can be undone; "" if
// the offer has gone on since.
func answeredText(w words, d market.Delivered) string {
	title := d.Terms.Title
	switch {
	case undoable(d):
		return w.Say("「"+title+"」を辞退しました。"+w.Time(d.DueAt)+"まで取り消せます。", "You have declined “"+title+"”. You can take it back until "+w.Time(d.DueAt)+".")
	case d.State == offer.Declined:
		return w.Say("「"+title+"」を辞退しました。", "You have declined “"+title+"”.")
	case waits(d):
		return w.Say("「"+title+"」の辞退を取り消しました。"+w.Date(d.ExpiresOn)+"まで回答できます。", "You have taken your decline of “"+title+"” back. You can answer until "+w.Date(d.ExpiresOn)+".")
	}
	if d.State != offer.Accepted {
		return ""
	}
	text := w.Say("「"+title+"」を受けました。", "You have accepted “"+title+"”. ")
	if d.Name != "" {
		text += w.Say(d.CompanyName+"に、あなたの名前と経歴が伝わりました。", d.CompanyName+" now knows your name and career. ")
	} else {
		text += w.Say(d.CompanyName+"に、あなたの経歴が伝わりました。名前は書かれていないため、伝わっていません。", d.CompanyName+" now knows your career, but not your name: you have given none. ")
	}
	text += w.Say("メッセージを送れます。", "You can write to each other.")
	if by, ok := d.DateBy(); ok {
		text += w.Say(w.Date(by)+"までに、企業から面接の日程が届きます。", " The company owes you a date for the interview by "+w.Date(by)+".")
	}
	return text
}

// soonest gives the offer that must be answered first; nil if none waits.
func (b *inbox) soonest() *market.Delivered {
	var first *market.Delivered
	for i := range b.all {
		if d := &b.all[i]; waits(*d) && (first == nil || d.ExpiresOn < first.ExpiresOn) {
			first = d
		}
	}
	return first
}

// askedText says how many companies are asked.
func askedText(w words, asking market.Asking) string {
	n := grouped(asking.Companies)
	en := n + " companies are being asked to confirm an offer to you"
	if asking.Companies == 1 {
		en = "1 company is being asked to confirm an offer to you"
	}
	return w.Say(n+"社に、オファーを送るか確認しています", en)
}

// inboxTitle says how many offers can be answered, or how many companies are asked.
func inboxTitle(w words, list []market.Delivered, asking market.Asking) string {
	open, held := 0, 0
	for _, d := range list {
		if waits(d) {
			open++
		}
		if d.State == offer.Reserved {
			held++
		}
	}
	switch {
	case held == 1:
		return w.Say("1件のオファーが、メールアドレスの確認を待っています", "1 offer waits for your address to be confirmed")
	case held > 0:
		return w.Say(strconv.Itoa(held)+"件のオファーが、メールアドレスの確認を待っています", strconv.Itoa(held)+" offers wait for your address to be confirmed")
	case open > 0:
		return w.Say("いま"+strconv.Itoa(open)+"件のオファーに答えられます", "You can answer "+strconv.Itoa(open)+" "+plural(open, "offer")+" now")
	case len(list) > 0:
		return w.Say("回答待ちのオファーはありません", "No offer waits for your answer")
	case asking.Companies > 0:
		return askedText(w, asking)
	}
	return w.Say("オファーはまだ届いていません", "No offer has arrived yet")
}

// nameless says whether an offer was accepted by somebody who has given no name, as far as
// the reader may know who they are.
func nameless(d *market.Delivered) bool { return d.Dealt() && d.Name == "" && !d.Dealing.Gone }

// openingRunes is how much of a scout's message an inbox shows: two lines of a phone.
const openingRunes = 60

// opening is how a message begins, on one line.
func opening(message string) string {
	text := []rune(strings.Join(strings.Fields(message), " "))
	if len(text) <= openingRunes {
		return string(text)
	}
	return string(text[:openingRunes-1]) + "…"
}
