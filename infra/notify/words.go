package notify

import (
	"strconv"
	"strings"
	"time"

	"enishi/infra/program"
)

// Language is that of messages.
type Language string

// The languages.
const (
	Japanese Language = "ja"
	English  Language = "en"
)

// phrases are what messages are made of, beside what the table says of alarms.
type phrases struct {
	urgent, ticket, well, blind, notice       string // what kind of message it is
	isWell, isNot, isUnknown                  string // before what is wrong, when it is not
	environment, since, wellSince, at         string
	budget, limit, spent, foreseen            string
	first, runbook, console, unread, noFigure string
	never                                     string // instead of a number of days
	untold                                    string // before the channels that could not be told
	job, says                                 string // of AWS Backup: which, and why
	late, waited                              string // beside the title of what is told late; why, with the time in place of %
}

func (l Language) phrases() phrases {
	if l == English {
		return phrases{
			urgent: "Act now", ticket: "Ticket", well: "Well again", blind: "No figures", notice: "Notice",
			isWell: "This is over: ", isNot: "Figures have come, and this is not so: ", isUnknown: "No figures come, so nobody knows whether this is so: ",
			environment: "Environment", since: "Since", wellSince: "Well since", at: "At",
			budget: "Budget of the month", limit: "Told beyond", spent: "Spent so far", foreseen: "Forecast for the month",
			first: "To do first", runbook: "Runbook", console: "CloudWatch", unread: "Enishi does not know this message. It follows as it came.", noFigure: "no figures came",
			never: "it does not grow", untold: "These could not be told: ",
			job: "Job of AWS Backup", says: "AWS says",
			late: "told late", waited: "This is told late. It has waited since %, because no channel took it. Things may have changed since.",
		}
	}
	return phrases{
		urgent: "至急", ticket: "要対応", well: "復旧", blind: "データなし", notice: "お知らせ",
		isWell: "次の状態は解消しました：", isNot: "データが届き、次の状態ではないと確認できました：", isUnknown: "データが届かないため、次の状態かどうか分かりません：",
		environment: "環境", since: "発生", wellSince: "復旧", at: "日時",
		budget: "今月の予算", limit: "通知する金額", spent: "今日までの実績", foreseen: "今月の見込み",
		first: "最初にすること", runbook: "手順書", console: "CloudWatch", unread: "Enishiが知らない通知です。届いたままの内容を載せます。", noFigure: "データが届いていません",
		never: "増えていません", untold: "次の宛先には送れませんでした：",
		job: "AWS Backupのジョブ", says: "AWSの説明",
		late: "遅れて通知", waited: "この通知は遅れて届きました。どの宛先にも送れず、%から待っていました。その後、状況が変わっているかもしれません。",
	}
}

// of chooses the text of the language.
func (l Language) of(w program.Words) string {
	if l == English {
		return w.EN
	}
	return w.JA
}

// tokyo needs no list of time zones: it has had no summer time since 1951.
var tokyo = time.FixedZone("JST", 9*60*60)

// moment writes a time as Tokyo's.
func (l Language) moment(t time.Time) string {
	if l == English {
		return t.In(tokyo).Format("2 January 2006, 15:04") + " in Tokyo"
	}
	return t.In(tokyo).Format("2006年1月2日 15:04") + "（日本時間）"
}

// fact writes what something is, for a list.
func (l Language) fact(f Fact) string {
	if l == English {
		return f.Name + ": " + f.Value
	}
	return f.Name + "：" + f.Value
}

// figure writes a figure in its unit.
func (l Language) figure(v float64, unit string) string {
	const never = 9999 // as the table writes it where nothing grows
	switch {
	case unit == program.Share && l == English:
		return rounded(100*v) + " %"
	case unit == program.Share:
		return rounded(100*v) + "%"
	case unit == program.Days && v >= never:
		return l.phrases().never
	case unit == program.Days && l == English:
		return rounded(v) + " days"
	case unit == program.Days:
		return rounded(v) + "日"
	}
	return rounded(v)
}

// rounded keeps three digits, which is what one remembers, and all before the point.
func rounded(v float64) string {
	const digits, whole = 3, 100
	if v >= whole || v <= -whole {
		return strconv.FormatFloat(v, 'f', 0, 64)
	}
	short, err := strconv.ParseFloat(strconv.FormatFloat(v, 'g', digits, 64), 64)
	if err != nil {
		return strconv.FormatFloat(v, 'g', -1, 64)
	}
	return strconv.FormatFloat(short, 'f', -1, 64)
}

// beyond says when an alarm fires.
func (l Language) beyond(operator, threshold string) string {
	ja, en := map[string]string{
		"GreaterThanThreshold": "%を超えるとアラーム", "GreaterThanOrEqualToThreshold": "%以上でアラーム",
		"LessThanThreshold": "%を下回るとアラーム", "LessThanOrEqualToThreshold": "%以下でアラーム",
	}, map[string]string{
		"GreaterThanThreshold": "alarm above %", "GreaterThanOrEqualToThreshold": "alarm from % on",
		"LessThanThreshold": "alarm below %", "LessThanOrEqualToThreshold": "alarm at % or less",
	}
	form := ja[operator]
	if l == English {
		form = en[operator]
	}
	return strings.Replace(form, "%", threshold, 1)
}

// beside puts a remark behind a text.
func (l Language) beside(text, remark string) string {
	switch {
	case remark == "":
		return text
	case l == English:
		return text + " (" + remark + ")"
	}
	return text + "（" + remark + "）"
}

// span writes how far an alarm looks back.
func (l Language) span(minutes int) string {
	const hour, day = 60, 24 * 60
	for _, unit := range []struct {
		long   int
		ja, en string
	}{{day, "日間", "d"}, {hour, "時間", "h"}, {1, "分間", "min"}} {
		if minutes%unit.long == 0 {
			n := strconv.Itoa(minutes / unit.long)
			if l == English {
				return n + " " + unit.en
			}
			return n + unit.ja
		}
	}
	return ""
}
