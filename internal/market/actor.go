package market

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/json"
	"time"

	"github.com/google/uuid"

	"enishi/internal/account"
	"enishi/internal/day"
)

// Actor is who speaks: the account of a token and what it stands for. It may be
// as old as ActorLife: who a token belongs to and which role it has decides what
// may be asked, and everything else (whether a candidate is still there,
// whether a company is verified) is read from the rows by those who ask.
type Actor struct {
	Account   int64
	Kind      account.Kind
	Candidate int64
	Company   int64
	CompanyID uuid.UUID
	Role      account.Role
	Confirmed bool
}

// ActorLife is how long an actor is kept at most: what changes beside the ways
// that forget it at once is seen after this.
const ActorLife = 30 * time.Second

// Actors keeps for a short while, for all processes, which actor a token
// stands for, so that not each request asks the store. It may lose anything,
// and is never waited for.
type Actors interface {
	// Find gives the value that is kept under a key.
	Find(ctx context.Context, key []byte) (value []byte, ok bool)
	// Keep keeps a value for a while, unless there is one, or the key was
	// dropped for longer.
	Keep(ctx context.Context, key, value []byte, life time.Duration)
	// Drop forgets the values of keys and keeps none under them for a while:
	// who read the rows before must not bring back what they said.
	Drop(ctx context.Context, life time.Duration, keys ...[]byte)
	// Up says whether it answered when it was last asked.
	Up() bool
}

// keptActor is what is kept of an actor: keys and no personal data. What moves
// with a session's every write must be exact and does not belong here.
type keptActor struct {
	Actor Actor
	Until time.Time
	Day   day.Day // on which their visit was noted: on another, it is to be
}

// findActor gives the actor that is kept for a token. What was not sealed here,
// for this token, is none: whoever can write where actors are kept cannot
// become one.
func (m *Market) findActor(ctx context.Context, tokenHash []byte) (Actor, bool) {
	if m.options.Actors == nil {
		return Actor{}, false
	}
	value, ok := m.options.Actors.Find(ctx, tokenHash)
	if !ok || len(value) < sha256.Size || !hmac.Equal(value[:sha256.Size], m.actorSeal(tokenHash, value[sha256.Size:])) {
		return Actor{}, false
	}
	var k keptActor
	if err := json.Unmarshal(value[sha256.Size:], &k); err != nil {
		return Actor{}, false // of another version of the program: the rows know
	}
	return k.Actor, m.Now().Before(k.Until) && k.Day == m.Today()
}

// keepActor keeps the actor of a session that was read at a moment.
func (m *Market) keepActor(ctx context.Context, s *account.Session, a Actor, read time.Time, today day.Day) {
	if m.options.Actors == nil {
		return
	}
	k := keptActor{Actor: a, Until: read.Add(ActorLife), Day: today}
	if s.ExpiresAt.Before(k.Until) {
		k.Until = s.ExpiresAt
	}
	text, err := json.Marshal(k)
	if err != nil {
		m.report(ctx, "an actor was not kept", err)
		return
	}
	m.options.Actors.Keep(ctx, s.TokenHash, append(m.actorSeal(s.TokenHash, text), text...), ActorLife)
}

// forgetActors makes every process read the rows again for these sessions. It
// is called when what they say has been written.
func (m *Market) forgetActors(ctx context.Context, sessions []account.Session) {
	if m.options.Actors == nil || len(sessions) == 0 {
		return
	}
	keys := make([][]byte, len(sessions))
	for i := range sessions {
		keys[i] = sessions[i].TokenHash
	}
	// Whoever asked may have gone; what they did stays done.
	m.options.Actors.Drop(context.WithoutCancel(ctx), ActorLife, keys...)
}

// actorSeal is also of the database's identity: where that was taken back to an earlier
// moment, a key of before names somebody else, or nobody.
func (m *Market) actorSeal(tokenHash, text []byte) []byte {
	h := hmac.New(sha256.New, m.actorKey)
	h.Write([]byte(m.identity))
	h.Write(tokenHash)
	h.Write(text)
	return h.Sum(nil)
}
