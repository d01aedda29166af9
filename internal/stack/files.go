package stack

import (
	"fmt"
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
	balancer, err := addressed(string(source))
	if err != nil {
		return nil, err
	}
	tasks, err := Tasks()
	return []Written{{"compose.yaml", compose}, {"deploy/compose/haproxy.cfg", []byte(balancer)}, {tasksFile, tasks}}, err
}

const balancerSource = "deploy/haproxy.cfg"

// addressed gives HAProxy's configuration with every address that a web process of the
// stack may have, in place of the example's. Where nobody is, its checks find nobody.
func addressed(source string) (string, error) {
	var lines []string
	servers, binds := 0, 0
	for line := range strings.SplitSeq(source, "\n") {
		switch {
		case strings.HasPrefix(line, "\tserver "):
			if servers++; servers > 1 {
				continue
			}
			network, _, _ := strings.Cut(servingSubnet, "0/")
			for i := range servingMost {
				lines = append(lines, fmt.Sprintf("\tserver web%d %s%d:8080", i+1, network, servingFirst+i))
			}
		case line == "\tbind :80":
			binds++
			lines = append(lines, "\tbind :8080")
		default:
			lines = append(lines, line)
		}
	}
	if servers == 0 || binds != 1 {
		return "", errs.New(errs.Internal, balancerSource+" has no servers, or does not bind :80: the stack's cannot be made of it")
	}
	_, text, _ := strings.Cut(strings.Join(lines, "\n"), "\n\n") // how to name servers by hand
	return "# Written by `make compose` from " + balancerSource + ": edit that.\n\n" + text, nil
}
