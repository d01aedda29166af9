package config

import (
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"enishi/internal/errs"
)

const (
	databaseForm = "mysql://USER:PASSWORD@HOST:PORT/NAME, of MySQL 8.0.17 or later or MariaDB 10.6 or later" + databaseTLS
	databaseTLS  = "; to encrypt, add ?tls=true, ?tls=skip-verify or ?tls=preferred"
)

func databaseURL() Setting {
	return Setting{
		Name: "database-url", Secret: true, Accepts: databaseForm, show: shownURL("(a file in the data folder)"),
		Help: "database that several processes share; without one, the process keeps its own in the data folder",
		set: func(c *Config, value string) (string, bool) {
			c.DatabaseURL = value
			return "a value of another form", value == "" || isDatabase(value)
		},
	}
}

func databaseReaderURL() Setting {
	return Setting{
		Name: "database-reader-url", Secret: true, Accepts: databaseForm + ", a replica of the one in ENISHI_DATABASE_URL", show: shownURL("(none)"),
		Help: "replica that lists and figures are read from, which may be a second old there; who has just written reads the writer until the replica has it; the writer answers all if not set",
		set: func(c *Config, value string) (string, bool) {
			c.DatabaseReaderURL = value
			return "a value of another form", value == "" || isDatabase(value)
		},
	}
}

// databasePassword is apart from the addresses where something else keeps the ones, and
// knows nothing of the other.
func databasePassword() Setting {
	return Setting{
		Name: "database-password", Secret: true, Accepts: "any text",
		Help:    "password of the database and of its replica, where their addresses have none",
		derived: func(*Config) string { return "(none)" },
		set: func(c *Config, value string) (string, bool) {
			if value != "" {
				c.DatabaseURL, c.DatabaseReaderURL = withPassword(c.DatabaseURL, value), withPassword(c.DatabaseReaderURL, value)
			}
			return "", true
		},
	}
}

// databaseSecret names what is asked once the password has been changed.
func databaseSecret() Setting {
	arn := regexp.MustCompile(`^arn:aws[a-z-]*:secretsmanager:[a-z0-9-]+:[0-9]{12}:secret:[^\s?]+$`)
	return Setting{
		Name: "database-secret-arn", Accepts: "nothing, or the ARN of a secret in Secrets Manager",
		Help: "secret of AWS that keeps the password of the database and of its replica: it is read when the database refuses the one that is known, as after a rotation",
		set: func(c *Config, value string) (string, bool) {
			c.DatabaseSecret = value
			return strconv.Quote(value), value == "" || arn.MatchString(value)
		},
	}
}

// withPassword puts a password into an address that has a user and none.
func withPassword(address, password string) string {
	u, err := url.Parse(address)
	if err != nil || u.User == nil {
		return address
	}
	if _, has := u.User.Password(); !has {
		u.User = url.UserPassword(u.User.Username(), password)
	}
	return u.String()
}

// mostConnections is more than any server of ours allows.
const mostConnections = 1000

func connections() Setting {
	return Setting{
		Name: "database-connections", Default: "auto", Accepts: "auto, or a number from 1 to " + strconv.Itoa(mostConnections),
		Help: "connections to the database server, for reading and for writing each; auto: a share of what the server allows",
		set: func(c *Config, value string) (string, bool) {
			if value == "auto" {
				c.Connections = 0
				return "", true
			}
			var err error
			c.Connections, err = strconv.Atoi(value)
			return strconv.Quote(value), err == nil && c.Connections >= 1 && c.Connections <= mostConnections
		},
	}
}

// ConnectionShare is the part of the database server's connections that a
// process may have by what it does, unless Connections says how many: many
// answer requests, fewer match, and jobs run one after another. Together, a
// dozen web processes, four workers and four with jobs take less than all.
func (c *Config) ConnectionShare() float64 {
	var all float64
	for _, r := range c.Roles {
		switch r {
		case Web:
			all += 1.0 / 16
		case Worker:
			all += 1.0 / 32
		case Job:
			all += 1.0 / 64
		}
	}
	return all
}

// Roles gives every role that a process can have.
func Roles() []Role { return []Role{Web, Worker, Job} }

func roles() Setting {
	return Setting{
		Name: "roles", Default: "web,worker,job", Accepts: "some of web, worker and job, with commas between",
		Help: "what the process does: answer requests, make the offers that are due, run batch jobs",
		set: func(c *Config, value string) (string, bool) {
			c.Roles = nil
			for name := range strings.SplitSeq(value, ",") {
				r := Role(strings.TrimSpace(name))
				if !slices.Contains(Roles(), r) || slices.Contains(c.Roles, r) {
					return strconv.Quote(value), false
				}
				c.Roles = append(c.Roles, r)
			}
			return strconv.Quote(value), true
		},
	}
}

func isDatabase(value string) bool {
	u, err := url.Parse(value)
	if err != nil || u.Scheme != "mysql" && u.Scheme != "mariadb" || u.Host == "" || len(u.Path) < 2 {
		return false
	}
	for name, values := range u.Query() {
		if name != "tls" || !slices.Contains([]string{"true", "skip-verify", "preferred"}, values[0]) {
			return false
		}
	}
	return true
}

// shownURL shows an address without its password; what stands alone before the host
// is a key, not a name, except of a database.
func shownURL(none string) func(string) string {
	return func(value string) string {
		u, err := url.Parse(value)
		if value == "" || err != nil {
			return none
		}
		if _, has := u.User.Password(); has {
			u.User = url.UserPassword(u.User.Username(), "hidden")
		} else if u.User != nil && u.Scheme != "mysql" && u.Scheme != "mariadb" {
			u.User = url.User("hidden")
		}
		return u.String()
	}
}

func names(roles []Role) []string {
	all := make([]string, len(roles))
	for i, r := range roles {
		all[i] = string(r)
	}
	return all
}

// together gives what is wrong with settings that depend on each other.
func (c *Config) together() []errs.Problem {
	wrong := append(c.Mail.together(), c.metricsTogether()...)
	if c.DatabaseURL == "" && len(c.Roles) < 3 {
		wrong = append(wrong, errs.Problem{
			Pointer: "--roles (ENISHI_ROLES)", Found: strings.Join(names(c.Roles), ","),
			Allowed: "all of them while the database is a file, which one process has to itself; or ENISHI_DATABASE_URL",
		})
	}
	if c.DatabaseURL == "" && c.DatabaseReaderURL != "" {
		wrong = append(wrong, errs.Problem{
			Pointer: "ENISHI_DATABASE_READER_URL", Found: "a replica",
			Allowed: "none without ENISHI_DATABASE_URL, the database that it is a replica of",
		})
	}
	if c.DatabaseURL == "" && c.DatabaseSecret != "" {
		wrong = append(wrong, errs.Problem{
			Pointer: "--database-secret-arn (ENISHI_DATABASE_SECRET_ARN)", Found: "a secret",
			Allowed: "none without ENISHI_DATABASE_URL, the database that it opens",
		})
	}
	if c.DatabaseURL != "" && len(c.Secret) == 0 {
		wrong = append(wrong, errs.Problem{
			Pointer: "ENISHI_SECRET", Found: "none",
			Allowed: "the same secret for every process that shares a database, such as the output of `openssl rand -hex 32`",
		})
	}
	return wrong
}
