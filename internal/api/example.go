package api

import (
	"fmt"
	"time"

	"github.com/google/uuid"

	"enishi/internal/calendar"
	"enishi/internal/candidate"
	"enishi/internal/condition"
	"enishi/internal/corpnum"
	"enishi/internal/day"
	"enishi/internal/httpx"
	"enishi/internal/market"
	"enishi/internal/offer"
	"enishi/internal/position"
)

// Examples of bodies, for the document. Those of requests are valid and
// succeed, save that ids in them are of things that exist nowhere.

const exampleToken = "q6kR0yYc3uWmZ1oXw4nTtPz7bVhJ8sLdE2aFgNiUxQk" //nolint:gosec // nobody's: it only shows the form

func exampleID(n int) string { return fmt.Sprintf("019abcde-0000-7000-8000-%012d", n) }

func to[T any](v T) *T { return &v }

func exampleNumber(n int64) corpnum.Number { return corpnum.From(10_000_000_000 + n) }

func exampleProfile() candidate.Profile {
	return candidate.Profile{
		Occupation:        []candidate.Coded{{Code: "0312", Min: 5}},
		Industry:          []candidate.Coded{{Code: "39", Min: 5}},
		Skill:             []candidate.Coded{{Code: "go", Min: 4}, {Code: "kubernetes", Min: 3}},
		Language:          []candidate.Coded{{Code: "en", Min: 4}},
		WillingPrefecture: []string{"13", "14"},
		Residence:         "13", EmploymentStatus: "employed",
		Education: to(3), Management: to(1), ExperienceYears: to(7), Employers: to(2), Pay: to(520), RemoteOK: to(true),
		Text: "決済基盤の設計と運用を担当してきました。",
	}
}

func exampleWishes() overPositions {
	return overPositions{condition.Condition{Op: condition.All, Kids: []condition.Condition{
		{Op: condition.In, Field: "occupation", In: []string{"03"}},
		{Op: condition.Range, Field: "pay_max", Min: to(550)},
		{Op: condition.Range, Field: "remote", Min: to(1)},
	}}}
}

func exampleSignUp() SignUpBody {
	wishes := exampleWishes()
	return SignUpBody{
		Email: "hanako@example.jp", Password: "kyou-mo-genki-2026", Profile: to(exampleProfile()), Wishes: &wishes,
		Employers: []candidate.Employment{{Number: exampleNumber(1), Current: true}},
		Blocks:    []corpnum.Number{exampleNumber(2)},
	}
}

func exampleSignedUp() SignedUp {
	return SignedUp{ID: exampleID(2), Token: exampleToken, Offers: []Offer{exampleOffer(toCandidate)}}
}

func exampleSettings() Settings { return Settings{Open: true, WeeklyLimit: 10, Language: "ja"} }

func exampleBlocks() Blocks {
	return Blocks{
		Blocks:    []corpnum.Number{exampleNumber(2)},
		Employers: []candidate.Employment{{Number: exampleNumber(1), Current: true}},
	}
}

func exampleCompany() CompanyBody {
	return CompanyBody{
		Number: exampleNumber(3), Name: "えにし商事株式会社", Size: 3, Email: "saiyou@enishi-shouji.example.jp", Password: "kyou-mo-genki-2026",
	}
}

func exampleCompanyAnswer() CompanyAnswer {
	c := exampleCompany()
	return CompanyAnswer{exampleID(1), c.Number, false, c.Number, c.Name, c.Size, "applied"}
}

func exampleTerms() PositionBody {
	return PositionBody{position.Terms{
		Title: "決済基盤のバックエンドエンジニア", Text: "Goで書かれた決済基盤の設計、開発、運用を担当します。",
		Occupation: "0312", Industry: "39", Prefecture: []string{"13"}, EmploymentType: "seishain",
		PayMin: to(600), PayMax: to(900), OvertimeHours: to(15), HolidaysPerYear: to(125), StartHour: to(10), EndHour: to(19),
		Remote: to(1), WeeklyDaysOff: to(2), Flextime: to(true), SideJobOK: to(true), SmokeFree: to(true),
		Legal: position.Legal{
			Work: "決済基盤の設計、開発、運用", WorkChange: "会社の定める業務",
			Place: "東京都千代田区の本社", PlaceChange: "会社の定める場所（テレワークを行う場所を含む）",
			ContractTerm: "期間の定めなし", RenewalLimit: "該当なし", TrialPeriod: "3か月（条件は同じ）",
			Hours: "10:00〜19:00（休憩60分、フレックスタイム制）", Overtime: "月平均15時間", Holidays: "土日祝日、年末年始、年間125日",
			Pay: "月給50万円〜75万円", FixedOvertimePay: "なし", Insurance: "健康保険、厚生年金、雇用保険、労災保険", Smoking: "屋内禁煙",
		},
	}}
}

func examplePosition() PositionAnswer {
	return PositionAnswer{ID: exampleID(3), Version: 2, PublishedVersion: 2, State: "published", Warnings: []Warning{}, Terms: exampleTerms().Terms}
}

func exampleMust() condition.Condition {
	return condition.Condition{Op: condition.All, Kids: []condition.Condition{
		{Op: condition.In, Field: "occupation", In: []string{"0312", "0313"}, Min: to(3)},
		{Op: condition.In, Field: "skill", In: []string{"go"}, Min: to(3)},
	}}
}

func exampleRuleBody() RuleBody {
	return RuleBody{
		Position: exampleID(3), Kind: "interview", Must: &overProfiles{exampleMust()},
		Prefer: []Preference{{
			&overProfiles{condition.Condition{Op: condition.In, Field: "language", In: []string{"en"}, Min: to(4)}}, 3,
		}},
		DailyBudget: 10, TotalBudget: 200, OfferDays: to(14),
	}
}

func exampleRule() RuleAnswer {
	body := exampleRuleBody()
	body.Expires = to(day.Date(2027, time.March, 31))
	return RuleAnswer{ID: exampleID(4), Version: 3, State: "active", SpentToday: 4, SpentTotal: 52, RuleBody: body}
}

func examplePreview() Preview {
	return Preview{Matched: 184, Already: to(50), Wishes: to(60), Limit: to(20), Budget: to(40), Due: to(10)}
}

func exampleActivation() Activation {
	return Activation{RuleAnswer: exampleRule(), Due: to(10), Preview: to(examplePreview())}
}

func exampleView() View {
	return View{OfferCompany{exampleID(1), exampleCompany().Name}, time.Date(2026, time.December, 1, 0, 30, 0, 0, time.UTC)}
}

const exampleCardID = "5f0c7d1e9b3a48627f10d2c4b6a89e35"

func exampleOffer(to side) Offer {
	out := Offer{
		ID: exampleID(5), Position: exampleID(3), PositionVersion: 2, Kind: "interview", Sender: "auto", State: "sent",
		SentAt: time.Date(2026, time.December, 1, 0, 30, 0, 0, time.UTC), ExpiresOn: day.Date(2026, time.December, 15),
		Terms: exampleTerms().Terms, Company: OfferCompany{exampleID(1), exampleCompany().Name},
	}
	if to == toCompany {
		out.Rule, out.Card = exampleID(4), exampleCardID
	}
	return out
}

// exampleDealt is an offer whose date was chosen.
func exampleDealt(to side) Offer {
	out := exampleOffer(to)
	start := time.Date(2026, time.December, 8, 1, 0, 0, 0, time.UTC)
	date := Slot{exampleID(11), exampleSlots().Slots[0]}
	date.Start = &start
	out.State, out.Thread, out.CanWrite, out.Unread, out.Date = "scheduled", out.ID, true, 1, &date
	out.Obligations = []Obligation{
		{"date", "company", day.Date(2026, time.December, 15), "met"}, {"interview", "company", day.Date(2027, time.January, 30), "open"},
	}
	return out
}

func exampleSlots() ScheduleBody {
	start := time.Date(2026, time.December, 8, 1, 0, 0, 0, time.UTC)
	return ScheduleBody{[]SlotBody{{Start: &start, Minutes: 60, Zone: "Asia/Tokyo", Place: "東京都千代田区の本社"}}}
}

func exampleCalendar(to side) string {
	d := exampleDealt(to)
	date := offer.Slot{Start: *d.Date.Start, Minutes: d.Date.Minutes, Zone: d.Date.Zone, Place: d.Date.Place}
	x := market.Delivered{CompanyName: d.Company.Name, Terms: d.Terms}
	x.ID, x.Kind = uuid.MustParse(d.ID), d.Kind
	x.Dealing = offer.Dealing{Date: &date, Sequence: 1, ChangedAt: date.Start.AddDate(0, 0, -5)}
	file, err := calendar.File(&x, offer.Candidate, "ja", "enishi.example.jp")
	if err != nil { // it has a date
		return ""
	}
	return string(file)
}

func exampleMessage() Message {
	return Message{
		ID: exampleID(12), By: "candidate", Text: "はじめまして。来週の火曜日以降でお願いします。", At: time.Date(2026, time.December, 2, 0, 30, 0, 0, time.UTC),
	}
}

func exampleBreach() Breach {
	return Breach{
		ID: exampleID(13), Offer: exampleID(5), Company: OfferCompany{exampleID(1), exampleCompany().Name}, What: "date", On: day.Date(2026, time.December, 16),
		SetAside: &SetAside{time.Date(2026, time.December, 17, 0, 30, 0, 0, time.UTC), "候補者の都合によるため"},
	}
}

func exampleProposal() Offer {
	out := exampleOffer(toCompany)
	out.State = "proposed"
	return out
}

func exampleSearch() SearchBody {
	return SearchBody{
		Condition: &searched{exampleMust()}, Facets: []string{"residence", "language"}, Sort: "active", Limit: to(20),
	}
}

func exampleSearchAnswer() SearchAnswer {
	return SearchAnswer{
		Count: 184, Facets: map[string][]ValueCount{"residence": {{"13", 96}, {"14", 31}}, "language": {{"en", 75}}},
		Impact: []Impact{{"/all/0", 41}, {"/all/1", 2260}}, Clauses: 2, Items: []Hit{exampleHit()}, Near: []NearHit{{Hit{Card: exampleCard()}, "/all/1"}},
		Next: "eyJjIjoiNWYwYzdkMWU5YjNhNDg2MjdmMTBkMmM0YjZhODllMzUiLCJrIjpbMjA3ODgsNTIwXX0",
	}
}

func exampleCard() Card {
	p := exampleProfile()
	p.Text = "■にて、KubernetesとGoで決済基盤を運用してきました。"
	return Card{ID: exampleCardID, Profile: p, LastActiveDays: 2}
}

func exampleHit() Hit {
	c := exampleCard()
	c.Profile.Text = ""
	return Hit{c, []Highlight{{"text", "■にて、KubernetesとGoで決済基盤を運用してきました。", []Range{{4, 14}}}}}
}

func exampleStatus() Status {
	return Status{LogHead: 90211, Applied: 90211, Matched: 90211, Day: day.Date(2026, time.December, 1)}
}

func exampleClock(today day.Day) ClockBody { return ClockBody{to(today + 1)} }

func exampleMail() httpx.Mail {
	return httpx.Mail{
		To: "hanako@example.jp", Subject: "メールアドレスの確認", Body: "確認コード: 12345678",
		At: time.Date(2026, time.December, 1, 0, 30, 0, 0, time.UTC),
	}
}
