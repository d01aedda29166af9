package config

import (
	"maps"
	"net"
	"net/url"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Setting is one thing that an operator can set.
type Setting struct {
	Name    string // its flag without the dashes: matching-mode
	Default string
	Accepts string // what a valid value is, for messages
	Help    string // what it does, one line
	Secret  bool

	show   func(value string) string // how it is shown; nil: as it is, a secret hidden
	inDemo string                    // the default of a demo installation, if it differs
	// derived, if not nil, gives what stands for an empty value once the
	// settings before this one are known.
	derived func(c *Config) string
	// set checks value and puts it into c, or gives what was found for the
	// message: the value itself unless that is secret.
	set func(c *Config, value string) (found string, ok bool)
}

// Flag gives the setting's flag: --matching-mode. A secret has none, since
// everyone on a machine can read what a program was started with.
func (s Setting) Flag() string {
	if s.Secret {
		return ""
	}
	return "--" + s.Name
}

// Env gives the setting's environment variable: ENISHI_MATCHING_MODE.
func (s Setting) Env() string {
	return envPrefix + strings.ToUpper(strings.ReplaceAll(s.Name, "-", "_"))
}

const envPrefix = "ENISHI_"

// Settings gives every setting, in the order in which they are shown.
func Settings() []Setting { return settings() }

// settings begins with demo and data, which defaults of the others depend on.
//
// long: a table of settings
func settings() []Setting {
	return []Setting{
		{
			Name: "demo", Default: "false", Accepts: "true or false",
			Help: "confirm companies and addresses at once, send offers without approval, open /dev/clock",
			set:  setDemo,
		},
		{
			Name: "addr", Default: "127.0.0.1:8080", Accepts: "HOST:PORT, with a port from 0 (any free one) to 65535",
			Help: "address to listen on",
			set:  setAddr,
		},
		{
			Name: "data", Default: "data", Accepts: "the path of a folder",
			Help: "folder that holds the database, the files and the secret",
			set:  setData,
		},
		filesURL(),
		{
			Name: "matching-mode", Default: string(Approve), inDemo: string(Auto), Accepts: "approve or auto",
			Help: "approve: a member of the company confirms each batch; auto: rules send by themselves, which in Japan takes an employment-placement permit",
			set: func(c *Config, value string) (string, bool) {
				c.MatchingMode = MatchingMode(value)
				return strconv.Quote(value), c.MatchingMode == Approve || c.MatchingMode == Auto
			},
		},
		environment(), dataKind(), deployment(), permit(), contact(), publicURL(),
		{
			Name: "rate-limits", Default: "on", Accepts: "on or off",
			Help: "limits on requests; off is for benches",
			set: func(c *Config, value string) (string, bool) {
				c.RateLimits = value == "on"
				return strconv.Quote(value), value == "on" || value == "off"
			},
		},
		{
			Name: "proxies", Default: "0", Accepts: "a whole number from 0 to 9",
			Help: "reverse proxies of your own in front, each of which adds the address that it was asked from to X-Forwarded-For; limits count the client's then",
			set: func(c *Config, value string) (string, bool) {
				var err error
				c.Proxies, err = strconv.Atoi(value)
				return strconv.Quote(value), err == nil && c.Proxies >= 0 && c.Proxies <= 9
			},
		},
		{
			Name: "concurrency", Default: "auto", Accepts: "auto, or a whole number from 1 to 100000",
			Help: "requests that run at once; the others wait, and are refused where they matter least; auto: 4 for each core",
			set:  setConcurrency,
		},
		{
			Name: "secret", Secret: true,
			Accepts: "at least 32 printable ASCII characters without spaces, such as the output of `openssl rand -hex 32`",
			Help:    "key that card ids and other keyed values derive from; changing it changes them all",
			set:     setSecret,
		},
		databaseURL(), databaseReaderURL(), databasePassword(), databaseSecret(), connections(), redisURL(), redisPassword(), mailURL(), mailFrom(), roles(),
		{
			Name: "log-format", Default: string(LogText), Accepts: "text or json",
			Help: "form of the log's lines",
			set: func(c *Config, value string) (string, bool) {
				c.LogFormat = LogFormat(value)
				return strconv.Quote(value), c.LogFormat == LogText || c.LogFormat == LogJSON
			},
		},
		logLevel(), tracesURL(), tracesRatio(), cloudWatch(),
	}
}

// Unknown gives the names in environ (as os.Environ) that begin with ENISHI_
// and are no setting, sorted: most likely misspelt, so worth a warning.
func Unknown(environ []string) []string {
	known := make(map[string]bool)
	for _, s := range settings() {
		known[s.Env()] = true
	}
	var unknown []string
	for _, pair := range environ {
		name, _, _ := strings.Cut(pair, "=")
		if strings.HasPrefix(name, envPrefix) && !known[name] {
			unknown = append(unknown, name)
		}
	}
	slices.Sort(unknown)
	return slices.Compact(unknown)
}

func setDemo(c *Config, value string) (string, bool) {
	c.Demo = value == "true"
	return strconv.Quote(value), value == "true" || value == "false"
}

func setConcurrency(c *Config, value string) (string, bool) {
	c.Concurrency = 0
	if value == "auto" {
		return "", true
	}
	n, err := strconv.Atoi(value)
	c.Concurrency = n
	return strconv.Quote(value), err == nil && n >= 1 && n <= 100_000
}

func setAddr(c *Config, value string) (string, bool) {
	c.Addr = value
	host, port, err := net.SplitHostPort(value)
	if err != nil || !isHost(host) {
		return strconv.Quote(value), false
	}
	_, err = strconv.ParseUint(port, 10, 16)
	return strconv.Quote(value), err == nil
}

// isHost reports whether host is an address, a name, or empty: all addresses
// of the machine.
func isHost(host string) bool {
	address, _, _ := strings.Cut(host, "%")
	if host == "" || net.ParseIP(address) != nil {
		return true
	}
	return !strings.ContainsFunc(host, func(r rune) bool {
		return r != '-' && r != '.' && r != '_' && !unicode.IsLetter(r) && !unicode.IsDigit(r)
	})
}

func setData(c *Config, value string) (string, bool) {
	c.Data = filepath.Clean(value)
	return strconv.Quote(value), value != "" && utf8.ValidString(value) && !strings.ContainsRune(value, 0)
}

func permit() Setting {
	return Setting{
		Name: "permit", Accepts: "nothing, or the number of the permit or notification on one line, at most 60 characters",
		Help: "number of your employment-placement permit or notification, shown at the foot of every page",
		set:  setPermit,
	}
}

func contact() Setting {
	return Setting{
		Name: "contact", Accepts: "nothing, or an e-mail address, an address of a page, or a text on one line, at most 100 characters",
		Help: "how people reach you, shown at the foot of every page and where a page says to write to the operator",
		set:  setContact,
	}
}

func publicURL() Setting {
	return Setting{
		Name: "public-url", Accepts: "nothing, or http:// or https:// with a host, without a path",
		Help:    "where people reach the pages, for links in mails; the address to listen on if not set",
		derived: func(c *Config) string { return c.PublicURL },
		set:     setPublicURL,
	}
}

func setPermit(c *Config, value string) (string, bool) {
	c.Permit = value
	n := utf8.RuneCountInString(value)
	return strconv.Quote(value), n <= 60 && utf8.ValidString(value) && !strings.ContainsFunc(value, unicode.IsControl)
}

func setContact(c *Config, value string) (string, bool) {
	c.Contact = value
	n := utf8.RuneCountInString(value)
	return strconv.Quote(value), n <= 100 && utf8.ValidString(value) && !strings.ContainsFunc(value, unicode.IsControl)
}

// setPublicURL takes the address of a site. Requests say by which name they came,
// and may lie: a link to a new password must not lead where they say.
func setPublicURL(c *Config, value string) (string, bool) {
	if value == "" {
		c.PublicURL = "http://" + c.Addr
		return "", true
	}
	u, err := url.Parse(value)
	if err != nil {
		return "no URL", false // it may hold a password
	}
	c.PublicURL = u.Scheme + "://" + u.Host
	return strconv.Quote(u.Redacted()), (u.Scheme == "http" || u.Scheme == "https") && u.Host != "" && isHost(u.Hostname()) && u.User == nil &&
		strings.Trim(u.Path, "/") == "" && u.RawQuery == "" && u.Fragment == ""
}

// secretBytes is the least length of a secret: 32 hexadecimal digits hold the
// 128 bits of the keys that derive from it.
const secretBytes = 32

func setSecret(c *Config, value string) (string, bool) {
	if value == "" {
		c.Secret = nil
		return "", true
	}
	c.Secret = Secret(value)
	if strings.ContainsFunc(value, func(r rune) bool { return r <= ' ' || r >= 0x7f }) {
		return "a value with other characters in it", false
	}
	return strconv.Itoa(len(value)) + " characters", len(value) >= secretBytes
}

func sortedKeys(m map[string]string) []string { return slices.Sorted(maps.Keys(m)) }
