package market_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"enishi/internal/candidate"
	"enishi/internal/company"
	"enishi/internal/condition"
	"enishi/internal/errs"
	"enishi/internal/market"
	"enishi/internal/offer"
)

// rehearsal is a trial in a test, with its company and candidates.
type rehearsal struct {
	market.OpenedTrial
	firm   firm
	rule   market.Ruled
	people []person
}

// rehearse opens a trial whose company asks for everybody.
func (w *world) rehearse(people int) rehearsal {
	w.Helper()
	t, err := w.OpenTrial(w.Context(), operator(), hana())
	if err != nil {
		w.Fatalf("open a trial: %v", err)
	}
	out := rehearsal{OpenedTrial: t}
	at := fmt.Sprintf("%d@verify.invalid", t.Key)
	f, err := w.Found(w.Context(), market.Found{Number: t.Number(), Name: "動作検証", Size: 2, Email: "k" + at, Trial: t.Secret}, market.Once{})
	if err != nil {
		w.Fatalf("found a trial's company: %v", err)
	}
	if _, err := w.SetStatus(w.Context(), operator(), f.ID, company.Verified); err != nil {
		w.Fatal(err)
	}
	out.firm = firm{f.ID, t.Number(), f.Token}
	out.rule = w.order(out.firm, w.post(out.firm, publishable()), plain())
	for i := range people {
		in := market.SignUp{Email: fmt.Sprintf("c%d-%s", i, at), Wishes: all(), Trial: t.Secret}
		in.Profile.Residence = "13"
		in.Profile.Text = "配管の点検をしてきました"
		p := w.signUp(in)
		out.people = append(out.people, p)
	}
	w.drain()
	return out
}

// society is a population of real people whom everything is asked about.
type society struct {
	throng
	saved market.Saved
}

func (w *world) society() society {
	w.Helper()
	c := society{throng: w.throng(12, 6, plain())}
	c.saved = w.save(c.firms[0], "点検", `{"field":"text","contains":"点検"}`, true)
	for i := range 12 {
		c.people = append(c.people, w.someone(100+i, func(in *market.SignUp) { in.Profile.Text = "設備の点検" }))
	}
	w.drain()
	w.live(c.throng)
	w.drain()
	return c
}

// told is everything that lists and figures say to anybody who is real.
func (w *world) told(m *market.Market, c society) map[string]any {
	w.Helper()
	ctx := w.Context()
	out := map[string]any{}
	say := func(what string, v any, err error) {
		if err != nil {
			w.Fatalf("%s: %v", what, err)
		}
		out[what] = v
	}
	for i, f := range c.firms {
		actor := w.actor(f.token)
		for name, cond := range map[string]condition.Condition{"all": all(), "text": parsed(w, `{"field":"text","contains":"点検"}`), "narrow": in("residence", "27")} {
			found, err := m.Search(ctx, actor, market.SearchInput{Condition: cond, Facets: []string{"residence", "skill"}, Limit: market.MostHits, Near: 10})
			say(fmt.Sprintf("search %s by %d", name, i), found, err)
		}
		in := plain()
		in.Position = c.rules[i].PositionID
		p, err := m.Preview(ctx, actor, in)
		say(fmt.Sprintf("preview of %d", i), p, err)
		board, err := m.Dashboard(ctx, actor, 30)
		say(fmt.Sprintf("dashboard of %d", i), board, err)
		figures, err := m.Figures(ctx, actor, 0, w.Today())
		say(fmt.Sprintf("figures of %d", i), figures, err)
	}
	alerts, _, err := m.Alerts(ctx, w.actor(c.firms[0].token), c.saved.ID, 0, 100)
	say("alerts", alerts, err)
	for i, p := range c.people {
		actor := w.actor(p.token)
		offers, _, err := m.OffersTo(ctx, actor, 0, 100)
		say(fmt.Sprintf("offers to %d", i), offers, err)
		why, err := m.Why(ctx, actor)
		say(fmt.Sprintf("why of %d", i), why, err)
		reach, err := m.Prospect(ctx, actor, market.Edited{})
		say(fmt.Sprintf("prospect of %d", i), reach, err)
	}
	for name, wishes := range map[string]condition.Condition{"all": all(), "narrow": atLeast("pay_min", 9000)} {
		insight, err := m.Insight(ctx, market.Visitor{Profile: candidate.Profile{Residence: "13"}, Wishes: wishes})
		say("insight "+name, insight, err)
	}
	rules, companies := m.Offering()
	say("offering", []market.Reach{rules, companies}, nil)
	people, orders := m.Sizes()
	say("sizes", []int{people.Entries, orders.Entries}, nil)
	w.toldToOperators(m, say)
	return out
}

func (w *world) toldToOperators(m *market.Market, say func(string, any, error)) {
	ctx := w.Context()
	figures, err := m.Figures(ctx, operator(), 0, w.Today())
	say("figures", figures, err)
	queue, err := m.Queue(ctx, operator())
	say("queue", queue, err)
	list, err := m.FindCompanies(ctx, operator(), "", "", 0, 1000)
	say("companies", list, err)
	known, err := m.FindKnown(ctx, "動作検証", 10)
	say("companies by name", known, err)
	named, err := m.Namesakes(ctx, "動作検証")
	say("namesakes", named, err)
	say("past", loaded(w, func(tx market.Tx) ([]market.PastAtom, error) { return tx.PastAtoms() }), nil)
}

// unmoved fails if anything that is told differs.
func (w *world) unmoved(what string, before, after map[string]any) {
	w.Helper()
	if len(before) < 50 {
		w.Fatalf("only %d things are told", len(before))
	}
	for name := range before {
		// One cursor is sealed anew each time; the mask of a text is kept or made.
		if diff := cmp.Diff(before[name], after[name], cmpopts.IgnoreFields(market.SearchResult{}, "Next"), cmpopts.EquateEmpty()); diff != "" {
			w.Errorf("%s: %s differs (-before +after):\n%s", what, name, diff)
		}
	}
}

// A trial beside a population changes nothing that anybody is told, whether its
// rows are followed, loaded or started from a snapshot, and neither does its end.
func TestATrialTouchesNobody(t *testing.T) {
	t.Parallel()
	for _, mode := range []market.Mode{market.Auto, market.Approve} {
		t.Run(string(mode), func(t *testing.T) {
			t.Parallel()
			onStores(t, market.Options{Mode: mode, Demo: true}, func(w *world) {
				c := w.society()
				w.nextDay(1)
				w.told(w.Market, c) // whoever asks is active on the day
				w.drain()
				count := func() { w.job("statistics"); w.job("past") }
				count()
				before := w.told(w.Market, c)
				r := w.rehearse(3)
				for _, p := range r.people {
					if mode == market.Auto {
						w.answer(p, w.first(p), offer.Accept, nil)
					}
				}
				w.drain()
				count()
				w.unmoved("beside a trial", before, w.told(w.Market, c))
				w.unmoved("loaded", before, w.told(w.rebuilt(), c))
				if _, err := w.image(w.Market); err != nil {
					w.Fatal(err)
				}
				w.unmoved("from a snapshot", before, w.told(w.open(), c))
				for _, o := range w.allOffers() {
					w.apart(&o)
				}
				if err := w.EndTrial(w.Context(), operator(), r.ID); err != nil {
					w.Fatal(err)
				}
				w.drain()
				count()
				w.unmoved("after the trial", before, w.told(w.Market, c))
				w.gone(r)
			})
		})
	}
}

// apart fails if an offer joins somebody of a trial with anybody who is not.
func (w *world) apart(o *offer.Offer) {
	w.Helper()
	c := loaded(w, func(tx market.Tx) (candidate.Candidate, error) { return tx.Candidate(o.Candidate) })
	k := loaded(w, func(tx market.Tx) (company.Company, error) { return tx.Company(o.Company) })
	if c.Trial != k.Trial {
		w.Errorf("offer %d joins trial %d with trial %d", o.Key, c.Trial, k.Trial)
	}
}

// gone fails if anything of a trial is left, but what the log and the audit log say.
func (w *world) gone(r rehearsal) {
	w.Helper()
	if _, err := w.Authenticate(w.Context(), r.firm.token); !errs.Is(err, errs.Unauthenticated) {
		w.Errorf("the owner after the trial: %v", err)
	}
	for _, p := range r.people {
		if _, err := w.Authenticate(w.Context(), p.token); !errs.Is(err, errs.Unauthenticated) {
			w.Errorf("a candidate after the trial: %v", err)
		}
	}
	rows := readRows(w, w.raw)
	for _, c := range rows.candidates {
		if c.Trial != 0 {
			w.Errorf("candidate %d is left", c.Key)
		}
	}
	for _, k := range rows.companies {
		if k.Trial != 0 {
			w.Errorf("company %d is left", k.Key)
		}
	}
	for _, x := range rows.rules {
		if _, ok := rows.companies[x.Company]; !ok {
			w.Errorf("rule %d is left", x.Key)
		}
	}
	for _, o := range rows.offers {
		if _, ok := rows.companies[o.Company]; !ok {
			w.Errorf("offer %d is left", o.Key)
		}
	}
	mails, err := w.Mails(w.Context(), 1000)
	if err != nil || slices.ContainsFunc(mails, func(m market.Mailed) bool { return len(m.To) > 15 && m.To[len(m.To)-15:] == "@verify.invalid" }) {
		w.Errorf("mails of the trial are left: %v", err)
	}
	if list := loaded(w, func(tx market.Tx) ([]market.Trial, error) { return tx.Trials() }); len(list) != 0 {
		w.Errorf("%d trials are left", len(list))
	}
}

// Those of a trial meet each other in every way that real people do, and nobody
// else by any.
func TestATrialIsAMarketOfItsOwn(t *testing.T) {
	t.Parallel()
	onStores(t, demo(), func(w *world) {
		c := w.society()
		r, other := w.rehearse(2), w.rehearse(1)
		for _, p := range append(slices.Clone(r.people), other.people...) {
			w.wantStates(p, offer.Sent)
		}
		if o := w.first(r.people[0]); o.CompanyName != "動作検証" {
			w.Errorf("an offer of %q", o.CompanyName)
		}
		if found := w.search(r.firm, market.SearchInput{Condition: all()}); found.Count != 2 {
			w.Errorf("the trial's company finds %d people, want its 2", found.Count)
		}
		if found := w.search(r.firm, market.SearchInput{Condition: parsed(w, `{"field":"text","contains":"点検"}`)}); found.Count != 2 {
			w.Errorf("by text it finds %d people, want its 2", found.Count)
		}
		in := plain()
		in.Position = r.rule.PositionID
		if p, err := w.Preview(w.Context(), w.actor(r.firm.token), in); err != nil || p.Matched != 2 {
			w.Errorf("its preview: %+v, %v", p, err)
		}
		for _, pair := range []struct {
			by  firm
			who person
		}{{r.firm, c.people[0]}, {c.firms[0], r.people[0]}, {other.firm, r.people[0]}} {
			if _, err := w.OpenCard(w.Context(), w.actor(pair.by.token), w.cardOf(pair.by, pair.who.id)); !errs.Is(err, errs.NotFound) {
				w.Errorf("a card from the other side: %v", err)
			}
			if _, err := w.scoutOne(pair.by, w.post(pair.by, pays(400, 600)), pair.who.id); !errs.Is(err, errs.NotFound) {
				w.Errorf("a scout to the other side: %v", err)
			}
		}
		w.drain()
		for _, o := range w.allOffers() {
			w.apart(&o)
		}
	})
}

// What registers with a key is bounded, and so is how long a key is good.
func TestWhoMayJoinATrial(t *testing.T) {
	t.Parallel()
	onStores(t, demo(), func(w *world) {
		ctx := w.Context()
		r := w.rehearse(0)
		genuine := w.firm(1, 0)
		join := func(i int, key string) error {
			_, err := w.SignUp(ctx, market.SignUp{Email: fmt.Sprintf("j%d@verify.invalid", i), Wishes: all(), Trial: key}, market.Once{})
			return err
		}
		found := func(in market.Found) error {
			in.Name, in.Size, in.Email = "別の会社", 2, "x@verify.invalid"
			_, err := w.Found(ctx, in, market.Once{})
			return err
		}
		for name, err := range map[string]error{
			"no such key":                    join(0, "no-such-key"),
			"a candidate opens one":          second2(w.OpenTrial(ctx, w.actor(genuine.token), hana())),
			"a real company with its number": found(market.Found{Number: r.Number()}),
			"a real company with its head":   found(market.Found{Number: numbered(70), Head: r.Number()}),
			"a trial's with another number":  found(market.Found{Number: numbered(71), Trial: r.Secret}),
			"a trial's with a real head":     found(market.Found{Number: r.Number(), Head: numbered(1), Trial: r.Secret}),
			"a second company of the trial":  found(market.Found{Number: r.Number(), Trial: r.Secret}),
			"mails to somebody of no trial":  second2(w.TrialMails(ctx, w.actor(genuine.token), r.ID)),
			"an end by somebody who may not": w.EndTrial(ctx, w.actor(genuine.token), r.ID),
			"an end of what is not there":    w.EndTrial(ctx, operator(), genuine.id),
			"mails of what is not there":     second2(w.TrialMails(ctx, operator(), genuine.id)),
		} {
			if err == nil {
				w.Errorf("%s: it is allowed", name)
			}
		}
		for i := range 10 {
			if err := join(1+i, r.Secret); err != nil {
				w.Fatal(err)
			}
		}
		if err := join(20, r.Secret); !errs.Is(err, errs.TooMany) {
			w.Errorf("an eleventh candidate: %v", err)
		}
		mails, err := w.TrialMails(ctx, operator(), r.ID)
		if err != nil || len(mails) != 11 || !mails[0].Sent.IsZero() {
			w.Errorf("%d mails of the trial, %v; want 11 that wait", len(mails), err)
		}
		w.deliver(w.Market)
		if mails, err = w.TrialMails(ctx, operator(), r.ID); err != nil || mails[0].Sent.IsZero() {
			w.Errorf("mails after they were sent: %+v, %v", mails, err)
		}
		w.pass(time.Hour)
		if err := join(21, r.Secret); !errs.Is(err, errs.Denied) || w.TrialStands(ctx, r.Secret) {
			w.Errorf("a candidate after the time is over: %v", err)
		}
		if run := w.job("trials"); run.Changed != 1 {
			w.Errorf("the job erased %d trials, want 1", run.Changed)
		}
		w.drain()
		w.gone(r)
		what := loaded(w, func(tx market.Tx) ([]market.Entry, error) {
			return tx.Entries(market.EntryFilter{What: market.AuditTrialEnd}, 0, 10)
		})
		if len(what) != 1 || what[0].Account != 0 || what[0].Entity != r.Key || what[0].Order != hana() {
			w.Errorf("the audit log says %+v of the end", what)
		}
	})
}

func second2[T any](_ T, err error) error { return err }

// A trial that ends before anything was counted or told is as if it had never been.
func TestATrialThatEndsAtOnce(t *testing.T) {
	t.Parallel()
	onStores(t, demo(), func(w *world) {
		c := w.society()
		r := w.rehearse(2)
		if err := w.EndTrial(w.Context(), operator(), r.ID); err != nil {
			w.Fatal(err)
		}
		w.nextDay(1)
		w.job("statistics")
		w.job("digests")
		w.job("past")
		figures, err := w.Figures(w.Context(), operator(), 1, w.Today())
		if err != nil {
			w.Fatal(err)
		}
		signed := int64(0)
		for _, f := range figures {
			if f.Name == market.FigureSignUps {
				signed += f.N
			}
		}
		if int(signed) != len(c.people) {
			w.Errorf("%d sign-ups are counted, want %d", signed, len(c.people))
		}
	})
}

// TestTrialsAreOrdered notes who had a trial opened, and why, of its opening and of its end: of
// each its own, and of nobody where nobody says so.
func TestTrialsAreOrdered(t *testing.T) {
	t.Parallel()
	onStores(t, demo(), func(w *world) {
		orders := []market.Order{hana(), hana(), {}, {By: strings.Repeat("縁", market.MostBy), Why: strings.Repeat("縁", market.MostWhy)}}
		for _, order := range orders {
			if _, err := w.OpenTrial(w.Context(), operator(), order); err != nil {
				w.Fatal(err)
			}
		}
		for _, order := range []market.Order{{By: strings.Repeat("縁", market.MostBy+1)}, {Why: strings.Repeat("縁", market.MostWhy+1)}} {
			if _, err := w.OpenTrial(w.Context(), operator(), order); !errs.Is(err, errs.Invalid) {
				w.Errorf("an order that says too much: %v", err)
			}
		}
		trials := loaded(w, func(tx market.Tx) ([]market.Trial, error) { return tx.Trials() })
		if len(trials) != len(orders) {
			w.Fatalf("%d trials stand, want %d", len(trials), len(orders))
		}
		for i := range trials {
			ends := operator()
			if i == 0 { // another operator, who says nothing
				ends.Account++
			}
			if err := w.EndTrial(w.Context(), ends, trials[i].ID); err != nil {
				w.Fatal(err)
			}
			for _, what := range []market.Audited{market.AuditTrialOpen, market.AuditTrialEnd} {
				of := market.EntryFilter{What: what, Kind: market.SubjectTrial, Entity: trials[i].Key}
				noted := loaded(w, func(tx market.Tx) ([]market.Entry, error) { return tx.Entries(of, 0, 10) })
				want := orders[i]
				if i == 0 && what == market.AuditTrialEnd {
					want = market.Order{}
				}
				if len(noted) != 1 || noted[0].Order != want {
					w.Errorf("%s is noted as %+v, want once with %+v", what, noted, want)
				}
			}
		}
	})
}
