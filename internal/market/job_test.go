package market_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"enishi/internal/account"
	"enishi/internal/day"
	"enishi/internal/errs"
	"enishi/internal/market"
	"enishi/internal/offer"
	"enishi/internal/rule"
)

// openJobs gives the jobs as a process of their own has them.
func (w *world) openJobs() *market.Jobs {
	w.Helper()
	j, err := market.OpenJobs(w.Context(), w.records, w.vault, w.options, nil)
	if err != nil {
		w.Fatalf("open the jobs: %v", err)
	}
	return j
}

// job runs a job in a new process.
func (w *world) job(name string) market.Run {
	w.Helper()
	r, err := w.openJobs().Run(w.Context(), name, market.RunOptions{})
	if err != nil || r.Outcome != market.Done || r.Ended.IsZero() {
		w.Fatalf("job %s: %+v, %v", name, r, err)
	}
	w.sound()
	return r
}

func (w *world) write(fn func(tx market.Tx) error) {
	w.Helper()
	if err := w.raw.Write(w.Context(), fn); err != nil {
		w.Fatal(err)
	}
}

func loaded[T any](w *world, fn func(tx market.Tx) (T, error)) T {
	w.Helper()
	var out T
	err := w.raw.Read(w.Context(), func(tx market.Tx) (err error) {
		out, err = fn(tx)
		return err
	})
	if err != nil {
		w.Fatal(err)
	}
	return out
}

// throng is many people with an offer of each of some rules.
type throng struct {
	people []person
	firms  []firm
	rules  []market.Ruled
}

func (w *world) throng(people, firms int, in market.RuleInput) throng {
	w.Helper()
	var c throng
	for i := range firms {
		f := w.firm(i+1, 0)
		c.firms = append(c.firms, f)
		c.rules = append(c.rules, w.order(f, w.post(f, publishable()), in))
	}
	for i := range people {
		c.people = append(c.people, w.someone(i))
	}
	w.drain()
	return c
}

// live lets some of a throng open, accept and decline.
func (w *world) live(c throng) {
	w.Helper()
	for i, p := range c.people {
		actor := w.actor(p.token)
		list, _, err := w.OffersTo(w.Context(), actor, 0, 10)
		if err != nil {
			w.Fatal(err)
		}
		for n, o := range list {
			switch (i + n) % 5 {
			case 0:
				_, err = w.OfferTo(w.Context(), actor, o.ID)
			case 1:
				_, err = w.Answer(w.Context(), actor, o.ID, offer.Accept)
			case 2:
				_, err = w.Answer(w.Context(), actor, o.ID, offer.Decline)
			}
			if err != nil {
				w.Fatal(err)
			}
		}
	}
}

// allOffers gives every offer.
func (w *world) allOffers() []offer.Offer {
	w.Helper()
	return loaded(w, func(tx market.Tx) ([]offer.Offer, error) { return tx.Offers(0, 1_000_000) })
}

func (w *world) companyKeys(tx market.Tx) (keys []int64) {
	list, err := tx.Companies(0, 10_000)
	if err != nil {
		w.Fatal(err)
	}
	for _, k := range list {
		keys = append(keys, k.Key)
	}
	return keys
}

// recounted counts the figures from all rows at once.
func (w *world) recounted() map[market.Figure]int64 {
	w.Helper()
	out := map[market.Figure]int64{}
	add := func(company int64, d day.Day, name string) {
		for _, of := range []int64{0, company} {
			out[market.Figure{Company: of, Day: d, Name: name}]++
			if company == 0 {
				break
			}
		}
	}
	stands := map[offer.State]string{
		offer.Sent: market.FigureUnseen, offer.Seen: market.FigureSeen, offer.Accepted: market.FigureAccepted,
		offer.Declined: market.FigureDeclined, offer.Expired: market.FigureExpired, offer.Withdrawn: market.FigureWithdrawn,
	}
	for _, o := range w.allOffers() {
		stand := stands[o.State]
		switch {
		case o.State == offer.Declined && !o.DueAt.IsZero():
			stand = market.FigureSeen // it can be undone
		case o.State == offer.Withdrawn && o.AnsweredAt.IsZero():
			stand = market.FigureExpired // the company learns no more
			if o.SeenAt.IsZero() {
				stand = market.FigureMissed
			}
		case o.State == offer.Expired && o.SeenAt.IsZero():
			stand = market.FigureMissed
		case stand == "":
			continue
		}
		add(o.Company, o.SentDay, market.FigureSent)
		add(o.Company, o.SentDay, stand)
	}
	first := map[int64]bool{}
	for _, row := range loaded(w, func(tx market.Tx) ([]market.Row, error) { return tx.Rows(0, 1_000_000) }) {
		if row.Change == market.CandidateChanged && !first[row.Entity] {
			first[row.Entity] = true
			add(0, day.Of(row.At), market.FigureSignUps)
		}
	}
	for _, r := range loaded(w, func(tx market.Tx) ([]rule.Rule, error) { return tx.Rules(0, 10_000) }) {
		if r.State == rule.Active {
			add(r.Company, 0, market.FigureRules)
		}
	}
	return out
}

// counted gives the figures as the job has them.
func (w *world) counted() map[market.Figure]int64 {
	w.Helper()
	return loaded(w, func(tx market.Tx) (map[market.Figure]int64, error) {
		out := map[market.Figure]int64{}
		for _, k := range append(w.companyKeys(tx), 0) {
			list, err := tx.Figures(k, 0, 1_000_000)
			if err != nil {
				return nil, err
			}
			for _, f := range list {
				n := f.N
				f.N = 0
				out[f] = n
			}
		}
		return out, nil
	})
}

func (w *world) sameFigures() {
	w.Helper()
	if d := cmp.Diff(w.recounted(), w.counted()); d != "" {
		w.Fatalf("figures (-recounted +counted):\n%s", d)
	}
}

// killing runs a job that is killed at the end of its nth transaction, for
// each n, and again to its end. scene makes each beginning, check looks at each
// end. It gives how many transactions the job takes.
func killing(t *testing.T, name string, scene func(*testing.T) *world, check func(*world)) {
	t.Helper()
	for n := int64(1); ; n++ {
		if n > 100 {
			t.Fatal("the job does not end")
		}
		w := scene(t)
		w.records.lives.Store(n)
		_, err := w.openJobs().Run(w.Context(), name, market.RunOptions{})
		w.records.lives.Store(0)
		killed := w.records.dead.Swap(false)
		if killed != errors.Is(err, errKilled) {
			t.Fatalf("killed in transaction %d: %v, %v", n, killed, err)
		}
		w.job(name)
		again := w.job(name)
		if again.Changed != 0 {
			t.Errorf("killed in transaction %d: the second run to the end changed %d", n, again.Changed)
		}
		check(w)
		if runs := loaded(w, func(tx market.Tx) ([]market.Run, error) { return tx.Runs(name, 9) }); killed && n > 1 && runs[2].Outcome != market.Interrupted {
			t.Errorf("killed in transaction %d, the run says %+v", n, runs[2])
		}
		if !killed {
			if n < 4 {
				t.Errorf("the job took %d transactions: too few to show anything", n-1)
			}
			return
		}
	}
}

func TestStatisticsAreExact(t *testing.T) {
	t.Parallel()
	for name, open := range stores() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, open(t), demo())
			c := w.throng(12, 4, plain())
			w.job("statistics")
			w.sameFigures()
			w.live(c)
			w.drain() // rows without a position are not counted yet
			w.job("statistics")
			w.sameFigures()
			w.pass(10 * time.Minute)
			w.drain() // what was declined cannot be undone any more
			if err := w.Erase(w.Context(), w.actor(c.people[3].token)); err != nil {
				t.Fatal(err)
			}
			w.someone(100)
			if _, err := w.Pause(w.Context(), w.actor(c.firms[0].token), c.rules[0].ID); err != nil {
				t.Fatal(err)
			}
			w.drain()
			w.job("statistics")
			w.sameFigures()
			w.nextDay(20)
			w.job("statistics")
			w.sameFigures()
			if r := w.job("statistics"); r.Changed != 0 {
				t.Errorf("a run over nothing: %+v", r)
			}
			w.countAsBefore()
			w.job("statistics")
			w.sameFigures()
			own, err := w.Figures(w.Context(), w.actor(c.firms[0].token), day.Of(beginning), day.Of(beginning))
			if err != nil || len(own) == 0 || own[0].Company == 0 {
				t.Errorf("Figures of a company = %+v, %v", own, err)
			}
			if _, err := w.Figures(w.Context(), w.actor(c.people[0].token), 0, 0); !errs.Is(err, errs.Denied) {
				t.Errorf("Figures to a candidate: %v", err)
			}
		})
	}
}

// countAsBefore counts what expired unopened as versions did that knew no such figure.
func (w *world) countAsBefore() {
	w.Helper()
	n := 0
	for _, o := range w.allOffers() {
		w.write(func(tx market.Tx) error {
			is, err := tx.Counted(market.OfferChanged, o.Key)
			if err != nil || is.Name != market.FigureMissed {
				return err
			}
			n++
			for _, of := range []int64{0, is.Company} {
				if err := tx.AddFigure(market.Figure{Company: of, Day: is.Day, Name: market.FigureMissed, N: -1}); err != nil {
					return err
				}
				if err := tx.AddFigure(market.Figure{Company: of, Day: is.Day, Name: market.FigureExpired, N: 1}); err != nil {
					return err
				}
			}
			is.Name = market.FigureExpired
			return tx.SetCounted(market.OfferChanged, o.Key, is)
		})
	}
	if n == 0 {
		w.Fatal("nothing expired unopened")
	}
	w.write(func(tx market.Tx) error { return tx.SetCheckpoint("statistics", `{"part":"log","after":1}`) })
}

func TestStatisticsKilled(t *testing.T) {
	t.Parallel()
	killing(t, "statistics", func(t *testing.T) *world {
		t.Helper()
		w := newWorld(t, market.NewMemory(), demo())
		w.live(w.throng(60, 6, plain()))
		return w
	}, (*world).sameFigures)
}

// The matcher ends what expires on the day's row; the job what it left.
func TestExpireKilled(t *testing.T) {
	t.Parallel()
	killing(t, "expire", func(t *testing.T) *world {
		t.Helper()
		w := newWorld(t, market.NewMemory(), demo())
		in := plain()
		in.Expires = day.Of(beginning) + 3
		w.throng(60, 6, in)
		w.nextDay(2)
		later := day.Of(beginning) + 20
		w.pass(18 * 24 * time.Hour)
		w.write(func(tx market.Tx) error { return tx.SetSetting("day", later.String()) })
		return w
	}, func(w *world) {
		for _, o := range w.allOffers() {
			if o.State != offer.Expired || o.Version != 2 {
				w.Fatalf("offer %d is %s in version %d", o.Key, o.State, o.Version)
			}
		}
		for _, r := range loaded(w, func(tx market.Tx) ([]rule.Rule, error) { return tx.Rules(0, 100) }) {
			if r.State != rule.Expired {
				w.Fatalf("rule %d is %s", r.Key, r.State)
			}
		}
	})
}

// addressees gives to whom mails were written after the first few, sorted.
func (w *world) addressees(after int) (to []string) {
	w.Helper()
	list, err := w.Mails(w.Context(), 10_000)
	if err != nil {
		w.Fatal(err)
	}
	for _, m := range list[:len(list)-after] {
		to = append(to, m.To)
	}
	slices.Sort(to)
	return to
}

func (w *world) mailed() int {
	w.Helper()
	return len(loaded(w, func(tx market.Tx) ([]market.Mail, error) { return tx.Mails(10_000) }))
}

func TestDigestsKilled(t *testing.T) {
	t.Parallel()
	before := 0
	killing(t, "digests", func(t *testing.T) *world {
		t.Helper()
		w := newWorld(t, market.NewMemory(), demo())
		w.throng(60, 4, plain())
		before = w.mailed()
		return w
	}, func(w *world) {
		to := w.addressees(before)
		if len(to) != 60 || len(slices.Compact(to)) != 60 {
			w.Fatalf("%d mails were written, want one to each of 60: %q", len(to), to)
		}
	})
}

func TestDigests(t *testing.T) {
	t.Parallel()
	for name, open := range stores() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, open(t), demo())
			c := w.throng(4, 6, plain())
			english, opened := w.actor(c.people[1].token), w.actor(c.people[2].token)
			if _, err := w.SetSettings(w.Context(), english, 1, market.Settings{Open: true, WeeklyLimit: 10, Language: "en"}); err != nil {
				t.Fatal(err)
			}
			list, _, err := w.OffersTo(w.Context(), opened, 0, 10)
			if err != nil {
				t.Fatal(err)
			}
			for _, o := range list {
				if _, err := w.OfferTo(w.Context(), opened, o.ID); err != nil {
					t.Fatal(err)
				}
			}
			before := w.mailed()
			w.job("digests")
			if d := cmp.Diff([]string{"s0@example.jp", "s1@example.jp", "s3@example.jp"}, w.addressees(before)); d != "" {
				t.Errorf("who was told (-want +got):\n%s", d)
			}
			mails, err := w.Mails(w.Context(), 3)
			if err != nil {
				t.Fatal(err)
			}
			for _, m := range mails {
				want := []string{"【縁 Enishi】新着オファーが6件あります", "6件", "会社", "書類選考免除・面接確約／回答期限 2026年12月8日", "ほか1件"}
				if m.To == "s1@example.jp" {
					want = []string{"[Enishi] 6 new offers", "6 new offers", "answer by 8 December 2026", "and 1 more"}
				}
				for i, part := range want {
					if i == 0 && m.Subject != part || !strings.Contains(m.Subject+m.Body, part) {
						t.Errorf("the mail to %s lacks %q: %s\n%s", m.To, part, m.Subject, m.Body)
					}
				}
			}
			// Once a day, and of nothing twice.
			before = w.mailed()
			f := w.firm(50, 0)
			w.order(f, w.post(f, publishable()), plain())
			w.drain()
			w.job("digests")
			if to := w.addressees(before + 1); len(to) != 0 {
				t.Errorf("a second time on the day were told %q", to)
			}
			w.nextDay(1)
			before = w.mailed()
			w.job("digests")
			if to := w.addressees(before); len(to) != 4 {
				t.Errorf("of one new offer each were told %q", to)
			}
			// What has been opened is noted no more.
			list, _, err = w.OffersTo(w.Context(), w.actor(c.people[0].token), 0, 1)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := w.OfferTo(w.Context(), w.actor(c.people[0].token), list[0].ID); err != nil {
				t.Fatal(err)
			}
			w.nextDay(1)
			before = w.mailed()
			w.job("digests")
			if to := w.addressees(before); len(to) != 0 {
				t.Errorf("of nothing new were told %q", to)
			}
			w.write(func(tx market.Tx) error {
				noted, err := tx.DropNews(list[0].Key)
				if noted {
					t.Error("an offer that was opened is noted still")
				}
				return err
			})
		})
	}
}

// grow adds rows of every kind that is kept by age, i of them at a moment.
func (w *world) grow(n int, at time.Time, name string) {
	w.Helper()
	w.write(func(tx market.Tx) error {
		var all error
		for i := range n {
			at := at.Add(time.Duration(i) * time.Millisecond)
			key := fmt.Sprint(name, i)
			_, err := tx.AddPreview(1, day.Of(at), []byte(key))
			all = errors.Join(all, err,
				tx.AddReply(market.Reply{Scope: "s", Key: key, At: at}),
				tx.AddSession(account.Session{TokenHash: []byte(key), Account: 1, CreatedAt: at, ExpiresAt: at}),
				tx.AddView(market.View{Candidate: 1, Company: 1, At: at}),
				tx.AddMail(&market.Mail{Account: 1, Address: w.vault.Seal("x"), Body: w.vault.Seal("x"), CreatedAt: at}),
				tx.AddRun(&market.Run{Job: "x", Started: at, Outcome: market.Done}))
		}
		return all
	})
}

// left counts the rows of every kind that is kept by age.
func (w *world) left() map[market.Aged]int64 {
	w.Helper()
	return loaded(w, func(tx market.Tx) (map[market.Aged]int64, error) {
		out := map[market.Aged]int64{}
		for _, kind := range []market.Aged{
			market.AgedReplies, market.AgedSessions, market.AgedViews, market.AgedMails, market.AgedRuns, market.AgedPreviews,
		} {
			n, err := tx.CountOld(kind, beginning.AddDate(50, 0, 0))
			if err != nil {
				return nil, err
			}
			out[kind] = n
		}
		return out, nil
	})
}

func TestRetentionKilled(t *testing.T) {
	t.Parallel()
	killing(t, "retention", func(t *testing.T) *world {
		t.Helper()
		w := newWorld(t, market.NewMemory(), demo())
		now := w.Now()
		w.grow(250, now.AddDate(-3, 0, 0), "old")
		w.grow(7, now.Add(-12*time.Hour), "young")
		counted, err := w.openJobs().Count(w.Context(), "retention")
		if err != nil || counted != 6*250+7 /* sessions that ended */ +7 /* yesterday's previews */ {
			t.Errorf("Count = %d, %v", counted, err)
		}
		return w
	}, func(w *world) {
		left := w.left()
		left[market.AgedRuns] -= int64(len(loaded(w, func(tx market.Tx) ([]market.Run, error) { return tx.Runs("retention", 99) })))
		want := map[market.Aged]int64{
			market.AgedReplies: 7, market.AgedSessions: 0, market.AgedViews: 7, market.AgedMails: 7, market.AgedRuns: 7, market.AgedPreviews: 0,
		}
		if d := cmp.Diff(want, left); d != "" {
			w.Fatalf("rows that are left (-want +got):\n%s", d)
		}
	})
}

func TestJobsAreOneAtATime(t *testing.T) {
	t.Parallel()
	for name, open := range stores() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := demo()
			o.Shared = true
			w := newWorld(t, open(t), o)
			w.someone(1)
			one, other := w.openJobs(), w.openJobs()
			inside := 0
			_, err := one.Run(w.Context(), "retention", market.RunOptions{Progress: func(market.Run) { inside++ }})
			if err != nil || inside == 0 {
				t.Fatalf("Run = %v after %d pages", err, inside)
			}
			w.write(func(tx market.Tx) error {
				_, err := tx.TakeLease("job.statistics", "somebody", time.Hour, true)
				return err
			})
			if _, err := other.Run(w.Context(), "statistics", market.RunOptions{}); !errs.Is(err, errs.Busy) {
				t.Errorf("beside another process: %v", err)
			}
			r, err := other.Run(w.Context(), "statistics", market.RunOptions{Scheduled: true})
			if err != nil || r.Key != 0 {
				t.Errorf("scheduled beside another process: %+v, %v", r, err)
			}
			if _, err := other.Run(w.Context(), "no-such", market.RunOptions{}); !errs.Is(err, errs.NotFound) || !strings.Contains(err.Error(), "expire, statistics, digests") {
				t.Errorf("a job that is not there: %v", err)
			}
			// What was done on schedule is not done again before its time.
			first, err := one.Run(w.Context(), "expire", market.RunOptions{Scheduled: true})
			if err != nil || first.Key == 0 {
				t.Fatalf("the first scheduled run: %+v, %v", first, err)
			}
			if second, err := other.Run(w.Context(), "expire", market.RunOptions{Scheduled: true}); err != nil || second.Key != 0 {
				t.Errorf("a second scheduled run: %+v, %v", second, err)
			}
			if third, err := other.Run(w.Context(), "expire", market.RunOptions{}); err != nil || third.Key == 0 {
				t.Errorf("a run by hand: %+v, %v", third, err)
			}
			w.pass(time.Hour)
			due, err := other.Due(w.Context())
			if err != nil || !slices.Contains(due, "expire") || slices.Contains(due, "retention") {
				t.Errorf("due after an hour: %q, %v", due, err)
			}
		})
	}
}

// A job that is stopped says so and goes on when it is next looked at; one
// that fails says why, without what a driver might quote.
func TestJobsThatStop(t *testing.T) {
	t.Parallel()
	w := newWorld(t, market.NewMemory(), demo())
	w.throng(30, 8, plain())
	ctx, stop := context.WithCancel(t.Context())
	j := w.openJobs()
	_, err := j.Run(ctx, "statistics", market.RunOptions{Progress: func(market.Run) { stop() }})
	list, listed := j.List(t.Context())
	if err == nil || listed != nil || list[1].Last == nil || list[1].Last.Outcome != market.Halted || list[1].Next.After(w.Now()) {
		t.Errorf("stopped: %v; %+v, %v", err, list, listed)
	}
	w.job("statistics")
	w.sameFigures()
	w.write(func(tx market.Tx) error {
		_, err := tx.TakeLease("job.expire", "one that is killed", time.Minute, false)
		return errors.Join(err, tx.AddRun(&market.Run{Job: "expire", Started: w.Now(), Outcome: market.Running}))
	})
	if list, err = j.List(t.Context()); err != nil || list[0].Last.Outcome != market.Running {
		t.Errorf("a run whose job is held: %+v, %v", list[0].Last, err)
	}
	w.write(func(tx market.Tx) error { return tx.DropLease("job.expire", 1) })
	if list, err = j.List(t.Context()); err != nil || list[0].Last.Outcome != market.Interrupted {
		t.Errorf("a run that nobody goes on with: %+v, %v", list[0].Last, err)
	}
	failing := w.Jobs(func(context.Context) (int64, error) { return 0, errors.New("taro@example.jp") })
	if _, err := failing.Run(t.Context(), market.JobSnapshot, market.RunOptions{}); err == nil {
		t.Error("a job that fails went through")
	}
	list, err = failing.List(t.Context())
	last := list[len(list)-1]
	if err != nil || last.Last.Outcome != market.Failed || strings.Contains(last.Last.Error, "taro") || last.Last.Error == "" {
		t.Errorf("failed: %+v, %v", last.Last, err)
	}
	writing := w.Jobs(func(context.Context) (int64, error) { return 77, nil })
	if r, err := writing.Run(t.Context(), market.JobSnapshot, market.RunOptions{}); err != nil || r.Bytes != 77 {
		t.Errorf("a job that writes a file: %+v, %v", r, err)
	}
}

// A process that was paused past its lease writes nothing more of the job.
func TestAJobThatWasTakenOver(t *testing.T) {
	t.Parallel()
	w := newWorld(t, market.NewMemory(), demo())
	w.throng(30, 8, plain())
	pages := 0
	r, err := w.openJobs().Run(t.Context(), "statistics", market.RunOptions{Progress: func(market.Run) {
		if pages++; pages == 2 {
			w.write(func(tx market.Tx) error {
				_, err := tx.TakeLease("job.statistics", "another", time.Hour, true)
				return err
			})
		}
	}})
	if !errs.Is(err, errs.Stale) || pages != 2 || r.Outcome != market.Running {
		t.Errorf("after %d pages: %+v, %v", pages, r, err)
	}
	if runs := loaded(w, func(tx market.Tx) ([]market.Run, error) { return tx.Runs("statistics", 9) }); runs[0].Outcome != market.Running || runs[0].Examined != r.Examined {
		t.Errorf("its run says %+v, want what it was when the job was taken", runs[0])
	}
	w.job("statistics")
	w.sameFigures()
}

// TestNewJobsAreDueWhileTimePasses: a job that has never run is run by its schedule
// though the clock goes on between two looks at it.
func TestNewJobsAreDueWhileTimePasses(t *testing.T) {
	w := newWorld(t, market.NewMemory(), demo())
	still := w.options.Clock
	w.options.Clock = func() time.Time {
		w.pass(time.Microsecond)
		return still()
	}
	r, err := w.openJobs().Run(t.Context(), "expire", market.RunOptions{Scheduled: true})
	if err != nil || r.Key == 0 {
		t.Errorf("a scheduled run of a job that never ran: %+v, %v", r, err)
	}
}

func TestJobsSayWhenTheyRun(t *testing.T) {
	for _, tt := range []struct {
		job  market.Job
		want string
	}{
		{market.Job{Every: time.Hour}, "every 1h"},
		{market.Job{Every: 5 * time.Minute}, "every 5m"},
		{market.Job{Every: 10 * time.Minute}, "every 10m"},
		{market.Job{At: 3*time.Hour + 30*time.Minute}, "daily at 03:30"},
	} {
		if got := tt.job.Schedule(); got != tt.want {
			t.Errorf("Schedule() = %q, want %q", got, tt.want)
		}
	}
}
