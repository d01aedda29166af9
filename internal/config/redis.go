package config

import (
	"net"
	"net/url"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// Redis says where a Redis, Valkey or ElastiCache is, and how it is spoken to.
type Redis struct {
	Hosts    []string // host:port, in the order given; none: there is no Redis
	User     string   // empty: the default one
	Password Secret
	TLS      bool
	CA       string // file of the authorities that its certificate may come from; empty: the system's
	Cluster  bool   // its keys are spread over several nodes
	DB       int    // always 0 in a cluster
}

// Given says whether there is a Redis.
func (r Redis) Given() bool { return len(r.Hosts) > 0 }

// String gives the address without user and password.
func (r Redis) String() string {
	if !r.Given() {
		return "(none)"
	}
	scheme := "redis"
	var query []string
	if r.TLS {
		scheme = "rediss"
	}
	if r.Cluster {
		query = append(query, "cluster=true")
	}
	if r.CA != "" {
		query = append(query, "ca="+r.CA)
	}
	text := scheme + "://" + strings.Join(r.Hosts, ",") + "/" + strconv.Itoa(r.DB)
	if len(query) > 0 {
		text += "?" + strings.Join(query, "&")
	}
	return text
}

const redisForm = "redis://[USER:PASSWORD@]HOST[:PORT][/DB], rediss:// for TLS (?ca=FILE names its authorities)," +
	" several hosts with commas between or ?cluster=true for a cluster, of Redis 7 or later"

func redisURL() Setting {
	return Setting{
		Name: "redis-url", Secret: true, Accepts: redisForm,
		Help: "Redis that limits and sessions are shared through; while it is away, limits are each process's own and sessions are read from the database",
		show: func(value string) string {
			r, _ := ParseRedis(value) // a wrong one is not shown
			return r.String()
		},
		derived: func(*Config) string { return "(none: limits are each process's own)" },
		set: func(c *Config, value string) (string, bool) {
			var ok bool
			if c.Redis, ok = ParseRedis(value); !ok && value != "" {
				return "a value of another form", false // it may hold a password
			}
			return "", true
		},
	}
}

// redisPassword is apart from the address where something else keeps the one, and
// knows nothing of the other.
func redisPassword() Setting {
	return Setting{
		Name: "redis-password", Secret: true, Accepts: "any text",
		Help:    "password of the Redis, where ENISHI_REDIS_URL has none",
		derived: func(*Config) string { return "(none)" },
		set: func(c *Config, value string) (string, bool) {
			if value != "" && len(c.Redis.Password) == 0 {
				c.Redis.Password = Secret(value)
			}
			return "", true
		},
	}
}

// redisPort is the port of a host that is given without one.
const redisPort = "6379"

// ParseRedis reads the URL of a Redis; ok is false if it is none.
func ParseRedis(value string) (r Redis, ok bool) {
	// A list of hosts is more than a URL can have: it is taken out first.
	scheme, rest, found := strings.Cut(value, "://")
	end := strings.IndexAny(rest, "/?#")
	if end < 0 {
		end = len(rest)
	}
	hosts := rest[strings.LastIndexByte(rest[:end], '@')+1 : end]
	u, err := url.Parse(scheme + "://" + rest[:end-len(hosts)] + "host" + rest[end:])
	if !found || err != nil || scheme != "redis" && scheme != "rediss" || u.Fragment != "" {
		return Redis{}, false
	}
	r.TLS, r.User = scheme == "rediss", u.User.Username()
	if password, has := u.User.Password(); has {
		r.Password = Secret(password)
	}
	for host := range strings.SplitSeq(hosts, ",") {
		address, ok := redisHost(host)
		if !ok || slices.Contains(r.Hosts, address) {
			return Redis{}, false
		}
		r.Hosts = append(r.Hosts, address)
	}
	r.Cluster = len(r.Hosts) > 1
	if !r.readPath(u.Path) || !r.readQuery(u.RawQuery) || r.Cluster && r.DB != 0 {
		return Redis{}, false
	}
	return r, true
}

func redisHost(host string) (address string, ok bool) {
	name, port, err := net.SplitHostPort(host)
	if err != nil {
		name, port = strings.TrimSuffix(strings.TrimPrefix(host, "["), "]"), redisPort
	}
	n, err := strconv.ParseUint(port, 10, 16)
	return net.JoinHostPort(name, port), err == nil && n > 0 && name != "" && isHost(name)
}

// mostDB bounds the number of a database: servers have 16 unless told otherwise.
const mostDB = 1 << 15

func (r *Redis) readPath(path string) bool {
	if path = strings.TrimPrefix(path, "/"); path == "" {
		return true
	}
	var err error
	r.DB, err = strconv.Atoi(path)
	return err == nil && r.DB >= 0 && r.DB <= mostDB && strconv.Itoa(r.DB) == path
}

// readQuery refuses what it does not know, and a cluster that several hosts
// are said not to be.
func (r *Redis) readQuery(raw string) bool {
	query, err := url.ParseQuery(raw)
	if err != nil {
		return false
	}
	for name, values := range query {
		value := values[0]
		switch {
		case len(values) > 1:
			return false
		case name == "ca" && r.TLS && value != "":
			r.CA = filepath.Clean(value)
		case name == "cluster" && value == "true", name == "cluster" && value == "false" && !r.Cluster:
			r.Cluster = value == "true"
		default:
			return false
		}
	}
	return true
}
