package emulator

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"enishi/infra/environment"
)

// reader reads resources back, and counts.
type reader struct {
	*formation
	answers map[string]any    // to questions that several resources ask
	lost    map[string]string // what the emulator has not kept, by type and property, with how it differed
	left    map[string]bool   // types of which something was left behind
	said    map[string]bool   // what of the table was compared, by type and property
	counts  map[string]int    // of properties, by what became of them
}

func newReader() *reader {
	return &reader{answers: map[string]any{}, lost: map[string]string{}, left: map[string]bool{}, said: map[string]bool{}, counts: map[string]int{}}
}

// compare reads back everything of a stack.
func (r *reader) compare(t *testing.T, d deployed) {
	t.Helper()
	for _, name := range slices.Sorted(maps.Keys(d.Resources)) {
		id, made := d.ids[name]
		if !made {
			t.Errorf("%s (%s) is not among what the stack holds", name, d.Resources[name].Type)
			continue
		}
		for _, why := range r.one(t.Context(), d, d.Resources[name], id) {
			t.Errorf("%s (%s): %s", name, d.Resources[name].Type, why)
		}
	}
}

// one reads one resource back, and gives what is wrong with it.
func (r *reader) one(ctx context.Context, d deployed, made *resource, id string) []string {
	said, wrong := d.values(made)
	seen := map[string]bool{}
	for _, q := range types[made.Type].reads {
		if strings.Contains(filled(strings.Join(q.args, " "), id, said), "{") {
			continue // it asks of what this one does not say
		}
		answer, err := r.answer(ctx, q, id, said)
		if err == nil && answer == nil {
			err = fmt.Errorf("%s answers nothing at %s", q.action, filled(q.at, id, said))
		}
		if err != nil && !q.allLost() {
			wrong = append(wrong, err.Error())
			continue
		}
		for name := range said {
			if strings.Contains(fmt.Sprint(q.action, q.args), "{"+name+"}") {
				seen[name] = true // or there were no answer
			}
		}
		for _, same := range q.same {
			if why := r.same(made.Type, same, said, answer, seen); why != "" {
				wrong = append(wrong, why)
			}
		}
	}
	for name := range said {
		if !seen[name] && !slices.Contains(types[made.Type].unread, name) {
			wrong = append(wrong, name+" is read back by nothing, and not among what nothing shows")
		}
	}
	r.counts["nothing shows"] += len(said) - len(seen)
	return wrong
}

// gone finds that nothing of a deleted stack is there but what holds people's data.
func (r *reader) gone(t *testing.T, e environment.Environment, d deployed) {
	t.Helper()
	for name, made := range d.Resources {
		said, _ := d.values(made)
		answer, err := r.answer(t.Context(), types[made.Type].reads[0], d.ids[name], said)
		there, stays := err == nil && answer != nil, made.DeletionPolicy == "Retain"
		if stays && !e.Real {
			t.Errorf("%s (%s) stays, and nothing in %s is worth it", name, made.Type, e.Name)
		}
		if e.Real && !stays && slices.Contains([]string{"AWS::S3::Bucket", "AWS::ECR::Repository", "AWS::EFS::FileSystem"}, made.Type) {
			t.Errorf("%s (%s) would go with its stack, and %s is real", name, made.Type, e.Name)
		}
		if stays && !there {
			t.Errorf("%s (%s) went with its stack", name, made.Type)
		}
		if !stays && there {
			r.left[made.Type] = true
		}
	}
}

// values gives the properties of a resource as they are in the end.
func (d deployed) values(made *resource) (said map[string]any, wrong []string) {
	said = map[string]any{}
	for _, name := range slices.Sorted(maps.Keys(made.Properties)) {
		value, err := d.resolve(made.Properties[name])
		if err != nil && !slices.Contains(types[made.Type].unread, name) {
			wrong = append(wrong, fmt.Sprintf("%s: %v", name, err))
		}
		said[name] = value
	}
	return said, wrong
}

// allLost says that nothing is asked for but what is not kept, which may be an error.
func (q read) allLost() bool {
	return len(q.same) > 0 && !slices.ContainsFunc(q.same, func(same string) bool { return same[0] != '!' })
}

// same compares one property with what is answered.
func (r *reader) same(kind, same string, said map[string]any, answer any, seen map[string]bool) string {
	same, lost := strings.CutPrefix(same, "!")
	path, where, other := strings.Cut(same, "=")
	if !other {
		where = path
	}
	name, _, _ := strings.Cut(path, "/")
	want := at(said, path)
	if want == nil {
		return "" // this one does not say it
	}
	seen[name], r.said[kind+" "+path] = true, true
	why := differ(path, want, at(answer, filled(where, "", said)))
	if !lost {
		r.counts["as said"]++
		return why
	}
	if why != "" {
		r.lost[kind+" "+path] = why
	} else if r.lost[kind+" "+path] == "" {
		r.lost[kind+" "+path] = ""
	}
	r.counts["not kept"]++
	return ""
}

func (r *reader) answer(ctx context.Context, q read, id string, said map[string]any) (any, error) {
	var args []string
	for _, arg := range q.args {
		args = append(args, filled(arg, id, said))
	}
	action := filled(q.action, id, said)
	key := q.service + " " + action + " " + strings.Join(args, " ")
	if _, known := r.answers[key]; !known {
		answer, err := r.ask(ctx, q.service, action, args...)
		if err != nil {
			return nil, err
		}
		r.answers[key] = answer
	}
	return at(r.answers[key], filled(q.at, id, said)), nil
}

// filled puts what is known into a text with {id} and {Property}; of a list, the first.
func filled(text, id string, said map[string]any) string {
	out := strings.ReplaceAll(text, "{id}", id)
	for name, value := range said {
		if list, is := value.([]any); is && len(list) > 0 {
			value = list[0]
		}
		out = strings.ReplaceAll(out, "{"+name+"}", textOf(value))
	}
	return out
}
