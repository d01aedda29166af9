package config

import (
	"net/url"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Files says where files are kept that other processes read too.
type Files struct {
	Folder string // a clean path; empty: they are in a bucket
	Bucket Bucket
}

// Bucket is a bucket of S3, or of a server that speaks like it.
type Bucket struct {
	Name     string // empty: there is none
	Prefix   string // path that every key begins with, without a slash around it; empty: none
	Region   string // empty: the one that the machine is set up for
	Endpoint string // URL of the server; empty: Amazon's
}

// String gives the folder, or the URL of the bucket.
func (f Files) String() string {
	if f.Bucket.Name == "" {
		return f.Folder
	}
	u := url.URL{Scheme: "s3", Host: f.Bucket.Name}
	if f.Bucket.Prefix != "" {
		u.Path = "/" + f.Bucket.Prefix
	}
	query := url.Values{}
	for name, value := range map[string]string{"region": f.Bucket.Region, "endpoint": f.Bucket.Endpoint} {
		if value != "" {
			query.Set(name, value)
		}
	}
	u.RawQuery = query.Encode()
	return u.String()
}

const filesForm = "nothing, or file:///PATH of a folder, or s3://BUCKET[/PREFIX] of a bucket of S3, with ?region=REGION" +
	" and, of another server that speaks like it, &endpoint=https://HOST[:PORT]; keys are not part of it: they are looked for as programs on AWS do"

func filesURL() Setting {
	return Setting{
		Name: "files-url", Accepts: filesForm,
		Help:    "where files are kept that other processes read too, such as snapshots: a folder or a bucket of S3; the folder files in the data folder if not set",
		derived: func(c *Config) string { return c.Files.String() },
		set: func(c *Config, value string) (string, bool) {
			if value == "" {
				c.Files = Files{Folder: filepath.Join(c.Data, "files")}
				return "", true
			}
			var ok bool
			c.Files, ok = ParseFiles(value)
			return filesFound(value), ok
		},
	}
}

// filesFound is what is said of a wrong value, which may hold a password or a
// key where none belongs.
func filesFound(value string) string {
	u, err := url.Parse(value)
	switch {
	case err != nil:
		return "no URL"
	case u.User != nil && u.Scheme == "s3":
		return "an address with a user or a key in it"
	case u.RawQuery != "" || u.Fragment != "":
		return strconv.Quote(u.Scheme+"://"+u.Host+u.EscapedPath()) + " with something else behind it"
	}
	return strconv.Quote(u.Redacted())
}

// ParseFiles reads the URL of a folder or of a bucket; ok is false if it is
// neither. A relative path, or one on another host, would be another folder for
// each process.
func ParseFiles(value string) (f Files, ok bool) {
	u, err := url.Parse(value)
	if err != nil || u.User != nil || u.Opaque != "" || u.Fragment != "" || !utf8.ValidString(u.Path) || strings.ContainsFunc(u.Path, unicode.IsControl) {
		return Files{}, false
	}
	switch u.Scheme {
	case "file":
		return Files{Folder: filepath.Clean(u.Path)}, u.Host == "" && u.RawQuery == "" && strings.HasPrefix(u.Path, "/")
	case "s3":
		f.Bucket.Name = u.Host
		return f, isBucket(u.Host) && f.Bucket.readPath(u.Path) && f.Bucket.readQuery(u.RawQuery)
	}
	return Files{}, false
}

// isBucket says whether S3 allows a bucket to have a name.
func isBucket(name string) bool {
	return len(name) >= 3 && len(name) <= 63 && isWord(name, ".-") && !strings.Contains(name, "..") &&
		!strings.ContainsAny(name[:1]+name[len(name)-1:], ".-")
}

// isWord says whether a text is of small letters, digits and some others.
func isWord(text, others string) bool {
	return text != "" && !strings.ContainsFunc(text, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < '0' || r > '9') && !strings.ContainsRune(others, r)
	})
}

// longestPrefix leaves room for names: a key has 1,024 bytes at most.
const longestPrefix = 512

// readPath refuses a path that servers which keep files in folders would
// understand otherwise.
func (b *Bucket) readPath(path string) bool {
	b.Prefix = strings.Trim(path, "/")
	if b.Prefix == "" {
		return true
	}
	return len(b.Prefix) <= longestPrefix && !slices.ContainsFunc(strings.Split(b.Prefix, "/"), func(part string) bool {
		return part == "" || strings.HasPrefix(part, ".") || strings.Contains(part, `\`)
	})
}

// readQuery refuses what it does not know.
func (b *Bucket) readQuery(raw string) bool {
	query, err := url.ParseQuery(raw)
	if err != nil {
		return false
	}
	for name, values := range query {
		value := values[0]
		switch {
		case len(values) > 1:
			return false
		case name == "region" && isWord(value, "-"):
			b.Region = value
		case name == "endpoint" && isEndpoint(value):
			b.Endpoint = strings.TrimSuffix(value, "/")
		default:
			return false
		}
	}
	return true
}

func isEndpoint(value string) bool {
	u, err := url.Parse(value)
	return err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Host != "" && isHost(u.Hostname()) && u.User == nil &&
		strings.Trim(u.Path, "/") == "" && u.RawQuery == "" && u.Fragment == ""
}
