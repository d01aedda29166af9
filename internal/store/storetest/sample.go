package storetest

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/uuid"

	"enishi/internal/account"
	"enishi/internal/candidate"
	"enishi/internal/company"
	"enishi/internal/condition"
	"enishi/internal/corpnum"
	"enishi/internal/day"
	"enishi/internal/market"
	"enishi/internal/offer"
	"enishi/internal/position"
	"enishi/internal/rule"
)

// when is a moment with all the microseconds that a store keeps.
var when = time.Date(2026, 4, 1, 0, 30, 15, 123456000, time.UTC)

// hard is text that a careless database changes: emoji outside the first
// plane, joined emoji, a combining voiced mark beside the letter that has it,
// both halves of ハ and バ, quotes, and an accent written in two ways.
const hard = "縁😀👩‍💻 ハ\u3099≠バ ﾊﾞ か゚ e\u0301é ' \" \\ % _ \r\n\t𠮷野家"

// today is a day of the tests.
var today = day.Date(2026, 4, 1)

func ptr[T any](v T) *T { return &v }

func newAccount(kind account.Kind, address string) *account.Account {
	return &account.Account{
		ID: uuid.New(), Kind: kind, Sealed: []byte("sealed " + address), EmailHash: []byte("hash of " + address), CreatedAt: when,
	}
}

func parse(t *testing.T, s condition.Subject, text string) condition.Condition {
	t.Helper()
	c, err := condition.Parse(s, []byte(text), false)
	if err != nil {
		t.Fatalf("parse %s: %v", text, err)
	}
	return c
}

func newCandidate(account int64) *candidate.Candidate {
	return &candidate.Candidate{
		ID: uuid.New(), Account: account, Version: 1, Open: true, WeeklyLimit: 10, Language: "ja", LastActive: today,
		Wishes: condition.Always(), CreatedAt: when,
	}
}

// fullCandidate has a value in every field.
func fullCandidate(t *testing.T, account int64) *candidate.Candidate {
	t.Helper()
	c := newCandidate(account)
	c.Confirmed = true
	c.Wishes = parse(t, condition.Positions, `{"all": [{"field": "pay_min", "min": 400},
		{"any": [{"field": "prefecture", "in": ["13", "14"]}, {"not": {"field": "shift_work", "is": true}}]}]}`)
	c.Blocks = []corpnum.Number{corpnum.From(12), corpnum.From(0), corpnum.From(999_999_999_999)}
	c.Employers = []candidate.Employment{{Number: corpnum.From(8)}, {Number: corpnum.From(7), Current: true}}
	from := day.Date(2020, 4, 1).Month()
	number := corpnum.From(7)
	c.Profile = candidate.Profile{
		Name:          "山田 " + hard,
		Occupation:    []candidate.Coded{{Code: "0312", Min: 5}},
		Industry:      []candidate.Coded{{Code: "39", Min: 3}},
		Skill:         []candidate.Coded{{Code: "go", Min: 4}},
		Language:      []candidate.Coded{{Code: "en", Min: 6}},
		Certification: []string{"ap"}, WillingPrefecture: []string{"13", "14"}, Residence: "13", EmploymentStatus: "employed",
		Education: ptr(0), Management: ptr(5), ExperienceYears: ptr(0), Employers: ptr(2), Pay: ptr(520),
		AvailableFrom: ptr(day.Date(2026, 7, 1)), RemoteOK: ptr(false), BirthMonth: ptr(day.Date(1990, 1, 1).Month()),
		Text: hard,
		History: []candidate.Job{
			{Employer: candidate.Employer{Number: &number}, From: from, Occupation: "0312", Role: "主任", Duties: hard},
			{Employer: candidate.Employer{Name: "有限会社ハ\u3099"}, From: from - 24, To: &from, Industry: "39", Achievements: "無し"},
		},
	}
	c.Mask = &candidate.Mask{Hidden: []candidate.Hidden{{Part: "text", From: 0, To: 3}, {Part: "history/0/duties", From: 3, To: 6}}}
	return c
}

func newCompany(base int64) *company.Company {
	n := corpnum.From(base)
	return &company.Company{
		ID: uuid.New(), Version: 1, Number: n, Head: n, Name: fmt.Sprintf("株式会社%d", base), Size: 2, Status: company.Verified,
	}
}

func newPosition(company int64) *position.Position {
	return &position.Position{
		ID: uuid.New(), Company: company, Version: 1, State: position.Draft,
		Terms: position.Terms{Title: "開発 " + hard, Prefecture: []string{"13"}, PayMin: ptr(500), Flextime: ptr(false)},
	}
}

func newRule(company, position int64) *rule.Rule {
	return &rule.Rule{
		ID: uuid.New(), Version: 1, Company: company, Position: position, Kind: "interview", Must: condition.Always(),
		DailyBudget: 10, TotalBudget: 100, Expires: today + 90, OfferDays: 14, State: rule.Active,
	}
}

// newOffer is an automatic offer of rule 1 of company 1 that was just sent.
func newOffer(candidate, position int64) *offer.Offer {
	return &offer.Offer{
		ID: uuid.New(), Version: 1, Candidate: candidate, Company: 1, Rule: 1, Position: position, PositionVersion: 1,
		RuleVersion: 1, CandidateSeen: 1, Kind: "interview", Sender: offer.Auto, State: offer.Sent, Score: 700,
		SentAt: when, SentDay: today, ExpiresOn: today + 14,
		Age: &rule.AgeException{Exception: "2号", Min: 18, Max: 60, Reason: hard},
	}
}

// with changes an offer before it is added.
func with(o *offer.Offer, change func(*offer.Offer)) *offer.Offer {
	change(o)
	return o
}

func addOffers(t *testing.T, s market.Store, list ...*offer.Offer) {
	t.Helper()
	write(t, s, func(tx market.Tx) error {
		for _, o := range list {
			if err := tx.AddOffer(o); err != nil {
				return err
			}
		}
		return nil
	})
}
