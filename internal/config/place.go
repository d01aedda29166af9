package config

import (
	"strconv"
	"strings"
)

// DataKind says whose data an installation may hold.
type DataKind string

// The kinds of data: of people, and of nobody.
const (
	RealData DataKind = "real"
	DemoData DataKind = "demo"
)

// environment names the installation where there are several, for whoever works on it.
func environment() Setting {
	const most = 32
	return Setting{
		Name: "environment", Accepts: "nothing, or a name of at most 32 lower-case letters, digits and hyphens, such as prod",
		Help: "name of this installation: commands that change it show it, ask why, and ask for the name where people's data is",
		set: func(c *Config, value string) (string, bool) {
			c.Environment = value
			other := strings.ContainsFunc(value, func(r rune) bool { return r != '-' && (r < '0' || r > '9') && (r < 'a' || r > 'z') })
			return strconv.Quote(value), len(value) <= most && !other
		},
	}
}

// deployment names what has started the process.
func deployment() Setting {
	const most = 128
	return Setting{
		Name: "deployment", Accepts: "nothing, or a name of at most 128 visible ASCII characters",
		Help: "name of the deployment that has started this process, as enishi deploy sets it: a request that names another (Enishi-Deployment) is refused, so that a version can be verified while others serve",
		set: func(c *Config, value string) (string, bool) {
			c.Deployment = value
			return strconv.Quote(value), len(value) <= most && !strings.ContainsFunc(value, func(r rune) bool { return r <= ' ' || r > '~' })
		},
	}
}

// dataKind keeps people's data out of where only demo data may be.
func dataKind() Setting {
	return Setting{
		Name: "data-kind", Accepts: "nothing, real or demo",
		Help: "whose data may be here: real, of people, or demo, of nobody; a database of the other kind is refused, as is one that may be people's where demo is set",
		set: func(c *Config, value string) (string, bool) {
			c.DataKind = DataKind(value)
			return strconv.Quote(value), value == "" || c.DataKind == RealData || c.DataKind == DemoData
		},
	}
}
