package main

import (
	"bytes"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// asFunction in the environment lets the test's program be the function itself.
const asFunction = "ENISHI_TEST_FUNCTION"

func TestMain(m *testing.M) {
	if os.Getenv(asFunction) != "" {
		main()
		return
	}
	os.Exit(m.Run())
}

// TestTheFunctionRuns starts the program as Lambda does, and hands it events as Lambda's
// runtime interface does: one that is told, and one that nobody takes until the queue has
// handed it over twice.
func TestTheFunctionRuns(t *testing.T) {
	w := newWorld(t)
	ended := make(chan string, 2)
	handed := make(chan []byte, 2)
	lambda := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/invocation/next") {
			select {
			case text := <-handed:
				rw.Header().Set("Lambda-Runtime-Aws-Request-Id", "r")
				rw.Header().Set("Lambda-Runtime-Deadline-Ms", fmt.Sprint(time.Now().Add(time.Minute).UnixMilli()))
				if _, err := rw.Write(text); err != nil {
					t.Error(err)
				}
			case <-r.Context().Done(): // the function was killed
			}
			return
		}
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		rw.WriteHeader(http.StatusAccepted)
		ended <- filepath.Base(r.URL.Path) + " " + string(body)
	}))
	defer lambda.Close()

	authority := filepath.Join(t.TempDir(), "authority.pem")
	if err := os.WriteFile(authority, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: w.hooks.Certificate().Raw}), 0o600); err != nil {
		t.Fatal(err)
	}
	self := exec.CommandContext(t.Context(), os.Args[0])
	self.Env = []string{
		asFunction + "=1", "AWS_LAMBDA_RUNTIME_API=" + strings.TrimPrefix(lambda.URL, "http://"), "SSL_CERT_FILE=" + authority, "AWS_ENDPOINT_URL=" + w.cloud.URL,
		"AWS_REGION=ap-northeast-1", "AWS_ACCESS_KEY_ID=AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY=secret",
		"ENVIRONMENT=prod", "LANGUAGE=en", "WEBHOOKS=" + secretARN, "MAIL_FROM=alarm@enishi.example.jp", "MAIL_TO=oncall@example.jp", "DOCS=https://docs.enishi.example.jp/",
	}
	var log bytes.Buffer
	self.Stderr = &log
	if err := self.Start(); err != nil {
		t.Fatal(err)
	}
	give := func(event any) string {
		t.Helper()
		text, err := json.Marshal(event)
		if err != nil {
			t.Fatal(err)
		}
		handed <- text
		select {
		case how := <-ended:
			return how
		case <-time.After(time.Minute):
			t.Fatal("the function neither answers nor fails")
			return ""
		}
	}
	if got := give(event("1", composite)); !strings.HasPrefix(got, "response ") {
		t.Errorf("the function answers %s", got)
	}
	w.lock.Lock()
	for _, channel := range []string{"slack", "teams", "mail"} {
		if len(w.got[channel]) != 1 || !strings.Contains(w.got[channel][0], "Act now: AvailabilityFast") {
			t.Errorf("%s is told %q", channel, w.got[channel])
		}
	}
	w.secret, w.refuses = "{}", true
	w.lock.Unlock()
	untold := event("2", composite)
	for _, again := range []any{untold, queued(t, untold)} {
		if got := give(again); !strings.HasPrefix(got, "error ") || !strings.Contains(got, "no channel took it") {
			t.Errorf("the function answers %s", got)
		}
	}
	w.lock.Lock()
	w.refuses = false
	w.lock.Unlock()
	if got := give(queued(t, untold)); !strings.HasPrefix(got, "response ") {
		t.Errorf("the function answers %s to what the queue hands over", got)
	}
	w.lock.Lock()
	if n := len(w.got["mail"]); n != 2 || !strings.Contains(w.got["mail"][n-1], "It has waited since 26 November 2026, 15:30 in Tokyo") {
		t.Errorf("by mail is told %q", w.got["mail"])
	}
	w.lock.Unlock()
	if err := self.Process.Kill(); err != nil {
		t.Error(err)
	}
	_ = self.Wait() // it was killed
	w.logged.Write(log.Bytes())
	for _, want := range []string{`"msg":"told"`, `"channels":3`, `"channel":"mail"`} {
		if !strings.Contains(log.String(), want) {
			t.Errorf("the log lacks %s:\n%s", want, &log)
		}
	}
}
