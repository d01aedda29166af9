package environ

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"strconv"
	"strings"
	"time"

	"enishi/internal/deploy"
	"enishi/internal/errs"
)

// operatorLimit is how long the operator's task may take, also on hosts that come first.
const operatorLimit = 10 * time.Minute

// Up brings the environment to its templates, makes what is missing, and holds it to what
// is promised, unless it stops at the base. An error says where it stands; the next run goes on.
func Up(ctx context.Context, o *Options) error {
	if o.By == "" || o.Why == "" {
		return errs.New(errs.Invalid, "a change of an environment says who changes it, and why")
	}
	w := newWork(o)
	who, err := w.who(ctx)
	if err != nil {
		return err
	}
	checks, values, err := w.preflight(ctx, who)
	if err != nil {
		return err
	}
	if bad := (&Plan{Checks: checks}).Bad(); len(bad) > 0 {
		return errs.New(errs.Conflict, "nothing was changed, since the account is not ready: "+strings.Join(bad, "; "))
	}
	err = w.up(ctx, who.Account, values)
	if w.held == nil {
		return err
	}
	// Whoever has taken over has the hold; whoever was told to stop still says that it has.
	ending := context.WithoutCancel(ctx)
	switch {
	case err == nil && o.BaseOnly:
		return w.held.Abandon(ending, false) // a new one is not whole yet: the next run goes on
	case err == nil:
		if err := w.held.Release(ending); err != nil { // nobody has to wait for this one, which has ended
			return errors.Join(err, w.held.Abandon(ending, true))
		}
		return nil
	case errors.Is(err, deploy.ErrTaken):
		return err
	case ctx.Err() == nil && len(w.brought) > 0 && !w.noting:
		err = errors.Join(err, w.noted(ctx, w.diff()+"; it ended half-way"))
	}
	// Whoever was told to stop, or has waited long enough, leaves AWS at work.
	return errors.Join(err, w.held.Abandon(ending, ctx.Err() != nil || errs.Is(err, errs.Busy)))
}

// up goes through what makes an environment whole.
func (w *work) up(ctx context.Context, number string, values map[string]string) error {
	want := w.o.Wanted
	if _, ok, err := w.account.parameter(ctx, "records"); err != nil {
		return err
	} else if ok {
		if err := w.hold(ctx); err != nil {
			return err
		}
	}
	for i := range want.Templates {
		t := &want.Templates[i]
		if err := w.before(ctx, t); err != nil {
			return err
		}
		if err := w.timed(t.Stack, func() error { return w.bring(ctx, number, t, values) }); err != nil {
			return err
		}
		if err := w.respike(ctx, t); err != nil {
			return err
		}
		if t.Stack == stackName(w.o.Environment, "cluster") && w.o.BaseOnly {
			return w.noted(ctx, w.diff()+"; as far as the base")
		}
		if i > 0 {
			continue
		}
		// As long as there is no base, CloudFormation keeps two from making it at once.
		if w.held == nil {
			if err := w.hold(ctx); err != nil {
				return err
			}
		}
		if err := w.mail(ctx); err != nil {
			return err
		}
		if err := w.timed("images", func() error { return w.images(ctx) }); err != nil {
			return err
		}
		if err := w.bounds(ctx); err != nil {
			return err
		}
	}
	if err := w.timed("operator", func() error {
		return w.held.Once(ctx, "operator", "accept", operatorLimit, "user", "add", "--role", "operator", "--email", "acceptance@"+want.Domain, "--unless-there")
	}); err != nil {
		return err
	}
	if err := w.noted(ctx, w.diff()); err != nil {
		return err
	}
	return w.accepted(ctx)
}

// accepted holds what serves to what is promised.
func (w *work) accepted(ctx context.Context) error {
	return w.timed("acceptance", func() error {
		at, ok, err := w.account.parameter(ctx, "test-url")
		if err == nil && !ok {
			err = errs.New(errs.NotFound, "the account has no parameter "+w.account.path("test-url")+", which the stack base writes")
		}
		if err != nil {
			return err
		}
		return while(ctx, w.mayGoOn, func(ctx context.Context) error { return w.held.Accept(ctx, at) }) // who holds it says itself that somebody is there
	})
}

// noted tells the audit log what was changed, where there is one: as long as nothing serves, nobody has made it.
func (w *work) noted(ctx context.Context, diff string) error {
	s, err := w.account.stack(ctx, stackName(w.o.Environment, "service"))
	if err != nil || fresh(s) {
		return err
	}
	w.noting = true
	return w.timed("note", func() error { return w.held.Note(ctx, "environment.change", diff) })
}

// before does what comes before a stack is made for the first time.
func (w *work) before(ctx context.Context, t *Template) error {
	base := stackName(w.o.Environment, "base")
	if t.Stack != base {
		return w.database(ctx, t)
	}
	if s, err := w.account.stack(ctx, base); err != nil || !fresh(s) {
		return err
	}
	return w.account.removeLogs(ctx)
}

// database has a task look at the database before the first services: one that nobody may serve, such as what a
// rehearsal has left, is told now, and not by tasks that never get well and a stack that is taken back.
func (w *work) database(ctx context.Context, t *Template) error {
	if t.Stack != stackName(w.o.Environment, "service") {
		return nil
	}
	if s, err := w.account.stack(ctx, t.Stack); err != nil || !fresh(s) {
		return err
	}
	return w.timed("database", func() error { return w.held.Once(ctx, "database", "once", databaseLimit, "migrate", "--plan") })
}

// databaseLimit is how long that may take, also on hosts that come first.
const databaseLimit = 10 * time.Minute

// given adds to the values of a template's parameters those that the account keeps.
func (w *work) given(ctx context.Context, t *Template, values map[string]string) (map[string]string, error) {
	out := maps.Clone(values)
	for _, name := range t.Parameters {
		at, ok := written()[name]
		if !ok {
			continue
		}
		value, there, err := w.account.parameter(ctx, at)
		if err != nil {
			return nil, err
		}
		if !there {
			return nil, errs.New(errs.NotFound, "the account has no parameter "+w.account.path(at)+", which the stack base writes and "+t.Stack+" needs")
		}
		out[name] = value
	}
	return out, nil
}

// diff says what has become of the environment. What a run that was killed has changed before
// this one is in the records of CloudFormation.
func (w *work) diff() string {
	out := "the templates from before -> those of " + w.o.Version
	if len(w.brought) > 0 {
		out += "; changed now: " + strings.Join(w.brought, ", ")
	}
	return out
}

func (w *work) timed(step string, do func() error) error {
	begun := time.Now()
	w.tell(step, "", -1)
	if err := do(); err != nil {
		return fmt.Errorf("%s: %w", step, err)
	}
	w.tell(step, "", time.Since(begun))
	return nil
}

func (w *work) hold(ctx context.Context) error {
	var err error
	o := w.deploying()
	o.Version, o.Alone, o.Ending = w.o.Version, w.alone, w.ending
	w.held, err = deploy.Take(ctx, o)
	return err
}

// images makes those that the account knows none of yet, and that of the function where a newer one is wanted. Which one
// of the service runs later is the deployments' to say.
func (w *work) images(ctx context.Context) error {
	for _, of := range []struct {
		name string
		make func(context.Context, deploy.Registry) (string, error)
	}{{"image", w.o.Image}, {"notify/image", w.o.Function}} {
		if _, ok, err := w.account.parameter(ctx, of.name); err != nil {
			return err
		} else if ok && (of.name == "image" || !w.o.NewFunction) {
			continue
		}
		r, err := w.held.Registry(ctx)
		if err != nil {
			return err
		}
		if of.name != "image" { // it lies beside the other, under its own name
			r.Repository += "-" + strings.TrimSuffix(of.name, "/image")
		}
		w.tell("images", "one for "+r.Repository+" is built and pushed", -1)
		image, err := w.built(ctx, r, of.make)
		if err != nil {
			return err
		}
		keep := w.account.keep
		if of.name != "image" && w.o.NewFunction {
			keep = w.account.set
		}
		if err := keep(ctx, of.name, image); err != nil {
			return err
		}
	}
	return nil
}

// built makes an image while the hold is kept.
func (w *work) built(ctx context.Context, r deploy.Registry, build func(context.Context, deploy.Registry) (string, error)) (image string, err error) {
	err = w.holding(ctx, func(ctx context.Context) (err error) {
		image, err = build(ctx, r)
		return err
	})
	return image, err
}

// holding does something long while the hold is kept, and ends it when somebody has taken over.
func (w *work) holding(ctx context.Context, do func(context.Context) error) error {
	return while(ctx, w.mayChange, do)
}

// while does something that lasts, asks every few seconds whether it still may be done, and breaks it off where it may
// not.
func while(ctx context.Context, may, do func(context.Context) error) error {
	done := make(chan error, 1)
	within, stop := context.WithCancel(ctx)
	defer stop()
	go func() { done <- do(within) }()
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for {
		select {
		case err := <-done:
			if err != nil {
				return err
			}
			return may(ctx)
		case <-tick.C:
			if err := may(ctx); err != nil {
				stop()
				<-done
				return err
			}
		}
	}
}

// bounds sets how many tasks there may be, where nobody has chosen yet.
func (w *work) bounds(ctx context.Context) error {
	want := w.o.Wanted
	for _, b := range []struct {
		name  string
		value int
	}{
		{"web/least", want.Web.Least}, {"web/most", want.Web.Most}, {"worker/least", want.Worker.Least}, {"worker/most", want.Worker.Most},
	} {
		if _, ok, err := w.account.parameter(ctx, b.name); err != nil {
			return err
		} else if ok {
			continue
		}
		if err := w.mayChange(ctx); err != nil {
			return err
		}
		if err := w.account.keep(ctx, b.name, strconv.Itoa(b.value)); err != nil {
			return err
		}
	}
	return nil
}
