package config

import (
	"log/slog"
	"net/url"
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

// cloudWatch tells the metrics of one environment from those of another in the same account
// by the name of the installation.
func cloudWatch() Setting {
	return Setting{
		Name: "cloudwatch", Default: "off", Accepts: "on or off",
		Help: "on: a server writes into its log, every minute, the metrics that CloudWatch's alarms ask for, under the name in ENISHI_ENVIRONMENT",
		set: func(c *Config, value string) (string, bool) {
			c.CloudWatch = value == "on"
			return strconv.Quote(value), value == "on" || value == "off"
		},
	}
}

// metricsTogether refuses lines that nobody could read, or could not tell from another's.
func (c *Config) metricsTogether() (wrong []errs.Problem) {
	if !c.CloudWatch {
		return nil
	}
	if c.LogFormat != LogJSON {
		wrong = append(wrong, errs.Problem{
			Pointer: "--log-format (ENISHI_LOG_FORMAT)", Found: strconv.Quote(string(c.LogFormat)),
			Allowed: "json where --cloudwatch is on: CloudWatch reads metrics in no other",
		})
	}
	if c.Environment == "" {
		wrong = append(wrong, errs.Problem{Pointer: "--environment (ENISHI_ENVIRONMENT)", Found: "none", Allowed: "the name of the installation where --cloudwatch is on: its metrics bear it"})
	}
	return wrong
}
