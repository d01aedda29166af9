package deploytest

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"syscall"
	"time"
)

// wire carries the requests of one process.
type wire struct {
	account *Account
	trouble func(int, string) Trouble

	turn chan struct{} // whose turn it is; no mutex, since trouble may sleep, and a test's own time waits for no mutex
	n    int
	dead bool
}

var errUnreached = fmt.Errorf("read tcp: %w", syscall.ECONNRESET)

// Do implements the library's HTTP client.
func (w *wire) Do(r *http.Request) (*http.Response, error) {
	var body []byte
	if r.Body != nil {
		var err error
		if body, err = io.ReadAll(r.Body); err != nil {
			return nil, err
		}
	}
	w.turn <- struct{}{}
	n, trouble := w.n, None
	w.n++
	if w.trouble != nil {
		trouble = w.trouble(n, operationOf(r, body))
	}
	if w.dead {
		trouble = Killed
	}
	w.dead = w.dead || trouble == Killed || trouble == KilledAfter
	<-w.turn
	switch trouble {
	case Killed, Unreached:
		return nil, errUnreached
	case Throttled:
		if isImage(r) {
			return imageError(r, http.StatusTooManyRequests, "TOOMANYREQUESTS", "Rate exceeded"), nil
		}
		return answerError(r, &apiError{"ThrottlingException", "Rate exceeded", http.StatusBadRequest}), nil
	case Denied:
		if isImage(r) {
			return imageError(r, http.StatusForbidden, "DENIED", "User is not authorized to perform: "+operationOf(r, body)), nil
		}
		return answerError(r, &apiError{"AccessDeniedException", "User is not authorized to perform: " + operationOf(r, body), http.StatusForbidden}), nil
	case Twice:
		w.account.answer(r, body)
	case Slow:
		time.Sleep(20 * time.Second)
	}
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	out := w.account.answer(r, body)
	if trouble == Lost || trouble == KilledAfter {
		return nil, errUnreached
	}
	return out, nil
}

// operationOf names what a request asks as rights to it are named, such as
// "ecs:UpdateService"; of objects the key follows.
func operationOf(r *http.Request, body []byte) string {
	if isImage(r) {
		return "ecr:" + imageRight(r)
	}
	if target := r.Header.Get("X-Amz-Target"); target != "" {
		service, operation, _ := strings.Cut(target, ".")
		return map[string]string{"AmazonSSM": "ssm", "Logs_20140328": "logs", "AmazonEC2ContainerRegistry_V20150921": "ecr", "AmazonEC2ContainerServiceV20141113": "ecs", "ServiceQuotasV20190624": "servicequotas", "secretsmanager": "secretsmanager"}[service] + ":" + operation
	}
	if _, operation, ok := strings.Cut(r.URL.Path, "/operation/"); ok {
		return "cloudwatch:" + operation
	}
	if form, ok := formOf(r, body); ok {
		return map[string]string{"2011-06-15": "sts", "2010-05-08": "iam", "2010-05-15": "cloudformation", "2014-10-31": "rds", "2015-02-02": "elasticache", "2015-12-01": "elasticloadbalancing"}[form.Get("Version")] + ":" + form.Get("Action")
	}
	for prefix, service := range map[string]string{zonesPath: "route53", vaultsPath: "backup", settingsPath: "backup", jobsPath: "backup", plansPath: "backup"} {
		if strings.HasPrefix(r.URL.Path, prefix) {
			return service + ":" + map[string]string{http.MethodGet: "List", http.MethodDelete: "Delete", http.MethodPut: "Start"}[r.Method] + " " + r.URL.Path
		}
	}
	bucket, key, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	if key == "" && r.URL.Query().Has("list-type") {
		return "s3:ListBucket " + bucket
	}
	if key == "" {
		return map[string]string{http.MethodGet: "s3:ListBucketVersions", http.MethodPut: "s3:CreateBucket", http.MethodPost: "s3:DeleteObjects", http.MethodDelete: "s3:DeleteBucket"}[r.Method] + " " + bucket
	}
	return map[string]string{http.MethodGet: "s3:GetObject", http.MethodPut: "s3:PutObject", http.MethodDelete: "s3:DeleteObject"}[r.Method] + " " + strings.TrimPrefix(r.URL.Path, "/"+Bucket+"/")
}

// regionOf gives the region for which a request is signed.
func regionOf(r *http.Request) string {
	const at = 2 // Credential=KEY/DATE/REGION/SERVICE/aws4_request
	if parts := strings.Split(r.Header.Get("Authorization"), "/"); len(parts) > at {
		return parts[at]
	}
	return ""
}
