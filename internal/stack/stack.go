// Package stack says what Enishi runs on: one table of services and jobs with their
// commands, settings, ports, health, limits and schedules, from which the
// descriptions of whole installations are made.
//
// It starts nothing. Everything here is safe for concurrent use.
package stack

import (
	"time"

	"enishi/internal/config"
	"enishi/internal/market"
)

// Service is a process that an installation has, or several that are alike.
type Service struct {
	Name   string
	What   string   // one line
	Image  string   // with its version
	Own    bool     // a role of Enishi's own program
	Entry  []string // in place of what the image starts; nil: that
	Args   []string
	Copies int
	Env    []Variable
	Health *Health // nil: what the image says
	Memory int64   // bytes that all of one copy may take
	CPUs   float64 // cores that one copy may take
	Stop   time.Duration
	Writes []Volume
	Sees   []Volume // of others
	Reads  []File
	Room   []string // folders in memory, for what need not last
	User   string   // in place of the image's own
	After  []string // services that have to be healthy before it starts
	Where  []Network
	At     string // address on Serving; empty: any
	Opens  []Port
	Plain  bool // its own lines stay with Docker: it is where those of others go
}

// Variable is what the environment of a service says.
type Variable struct{ Name, Value string }

// Health is how a service is asked whether it is well.
type Health struct {
	Test    []string // a program in the image, with what is given to it
	Patient time.Duration
}

// Volume is a folder that outlives a service.
type Volume struct{ Name, Folder string }

// File is a file or a folder of the project that a service reads.
type File struct{ Path, Folder string }

// Port is one that the host opens: Setting names the variable that says where.
type Port struct {
	Setting, Default string
	Inside           int
}

// Network is what services reach each other through.
type Network string

// The networks. Nothing on Back reaches the world, nor the world it. On Serving there
// are the load balancer and the web processes alone, at addresses that it knows
// beforehand: it asks each whether somebody there takes requests. A name would tell it of
// a process that has just begun to start, which it would believe to be well.
const (
	Front   Network = "front"
	Back    Network = "back"
	Serving Network = "serving"
)

// Addresses of Serving: the web processes take any of servingFirst and the six that follow.
const (
	servingSubnet   = "172.31.254.0/28"
	servingRange    = "172.31.254.8/29"
	servingGateway  = "172.31.254.1" // the host, which must not be taken for a web process
	servingBalancer = "172.31.254.2"
	servingFirst    = 8
	servingMost     = 7
)

// OnDemand is a job of Enishi's that somebody or something runs when it is time.
type OnDemand struct {
	Name     string
	What     string
	Args     []string
	Schedule string // as people read it; Tokyo's time
	Every    time.Duration
	At       time.Duration // since midnight in Tokyo, of a daily one
	Memory   int64
	CPUs     float64
	Stop     time.Duration
}

const (
	megabyte    = 1 << 20
	servicePort = 8080 // of the image
	// jobMemory holds the populations of a million people, which snapshot loads.
	jobMemory = 1024 * megabyte
	// stopTime is what a process takes at most from SIGTERM to its end: five seconds in
	// which balancers notice, fifteen for open requests, and what is left of traces.
	stopTime = 30 * time.Second
)

// Jobs gives every job of the market.
func Jobs() []OnDemand {
	all := market.AllJobs()
	jobs := make([]OnDemand, len(all))
	for i := range all {
		j := &all[i]
		jobs[i] = OnDemand{
			Name: j.Name, What: j.What, Args: []string{"job", "run", j.Name},
			Schedule: j.Schedule(), Every: j.Every, At: j.At,
			Memory: jobMemory, CPUs: 1, Stop: stopTime,
		}
	}
	return jobs
}

// Settings gives the environment of Enishi's own processes: what the stack decides,
// and every other setting as whoever starts it has it.
func Settings() []Variable {
	decided := decided()
	var all []Variable
	for _, s := range config.Settings() {
		value, ok := decided[s.Name]
		switch {
		case !ok:
			value = "${" + s.Env() + ":-}"
		case value == "":
			continue
		}
		all = append(all, Variable{s.Env(), value})
	}
	return all
}

// decided gives the settings that the stack decides; an empty one is the image's
// or the service's own to say.
func decided() map[string]string {
	return map[string]string{
		"addr":              "",
		"data":              "",
		"log-format":        "",
		"roles":             "",
		"proxies":           "${ENISHI_PROXIES:-1}", // more where others stand before HAProxy
		"files-url":         "file:///data/files",
		"redis-password":    needed("CACHE_PASSWORD"),
		"secret":            needed("ENISHI_SECRET"),
		"database-url":      "mysql://enishi@mariadb:3306/enishi",
		"database-password": needed("DATABASE_PASSWORD"),
		"redis-url":         "redis://valkey:6379/0",
		"mail-url":          "${ENISHI_MAIL_URL:-smtp://mail:1025?tls=off}",
		"mail-from":         "${ENISHI_MAIL_FROM:-Enishi <no-reply@enishi.invalid>}",
		"public-url":        "${ENISHI_PUBLIC_URL:-http://127.0.0.1:8080}",
	}
}

func needed(name string) string { return "${" + name + ":?run deploy/init first}" }
