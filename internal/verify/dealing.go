package verify

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"
)

func (s *Suite) preview(ctx context.Context) (string, error) {
	return "", s.eventually(ctx, func() error {
		var p struct{ Matched int }
		if err := s.call(ctx, http.MethodPost, "/api/v1/rules/preview", s.owner, s.ruleBody(), http.StatusOK, &p); err != nil {
			return err
		}
		if p.Matched != 1 {
			return fmt.Errorf("the rule's preview counts %d people, want the trial's candidate alone", p.Matched)
		}
		return nil
	})
}

// arrive waits for the offer; where a company confirms what leaves, it does so.
func (s *Suite) arrive(ctx context.Context) (string, error) {
	began := s.o.Now()
	if s.mode == "approve" {
		if err := s.eventually(ctx, func() error { return s.approve(ctx) }); err != nil {
			return "", err
		}
	}
	err := s.eventually(ctx, func() error {
		o, err := s.ownOffer(ctx)
		if err == nil && o.State != "sent" && o.State != "seen" {
			err = fmt.Errorf("the offer is %q, want sent", o.State)
		}
		s.offer = o.ID
		return err
	})
	if err != nil {
		return "", err
	}
	took := s.o.Now().Sub(began).Round(time.Millisecond)
	return fmt.Sprintf("after %s", took), s.eventually(ctx, func() error {
		page, err := s.pageOf(ctx, "/offers", s.candidate)
		if err == nil && !strings.Contains(page, firm) {
			err = errors.New("GET /offers does not show the offer")
		}
		return err
	})
}

// approve sends what waits for the company.
func (s *Suite) approve(ctx context.Context) error {
	var sent struct{ Sent int }
	if err := s.call(ctx, http.MethodPost, "/api/v1/rules/"+s.rule+"/proposals/confirm", s.owner, nil, http.StatusOK, &sent); err != nil {
		return err
	}
	if sent.Sent == 1 {
		return nil
	}
	if o, err := s.ownOffer(ctx); err == nil && o.State != "proposed" { // an answer that was lost
		return nil
	}
	return fmt.Errorf("the company confirms %d offers, want the candidate's", sent.Sent)
}

// ownOffer gives the candidate's only offer.
func (s *Suite) ownOffer(ctx context.Context) (offered, error) {
	var list struct{ Items []offered }
	if err := s.call(ctx, http.MethodGet, "/api/v1/me/offers", s.candidate, nil, http.StatusOK, &list); err != nil {
		return offered{}, err
	}
	if len(list.Items) != 1 {
		return offered{}, fmt.Errorf("the candidate has %d offers, want the trial's", len(list.Items))
	}
	if o := list.Items[0]; o.Company.Name != firm || o.Position != s.position {
		return offered{}, fmt.Errorf("the candidate has an offer of %q, which is not the trial's", o.Company.Name)
	}
	return list.Items[0], nil
}

func (s *Suite) accept(ctx context.Context) (string, error) {
	var err error
	if s.live, err = s.listen(ctx, s.owner); err != nil {
		return "", err
	}
	began := s.o.Now()
	var o offered
	if err := s.call(ctx, http.MethodPost, "/api/v1/me/offers/"+s.offer+"/accept", s.candidate, nil, http.StatusOK, &o); err != nil {
		return "", err
	}
	if o.State != "accepted" {
		return "", fmt.Errorf("the offer is %q after it was accepted", o.State)
	}
	over := time.After(s.o.Patience)
	for {
		select {
		case e, ok := <-s.live.events:
			if !ok {
				return "", errors.New("the stream of live events ended")
			}
			if e.kind == "again" || e.kind == "offer" && e.data == s.offer {
				return fmt.Sprintf("told after %s", s.o.Now().Sub(began).Round(time.Millisecond)), nil
			}
		case <-over:
			return "", fmt.Errorf("the company's live events say nothing of it in %s", s.o.Patience)
		case <-ctx.Done():
			return "", ctx.Err()
		}
	}
}

func (s *Suite) talk(ctx context.Context) (string, error) {
	path := "/api/v1/threads/" + s.offer + "/messages"
	for _, way := range []struct{ by, to, text string }{
		{s.owner, s.candidate, "動作検証のメッセージです。"}, {s.candidate, s.owner, "動作検証の返信です。"},
	} {
		if err := s.call(ctx, http.MethodPost, path, way.by, object{"text": way.text}, http.StatusCreated, nil); err != nil {
			return "", err
		}
		err := s.eventually(ctx, func() error {
			var list struct{ Items []struct{ Text string } }
			if err := s.call(ctx, http.MethodGet, path, way.to, nil, http.StatusOK, &list); err != nil {
				return err
			}
			for _, m := range list.Items {
				if m.Text == way.text {
					return nil
				}
			}
			return fmt.Errorf("none of %d messages is the one that was written", len(list.Items))
		})
		if err != nil {
			return "", err
		}
	}
	return "", nil
}

func (s *Suite) schedule(ctx context.Context) (string, error) {
	start := s.trial.Expires.Add(7 * 24 * time.Hour).Truncate(time.Hour)
	slot := object{"start": start.Format(time.RFC3339), "minutes": 60, "zone": "Asia/Tokyo", "place": "本社"}
	var o offered
	err := s.call(ctx, http.MethodPost, "/api/v1/offers/"+s.offer+"/schedule", s.owner, object{"slots": []object{slot}}, http.StatusOK, &o)
	if err == nil && len(o.Slots) != 1 {
		err = fmt.Errorf("%d dates are proposed, want the one", len(o.Slots))
	}
	if err != nil {
		return "", err
	}
	err = s.call(ctx, http.MethodPost, "/api/v1/me/offers/"+s.offer+"/choose", s.candidate, object{"slot": o.Slots[0].ID}, http.StatusOK, &o)
	if err == nil && (o.State != "scheduled" || o.Date == nil) {
		err = fmt.Errorf("the offer is %q after a date was chosen", o.State)
	}
	return "", err
}

func (s *Suite) search(ctx context.Context) (string, error) {
	return "", s.eventually(ctx, func() error {
		var found struct {
			Count int
			Items []object
		}
		if err := s.call(ctx, http.MethodPost, "/api/v1/candidates/search", s.owner, object{}, http.StatusOK, &found); err != nil {
			return err
		}
		if found.Count != 1 || len(found.Items) != 1 {
			return fmt.Errorf("a search for everybody finds %d people, want the trial's candidate alone", found.Count)
		}
		return nil
	})
}

// What is too late: a job that was to begin so long ago, and a row of the log that
// offers have not followed from for so many seconds.
const (
	lateJob = 15 * time.Minute
	lateRow = 10
)

func (s *Suite) health(ctx context.Context) (string, error) {
	var jobs struct {
		Items []struct {
			Name string
			Next time.Time `json:"next_at"`
			Last *struct{ Outcome, Error string }
		}
	}
	if err := s.call(ctx, http.MethodGet, "/api/v1/operator/jobs", s.operator, nil, http.StatusOK, &jobs); err != nil {
		return "", err
	}
	if len(jobs.Items) == 0 {
		return "", errors.New("there are no jobs")
	}
	now := s.trial.Expires.Add(-time.Hour) // by the installation's clock
	for _, j := range jobs.Items {
		switch {
		case j.Last != nil && (j.Last.Outcome == "failed" || j.Last.Outcome == "interrupted"):
			return "", fmt.Errorf("the last run of job %s is %s: %s", j.Name, j.Last.Outcome, j.Last.Error)
		case now.Sub(j.Next) > lateJob:
			return "", fmt.Errorf("job %s is due since %s and has not begun: no process runs jobs", j.Name, j.Next.Format(time.RFC3339))
		}
	}
	return fmt.Sprintf("%d jobs", len(jobs.Items)), s.eventually(ctx, func() error {
		var h struct {
			Unapplied float64 `json:"unapplied_seconds"`
			Unmatched float64 `json:"unmatched_seconds"`
		}
		if err := s.call(ctx, http.MethodGet, "/api/v1/operator/health", s.operator, nil, http.StatusOK, &h); err != nil {
			return err
		}
		if h.Unapplied > lateRow || h.Unmatched > lateRow {
			return fmt.Errorf("the matcher is %.0f s behind, searches %.0f s", h.Unmatched, h.Unapplied)
		}
		return nil
	})
}
