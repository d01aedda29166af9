package demo

import (
	"cmp"
	"context"
	"fmt"
	"iter"
	"maps"
	"slices"

	"enishi/internal/account"
	"enishi/internal/day"
	"enishi/internal/errs"
	"enishi/internal/market"
	"enishi/internal/offer"
	"enishi/internal/store"
)

// Sink is where a market is loaded into: an empty database.
type Sink interface {
	// Unused is a Conflict unless the database is empty.
	Unused(ctx context.Context) error
	Bulk(ctx context.Context, fn func(*store.Bulk) error) error
}

// SignIn is an account of the demo that has a password.
type SignIn struct {
	Kind     account.Kind `json:"kind"`
	Email    string       `json:"email"`
	Password string       `json:"password"`
	Who      string       `json:"who"`
}

// Summary says what a demo holds.
type Summary struct {
	Day        day.Day             `json:"day"` // on which the market stands
	Candidates int                 `json:"candidates"`
	Companies  int                 `json:"companies"`
	Positions  int                 `json:"positions"`
	Rules      int                 `json:"rules"` // that are active
	EndedRules int                 `json:"ended_rules"`
	Offers     int                 `json:"offers"`
	States     map[offer.State]int `json:"states"`
	SignIns    []SignIn            `json:"sign_ins"`
}

// password is that of every sign-in of the demo. It is printed and documented:
// a demo has no secrets.
const password = "enishi-demo"

const operatorEmail = "operator@example.jp"

func candidateEmail(i int) string { return fmt.Sprintf("person%06d@mail.example.jp", i+1) }

// Load makes the market and writes it into an empty database, in one
// transaction; its change log begins after it. A count below one is Invalid, a
// database that is not empty a Conflict.
func Load(ctx context.Context, dst Sink, o Options) (Summary, error) {
	if err := dst.Unused(ctx); err != nil { // said before the work, not after it
		return Summary{}, err
	}
	m, summary, err := Make(ctx, o)
	if err != nil {
		return Summary{}, err
	}
	if o.Progress != nil {
		o.Progress("writing", 0, summary.Candidates+summary.Offers)
	}
	if err := dst.Bulk(ctx, func(b *store.Bulk) error { return b.All(m) }); err != nil {
		return Summary{}, fmt.Errorf("write the demo: %w", err)
	}
	if o.Progress != nil {
		o.Progress("writing", summary.Candidates+summary.Offers, summary.Candidates+summary.Offers)
	}
	return summary, nil
}

// Make makes the market in memory and gives its rows.
func Make(ctx context.Context, o Options) (market.Snapshot, Summary, error) {
	p, memory, err := lived(ctx, o)
	if err != nil {
		return market.Snapshot{}, Summary{}, err
	}
	all := memory.Everything()
	summary, renamed, err := p.signIns(ctx, all)
	if err != nil {
		return market.Snapshot{}, Summary{}, err
	}
	return p.cleaned(all, renamed), summary, nil
}

// lived draws a market and plays it in memory.
func lived(ctx context.Context, o Options) (*player, *market.Memory, error) {
	if o.Vault == nil {
		return nil, nil, errs.New(errs.Internal, "a demo needs the installation's vault")
	}
	w, err := newWorld(o)
	if err != nil {
		return nil, nil, err
	}
	memory := market.NewMemory()
	p, err := newPlayer(ctx, w, memory)
	if err != nil {
		return nil, nil, fmt.Errorf("open the market: %w", err)
	}
	return p, memory, p.play(ctx)
}

// signIns counts what there is, gives the accounts that are chosen for it a
// short address and a password, and gives these accounts by key.
func (p *player) signIns(ctx context.Context, all market.Snapshot) (Summary, map[int64]*account.Account, error) {
	s := Summary{
		Day:        p.options.Today,
		Candidates: len(p.persons), Companies: len(p.firms), Positions: len(p.orders), Rules: p.options.Rules, EndedRules: len(p.orders) - p.options.Rules,
		States: map[offer.State]int{},
	}
	people, companies := map[int64]int{}, map[int64]int{} // offers to look at
	for o := range all.Offers {
		s.Offers++
		s.States[o.State]++
		switch o.State {
		case offer.Sent, offer.Seen:
			people[o.Candidate]++
		case offer.Accepted, offer.Scheduled, offer.Held:
			people[o.Candidate]++
			companies[o.Company]++
		}
	}
	chosen := p.chooseCandidates(all, ranked(people))
	maps.Copy(chosen, chooseOwners(all, ranked(companies)))
	renamed := map[int64]*account.Account{}
	passwords := account.NewPasswords()
	for a := range all.Accounts {
		in, ok := chosen[a.Key]
		if a.Kind == account.Operator {
			in, ok = SignIn{account.Operator, operatorEmail, password, "運営"}, true
		}
		if !ok {
			continue
		}
		hash, err := passwords.Hash(ctx, password)
		if err != nil {
			return s, nil, err
		}
		b := *a
		b.Password, b.Sealed, b.EmailHash = hash, p.options.Vault.Seal(in.Email), p.options.Vault.EmailHash(in.Email)
		renamed[a.Key] = &b
		s.SignIns = append(s.SignIns, in)
	}
	slices.SortFunc(s.SignIns, func(a, b SignIn) int { return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Email, b.Email)) })
	return s, renamed, nil
}

// chooseCandidates gives sign-ins, by account, to five open candidates of
// different trades, those with most offers to look at.
func (p *player) chooseCandidates(all market.Snapshot, best []int64) map[int64]SignIn {
	accounts := map[int64]int64{}
	for c := range all.Candidates {
		if c.Open {
			accounts[c.Key] = c.Account
		}
	}
	out := map[int64]SignIn{}
	trades := map[string]bool{}
	for _, key := range best {
		x := p.lives[key]
		if len(trades) == 5 || trades[x.occupation.group] || accounts[key] == 0 {
			continue
		}
		trades[x.occupation.group] = true
		out[accounts[key]] = SignIn{
			account.Candidate, fmt.Sprintf("demo%d@example.jp", len(trades)), password,
			x.occupation.name + "、" + p.prefectures[x.home].name,
		}
	}
	return out
}

// chooseOwners gives sign-ins, by account, to the owners of the three companies
// with most to answer.
func chooseOwners(all market.Snapshot, best []int64) map[int64]SignIn {
	names := map[int64]string{}
	for k := range all.Companies {
		names[k.Key] = k.Name
	}
	best = best[:min(3, len(best))]
	out := map[int64]SignIn{}
	for m := range all.Members {
		if i := slices.Index(best, m.Company); i >= 0 {
			out[m.Account] = SignIn{account.Member, fmt.Sprintf("company%d@example.jp", i+1), password, names[m.Company]}
		}
	}
	return out
}

// ranked gives the keys with the largest counts first, ties to the lower key.
func ranked(counts map[int64]int) []int64 {
	return slices.SortedFunc(maps.Keys(counts), func(a, b int64) int {
		return cmp.Or(cmp.Compare(counts[b], counts[a]), cmp.Compare(a, b))
	})
}

// cleaned gives the rows as they are loaded: no log, ids of offers drawn like
// all others, and of the settings those that say when it is.
func (p *player) cleaned(all market.Snapshot, renamed map[int64]*account.Account) market.Snapshot {
	out := all
	out.Rows = func(func(*market.Row) bool) {}
	out.Sessions = func(func(*account.Session) bool) {}
	out.Settings = func(yield func(string, string) bool) {
		for name, value := range all.Settings {
			if name != "matched" && !yield(name, value) {
				return
			}
		}
	}
	out.Accounts = func(yield func(*account.Account) bool) {
		for a := range all.Accounts {
			if b, ok := renamed[a.Key]; ok {
				a = b
			}
			if !yield(a) {
				return
			}
		}
	}
	out.Offers = p.named(all.Offers)
	out.Breaches = func(yield func(*offer.Breach) bool) {
		d := newDraw(p.options.Seed, streamBreaches)
		for x := range all.Breaches {
			b := *x
			b.ID = d.id(x.At)
			if !yield(&b) {
				return
			}
		}
	}
	return out
}

func (p *player) named(offers iter.Seq[*offer.Offer]) iter.Seq[*offer.Offer] {
	return func(yield func(*offer.Offer) bool) {
		d := newDraw(p.options.Seed, streamOffers)
		for o := range offers {
			b := *o
			b.ID = d.id(o.SentAt)
			if !yield(&b) {
				return
			}
		}
	}
}
