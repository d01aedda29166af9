package httpx

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"net/http"
	"strings"
	"time"
)

// Notice is what is told of maintenance with every answer.
type Notice struct {
	Mode   string // planned, read-only, stop
	From   time.Time
	Until  time.Time // zero: not known
	JA, EN string    // what the operator says of it; may be empty
}

// NoticeHeader names the header that tells of maintenance: a dictionary of
// RFC 9651 with mode, from and, if it is known, until.
const NoticeHeader = "Enishi-Maintenance"

// The modes of a notice in which requests are refused.
const (
	modeReadOnly = "read-only"
	modeStop     = "stop"
)

func (n Notice) header() string {
	text := fmt.Sprintf("mode=%s, from=%q", n.Mode, n.From.UTC().Format(time.RFC3339))
	if !n.Until.IsZero() {
		text += fmt.Sprintf(", until=%q", n.Until.UTC().Format(time.RFC3339))
	}
	return text
}

// Maintenance tells of maintenance with every answer, and refuses what it
// forbids: in read-only mode whatever is no GET, in a full stop all but the
// paths that stay. notice gives nil while there is none.
type Maintenance struct {
	notice func() *Notice
	now    func() time.Time
	stays  map[string]bool
	page   *template.Template
	policy string // of the page: its one style sheet, which stands in it
}

//go:embed maintenance.html.tmpl
var maintenancePage string

// NewMaintenance gives a Maintenance; stays are the paths that are answered as
// ever.
func NewMaintenance(notice func() *Notice, now func() time.Time, stays ...string) (*Maintenance, error) {
	page, err := template.New("maintenance").Parse(maintenancePage)
	if err != nil {
		return nil, fmt.Errorf("read the template: %w", err)
	}
	m := &Maintenance{notice: notice, now: now, stays: map[string]bool{}, page: page, policy: onlyStyle(maintenancePage)}
	for _, path := range stays {
		m.stays[path] = true
	}
	return m, nil
}

// onlyStyle is the policy of a page that needs nothing but the style sheet that stands in
// it, by its hash: while the service is closed no other file is answered.
func onlyStyle(page string) string {
	_, rest, _ := strings.Cut(page, "<style>")
	style, _, _ := strings.Cut(rest, "</style>")
	sum := sha256.Sum256([]byte(style))
	return "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}

// Guard puts it before a handler.
func (m *Maintenance) Guard(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n := m.notice()
		if n == nil {
			next.ServeHTTP(w, r)
			return
		}
		w.Header().Set(NoticeHeader, n.header())
		reads := r.Method == http.MethodGet || r.Method == http.MethodHead
		if m.stays[r.URL.Path] || n.Mode != modeStop && (n.Mode != modeReadOnly || reads) {
			next.ServeHTTP(w, r)
			return
		}
		m.refuse(w, r, n)
	})
}

// Unchanged refuses a request that would change something though it is a GET.
func (m *Maintenance) Unchanged(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if n := m.notice(); n != nil && (n.Mode == modeReadOnly || n.Mode == modeStop) {
			m.refuse(w, r, n)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// retryUnknown is when to ask again if nobody knows how long it takes.
const retryUnknown = 5 * time.Minute

// refuse answers with a page or a problem document, by what is accepted, in the
// language that is asked for.
func (m *Maintenance) refuse(w http.ResponseWriter, r *http.Request, n *Notice) {
	wait := retryUnknown
	if !n.Until.IsZero() {
		wait = max(time.Minute, n.Until.Sub(m.now()))
	}
	w.Header().Set("Cache-Control", "no-store")
	japanese := strings.HasPrefix(strings.ToLower(strings.TrimSpace(r.Header.Get("Accept-Language"))), "ja")
	if !ReadsPages(r) {
		WriteProblem(w, NewProblem(http.StatusServiceUnavailable, n.say(japanese)).With("Retry-After", seconds(wait)))
		return
	}
	var body bytes.Buffer
	err := m.page.Execute(&body, map[string]any{
		"Japanese": japanese, "ReadOnly": n.Mode == modeReadOnly, "Until": tokyoTime(n.Until), "JA": n.JA, "EN": n.EN,
	})
	if err != nil {
		WriteProblem(w, NewProblem(http.StatusServiceUnavailable, n.say(japanese)))
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Security-Policy", m.policy)
	w.Header().Set("Retry-After", seconds(wait))
	w.WriteHeader(http.StatusServiceUnavailable)
	w.Write(body.Bytes()) //nolint:errcheck // the client went away; nobody is left to tell
}

// Banner is what a page tells of maintenance, in both languages; empty while there
// is none.
func (m *Maintenance) Banner() (template.HTML, error) {
	n := m.notice()
	if n == nil {
		return "", nil
	}
	ja, en := n.say(true), n.say(false)
	if n.Mode != modeReadOnly && n.Mode != modeStop {
		ja, en = n.announce()
	}
	var out strings.Builder
	err := m.page.ExecuteTemplate(&out, "banner", map[string]string{"JA": ja, "EN": en})
	return template.HTML(out.String()), err //nolint:gosec // a template escaped it
}

// announce says when maintenance is planned.
func (n *Notice) announce() (ja, en string) {
	from, until := tokyoTime(n.From), tokyoTime(n.Until)
	if until == "" {
		ja = from + "（日本時間）から、メンテナンスを行います。"
		en = "Maintenance is planned from " + from + " in Tokyo on."
	} else {
		ja = from + " 〜 " + until + "（日本時間）に、メンテナンスを行います。"
		en = "Maintenance is planned from " + from + " to " + until + " in Tokyo."
	}
	ja += "この間は登録や変更などの操作ができません。"
	en += " Nothing can be changed then."
	return strings.TrimSpace(ja + " " + n.JA), strings.TrimSpace(en + " " + n.EN)
}

// say says why a request is refused.
func (n *Notice) say(japanese bool) string {
	until := tokyoTime(n.Until)
	var text, more string
	switch {
	case japanese:
		text, more = "メンテナンス中のため、ご利用いただけません。", n.JA
		if n.Mode == modeReadOnly {
			text = "メンテナンス中のため、閲覧のみ可能です。変更はできません。"
		}
		if until != "" {
			text += "終了予定: " + until + "（日本時間）。"
		}
		text += "この間に迎える期限は延長されます。"
	default:
		text, more = "there is maintenance: the service is closed for now", n.EN
		if n.Mode == modeReadOnly {
			text = "there is maintenance: you can read, but nothing can be changed for now"
		}
		if until != "" {
			text += ", until " + until + " in Tokyo as planned"
		}
		text += "; deadlines are extended by as long as it takes"
		if more != "" {
			text += "."
		}
	}
	return strings.TrimSpace(text + " " + more)
}

// tokyoTime says a time as people in Tokyo do; nothing for the zero one.
func tokyoTime(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.In(time.FixedZone("Asia/Tokyo", 9*60*60)).Format("2006-01-02 15:04")
}
