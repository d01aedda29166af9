package files

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
)

// How long a server is waited for. A part of a file has to be taken, and
// answered, within the longest of these; a file that is read may take any time
// as long as something of it comes.
const (
	dialTime   = 3 * time.Second
	secureTime = 5 * time.Second
	answerTime = 20 * time.Second // once all of a request was sent
	takeTime   = time.Minute
	quietTime  = 20 * time.Second
)

// errQuiet ends what a server does not go on with.
var errQuiet = errors.New("the server was waited for too long")

// patient asks servers over HTTP, each once, and leaves those that are silent.
type patient struct {
	client      aws.HTTPClient
	take, quiet time.Duration
}

// newClient gives what asks servers, those of credentials too, which have little to
// say.
func newClient() *awshttp.BuildableClient {
	return awshttp.NewBuildableClient().
		WithDialerOptions(func(d *net.Dialer) { d.Timeout = dialTime }).
		WithTransportOptions(func(t *http.Transport) { t.TLSHandshakeTimeout, t.ResponseHeaderTimeout = secureTime, answerTime })
}

// Do sends a request and gives its answer, whose body the caller closes.
func (p *patient) Do(r *http.Request) (*http.Response, error) {
	ctx, cancel := context.WithCancelCause(r.Context())
	timer := time.AfterFunc(p.take, func() { cancel(errQuiet) })
	resp, err := p.client.Do(r.WithContext(ctx))
	timer.Stop()
	if err != nil {
		err = quieted(ctx, err)
		cancel(nil)
		return nil, err
	}
	resp.Body = &answer{ReadCloser: resp.Body, ctx: ctx, cancel: cancel, timer: timer, quiet: p.quiet}
	return resp, nil
}

// quieted gives why a request failed.
func quieted(ctx context.Context, err error) error {
	if cause := context.Cause(ctx); errors.Is(cause, errQuiet) {
		return cause
	}
	return err
}

// answer is the body of an answer; one goroutine at a time reads it.
type answer struct {
	io.ReadCloser
	ctx    context.Context
	cancel context.CancelCauseFunc
	timer  *time.Timer
	quiet  time.Duration
}

func (a *answer) Read(p []byte) (int, error) {
	a.timer.Reset(a.quiet)
	n, err := a.ReadCloser.Read(p)
	a.timer.Stop()
	if err != nil && !errors.Is(err, io.EOF) {
		err = quieted(a.ctx, err)
	}
	return n, err
}

func (a *answer) Close() error {
	a.timer.Stop()
	err := a.ReadCloser.Close()
	a.cancel(nil)
	return err
}
