// Package lifecycle starts the long-running parts of a process in order and
// stops them in the reverse of it, so that a part may lean on those before it
// from its first moment to its last.
//
// It refuses to go on with a part missing: when one fails or ends unasked, all
// stop and the reason comes back. A Group belongs to one goroutine.
package lifecycle

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Service is a part that runs until it is told to stop.
type Service interface {
	// Run blocks until ctx is done, releases what the service holds and
	// returns nil or ctx's error. Any return before that is a failure.
	Run(ctx context.Context) error
}

// Starter is a Service that has to be ready before the services after it may
// start: to hold a port, to have loaded a snapshot.
type Starter interface {
	Service
	// Start blocks until the service is ready, and gives up when ctx is done.
	// Without an error Run always follows, perhaps with a ctx that is already
	// done; after an error Run is not called and nothing may be left open.
	Start(ctx context.Context) error
}

// ErrEnded is the failure of a service that returned without being told to.
var ErrEnded = errors.New("ended without being told to stop")

// ErrStuck is the failure of a service that did not return within the grace
// period after it was told to.
var ErrStuck = errors.New("did not stop in time")

// Group is a list of services that live and die together.
type Group struct {
	grace   time.Duration
	members []member
}

type member struct {
	name    string
	service Service
}

// NewGroup gives an empty group that waits for each service at most grace
// after telling it to stop.
func NewGroup(grace time.Duration) *Group { return &Group{grace: grace} }

// Add puts a service after those already in the group. The name is for errors.
func (g *Group) Add(name string, service Service) {
	g.members = append(g.members, member{name, service})
}

// Run starts the services in the order of Add and blocks until ctx is done or
// one of them fails; then it stops them, last first, each only after those
// that started later have returned. The result joins every failure, each with
// the name of its service; nil if all stopped because ctx was done. A service
// that failed with ErrStuck is left behind running. Run may be called again.
func (g *Group) Run(ctx context.Context) error {
	alive, end := context.WithCancel(ctx)
	defer end()

	var failures []error
	var running []*process
	for _, m := range g.members {
		if alive.Err() != nil {
			break
		}
		if err := m.start(alive); err != nil {
			if !errors.Is(err, alive.Err()) {
				failures = append(failures, err)
			}
			end()
			break
		}
		running = append(running, m.launch(ctx, end))
	}
	<-alive.Done()
	for i := len(running) - 1; i >= 0; i-- {
		failures = append(failures, running[i].stop(g.grace))
	}
	return errors.Join(failures...)
}

func (m member) start(ctx context.Context) error {
	starter, ok := m.service.(Starter)
	if !ok {
		return nil
	}
	if err := starter.Start(ctx); err != nil {
		return fmt.Errorf("start %s: %w", m.name, err)
	}
	return nil
}

// process is a service whose Run was called.
type process struct {
	name   string
	cancel context.CancelFunc
	done   chan struct{} // closed once err is final
	err    error
}

// launch calls Run on a goroutine of its own and calls end when it returns.
// The service does not see the end of ctx: stop tells it when its turn comes.
func (m member) launch(ctx context.Context, end func()) *process {
	own, cancel := context.WithCancel(context.WithoutCancel(ctx))
	p := &process{name: m.name, cancel: cancel, done: make(chan struct{})}
	go func() {
		defer end()
		defer close(p.done)
		err := m.service.Run(own)
		switch told := own.Err() != nil; {
		case told && errors.Is(err, context.Canceled):
			err = nil
		case !told && err == nil:
			err = ErrEnded
		}
		p.err = err
	}()
	return p
}

// stop tells the service to return and waits for it.
func (p *process) stop(grace time.Duration) error {
	p.cancel()
	patience := time.NewTimer(grace)
	defer patience.Stop()
	select {
	case <-p.done:
		if p.err != nil {
			return fmt.Errorf("%s: %w", p.name, p.err)
		}
		return nil
	case <-patience.C:
		return fmt.Errorf("%s: %w (%v)", p.name, ErrStuck, grace)
	}
}
