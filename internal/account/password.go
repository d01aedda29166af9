package account

import (
	"context"
	"crypto/rand"
	"fmt"
	"runtime"
	"sync"
	"unicode/utf8"

	"github.com/alexedwards/argon2id"

	"enishi/internal/errs"
)

// Passwords hashes and verifies passwords with argon2id, at once on half of the
// cores at most, so that a burst of sign-ins takes neither all memory nor the
// cores from everyone else; a bounded number waits. It is safe for concurrent
// use.
type Passwords struct {
	params argon2id.Params
	slots  chan struct{}
	turns  chan struct{}          // of those who work or wait
	nobody func() (string, error) // a hash of nobody's password
}

// LeastPassword and MostPassword bound a password, in characters: NIST SP
// 800-63B-4, 3.1.1.2, asks for at least 8 and for accepting at least 64.
const (
	LeastPassword = 8
	MostPassword  = 128
)

// mostTurns is how many work or wait for each core: at some 20 ms each, the last
// is done after a little more than a second.
const mostTurns = 64

// NewPasswords gives a hasher with the second recommended parameters of RFC
// 9106, section 4, at 19 MiB and 2 passes (OWASP's minimum).
func NewPasswords() *Passwords {
	p := &Passwords{
		params: argon2id.Params{Memory: 19 * 1024, Iterations: 2, Parallelism: 1, SaltLength: 16, KeyLength: 32},
	}
	cores := max(1, runtime.GOMAXPROCS(0)/2)
	p.slots, p.turns = make(chan struct{}, cores), make(chan struct{}, cores*mostTurns)
	p.nobody = sync.OnceValues(func() (string, error) { return argon2id.CreateHash(rand.Text(), &p.params) })
	return p
}

// Check says whether a password may be used; what may not is Invalid.
func (p *Passwords) Check(password string) error {
	if n := utf8.RuneCountInString(password); !utf8.ValidString(password) || n < LeastPassword || n > MostPassword {
		return errs.AtPointer("", fmt.Sprintf("%d characters", n),
			fmt.Sprintf("%d to %d characters", LeastPassword, MostPassword))
	}
	return nil
}

// Hash gives the encoded hash. It waits for a free core, or until ctx ends.
func (p *Passwords) Hash(ctx context.Context, password string) (string, error) {
	if err := p.take(ctx); err != nil {
		return "", err
	}
	defer p.free()
	hash, err := argon2id.CreateHash(password, &p.params)
	if err != nil {
		return "", fmt.Errorf("hash a password: %w", err)
	}
	return hash, nil
}

// Fits says whether password is the one that was hashed. It waits for a free
// core, or until ctx ends.
func (p *Passwords) Fits(ctx context.Context, password, hash string) (bool, error) {
	if err := p.take(ctx); err != nil {
		return false, err
	}
	defer p.free()
	ok, err := argon2id.ComparePasswordAndHash(password, hash)
	if err != nil {
		return false, fmt.Errorf("compare a password: %w", err)
	}
	return ok, nil
}

// FitsNobody takes the time of Fits and is never true: whoever asks for an
// address that has no password learns nothing from the clock.
func (p *Passwords) FitsNobody(ctx context.Context, password string) error {
	hash, err := p.nobody()
	if err != nil {
		return fmt.Errorf("hash a password: %w", err)
	}
	_, err = p.Fits(ctx, password, hash)
	return err
}

// take waits for a core; Busy if ctx ends first, or at once if too many wait.
func (p *Passwords) take(ctx context.Context) error {
	select {
	case p.turns <- struct{}{}:
	default:
		return errs.New(errs.Busy, "too many sign-ins at once")
	}
	select {
	case p.slots <- struct{}{}:
		return nil
	case <-ctx.Done():
		<-p.turns
		return errs.Wrap(errs.Busy, "too many sign-ins at once", ctx.Err())
	}
}

func (p *Passwords) free() {
	<-p.slots
	<-p.turns
}
