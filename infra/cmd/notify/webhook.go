package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// How often a webhook is tried, and how long is waited between: nobody starts the function
// again for one channel while another took the message.
const (
	tries       = 3
	firstPause  = time.Second
	longestWait = 5 * time.Second
	answerShown = 200 // bytes of what a webhook answers
)

// post tells a webhook. What it fails with never holds the address.
func (t *teller) post(ctx context.Context, address string, body any) error {
	ctx, cancel := context.WithTimeout(ctx, webhooksMax)
	defer cancel()
	where, err := url.Parse(address)
	if err != nil || where.Scheme != "https" || where.Host == "" {
		return errors.New("the address of the webhook: found something else; accepted: https://…")
	}
	text, err := json.Marshal(body)
	if err != nil {
		return fmt.Errorf("write a message: %w", err)
	}
	pause := firstPause
	for try := 1; ; try++ {
		again, after, err := t.once(ctx, where.String(), text)
		if err == nil || !again || try == tries {
			return err
		}
		if err := t.pause(ctx, min(max(pause, after), longestWait)); err != nil {
			return fmt.Errorf("wait to try again: %w", err)
		}
		pause *= 3
	}
}

// once tries it, and says whether and when to try again.
func (t *teller) once(ctx context.Context, address string, text []byte) (again bool, after time.Duration, err error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, address, bytes.NewReader(text))
	if err != nil {
		return false, 0, errors.New("the address of the webhook is none")
	}
	r.Header.Set("Content-Type", "application/json; charset=utf-8")
	answer, err := t.client.Do(r)
	if err != nil {
		var of *url.Error
		if errors.As(err, &of) {
			err = of.Err // without the address
		}
		return true, 0, fmt.Errorf("ask the webhook: %w", err)
	}
	said, err := io.ReadAll(io.LimitReader(answer.Body, answerShown))
	if err := errors.Join(err, answer.Body.Close()); err != nil && answer.StatusCode >= http.StatusBadRequest {
		said = nil // the status alone says enough
	}
	if answer.StatusCode >= http.StatusOK && answer.StatusCode < http.StatusMultipleChoices {
		return false, 0, nil
	}
	if s, err := strconv.Atoi(answer.Header.Get("Retry-After")); err == nil {
		after = time.Duration(s) * time.Second
	}
	again = answer.StatusCode == http.StatusTooManyRequests || answer.StatusCode >= http.StatusInternalServerError
	return again, after, fmt.Errorf("the webhook answers %d: %s", answer.StatusCode, strings.TrimSpace(string(said)))
}
