// Package template reads templates of CloudFormation, and follows what they refer to, also
// from one stack into another.
//
// It reads files alone; a set is not changed after it was read, and is then safe for
// concurrent use.
package template

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// Resource is one of a stack.
type Resource struct {
	Stack, Name string // the name is the template's own
	Type        string
	Properties  map[string]any
}

// Set is the templates of an environment together.
type Set struct {
	Resources []*Resource // by stack and name
	named     map[string]map[string]*Resource
	exports   map[string]exported
}

// exported is what a stack gives to others.
type exported struct {
	stack string
	value any
}

const suffix = ".template.json"

// Read reads every template of an environment in a folder.
func Read(dir, environment string) (*Set, error) {
	files, err := filepath.Glob(filepath.Join(dir, "enishi-"+environment+"-*"+suffix))
	if err != nil {
		return nil, fmt.Errorf("templates: %w", err)
	}
	if len(files) == 0 {
		return nil, fmt.Errorf("%s holds no template of %s: go run ./cmd/synth %s FOLDER writes them", dir, environment, environment)
	}
	s := &Set{named: map[string]map[string]*Resource{}, exports: map[string]exported{}}
	for _, file := range files {
		if err := s.add(file); err != nil {
			return nil, err
		}
	}
	slices.SortFunc(s.Resources, func(a, b *Resource) int {
		return cmp.Or(cmp.Compare(a.Stack, b.Stack), cmp.Compare(a.Name, b.Name))
	})
	return s, nil
}

func (s *Set) add(file string) error {
	text, err := os.ReadFile(file)
	if err != nil {
		return fmt.Errorf("templates: %w", err)
	}
	var t struct {
		Resources map[string]*Resource
		Outputs   map[string]struct {
			Value  any
			Export struct{ Name any }
		}
	}
	if err := json.Unmarshal(text, &t); err != nil {
		return fmt.Errorf("templates: %s: %w", file, err)
	}
	stack := strings.TrimSuffix(filepath.Base(file), suffix)
	for name, r := range t.Resources {
		r.Stack, r.Name = stack, name
		s.Resources = append(s.Resources, r)
	}
	s.named[stack] = t.Resources
	for _, o := range t.Outputs {
		if name, ok := o.Export.Name.(string); ok {
			s.exports[name] = exported{stack, o.Value}
		}
	}
	return nil
}

// Of gives the resources of a type.
func (s *Set) Of(kind string) (list []*Resource) {
	for _, r := range s.Resources {
		if r.Type == kind {
			list = append(list, r)
		}
	}
	return list
}

var inText = regexp.MustCompile(`\$\{([A-Za-z0-9]+)`)

// Refers gives every resource to which a value of a stack refers, each once, in the order
// in which it does.
func (s *Set) Refers(stack string, value any) []*Resource {
	var list []*Resource
	add := func(name string) {
		if r := s.named[stack][name]; r != nil && !slices.Contains(list, r) {
			list = append(list, r)
		}
	}
	switch v := value.(type) {
	case []any:
		for _, one := range v {
			list = join(list, s.Refers(stack, one))
		}
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(v)) {
			switch of := v[key].(type) {
			case string:
				switch key {
				case "Ref", "Fn::GetAtt":
					name, _, _ := strings.Cut(of, ".")
					add(name)
				case "Fn::Sub":
					for _, found := range inText.FindAllStringSubmatch(of, -1) {
						add(found[1])
					}
				case "Fn::ImportValue":
					if e, ok := s.exports[of]; ok {
						list = join(list, s.Refers(e.stack, e.value))
					}
				}
			case []any:
				if key == "Fn::GetAtt" && len(of) > 0 {
					if name, ok := of[0].(string); ok {
						add(name)
					}
					continue
				}
				list = join(list, s.Refers(stack, of))
			default:
				list = join(list, s.Refers(stack, of))
			}
		}
	}
	return list
}

func join(list, more []*Resource) []*Resource {
	for _, r := range more {
		if !slices.Contains(list, r) {
			list = append(list, r)
		}
	}
	return list
}

// Under gives what a resource refers to in those of its properties that have one of some
// names, however deep they lie.
func (s *Set) Under(r *Resource, names ...string) []*Resource {
	return s.under(r.Stack, r.Properties, names)
}

func (s *Set) under(stack string, value any, names []string) (list []*Resource) {
	switch v := value.(type) {
	case []any:
		for _, one := range v {
			list = join(list, s.under(stack, one, names))
		}
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(v)) {
			if slices.Contains(names, key) {
				list = join(list, s.Refers(stack, v[key]))
				continue
			}
			list = join(list, s.under(stack, v[key], names))
		}
	}
	return list
}

// Text gives a property that is a text, or "".
func (r *Resource) Text(name string) string {
	text, _ := r.Properties[name].(string)
	return text
}

// List gives a property that is a list, or none.
func (r *Resource) List(name string) []any {
	list, _ := r.Properties[name].([]any)
	return list
}

var made = regexp.MustCompile(`[0-9A-F]{8}$`)

// Short gives the name without what the CDK puts behind it to keep it unique.
func (r *Resource) Short() string { return made.ReplaceAllString(r.Name, "") }
