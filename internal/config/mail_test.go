package config_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"enishi/internal/config"
)

func TestParseMail(t *testing.T) {
	for _, c := range []struct {
		url   string
		want  config.Mail
		shown string
	}{
		{"smtp://mail.example.jp", config.Mail{Host: "mail.example.jp", Port: 587, TLS: config.TLSOpportunistic}, "smtp://mail.example.jp:587?tls=opportunistic"},
		{"smtp://[::1]:1025/?tls=off", config.Mail{Host: "::1", Port: 1025, TLS: config.TLSOff}, "smtp://[::1]:1025?tls=off"},
		{
			"smtp://AKIA:hun%2Fter%402@mail.example.jp",
			config.Mail{Host: "mail.example.jp", Port: 587, TLS: config.TLSRequired, User: "AKIA", Password: config.Secret("hun/ter@2")},
			"smtp://mail.example.jp:587?tls=required",
		},
		{
			"smtps://a%40b:hunter2@mail.example.jp?ca=/etc/ca.pem",
			config.Mail{Host: "mail.example.jp", Port: 465, TLS: config.TLSImplicit, CA: "/etc/ca.pem", User: "a@b", Password: config.Secret("hunter2")},
			"smtps://mail.example.jp:465?ca=%2Fetc%2Fca.pem",
		},
	} {
		got, ok := config.ParseMail(c.url)
		if diff := cmp.Diff(c.want, got); diff != "" || !ok {
			t.Errorf("ParseMail(%q): %v (-want +got):\n%s", c.url, ok, diff)
		}
		if got.String() != c.shown {
			t.Errorf("ParseMail(%q) shows as %q, want %q", c.url, got, c.shown)
		}
	}
}

func TestParseMailRefuses(t *testing.T) {
	for _, url := range []string{
		"", "mail.example.jp", "http://a", "smtp:a", "smtp://", "smtp://:25", "smtp://a:0", "smtp://a:65536", "smtp://a:port", "smtp://a b", "smtp://a/b", "smtp://a#b",
		"smtp://u@a", "smtp://:p@a", "smtp://u:@a", "smtp://u:p@a?tls=off", "smtp://u:p@a?tls=opportunistic", "smtps://a?tls=required", "smtp://a?tls=yes",
		"smtp://a?tls=off&tls=off", "smtp://a?ca=", "smtp://a?ca=x", "smtp://a?helo=b", "SMTP+x://a",
	} {
		if got, ok := config.ParseMail(url); ok {
			t.Errorf("ParseMail(%q) = %+v, want it refused", url, got)
		}
	}
}
