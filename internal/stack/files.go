package stack

import (
	"io/fs"
	"strings"

	"enishi/internal/errs"
)

// Written is a file of the project that is made from the table.
type Written struct {
	Path string // in the project
	Text []byte
}

// Files gives every file that is made from the table, and from the files of project
// that are written by hand.
func Files(project fs.FS) ([]Written, error) {
	compose, err := Compose()
	if err != nil {
		return nil, err
	}
	source, err := fs.ReadFile(project, balancerSource)
	if err != nil {
		return nil, errs.Wrap(errs.NotFound, "run it in the project's folder", err)
	}
	balancer, err := named(string(source))
	return []Written{{"compose.yaml", compose}, {"deploy/compose/haproxy.cfg", []byte(balancer)}}, err
}

const balancerSource = "deploy/haproxy.cfg"

// named gives HAProxy's configuration with the web processes found by name, as many as
// there are, in place of the addresses that the example has.
func named(source string) (string, error) {
	const (
		resolvers = `# Docker answers names, and knows at once who is there.
resolvers docker
	nameserver docker 127.0.0.11:53
	resolve_retries 3
	timeout resolve 500ms
	timeout retry 500ms
	hold valid 1s
	hold obsolete 1s

`
		template = "\tserver-template web 16 web:8080 resolvers docker init-addr none"
	)
	var lines []string
	servers := 0
	for line := range strings.SplitSeq(source, "\n") {
		switch {
		case strings.HasPrefix(line, "\tserver "):
			if servers++; servers == 1 {
				lines = append(lines, template)
			}
		case line == "\tbind :80":
			lines = append(lines, "\tbind :8080")
		case line == "defaults":
			lines = append(lines, resolvers+line)
		default:
			lines = append(lines, line)
		}
	}
	text := strings.Join(lines, "\n")
	if servers == 0 || !strings.Contains(text, "bind :8080") || !strings.Contains(text, "resolvers docker\n") {
		return "", errs.New(errs.Internal, balancerSource+" has no defaults, no servers, or does not bind :80: the stack's cannot be made of it")
	}
	_, text, _ = strings.Cut(text, "\n\n") // how to name servers by hand
	return "# Written by `make compose` from " + balancerSource + ": edit that.\n\n" + text, nil
}
