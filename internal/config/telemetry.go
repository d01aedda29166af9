package config

import (
	"log/slog"
	"net/url"
	"regexp"
	"strconv"

	"enishi/internal/errs"
)

func logLevel() Setting {
	return Setting{
		Name: "log-level", Default: "info", Accepts: "debug, info, warn or error",
		Help: "least important lines that are logged; debug: probes too",
		set: func(c *Config, value string) (string, bool) {
			levels := map[string]slog.Level{"debug": slog.LevelDebug, "info": slog.LevelInfo, "warn": slog.LevelWarn, "error": slog.LevelError}
			level, ok := levels[value]
			c.LogLevel = level
			return strconv.Quote(value), ok
		},
	}
}

func tracesURL() Setting {
	return Setting{
		Name: "traces-url", Secret: true, show: shownURL("(none)"),
		Accepts: "http://HOST:PORT or https://USER:KEY@HOST/PATH, where a collector takes OTLP over HTTP",
		Help:    "collector that traces are sent to; without one there are none",
		set: func(c *Config, value string) (string, bool) {
			c.TracesURL = value
			u, err := url.Parse(value)
			return "a value of another form", value == "" ||
				err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Host != "" && u.RawQuery == "" && u.Fragment == ""
		},
	}
}

// tracesRatio records one request in twenty unless told otherwise: rates and
// slow parts show after some hundred requests, and a busy process sends a few
// hundred spans a second.
func tracesRatio() Setting {
	return Setting{
		Name: "traces-ratio", Default: "0.05", Accepts: "a number from 0 to 1",
		Help: "part of the traces that begin here and are recorded; a caller's trace is recorded if the caller records it",
		set: func(c *Config, value string) (string, bool) {
			var err error
			c.TracesRatio, err = strconv.ParseFloat(value, 64)
			return strconv.Quote(value), err == nil && c.TracesRatio >= 0 && c.TracesRatio <= 1
		},
	}
}

// cloudWatchEnvironment both asks for the lines and tells the metrics of one
// environment from those of another in the same account.
func cloudWatchEnvironment() Setting {
	named := regexp.MustCompile(`^[a-z][a-z0-9-]{0,31}$`)
	return Setting{
		Name: "cloudwatch-environment", Accepts: "nothing, or the name of an environment: at most 32 small letters, digits and hyphens, the first a letter",
		Help: "environment under which CloudWatch keeps the metrics that its alarms ask for; a server writes them into its log then, every minute",
		set: func(c *Config, value string) (string, bool) {
			c.CloudWatchEnvironment = value
			return strconv.Quote(value), value == "" || named.MatchString(value)
		},
	}
}

// metricsTogether refuses lines that nobody could read.
func (c *Config) metricsTogether() []errs.Problem {
	if c.CloudWatchEnvironment == "" || c.LogFormat == LogJSON {
		return nil
	}
	return []errs.Problem{{
		Pointer: "--log-format (ENISHI_LOG_FORMAT)", Found: strconv.Quote(string(c.LogFormat)),
		Allowed: "json where --cloudwatch-environment is set: CloudWatch reads metrics in no other",
	}}
}
