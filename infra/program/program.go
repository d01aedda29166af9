// Package program tells what has to run: the roles, jobs and settings of Enishi's program, and the
// cookies of its pages, as the service itself has them. A new role, job, setting or cookie comes in by
// `make compose` in the folder above.
package program

import (
	_ "embed"
	"encoding/json"
	"fmt"
)

//go:embed program.json
var table []byte

//go:embed alarms.json
var alarms []byte

// Program is what the image holds.
type Program struct {
	Port     int
	Health   []string
	Roles    []Task
	Jobs     []Task
	Settings []Setting
	Cookies  []string // on which its pages can depend
}

// Task is a role of the service, or a job that ends.
type Task struct {
	Name, What  string
	Args        []string
	MemoryMiB   int    `json:"memory_mib"`
	StopSeconds int    `json:"stop_seconds"`
	Every       int    `json:"every_minutes"` // 0: daily
	At          string // of a daily job, in Tokyo
}

// Setting is one that the program reads from its environment.
type Setting struct {
	Env    string
	Secret bool
	Help   string
}

// Read gives the table.
func Read() (Program, error) {
	var p Program
	if err := json.Unmarshal(table, &p); err != nil {
		return p, fmt.Errorf("infra/program/program.json: %w: run make compose", err)
	}
	return p, nil
}

// Role gives a role by its name.
func (p *Program) Role(name string) (Task, error) {
	for _, t := range p.Roles {
		if t.Name == name {
			return t, nil
		}
	}
	return Task{}, fmt.Errorf("the program has no role %q", name)
}

// Ends says whether a task is a job: it has a schedule, and comes to an end.
func (t Task) Ends() bool { return t.Every > 0 || t.At != "" }

// Words are a text in both languages.
type Words struct{ JA, EN string }

// Severities of alarms.
const (
	Page   = "page"   // a person is told, now
	Ticket = "ticket" // whoever works next
)

// Units of figures.
const (
	Share = "share" // of 1
	Days  = "days"
	Count = "count"
)

// Alarm is what is said of an alarm. Its name is that in CloudWatch without what stands
// before it; Parts are those of one that looks at two windows.
type Alarm struct {
	Name, Severity string
	Symptom, First Words
	Figure         Figure
	Parts          []Part
	Runbook        string // its path in the project
}

// Figure is what an alarm compares with its threshold.
type Figure struct {
	Words
	Unit string
}

// Part is an alarm of its own, which tells nobody.
type Part struct {
	Name      string
	Minutes   int // how far it looks back
	Threshold float64
}

// Alarms gives the table.
func Alarms() ([]Alarm, error) {
	var list []Alarm
	if err := json.Unmarshal(alarms, &list); err != nil {
		return nil, fmt.Errorf("infra/program/alarms.json: %w: run make alarms", err)
	}
	return list, nil
}
