package market_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"enishi/internal/errs"
	"enishi/internal/market"
)

// sent gives to whom mails were delivered.
func (p *postbox) sent() (to []string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, m := range p.mails {
		to = append(to, m.To)
	}
	return to
}

// letters gives what was delivered.
func (p *postbox) letters() []market.Letter {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.mails)
}

func (p *postbox) refuse(f func(to string) error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.refuses = f
}

// A sign-up and its mail are written together, and another process shows and
// sends it.
func TestMailsAreWrittenWithWhatTheyTellOf(t *testing.T) {
	t.Parallel()
	for name, open := range stores() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := demo()
			o.Demo = false
			w := newWorld(t, open(t), o)
			w.records.lives.Store(1)
			_, err := w.SignUp(t.Context(), market.SignUp{Email: "a@example.jp", Wishes: all()}, market.Once{})
			if w.records.lives.Store(0); !errors.Is(err, errKilled) {
				t.Fatalf("a sign-up of a killed process: %v", err)
			}
			w.records.dead.Store(false)
			if n := w.mailed(); n != 0 {
				t.Fatalf("a sign-up that failed left %d mails", n)
			}
			p := w.someone(1)
			select {
			case <-w.Posted():
			default:
				t.Error("nobody was told that there is a mail")
			}
			other := w.open()
			mails, err := other.Mails(t.Context(), 9)
			if err != nil || len(mails) != 1 || mails[0].To != p.email || code(mails[0].Body) != p.code || !mails[0].At.Equal(w.Now()) {
				t.Errorf("mails as another process shows them: %+v, %v", mails, err)
			}
			w.deliver(other)
			w.deliver(w.Market)
			if got := w.mail.sent(); len(got) != 1 {
				t.Errorf("delivered to %q, want once", got)
			}
			if err := w.Erase(t.Context(), w.actor(p.token)); err != nil {
				t.Fatal(err)
			}
			if n := w.mailed(); n != 0 {
				t.Errorf("of somebody who was erased %d mails are left", n)
			}
		})
	}
}

// A process that is killed before it noted that a mail was sent leaves it to
// be sent again, after a while; none is lost.
func TestDeliveryKilled(t *testing.T) {
	t.Parallel()
	const people, atOnce = 11, 4
	for n := int64(1); ; n++ {
		w := newWorld(t, market.NewMemory(), demo())
		for i := range people {
			w.someone(i)
		}
		w.records.lives.Store(n)
		var err error
		for tried := 1; err == nil && tried > 0; { // 8, then 3
			tried, err = w.Deliver(t.Context())
		}
		w.records.lives.Store(0)
		killed := w.records.dead.Swap(false)
		m := w.open()
		w.deliver(m)
		early := w.mail.sent()
		w.pass(time.Minute)
		w.deliver(m)
		w.deliver(m)
		late := w.mail.sent()
		noting := n != 1 && n != 10 && n != 14 // those claim
		if killed && noting && len(early) >= len(late) {
			t.Errorf("killed in transaction %d: %d mails were sent at once and %d in all: a claim did not hold", n, len(early), len(late))
		}
		slices.Sort(late)
		if extra := len(late) - people; extra < 0 || extra > atOnce || len(slices.Compact(late)) != people {
			t.Fatalf("killed in transaction %d: delivered to %q", n, late)
		}
		ids := map[string]string{} // of each letter, to whom
		for _, l := range w.mail.letters() {
			if to, has := ids[l.ID]; has && to != l.To {
				t.Errorf("the letters to %s and %s have one id", to, l.To)
			}
			ids[l.ID] = l.To
		}
		if len(ids) != people {
			t.Errorf("killed in transaction %d: %d ids of %d letters: a double cannot be told", n, len(ids), people)
		}
		if !killed {
			if n < 14 {
				t.Errorf("delivery took %d transactions", n)
			}
			return
		}
	}
}

// Two processes that deliver beside each other send nothing twice.
func TestTwoDeliver(t *testing.T) {
	t.Parallel()
	for name, open := range stores() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, open(t), demo())
			const people = 20
			for i := range people {
				w.someone(i)
			}
			done := make(chan error, 2)
			for _, m := range []*market.Market{w.open(), w.open()} {
				go func() {
					for {
						n, err := m.Deliver(t.Context())
						if n == 0 || err != nil {
							done <- err
							return
						}
					}
				}()
			}
			if err := errors.Join(<-done, <-done); err != nil {
				t.Fatal(err)
			}
			if to := w.mail.sent(); len(to) != people {
				t.Errorf("%d mails were delivered, want %d", len(to), people)
			}
		})
	}
}

func TestMailsThatAreRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t, market.NewMemory(), demo())
	reported := 0
	w.options.Report = func(context.Context, string, error) { reported++ }
	w.someone(1)
	w.someone(2)
	m := w.open()
	tries := 0
	w.mail.refuse(func(to string) error {
		if to == "s1@example.jp" {
			tries++
			return errs.New(errs.Busy, "no such mailbox")
		}
		return nil
	})
	w.deliver(m)
	if to := w.mail.sent(); len(to) != 1 || tries != 1 {
		t.Errorf("delivered to %q after %d tries", to, tries)
	}
	w.pass(59 * time.Second)
	w.deliver(m)
	if tries != 1 {
		t.Errorf("%d tries within a minute", tries)
	}
	waited := time.Duration(0)
	for range 60 {
		w.pass(time.Hour)
		waited += time.Hour
		w.deliver(m)
	}
	if tries != 12 || reported != 12 {
		t.Errorf("%d tries, %d reports in %v, want 12 each", tries, reported, waited)
	}
	w.mail.refuse(nil)
	w.pass(24 * time.Hour)
	w.deliver(m)
	if to := w.mail.sent(); len(to) != 1 {
		t.Errorf("what was given up was sent: %q", to)
	}
}
