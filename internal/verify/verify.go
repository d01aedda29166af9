// Package verify holds a live installation to what it promises: it walks the way of
// a candidate and of a company over HTTP, from the sign-up to a date that was chosen,
// and looks at mails, live events, jobs and the matcher on the way.
//
// Whoever it registers is of a trial, which meets nobody who is real and is erased
// at the end, whatever happened; see docs/decisions/0034. It knows the
// installation by its API and pages alone.
//
// A Suite is used once, by one goroutine: Look takes the steps that change nothing
// and says which installation it is, so that somebody may be asked; Run takes the others; Leave
// comes last, whatever came before.
package verify

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"
)

// Options say what is verified, and as whom.
type Options struct {
	URL string // of the installation, without a slash at its end
	// Token is an operator's; without one, Email and Password sign in.
	Token, Email, Password string
	// Address is the pattern of the addresses of the trial's people: its star
	// becomes another word for each.
	Address string
	// Patience is how long one answer may take, and whatever an installation does
	// behind it, such as sending a mail.
	Patience time.Duration
	// Deployment is the one whose processes are verified while others may serve at the same
	// address, and Await how long they are waited for; "": whoever answers.
	Deployment string
	Await      time.Duration
	Now        func() time.Time
	// Done is told of each step when it has ended; may be nil.
	Done func(Step)
}

// Installation is which one it is, as it says itself to an operator.
type Installation struct {
	Name string // empty: it has none, or is of a program from before that does not say
	Data string // real, of people, or demo, of nobody; empty: anybody's
}

// Order is who has an installation verified, and why; it is kept in its audit log.
type Order struct {
	By  string `json:"by,omitempty"`
	Why string `json:"why,omitempty"`
}

// Step is one thing that was tried.
type Step struct {
	Name  string        `json:"name"`
	Took  time.Duration `json:"-"`
	Note  string        `json:"note,omitempty"`
	Error string        `json:"error,omitempty"`

	Milliseconds int64 `json:"ms"`
}

// cleanupPatience is how long a run that was stopped takes for removing its trial.
const cleanupPatience = 30 * time.Second

// erasePause is how long it waits before it tries that again.
const erasePause = time.Second

// Suite is one run.
type Suite struct {
	o      Options
	client *http.Client
	steps  []Step

	operator, mode   string
	keepsOrders      bool // the installation takes who and why
	ordered          Order
	trial            trial
	company, owner   string // id, token
	position, rule   string
	candidate, email string // token
	offer            string
	live             *stream
}

// trial is what an installation says of the trial that it opened.
type trial struct {
	ID      string    `json:"id"`
	Key     string    `json:"key"`
	Number  string    `json:"corporate_number"`
	Expires time.Time `json:"expires_at"`
}

// New gives a suite.
func New(o Options) *Suite {
	o.URL = strings.TrimRight(o.URL, "/")
	var transport http.RoundTripper = &http.Transport{Proxy: http.ProxyFromEnvironment, ResponseHeaderTimeout: o.Patience, MaxIdleConnsPerHost: 4}
	if o.Deployment != "" {
		transport = meant{o.Deployment, transport}
	}
	return &Suite{o: o, client: &http.Client{
		// Where it leads elsewhere, that is told.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport:     transport,
	}}
}

// Steps gives what was tried so far, in its order.
func (s *Suite) Steps() []Step { return s.steps }

// Look takes the steps that change nothing, up to the first that fails: the error says
// which, and why. The last one signs the operator in, who alone is told which
// installation it is.
func (s *Suite) Look(ctx context.Context) (Installation, error) {
	var at Installation
	if s.o.Deployment != "" {
		if err := s.step(ctx, "the deployment answers", s.await); err != nil {
			return at, err
		}
	}
	return at, s.all(ctx, []trying{
		{"the process lives and is ready", s.probes},
		{"the landing page and its style sheet", s.landing},
		{"the API's document", s.document},
		{"an insight for a visitor", s.insight},
		{"an operator is let in", func(ctx context.Context) (note string, err error) {
			at, err = s.enter(ctx)
			return "offers leave in mode " + s.mode, err
		}},
	})
}

// Leave signs the operator out whom Look has signed in, also if the context has ended.
func (s *Suite) Leave(ctx context.Context) error {
	defer s.client.CloseIdleConnections()
	if s.o.Token != "" || s.operator == "" {
		return nil
	}
	after, stop := context.WithTimeout(context.WithoutCancel(ctx), cleanupPatience)
	defer stop()
	return s.step(after, "the operator signs out", func(ctx context.Context) (string, error) {
		return "", s.call(ctx, http.MethodDelete, "/api/v1/sessions/current", s.operator, nil, http.StatusNoContent, nil)
	})
}

// Run takes every step after those of Look up to the first that fails, then removes the
// trial, also if the context has ended. The error says which failed and why.
func (s *Suite) Run(ctx context.Context, by Order) error {
	s.ordered = by
	err := s.walk(ctx)
	if s.trial.ID == "" {
		return err
	}
	after, stop := context.WithTimeout(context.WithoutCancel(ctx), cleanupPatience)
	defer stop()
	return errors.Join(err, s.remove(after))
}

func (s *Suite) walk(ctx context.Context) error {
	return s.all(ctx, []trying{
		{"an operator opens a trial", s.open},
		{"a company registers and is verified", s.found},
		{"a position is published and a rule activated", s.order},
		{"a candidate signs up and hears at once", s.signUp},
		{"the mail arrives and confirms the address", s.confirm},
		{"the preview counts the trial's candidate alone", s.preview},
		{"the offer arrives, by API and page", s.arrive},
		{"an acceptance reaches the company's live events", s.accept},
		{"messages go both ways", s.talk},
		{"a date is proposed and chosen", s.schedule},
		{"a search finds the trial's candidate alone", s.search},
		{"jobs run and the matcher keeps up", s.health},
	})
}

// trying is a step to be taken.
type trying struct {
	name string
	take func(context.Context) (note string, err error)
}

// all takes steps up to the first that fails.
func (s *Suite) all(ctx context.Context, steps []trying) error {
	for _, step := range steps {
		if err := s.step(ctx, step.name, step.take); err != nil {
			return err
		}
	}
	return nil
}

// step takes one step and notes how it went.
func (s *Suite) step(ctx context.Context, name string, take func(context.Context) (string, error)) error {
	began := s.o.Now()
	note, err := take(ctx)
	if ctx.Err() != nil { // why it ended says more than what was under way
		err = context.Cause(ctx)
		if errors.Is(err, context.DeadlineExceeded) {
			err = errors.New("the time for all of it is over")
		} else if errors.Is(err, context.Canceled) {
			err = errors.New("it was stopped")
		}
	}
	took := s.o.Now().Sub(began)
	done := Step{Name: name, Took: took, Milliseconds: took.Milliseconds(), Note: note}
	if err != nil {
		done.Error = err.Error()
		err = fmt.Errorf("%s: %w", name, err)
	}
	s.steps = append(s.steps, done)
	if s.o.Done != nil {
		s.o.Done(done)
	}
	return err
}

// remove erases the trial and sees that it is gone.
func (s *Suite) remove(ctx context.Context) error {
	if s.live != nil {
		s.live.close()
	}
	return s.step(ctx, "the trial is erased and nothing of it is left", func(ctx context.Context) (string, error) {
		if err := s.erase(ctx); err != nil {
			return "", fmt.Errorf("%w; it is erased by itself after %s", err, s.trial.Expires.Format(time.RFC3339))
		}
		return "", s.gone(ctx)
	})
}

// erase asks until the trial is erased, or the installation says that it will not be: what
// failed before may be away for a moment.
func (s *Suite) erase(ctx context.Context) error {
	path := "/api/v1/operator/trials/" + s.trial.ID
	for {
		status, text, err := s.ask(ctx, http.MethodDelete, path, nil, map[string]string{"Authorization": "Bearer " + s.operator})
		if err == nil && status == http.StatusNoContent {
			return nil
		}
		if err == nil {
			err = fmt.Errorf("DELETE %s answers %d instead of 204%s", path, status, detail(text))
			if status < http.StatusInternalServerError {
				return err
			}
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(erasePause):
		}
	}
}

// gone fails if anything of the trial answers still.
func (s *Suite) gone(ctx context.Context) error {
	for _, left := range []struct {
		what, path, token string
		status            int
	}{
		{"the trial", "/api/v1/operator/trials/" + s.trial.ID + "/mails", s.operator, http.StatusNotFound},
		{"its company", "/api/v1/operator/companies/" + s.company, s.operator, http.StatusNotFound},
		{"the company's owner", "/api/v1/positions", s.owner, http.StatusUnauthorized},
		{"its candidate", "/api/v1/me/offers", s.candidate, http.StatusUnauthorized},
	} {
		if left.token == "" || strings.HasSuffix(left.path, "/") {
			continue // it did not come to that
		}
		if err := s.call(ctx, http.MethodGet, left.path, left.token, nil, left.status, nil); err != nil {
			return fmt.Errorf("%s is left: %w", left.what, err)
		}
	}
	return nil
}
