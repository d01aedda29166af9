package emulator

import (
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/jsii-runtime-go"

	"enishi/infra/environment"
	"enishi/infra/stacks"
)

func TestMain(m *testing.M) {
	flag.Parse()
	code := m.Run()
	jsii.Close()
	os.Exit(code)
}

// variant is a choice of the table of environments that brings types of its own.
type variant struct {
	capacity environment.Capacity
	files    environment.Files
}

// variants gives every capacity, and files in a file system on the first: on what tasks run
// is nothing to where files are.
func variants() (all []variant) {
	for _, c := range environment.Capacities() {
		all = append(all, variant{c, environment.InS3})
	}
	return append(all, variant{environment.Capacities()[0], environment.InEFS})
}

// synthesised gives the templates of every environment in a variant, by the names of
// their stacks.
func synthesised(t *testing.T, v variant) map[string]template {
	t.Helper()
	dir := t.TempDir()
	app := stacks.NewApp(dir)
	for _, e := range environment.All() {
		e.Capacity, e.Files = v.capacity, v.files
		if err := stacks.Describe(app, e, ".."); err != nil {
			t.Fatal(err)
		}
	}
	app.Synth(nil)
	files, err := filepath.Glob(filepath.Join(dir, "*.template.json"))
	if err != nil || len(files) != len(environment.Parts())*len(environment.All()) {
		t.Fatalf("%d templates, %v", len(files), err)
	}
	all := map[string]template{}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var one template
		if err := json.Unmarshal(text, &one); err != nil {
			t.Fatal(err)
		}
		all[strings.TrimSuffix(filepath.Base(file), ".template.json")] = one
	}
	return all
}

// TestDeployed deploys every environment in every variant that has other types of
// resources, reads back what came of it, deploys again, and takes all away.
func TestDeployed(t *testing.T) {
	s := start(t)
	r := newReader()
	used := map[string]example{}
	done, tried := map[string]bool{}, map[string]bool{}
	var first map[string]template
	for _, v := range variants() {
		all := synthesised(t, v)
		if first == nil {
			first = all
		}
		for _, e := range environment.All() {
			parts := environment.Parts()
			if v.files != environment.InS3 {
				parts = changed(e, first, all)
			}
			kinds := typesOf(all, e, used)
			everyTypeIsInTheTable(t, used)
			if done[e.Name+kinds] {
				continue
			}
			done[e.Name+kinds] = true
			t.Run(e.Name+" on "+string(v.capacity)+" with files in "+string(v.files), func(t *testing.T) {
				lives(t, open(t, s, e.Domain), r, e, all, parts)
			})
		}
		t.Run("gaps on "+string(v.capacity)+" with files in "+string(v.files), func(t *testing.T) {
			gapsAreThere(t, s, environment.All()[0], all, tried)
		})
	}
	for kind, k := range types {
		if len(k.gaps) > 0 && !tried[kind] {
			t.Errorf("%s has gaps, and no variant of %s has it to try them", kind, environment.All()[0].Name)
		}
	}
	t.Run("unsupported", func(t *testing.T) { unsupportedAreSo(t, open(t, s, "enishi.example.jp"), used) })
	tableIsNoMore(t, r, used)
}

// changed gives the stacks that a variant changes, and those before them, from which they
// read: what comes after was deployed in the first variant as it is.
func changed(e environment.Environment, first, all map[string]template) []string {
	for i, stack := range slices.Backward(environment.Parts()) {
		if !reflect.DeepEqual(first[nameOf(e, stack)], all[nameOf(e, stack)]) {
			return environment.Parts()[:i+1]
		}
	}
	return nil
}

// example is a resource in a template.
type example struct {
	template
	name string
}

// typesOf gives the types that an environment has, and keeps an example of each.
func typesOf(all map[string]template, e environment.Environment, used map[string]example) string {
	found := map[string]bool{}
	for _, stack := range environment.Parts() {
		for name, r := range all[nameOf(e, stack)].Resources {
			found[r.Type] = true
			if _, known := used[r.Type]; !known {
				used[r.Type] = example{all[nameOf(e, stack)], name}
			}
		}
	}
	return strings.Join(slices.Sorted(maps.Keys(found)), " ")
}

func nameOf(e environment.Environment, stack string) string { return "enishi-" + e.Name + "-" + stack }

// vpcStays is what the emulator says when it deletes the stack of the network: it does not
// take away what stands in the VPC.
const vpcStays = "has dependencies and cannot be deleted"

// lives goes through the life of one environment's stacks.
func lives(t *testing.T, f *formation, r *reader, e environment.Environment, all map[string]template, parts []string) {
	r.formation, r.answers = f, map[string]any{}
	made := map[string]deployed{}
	for _, stack := range parts {
		name := nameOf(e, stack)
		d, err := f.create(t.Context(), name, all[name].cut(f.stands, ""))
		if err != nil {
			t.Fatal(err)
		}
		r.compare(t, d)
		made[stack] = d
	}
	for _, stack := range parts {
		why, err := f.change(t.Context(), nameOf(e, stack), made[stack].template, made[stack].said)
		if err != nil || !strings.Contains(why, "didn't contain changes") {
			t.Errorf("%s: the same again is %q, %v; want that nothing changes", stack, why, err)
		}
	}
	next(t, f, e, made["service"])
	for _, stack := range slices.Backward(parts) {
		err := f.remove(t.Context(), nameOf(e, stack))
		if stack == "base" && err != nil && strings.Contains(err.Error(), vpcStays) {
			continue // after everything else was deleted
		}
		if err != nil || stack == "base" {
			t.Errorf("deleting %s says %v; of base, want %q, or let the emulator off this", stack, err, vpcStays)
		}
	}
	r.answers = map[string]any{}
	for _, stack := range parts {
		r.gone(t, e, made[stack])
	}
}

// everyTypeIsInTheTable looks before anything is deployed, since what the emulator says of a
// type that it does not know is hard to read.
func everyTypeIsInTheTable(t *testing.T, used map[string]example) {
	t.Helper()
	for _, kind := range slices.Sorted(maps.Keys(used)) {
		if k := types[kind]; len(k.reads) == 0 && k.unsupported == "" {
			t.Fatalf("%s is in a template (%s), and the table does not say whether it is created and read back, or unsupported", kind, used[kind].name)
		}
	}
}

// next deploys a version after this one: another image, and a service that differs. What
// scaling has chosen in between is kept.
func next(t *testing.T, f *formation, e environment.Environment, d deployed) {
	const chosen = "5"
	cluster, image := "enishi-"+e.Name, values["image"][:len(values["image"])-1]+"1"
	if _, err := f.ask(t.Context(), "ecs", "UpdateService", "cluster="+cluster, "service=web", "#desiredCount="+chosen); err != nil {
		t.Fatal(err)
	}
	if _, err := f.ask(t.Context(), "ssm", "PutParameter", "Name=/enishi/"+e.Name+"/image-next", "Value="+image, "Type=String"); err != nil {
		t.Fatal(err)
	}
	after := d.copied()
	after.Resources["WebService"].Properties["HealthCheckGracePeriodSeconds"] = 61
	said := slices.Clone(d.said)
	for i, p := range said {
		if strings.HasSuffix(aws.ToString(p.ParameterValue), "/image") {
			said[i].ParameterValue = aws.String("/enishi/" + e.Name + "/image-next")
		}
	}
	if why, err := f.change(t.Context(), nameOf(e, "service"), after, said); err != nil || why != "" {
		t.Fatalf("the next version: %s, %v", why, err)
	}
	service, err := f.ask(t.Context(), "ecs", "DescribeServices", "cluster="+cluster, "services=[web]")
	if err != nil {
		t.Fatal(err)
	}
	if got := textOf(at(service, "services/0/desiredCount")); got != chosen {
		t.Errorf("the next version has %s web tasks, want the %s that scaling has chosen", got, chosen)
	}
	for _, family := range []string{"web", "worker", "expire"} { // of which the emulator drops what is in the container
		task, err := f.ask(t.Context(), "ecs", "DescribeTaskDefinition", "taskDefinition=enishi-"+e.Name+"-"+family)
		if got := textOf(at(task, "taskDefinition/revision")); err != nil || got != "2" {
			t.Errorf("%s is at revision %s, %v; want the next after another image", family, got, err)
		}
	}
}

// gapsAreThere deploys without one gap at a time, and finds that the emulator still fails. It
// leaves out types that the environment has not, and those that were tried before.
func gapsAreThere(t *testing.T, s *server, e environment.Environment, all map[string]template, tried map[string]bool) {
	has := map[string]example{}
	typesOf(all, e, has)
	for kind, k := range types {
		if _, is := has[kind]; !is || tried[kind] {
			continue
		}
		tried[kind] = true
		for _, g := range k.gaps {
			if got := without(t, open(t, s, e.Domain), e, all, kind+" "+g.name()); !strings.Contains(got, g.fails) {
				t.Errorf("without the gap %s of %s: %q; want %q. If the emulator has learned it, take it out of the table", g.name(), kind, got, g.fails)
			}
		}
	}
}

// without deploys without a gap, and gives what goes wrong.
func without(t *testing.T, f *formation, e environment.Environment, all map[string]template, one string) string {
	var wrong []string
	r := newReader()
	r.formation = f
	for _, stack := range environment.Parts() {
		d, err := f.create(t.Context(), nameOf(e, stack), all[nameOf(e, stack)].cut(f.stands, one))
		if err != nil {
			return err.Error()
		}
		for name, made := range d.Resources {
			wrong = append(wrong, r.one(t.Context(), d, made, d.ids[name])...)
		}
	}
	return strings.Join(wrong, "; ")
}

// unsupportedAreSo deploys one resource of each type that the emulator does not make, alone.
func unsupportedAreSo(t *testing.T, f *formation, used map[string]example) {
	for kind, one := range used {
		want := types[kind].unsupported
		if want == "" {
			continue
		}
		want = strings.ReplaceAll(want, "TYPE", kind)
		from := f.log.len()
		d, err := f.create(t.Context(), "alone", one.alone(one.name, f.stands))
		got := fmt.Sprint(err)
		if err == nil {
			got = ""
			if found := f.log.await(from, regexp.MustCompile(regexp.QuoteMeta(want)), time.Second); found != nil && len(d.ids) == 0 {
				got = found[0]
			}
			if err := f.remove(t.Context(), "alone"); err != nil {
				t.Error(err)
			}
		} else {
			f.reset(t)
		}
		if !strings.Contains(got, want) {
			t.Errorf("%s alone: %q, made %v; want %q. If the emulator has learned it, say in the table how it is read back", kind, got, d.ids, want)
		}
	}
}

// tableIsNoMore holds the table to what was seen, and counts.
func tableIsNoMore(t *testing.T, r *reader, used map[string]example) {
	created, unsupported := 0, 0
	for kind, k := range types {
		if k.unsupported != "" {
			unsupported++
		} else {
			created++
		}
		if _, is := used[kind]; !is {
			t.Errorf("%s is in the table, and no template has it", kind)
		}
	}
	for what, why := range r.lost {
		if why == "" {
			t.Errorf("the emulator now keeps %s: take the ! away", what)
		}
	}
	for kind, k := range types {
		for _, q := range k.reads {
			for _, same := range q.same {
				if path, _, _ := strings.Cut(strings.TrimPrefix(same, "!"), "="); !r.said[kind+" "+path] {
					t.Errorf("%s: no template says %s", kind, path)
				}
			}
		}
		if k.leaves != r.left[kind] {
			t.Errorf("%s is left behind by a stack that is deleted: %t, the table says %t", kind, r.left[kind], k.leaves)
		}
	}
	fmt.Printf("emulator: %d types created and read back, %d unsupported; properties: %d as said, %d not kept, %d shown by nothing\n",
		created, unsupported, r.counts["as said"], r.counts["not kept"], r.counts["nothing shows"])
}
