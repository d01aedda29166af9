package stack

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"enishi/internal/errs"
)

// Compose gives compose.yaml: the whole installation on one host, for Docker Compose.
func Compose() ([]byte, error) {
	shared, log := settingsNode(), logging()
	services := mapping()
	for _, s := range Services() {
		add(services, s.Name, s.What, s.node(shared, log))
	}
	for _, j := range Jobs() {
		add(services, j.Name, j.Schedule+": "+uncapital(j.What), onDemand(shared, &j))
	}
	add(services, "enishi", "any command, on demand: docker compose run --rm enishi COMMAND", onDemand(shared, &OnDemand{Memory: jobMemory, CPUs: 1, Stop: stopTime}))
	root := mapping()
	add(root, "x-log", "Lines go to the log server; the last ones are kept for `docker compose logs`.", log)
	add(root, "x-settings", "What all processes of Enishi are told. The file .env, which deploy/init makes, says the rest.", shared)
	add(root, "services", "", services)
	add(root, "networks", "", networksNode())
	volumes := mapping()
	for _, name := range volumeNames() {
		add(volumes, name, "", mapping())
	}
	add(root, "volumes", "", volumes)
	var out bytes.Buffer
	e := yaml.NewEncoder(&out)
	e.SetIndent(2)
	document := &yaml.Node{Kind: yaml.DocumentNode, Content: []*yaml.Node{root}, HeadComment: "The whole of Enishi on one host: docs/operations.md, \"One host\".\n" +
		"Written by `make compose` from the table in internal/stack: edit that."}
	if err := e.Encode(document); err != nil {
		return nil, errs.Wrap(errs.Internal, "the stack cannot be written", err)
	}
	return out.Bytes(), nil
}

// settingsNode is the environment that roles and jobs share, written once.
func settingsNode() *yaml.Node {
	n := mapping()
	for _, v := range Settings() {
		add(n, v.Name, "", scalar(v.Value))
	}
	n.Anchor = "settings"
	return n
}

func (s *Service) node(shared, log *yaml.Node) *yaml.Node {
	n := mapping("image", scalar(s.Image))
	if s.Own {
		add(n, "pull_policy", "", scalar("never"))
	}
	if s.Copies > 1 {
		add(n, "scale", "", scalar(s.Copies))
	}
	if s.Entry != nil {
		add(n, "entrypoint", "", list(s.Entry))
	}
	if s.Args != nil {
		add(n, "command", "", list(s.Args))
	}
	add(n, "environment", "", environment(s, shared))
	if s.Health != nil {
		add(n, "healthcheck", "", s.Health.node())
	}
	s.filesTo(n)
	var opens []string
	for _, p := range s.Opens {
		opens = append(opens, fmt.Sprintf("${%s:-%s}:%d%s", p.Setting, p.Default, p.Inside, udp(p)))
	}
	add(n, "ports", "", list(opens))
	s.networksTo(n)
	after := mapping()
	for _, name := range s.After {
		add(after, name, "", mapping("condition", scalar("service_healthy")))
	}
	add(n, "depends_on", "", after)
	if s.User != "" {
		add(n, "user", "", scalar(s.User))
	}
	bounds(n, s.Memory, s.CPUs, s.Stop)
	add(n, "restart", "", scalar("always"))
	if !s.Plain {
		add(n, "logging", "", reference(log))
	}
	return n
}

// networksTo puts into n through what the service reaches others.
func (s *Service) networksTo(n *yaml.Node) {
	if s.Where == nil {
		add(n, "network_mode", "", scalar("none"))
		return
	}
	where := mapping()
	for _, w := range s.Where {
		at := mapping()
		if w == Serving && s.At != "" {
			at = mapping("ipv4_address", scalar(s.At))
		}
		at.Style = yaml.FlowStyle
		add(where, string(w), "", at)
	}
	add(n, "networks", "", where)
}

// networksNode describes the networks themselves.
func networksNode() *yaml.Node {
	addresses := mapping("subnet", scalar(servingSubnet), "ip_range", scalar(servingRange), "gateway", scalar(servingGateway))
	return mapping(string(Front), mapping(), string(Back), mapping("internal", scalar(true)), string(Serving), mapping(
		"ipam", mapping("config", &yaml.Node{Kind: yaml.SequenceNode, Content: []*yaml.Node{addresses}}),
	))
}

// onDemand is a container that somebody starts and waits for. What it says is for them
// alone: a new password must not lie in the log server's files.
func onDemand(shared *yaml.Node, j *OnDemand) *yaml.Node {
	s := own()[0]
	n := mapping("image", scalar(s.Image), "pull_policy", scalar("never"), "profiles", list([]string{"on-demand"}),
		"entrypoint", list(append([]string{"/enishi"}, j.Args...)), "environment", mapping("<<", reference(shared)),
		"healthcheck", mapping("disable", scalar(true)), "logging", mapping("driver", scalar("none")))
	s.filesTo(n)
	add(n, "networks", "", list([]string{string(Front), string(Back)}))
	bounds(n, j.Memory, j.CPUs, j.Stop)
	return n
}

func environment(s *Service, shared *yaml.Node) *yaml.Node {
	n := mapping()
	if s.Own {
		add(n, "<<", "", reference(shared))
	}
	for _, v := range s.Env {
		add(n, v.Name, "", scalar(v.Value))
	}
	return n
}

func (h *Health) node() *yaml.Node {
	n := mapping("test", list(append([]string{"CMD"}, h.Test...)), "interval", scalar("5s"), "timeout", scalar("3s"), "retries", scalar(3))
	add(n, "start_period", "", scalar(max(h.Patient, 30*time.Second).String()))
	return n
}

// filesTo puts what the service reads and writes into n; it writes nowhere else.
func (s *Service) filesTo(n *yaml.Node) {
	var mounts []string
	for _, v := range s.Writes {
		mounts = append(mounts, v.Name+":"+v.Folder)
	}
	for _, v := range s.Sees {
		mounts = append(mounts, v.Name+":"+v.Folder+":ro")
	}
	for _, f := range s.Reads {
		from := f.Path
		if !strings.HasPrefix(from, "/") {
			from = "./" + from
		}
		mounts = append(mounts, from+":"+f.Folder+":ro")
	}
	add(n, "read_only", "", scalar(true))
	add(n, "volumes", "", list(mounts))
	var room []string
	for _, folder := range s.Room {
		room = append(room, folder+":mode=1777") // whoever owns it in the image
	}
	add(n, "tmpfs", "", list(room))
}

// bounds puts into n what the service may take, and takes its rights away.
func bounds(n *yaml.Node, memory int64, cpus float64, stop time.Duration) {
	add(n, "mem_limit", "", scalar(fmt.Sprintf("%dm", memory/megabyte)))
	add(n, "cpus", "", scalar(cpus))
	add(n, "stop_grace_period", "", scalar(stop.String()))
	add(n, "cap_drop", "", list([]string{"ALL"}))
	add(n, "security_opt", "", list([]string{"no-new-privileges:true"}))
}

// logging sends lines to the log server, and keeps the last ones for docker logs.
func logging() *yaml.Node {
	n := mapping("driver", scalar("syslog"), "options", mapping(
		"syslog-address", scalar("udp://${LOG_LISTEN:-127.0.0.1:5514}"),
		"syslog-format", scalar("rfc5424micro"),
		"tag", scalar("{{.Name}}"),
	))
	n.Anchor = "log"
	return n
}

func volumeNames() []string {
	var all []string
	for _, s := range Services() {
		for _, v := range s.Writes {
			if !slices.Contains(all, v.Name) {
				all = append(all, v.Name)
			}
		}
	}
	return all
}

func udp(p Port) string {
	if p.Setting == "LOG_LISTEN" {
		return "/udp"
	}
	return ""
}

func uncapital(s string) string { return strings.ToLower(s[:1]) + strings.TrimSuffix(s[1:], ".") }
