package cli

import (
	"net/http"
	"strconv"
	"strings"

	vegeta "github.com/tsenart/vegeta/v12/lib"
)

// answerable is an offer that the load answers: it is declined and that undone,
// again and again, and at some time accepted.
type answerable struct {
	token, id string
	declined  bool
	accepted  bool
	busy      bool
}

// acceptedOf is how many answers of an open offer there are for each that
// accepts it, which is the last.
const acceptedOf = 8

// answerQuery tells the answers apart; the service ignores it.
const answerQuery = "?answer="

// answer draws the next answer of an offer; false if all are being answered or
// accepted.
func (l *load) answer(t *vegeta.Target) bool {
	const tries = 20
	for range min(tries, len(l.offers)) {
		i := l.rng.IntN(len(l.offers))
		o := l.offers[i]
		if o.busy || o.accepted {
			continue
		}
		o.busy = true
		step := "decline"
		switch {
		case o.declined:
			step = "undo"
		case l.rng.IntN(acceptedOf) == 0:
			step = "accept"
		}
		t.Method, t.URL = http.MethodPost, l.url+"/api/v1/me/offers/"+o.id+"/"+step+answerQuery+strconv.Itoa(i)
		t.Header.Set("Authorization", "Bearer "+o.token)
		return true
	}
	return false
}

// answered takes what became of an offer from the answer to a step.
func (l *load) answered(r *vegeta.Result) {
	path, number, ok := strings.Cut(r.URL, answerQuery)
	i, err := strconv.Atoi(number)
	if !ok || err != nil || i >= len(l.offers) {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	o := l.offers[i]
	o.busy = false
	if r.Code != http.StatusOK {
		return
	}
	o.declined, o.accepted = strings.HasSuffix(path, "/decline"), strings.HasSuffix(path, "/accept")
}
