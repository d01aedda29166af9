package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/smithy-go/encoding/cbor"

	"enishi/infra/notify"
)

// hidden is in the address of every webhook, and must be in no log.
const hidden = "T0000-B0000-hidden"

// world is what the function talks to: webhooks over TLS, and AWS over HTTP, to which the
// real SDK talks.
type world struct {
	*testing.T
	hooks *httptest.Server
	cloud *httptest.Server

	lock    sync.Mutex
	secret  string              // what is in it; "": it cannot be read
	answers map[string][]answer // of webhooks, one after another, the last for ever
	got     map[string][]string // what was told, by channel
	alarms  map[string]string   // reasons by the names of alarms; nil: they cannot be read
	refuses bool                // SES takes nothing
	asked   map[string]int      // requests of any kind
	hang    chan struct{}       // closed at the end
	paused  []time.Duration     // what the function waited
	logged  *bytes.Buffer       // its log
}

// answer is what a webhook says. Status 0: nothing, ever.
type answer struct {
	status int
	after  string
	where  string // to which it sends on
}

func newWorld(t *testing.T) *world {
	w := &world{
		T: t, answers: map[string][]answer{}, got: map[string][]string{}, asked: map[string]int{}, hang: make(chan struct{}), alarms: map[string]string{}, logged: &bytes.Buffer{},
	}
	w.hooks = httptest.NewUnstartedServer(http.HandlerFunc(w.webhook))
	w.hooks.Config.ErrorLog = log.New(quiet(), "", 0) // it tells of every client that goes early
	w.hooks.StartTLS()
	w.cloud = httptest.NewServer(http.HandlerFunc(w.aws))
	w.holds("slack", "teams")
	t.Cleanup(func() {
		close(w.hang)
		w.hooks.Close()
		w.cloud.Close()
		if strings.Contains(w.logged.String(), hidden) {
			t.Errorf("the log tells the address of a webhook:\n%s", w.logged)
		}
	})
	return w
}

// holds puts addresses of webhooks into the secret.
func (w *world) holds(channels ...string) {
	addresses := map[string]string{}
	for _, c := range channels {
		addresses[c] = w.hooks.URL + "/" + hidden + "/" + c
	}
	text, err := json.Marshal(addresses)
	if err != nil {
		w.Fatal(err)
	}
	w.lock.Lock()
	defer w.lock.Unlock()
	w.secret = string(text)
}

func (w *world) webhook(rw http.ResponseWriter, r *http.Request) {
	channel := path.Base(r.URL.Path)
	body, err := io.ReadAll(r.Body)
	if err != nil || !json.Valid(body) || r.Method != http.MethodPost || !strings.HasPrefix(r.Header.Get("Content-Type"), "application/json") {
		w.Errorf("%s gets %s %q, %v", channel, r.Method, body, err)
	}
	w.lock.Lock()
	a := answer{status: http.StatusOK}
	if list := w.answers[channel]; len(list) > 0 {
		a = list[min(w.asked[channel], len(list)-1)]
	}
	w.asked[channel]++
	if a.status/100 == 2 {
		w.got[channel] = append(w.got[channel], string(body))
	}
	w.lock.Unlock()
	if a.status == 0 {
		<-w.hang
		return
	}
	if a.after != "" {
		rw.Header().Set("Retry-After", a.after)
	}
	if a.where != "" {
		rw.Header().Set("Location", a.where)
	}
	rw.WriteHeader(a.status)
	fmt.Fprint(rw, "said by the webhook")
}

// aws is as much of Secrets Manager, SES and CloudWatch as the function needs.
func (w *world) aws(rw http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		w.Error(err)
	}
	if !strings.HasPrefix(r.Header.Get("Authorization"), "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/") {
		w.Errorf("%s is not signed: %q", r.URL, r.Header.Get("Authorization"))
	}
	w.lock.Lock()
	defer w.lock.Unlock()
	switch {
	case r.Header.Get("X-Amz-Target") == "secretsmanager.GetSecretValue":
		rw.Header().Set("Content-Type", "application/x-amz-json-1.1")
		if w.secret == "" {
			rw.WriteHeader(http.StatusBadRequest)
			fmt.Fprint(rw, `{"__type":"AccessDeniedException","Message":"not allowed"}`)
			return
		}
		w.answer(rw, map[string]string{"ARN": secretARN, "Name": "x", "SecretString": w.secret})
	case r.URL.Path == "/v2/email/outbound-emails":
		rw.Header().Set("Content-Type", "application/json")
		w.asked["mail"]++
		if w.refuses {
			rw.Header().Set("X-Amzn-ErrorType", "MessageRejected")
			rw.WriteHeader(http.StatusBadRequest)
			fmt.Fprint(rw, `{"message":"Email address is not verified."}`)
			return
		}
		w.got["mail"] = append(w.got["mail"], string(body))
		w.answer(rw, map[string]string{"MessageId": "1"})
	case strings.HasSuffix(r.URL.Path, "/operation/DescribeAlarms"):
		w.describe(rw, body)
	default:
		w.Errorf("nobody knows %s %s %s", r.Method, r.URL, r.Header.Get("X-Amz-Target"))
		rw.WriteHeader(http.StatusNotFound)
	}
}

func (w *world) answer(rw http.ResponseWriter, v any) {
	if err := json.NewEncoder(rw).Encode(v); err != nil {
		w.Error(err)
	}
}

// describe answers in CBOR, as CloudWatch does.
func (w *world) describe(rw http.ResponseWriter, body []byte) {
	w.asked["figures"]++
	rw.Header().Set("Content-Type", "application/cbor")
	rw.Header().Set("Smithy-Protocol", "rpc-v2-cbor")
	asked, err := cbor.Decode(body)
	if err != nil {
		w.Error(err)
	}
	if w.alarms == nil {
		rw.WriteHeader(http.StatusForbidden)
		w.write(rw, cbor.Map{"__type": cbor.String("AccessDenied"), "message": cbor.String("not allowed")})
		return
	}
	var list cbor.List
	for _, name := range asked.(cbor.Map)["AlarmNames"].(cbor.List) {
		if reason := w.alarms[string(name.(cbor.String))]; reason != "" {
			list = append(list, cbor.Map{"AlarmName": name, "StateReason": cbor.String(reason)})
		}
	}
	w.write(rw, cbor.Map{"MetricAlarms": list})
}

func (w *world) write(rw http.ResponseWriter, m cbor.Map) {
	if _, err := rw.Write(cbor.Encode(m)); err != nil {
		w.Error(err)
	}
}

const secretARN = "arn:aws:secretsmanager:ap-northeast-1:123456789012:secret:Webhooks-AbCdEf"

// teller gives the function, as it is in this world.
func (w *world) teller() *teller {
	w.Helper()
	s := settings{
		place: notify.Place{Environment: "prod", Language: notify.Japanese, Docs: "https://docs.enishi.example.jp/"}, secret: secretARN,
		from: "Enishi <alarm@enishi.example.jp>", to: []string{"oncall@example.jp", "second@example.jp"},
	}
	c := aws.Config{Region: "ap-northeast-1", Credentials: credentials.NewStaticCredentialsProvider("AKIDEXAMPLE", "secret", ""), BaseEndpoint: aws.String(w.cloud.URL)}
	t, err := newTeller(s, c, slog.New(slog.NewJSONHandler(io.MultiWriter(w.logged, quiet()), nil)))
	if err != nil {
		w.Fatal(err)
	}
	t.client.Transport = w.hooks.Client().Transport
	t.pause = func(_ context.Context, d time.Duration) error {
		w.lock.Lock()
		defer w.lock.Unlock()
		w.paused = append(w.paused, d)
		return nil
	}
	return t
}

// quiet is a log that is seen with -v alone.
func quiet() io.Writer {
	if testing.Verbose() {
		return os.Stderr
	}
	return io.Discard
}
