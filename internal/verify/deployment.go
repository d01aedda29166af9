package verify

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"
)

const (
	// deploymentHeader names the deployment in requests, and in the answers of its processes.
	deploymentHeader = "Enishi-Deployment"
	// misdirectedPause is how soon a request is sent again that reached another deployment.
	misdirectedPause = 200 * time.Millisecond
	// answersInARow is how often a deployment has to answer, awaitPause apart, before it counts as
	// reached: a load balancer comes to know of it in all its parts one after another.
	answersInARow = 3
	awaitPause    = 500 * time.Millisecond
)

// meant sends requests to one deployment: those that reach another have done nothing
// there, and are sent again until their time is over.
type meant struct {
	deployment string
	next       http.RoundTripper
}

// CloseIdleConnections lets the next request be one of a connection of its own.
func (m meant) CloseIdleConnections() {
	if c, ok := m.next.(interface{ CloseIdleConnections() }); ok {
		c.CloseIdleConnections()
	}
}

// errAnother says that somebody answered who does not know of deployments, or is of none.
var errAnother = errors.New("another version than the one to be verified answered")

func (m meant) RoundTrip(r *http.Request) (*http.Response, error) {
	for {
		again := r.Clone(r.Context())
		again.Header.Set(deploymentHeader, m.deployment)
		if r.GetBody != nil {
			body, err := r.GetBody()
			if err != nil {
				return nil, fmt.Errorf("send a request again: %w", err)
			}
			again.Body = body
		}
		answer, err := m.next.RoundTrip(again)
		if err != nil || answer.Header.Get(deploymentHeader) == m.deployment {
			return answer, err
		}
		if err := answer.Body.Close(); err != nil {
			return nil, fmt.Errorf("leave an answer: %w", err)
		}
		switch answer.StatusCode {
		case http.StatusMisdirectedRequest:
		case http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout: // of what stands in front
			return nil, fmt.Errorf("the answer is %d, of no version", answer.StatusCode)
		default:
			return nil, errAnother
		}
		select {
		case <-r.Context().Done():
			return nil, fmt.Errorf("%w: %w", errAnother, context.Cause(r.Context()))
		case <-time.After(misdirectedPause):
		}
	}
}

// await waits until the deployment answers at the address.
func (s *Suite) await(ctx context.Context) (string, error) {
	within, stop := context.WithTimeout(ctx, s.o.Await)
	defer stop()
	begun, row := s.o.Now(), 0
	for last := errors.New("no answer"); ; {
		status, _, err := s.ask(within, http.MethodGet, "/readyz", nil, nil)
		s.client.CloseIdleConnections() // the next one is a connection of its own
		switch {
		case err == nil && status == http.StatusOK:
			if row++; row == answersInARow {
				return fmt.Sprintf("after %v", s.o.Now().Sub(begun).Round(time.Second)), nil
			}
		case err == nil:
			row, last = 0, fmt.Errorf("GET /readyz answers %d instead of 200", status)
		case within.Err() == nil:
			row, last = 0, err
		}
		select {
		case <-within.Done():
			return "", fmt.Errorf("the deployment %s does not answer within %v: %w", s.o.Deployment, s.o.Await, last)
		case <-time.After(awaitPause):
		}
	}
}
