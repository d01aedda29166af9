package stack

import (
	"encoding/json"
	"time"

	"enishi/internal/config"
	"enishi/internal/errs"
	"enishi/internal/web"
)

// tasksFile is what infra/ makes tasks of ECS from, which is a module of its own and
// imports nothing of the service.
const tasksFile = "infra/program/program.json"

// tasks is the program as ECS has to know it.
type tasks struct {
	Note     string        `json:"note"`
	Port     int           `json:"port"`
	Health   []string      `json:"health"` // the program and what it is given
	Roles    []task        `json:"roles"`
	Jobs     []task        `json:"jobs"`
	Settings []taskSetting `json:"settings"`
	Cookies  []string      `json:"cookies"` // on which pages can depend: by them the edge tells apart what it keeps
}

// task is a role of the service, or a job that ends. Sizes are what it takes at least.
type task struct {
	Name        string   `json:"name"`
	What        string   `json:"what"`
	Args        []string `json:"args"`
	MemoryMiB   int64    `json:"memory_mib"`
	StopSeconds int      `json:"stop_seconds"`
	Every       int      `json:"every_minutes,omitempty"`
	At          string   `json:"at,omitempty"` // of a daily job, in Tokyo: 03:30
}

type taskSetting struct {
	Env    string `json:"env"`
	Secret bool   `json:"secret"`
	Help   string `json:"help"`
}

// Tasks gives that file.
func Tasks() ([]byte, error) {
	t := tasks{
		Note: "Written by `make compose` from the table in internal/stack: edit that.",
		Port: servicePort, Health: []string{"/enishi", "health"}, Cookies: web.Cookies(),
	}
	for _, s := range own() {
		t.Roles = append(t.Roles, task{Name: s.Name, What: s.What, Args: s.Args, MemoryMiB: s.Memory / megabyte, StopSeconds: int(s.Stop / time.Second)})
	}
	for _, j := range Jobs() {
		one := task{Name: j.Name, What: j.What, Args: j.Args, MemoryMiB: j.Memory / megabyte, StopSeconds: int(j.Stop / time.Second), Every: int(j.Every / time.Minute)}
		if j.Every == 0 {
			one.At = time.Time{}.Add(j.At).Format("15:04")
		}
		t.Jobs = append(t.Jobs, one)
	}
	for _, s := range config.Settings() {
		t.Settings = append(t.Settings, taskSetting{s.Env(), s.Secret, s.Help})
	}
	text, err := json.MarshalIndent(t, "", "  ")
	if err != nil {
		return nil, errs.Wrap(errs.Internal, "the tasks cannot be written", err)
	}
	return append(text, '\n'), nil
}
