package config_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"enishi/internal/config"
)

func TestParseRedis(t *testing.T) {
	one := []string{"cache.example.jp:6379"}
	tests := []struct {
		url   string
		want  config.Redis
		shown string
	}{
		{"redis://cache.example.jp", config.Redis{Hosts: one}, "redis://cache.example.jp:6379/0"},
		{"redis://127.0.0.1:7000/3", config.Redis{Hosts: []string{"127.0.0.1:7000"}, DB: 3}, "redis://127.0.0.1:7000/3"},
		{"redis://[::1]", config.Redis{Hosts: []string{"[::1]:6379"}}, "redis://[::1]:6379/0"},
		{"redis://[::1]:7000/", config.Redis{Hosts: []string{"[::1]:7000"}}, "redis://[::1]:7000/0"},
		{"redis://:hunter2@cache.example.jp/1", config.Redis{Hosts: one, Password: config.Secret("hunter2"), DB: 1}, "redis://cache.example.jp:6379/1"},
		{
			"rediss://shop:hun%2Fter%402@cache.example.jp?ca=/etc/ssl/ca.pem",
			config.Redis{Hosts: one, User: "shop", Password: config.Secret("hun/ter@2"), TLS: true, CA: "/etc/ssl/ca.pem"},
			"rediss://cache.example.jp:6379/0?ca=/etc/ssl/ca.pem",
		},
		{"rediss://cache.example.jp/?cluster=true", config.Redis{Hosts: one, TLS: true, Cluster: true}, "rediss://cache.example.jp:6379/0?cluster=true"},
		{"redis://cache.example.jp?cluster=false", config.Redis{Hosts: one}, "redis://cache.example.jp:6379/0"},
		{
			"redis://shop:hunter2@a:1,b:2,c",
			config.Redis{Hosts: []string{"a:1", "b:2", "c:6379"}, User: "shop", Password: config.Secret("hunter2"), Cluster: true},
			"redis://a:1,b:2,c:6379/0?cluster=true",
		},
	}
	for _, tt := range tests {
		got, ok := config.ParseRedis(tt.url)
		if diff := cmp.Diff(tt.want, got); diff != "" || !ok {
			t.Errorf("ParseRedis(%q): %v (-want +got):\n%s", tt.url, ok, diff)
		}
		if got.String() != tt.shown {
			t.Errorf("ParseRedis(%q) shows as %q, want %q", tt.url, got, tt.shown)
		}
	}
}

func TestParseRedisRefuses(t *testing.T) {
	for _, url := range []string{
		"", "cache.example.jp", "cache.example.jp:6379", "http://cache.example.jp", "redis:cache", "redis://", "redis://:6379",
		"redis://a:0", "redis://a:65536", "redis://a:port", "redis://a b", "redis://a:1,", "redis://a:1,,b:2", "redis://a,a:6379",
		"redis://a/b", "redis://a/-1", "redis://a/01", "redis://a/1/2", "redis://a/65536", "redis://a:1,b:2/1", "redis://a/1?cluster=true",
		"redis://a?cluster=yes", "redis://a:1,b:2?cluster=false", "redis://a?ca=/etc/ca.pem", "rediss://a?ca=", "rediss://a?ca=x&ca=y",
		"redis://a?db=1", "redis://a#b", "redis://%zz@a", "REDIS://a",
	} {
		if got, ok := config.ParseRedis(url); ok {
			t.Errorf("ParseRedis(%q) = %+v, want it refused", url, got)
		}
	}
}

func TestRedisSetting(t *testing.T) {
	resolve := func(url string) (*config.Config, error) {
		return config.Resolve(nil, environment(map[string]string{"ENISHI_REDIS_URL": url}))
	}
	line := func(c *config.Config) config.Line {
		for _, l := range c.Describe() {
			if l.Name == "redis-url" {
				return l
			}
		}
		t.Fatal("redis-url is no setting")
		return config.Line{}
	}
	none, err := resolve("")
	if err != nil || none.Redis.Given() || line(none).Value != "(none: limits are each process's own)" {
		t.Errorf("without a Redis: %+v, %v, %v", none.Redis, line(none), err)
	}
	c, err := resolve("redis://shop:hunter2@a:1,b:2")
	if err != nil || !c.Redis.Given() {
		t.Fatalf("with a Redis: %+v, %v", c, err)
	}
	for form, text := range map[string]string{"line": fmt.Sprintf("%+v", line(c)), "config": fmt.Sprintf("%+v", *c)} {
		leaks(t, form, text, "hunter2")
	}
	if got := line(c); got.Value != "redis://a:1,b:2/0?cluster=true" || got.Flag != "" {
		t.Errorf("the line is %+v, want hosts and database without a flag", got)
	}
	_, err = resolve("http://shop:hunter2@a")
	if err == nil {
		t.Fatal("another scheme is accepted")
	}
	leaks(t, "error", fmt.Sprintf("%+v", err), "hunter2")
}

func leaks(t *testing.T, form, text, secret string) {
	t.Helper()
	if strings.Contains(text, secret) {
		t.Errorf("the %s shows the password: %s", form, text)
	}
}

// TestRedisPassword puts a password beside the address that has none.
func TestRedisPassword(t *testing.T) {
	for url, want := range map[string]string{"rediss://a:1": "apart", "rediss://:within@a:1": "within"} {
		c, err := config.Resolve(nil, environment(map[string]string{"ENISHI_REDIS_URL": url, "ENISHI_REDIS_PASSWORD": "apart"}))
		if err != nil || string(c.Redis.Password) != want {
			t.Errorf("%s has the password %q, %v; want %q", url, string(c.Redis.Password), err, want)
		}
		leaks(t, "config", fmt.Sprintf("%+v %v", *c, c.Describe()), want)
	}
}
