package web

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"enishi/internal/day"
	"enishi/internal/taxonomy"
)

// words says things in the reader's language. Both versions of a text stand side
// by side where it is said, so that none can be missing.
type words struct {
	english bool
	contact string // of the operators, "": not given
	year    int    // which it is now: dates of another say theirs; 0: none does
}

// wordsOf gives the language that was chosen, else the first that the browser
// asks for and there is; else Japanese.
func wordsOf(r *http.Request) words {
	if chosen := languageCookie.of(r); chosen == "ja" || chosen == "en" {
		return words{english: chosen == "en"}
	}
	for part := range strings.SplitSeq(strings.ToLower(r.Header.Get("Accept-Language")), ",") {
		switch tag, _, _ := strings.Cut(strings.TrimSpace(part), ";"); {
		case tag == "ja" || strings.HasPrefix(tag, "ja-"):
			return words{}
		case tag == "en" || strings.HasPrefix(tag, "en-"):
			return words{english: true}
		}
	}
	return words{}
}

// Say gives the text in the reader's language.
func (w words) Say(ja, en string) string {
	if w.english {
		return en
	}
	return ja
}

// OrOperator says where an operator can be reached, if that is known; else another.
func (w words) OrOperator(ja, en, otherJA, otherEN string) string {
	if w.contact == "" {
		return w.Say(otherJA, otherEN)
	}
	return w.Say(ja+"（"+w.contact+"）", en+" ("+w.contact+")")
}

// Code is the language's own code.
func (w words) Code() string { return w.Say("ja", "en") }

// Pay says a sum of n times 10,000 JPY.
func (w words) Pay(n int) string {
	if !w.english {
		return grouped(n) + "万円"
	}
	return "JPY " + strconv.FormatFloat(float64(n)/100, 'f', -1, 64) + "M"
}

// PayRange says from what to what; either may be nil.
func (w words) PayRange(low, high *int) string {
	switch {
	case low == nil && high == nil:
		return w.Say("金額の記載なし", "not stated")
	case high == nil:
		return w.Say(w.Pay(*low)+"〜", "from "+w.Pay(*low))
	case low == nil:
		return w.Say("〜"+w.Pay(*high), "up to "+w.Pay(*high))
	case *low == *high:
		return w.Pay(*low)
	}
	if !w.english {
		return grouped(*low) + "〜" + grouped(*high) + "万円"
	}
	return w.Pay(*low) + "–" + w.Pay(*high)
}

// Name says an entry of a classification; the code itself if it is not known.
func (w words) Name(kind taxonomy.Kind, code string) string {
	item, ok := taxonomy.Of(kind).Find(code)
	if !ok {
		return code
	}
	return w.Say(item.JA, item.EN)
}

// Names says several.
func (w words) Names(kind taxonomy.Kind, codes []string) string {
	all := make([]string, len(codes))
	for i, code := range codes {
		all[i] = w.Name(kind, code)
	}
	return strings.Join(all, w.Say("、", ", "))
}

// fewNames is how many names a line has room for.
const fewNames = 5

// fewOf says several, the first ones and how many more if they are many.
func (w words) fewOf(kind taxonomy.Kind, codes []string) string {
	if len(codes) <= fewNames {
		return w.Names(kind, codes)
	}
	more := strconv.Itoa(len(codes) - fewNames)
	return w.Names(kind, codes[:fewNames]) + w.Say("ほか"+more+"件", " and "+more+" more")
}

// Date says a day, with its year if that is not the present one.
func (w words) Date(d day.Day) string {
	t := d.At(0).In(day.Tokyo)
	if w.english {
		if w.otherYear(t) {
			return t.Format("Mon 2 Jan 2006")
		}
		return t.Format("Mon 2 Jan")
	}
	year := ""
	if w.otherYear(t) {
		year = strconv.Itoa(t.Year()) + "年"
	}
	return year + fmt.Sprintf("%d月%d日(%s)", t.Month(), t.Day(), []string{"日", "月", "火", "水", "木", "金", "土"}[t.Weekday()])
}

func (w words) otherYear(t time.Time) bool { return w.year != 0 && t.Year() != w.year }

// FullDate says a day that may lie in another year.
func (w words) FullDate(d day.Day) string {
	t := d.At(0).In(day.Tokyo)
	if w.english {
		return t.Format("2 Jan 2006")
	}
	return fmt.Sprintf("%d年%d月%d日", t.Year(), t.Month(), t.Day())
}

// month says a month.
func (w words) month(m day.Month) string {
	first := m.First().At(0).In(day.Tokyo)
	if w.english {
		return first.Format("Jan 2006")
	}
	return fmt.Sprintf("%d年%d月", first.Year(), first.Month())
}

// Left says how many days are left up to a day, itself included.
func (w words) Left(today, last day.Day) string {
	switch n := int(last - today); {
	case n < 0:
		return w.Say("期限切れ", "over")
	case n == 0:
		return w.Say("今日まで", "today is the last day")
	case n == 1:
		return w.Say("あと1日", "1 day left")
	default:
		return w.Say(fmt.Sprintf("あと%d日", n), fmt.Sprintf("%d days left", n))
	}
}

// Time says a moment, in Tokyo.
func (w words) Time(t time.Time) string {
	return w.Date(day.Of(t)) + " " + t.In(day.Tokyo).Format("15:04")
}
