package stacks_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"enishi/infra/environment"
	"enishi/infra/program"
)

// promise is what the documents promise of resources of one type. Known templates are written anew with every change;
// a promise that a change breaks stays red until somebody takes it from this table.
type promise struct {
	what  string         // in words: a failure begins with it
	part  string         // the stack
	kind  string         // the type
	named string         // how their names begin; "": whatever they are called
	but   string         // how names begin of those that are not meant; "": none
	many  any            // how many there are
	has   map[string]any // what each of them has, by the path to it (at)
}

// What a promise wants, where it is not the value itself.
type (
	byTable func(environment.Environment) any // as the table of environments says
	says    string                            // it refers to this, or has this text in it
	inZones string                            // a list with one for each zone, each of which has this text
	nothing struct{}                          // it is not said
	some    struct{}                          // it is said, whatever it is
)

func (s says) String() string    { return fmt.Sprintf("something with %q", string(s)) }
func (z inZones) String() string { return fmt.Sprintf("one with %q for each zone", string(z)) }
func (nothing) String() string   { return "nothing" }
func (some) String() string      { return "anything" }

// people is for what mistakes are kept from where people's data is, and nowhere else.
func people(e environment.Environment) any { return e.Real }

// TestWhatIsPromised holds the templates of every environment on every capacity to the table of promises.
func TestWhatIsPromised(t *testing.T) {
	p, err := program.Read()
	if err != nil {
		t.Fatal(err)
	}
	table := slices.Concat(ofTheNetwork(), ofTheDatabase(), ofTheCache(), ofWhatIsKept(), ofTheBalancer(), ofTasks(len(p.Jobs)), ofWhoWatches(), ofTheEdge())
	if len(table) < 30 {
		t.Fatalf("%d promises", len(table))
	}
	for _, e := range environment.All() {
		for _, e.Capacity = range environment.Capacities() {
			all, _ := synthesised(t, e)
			for i := range table {
				for _, broken := range table[i].broken(e, all["enishi-"+e.Name+"-"+table[i].part]) {
					t.Errorf("%s on %s: %s: %s", e.Name, e.Capacity, table[i].what, broken)
				}
			}
		}
	}
}

// broken gives what of a promise a template does not keep.
func (p *promise) broken(e environment.Environment, one template) (out []string) {
	meant := one.of(p.kind)
	maps.DeleteFunc(meant, func(name string, _ resource) bool {
		return !strings.HasPrefix(name, p.named) || p.but != "" && strings.HasPrefix(name, p.but)
	})
	if want := wanted(e, p.many); want != len(meant) {
		out = append(out, fmt.Sprintf("the stack %s has %d of %s, want %v", p.part, len(meant), p.kind, want))
	}
	for _, name := range slices.Sorted(maps.Keys(meant)) {
		for _, path := range slices.Sorted(maps.Keys(p.has)) {
			want, got := wanted(e, p.has[path]), at(meant[name].Properties, path)
			if !kept(e, want, got) {
				out = append(out, fmt.Sprintf("%s has the %s %s, want %v", name, path, compact(got), want))
			}
		}
	}
	return out
}

// wanted gives what is wanted in an environment.
func wanted(e environment.Environment, v any) any {
	if by, ok := v.(byTable); ok {
		return by(e)
	}
	return v
}

// kept says whether a value is what is wanted.
func kept(e environment.Environment, want, got any) bool {
	switch want := want.(type) {
	case nothing:
		return got == nil
	case some:
		return got != nil && got != "" && got != false
	case says:
		return strings.Contains(compact(got), string(want))
	case inZones:
		list, _ := got.([]any)
		return len(list) == len(e.Zones) && !slices.ContainsFunc(list, func(one any) bool { return !strings.Contains(compact(one), string(want)) })
	case int:
		return got == float64(want)
	}
	return cmp.Equal(want, got)
}

// at gives what lies on a path through a document: a key, the place in a list, or Name=Value for the one of a list
// that has it. It is nil where there is nothing.
func at(v any, path string) any {
	for step := range strings.SplitSeq(path, "/") {
		switch from := v.(type) {
		case map[string]any:
			v = from[step]
		case []any:
			v = inList(from, step)
		default:
			return nil
		}
	}
	return v
}

func inList(list []any, step string) any {
	if i, err := strconv.Atoi(step); err == nil && i < len(list) {
		return list[i]
	}
	key, value, _ := strings.Cut(step, "=")
	for _, one := range list {
		if named, ok := one.(map[string]any); ok && named[key] == value {
			return one
		}
	}
	return nil
}

// TestPromisesAreHeld holds the comparison itself: what lacks, is more, or is another value is a promise that is not kept.
func TestPromisesAreHeld(t *testing.T) {
	e := environment.Environment{Zones: []string{"a", "c"}, Real: true}
	one := template{Resources: map[string]resource{
		"Well": {Type: "Tap", Properties: map[string]any{"On": true, "Turns": 3.0, "In": []any{map[string]any{"Key": "x/y", "Ref": "one"}, map[string]any{"Key": "z", "Ref": "one"}}}},
	}}
	for _, tt := range []struct {
		promise promise
		want    int
	}{
		{promise{kind: "Tap", many: 1}, 0},
		{promise{kind: "Tap", many: 1, has: map[string]any{"On": true, "Turns": 3, "Off": nothing{}, "In": inZones(`"Ref":"one"`), "In/0/Ref": "one", "In/Key=z/Ref": says("on")}}, 0},
		{promise{kind: "Tap", many: byTable(inEachZone), has: map[string]any{"On": byTable(people)}}, 1},
		{promise{kind: "Door", many: 0}, 0},
		{promise{kind: "Tap", many: 2}, 1},
		{promise{kind: "Tap"}, 1},
		{promise{kind: "Tap", named: "Wall", many: 1}, 1},
		{promise{kind: "Tap", but: "We", many: 1}, 1},
		{promise{kind: "Door", many: 1}, 1},
		{promise{kind: "Tap", many: 1, has: map[string]any{"On": false, "Turns": 4, "In": inZones("two"), "In/Key=q/Ref": "one", "In/7": some{}, "Turns/On": some{}, "Off": some{}}}, 7},
		{promise{kind: "Tap", many: 1, has: map[string]any{"On": nothing{}, "Off": false, "Turns": "3", "In": says("two")}}, 4},
	} {
		if got := tt.promise.broken(e, one); len(got) != tt.want {
			t.Errorf("%+v: broken are %q, want %d", tt.promise, got, tt.want)
		}
	}
	e.Zones = e.Zones[:1]
	if kept(e, inZones("one"), one.Resources["Well"].Properties["In"]) {
		t.Error("two are taken for one of each zone")
	}
}

// TestTheTableStandsMoreThanOnce holds the table of environments itself to what is promised of it (docs/aws.md, "Reliability"): that nothing stands once where
// people's data is, how far back an earlier moment lies, and for how long lines are kept; and that what takes over there is tried in staging.
func TestTheTableStandsMoreThanOnce(t *testing.T) {
	holding := 0
	for _, e := range environment.All() {
		least := map[string][2]int{}
		switch {
		case e.Real:
			holding++
			least = map[string][2]int{
				"readers of the database": {e.Database.Readers, 2}, "replicas of the cache": {e.Cache.Replicas, 2}, "NAT gateways, one in each zone": {e.NATs, len(e.Zones)},
				"web tasks, one in each zone": {e.Web.Least, len(e.Zones)}, "workers, of which one leads": {e.Worker.Least, 2},
				"days back to which the database is restored": {e.BackupDays, 35}, "days of logs in CloudWatch": {e.LogDays, 90}, "days of logs in the archive": {e.ArchiveDays, 400},
				"minutes for which the old version stays": {int(e.Bake.Minutes()), 10},
			}
		case slices.Contains(threeZones, e.Name):
			least = map[string][2]int{
				"readers of the database": {e.Database.Readers, 1}, "replicas of the cache": {e.Cache.Replicas, 1}, "web tasks": {e.Web.Least, 2}, "workers": {e.Worker.Least, 2}, "days back to which the database is restored": {e.BackupDays, 7},
			}
		}
		for what, n := range least {
			if n[0] < n[1] {
				t.Errorf("%s has %d %s, promised are %d", e.Name, n[0], what, n[1])
			}
		}
		if e.Web.Most <= e.Web.Least || e.Worker.Most < e.Worker.Least || e.Database.Most <= e.Database.Least || e.Budget <= 0 || e.BackupDays < 1 || e.NATs < 1 || e.Web.Least < 1 || e.Worker.Least < 1 {
			t.Errorf("%s cannot grow, is not told what it costs, or has nothing to begin with: %+v", e.Name, e)
		}
	}
	if holding != 1 {
		t.Errorf("%d environments hold people's data, want prod alone", holding)
	}
}

// TestTheDatabaseStandsInZones finds the writer and its readers in as many zones as there can be of them.
func TestTheDatabaseStandsInZones(t *testing.T) {
	for _, e := range environment.All() {
		all, _ := synthesised(t, e)
		zones := map[any]bool{}
		for _, r := range all["enishi-"+e.Name+"-base"].of("AWS::RDS::DBInstance") {
			zones[r.Properties["AvailabilityZone"]] = true
		}
		if want := min(1+e.Database.Readers, len(e.Zones)); len(zones) != want || zones[nil] {
			t.Errorf("%s: a zone that is lost takes more than one instance with it: they stand in %v, want %d zones", e.Name, slices.Collect(maps.Keys(zones)), want)
		}
	}
}

// TestNothingIsDeletedByMistake holds that a stack of people's data cannot be deleted, and that what is kept stays, also
// when it is taken out of its stack; that everything else goes with its environment.
func TestNothingIsDeletedByMistake(t *testing.T) {
	keeps := map[string]string{
		"AWS::RDS::DBCluster": "Snapshot", "AWS::S3::Bucket": "RetainExceptOnCreate", "AWS::KMS::Key": "RetainExceptOnCreate", "AWS::ECR::Repository": "RetainExceptOnCreate",
		"AWS::SecretsManager::Secret": "RetainExceptOnCreate", "AWS::Backup::BackupVault": "RetainExceptOnCreate", "AWS::EFS::FileSystem": "RetainExceptOnCreate",
	}
	for _, e := range environment.All() {
		for _, e.Files = range []environment.Files{environment.InS3, environment.InEFS} {
			all, dir := synthesised(t, e)
			seen := map[string]bool{}
			for stack, one := range all {
				for name, r := range one.Resources {
					want, keep := keeps[r.Type]
					if !keep || strings.HasPrefix(name, "DataEdgeKey") { // which a new one is as good as
						continue
					}
					seen[r.Type] = true
					if !e.Real {
						want = "Delete"
					}
					if r.DeletionPolicy != want || r.UpdateReplacePolicy != strings.TrimSuffix(want, "ExceptOnCreate") {
						t.Errorf("%s: %s of %s goes by %q, and by %q when it is replaced, want %q", e.Name, name, stack, r.DeletionPolicy, r.UpdateReplacePolicy, want)
					}
				}
			}
			if want := len(keeps) - 1; len(seen) != want && e.Files == environment.InS3 || len(seen) != want+1 && e.Files == environment.InEFS {
				t.Errorf("%s with files in %s keeps %v", e.Name, e.Files, seen)
			}
			stacksAreProtected(t, e, dir)
		}
	}
}

func stacksAreProtected(t *testing.T, e environment.Environment, dir string) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, "manifest.json"))
	if err != nil {
		t.Fatal(err)
	}
	var of struct {
		Artifacts map[string]struct {
			Type       string
			Properties struct{ TerminationProtection bool }
		}
	}
	if err := json.Unmarshal(text, &of); err != nil {
		t.Fatal(err)
	}
	stacks := 0
	for name, a := range of.Artifacts {
		if a.Type != "aws:cloudformation:stack" {
			continue
		}
		stacks++
		if a.Properties.TerminationProtection != e.Real {
			t.Errorf("%s is protected from being deleted: %t, want %t", name, a.Properties.TerminationProtection, e.Real)
		}
	}
	if stacks != len(environment.Parts()) {
		t.Errorf("%s has %d stacks", e.Name, stacks)
	}
}

// TestEveryJobHasItsTime finds the schedule of each of the program's jobs, by Tokyo's time, switched on, as one task of its own family.
func TestEveryJobHasItsTime(t *testing.T) {
	p, err := program.Read()
	if err != nil {
		t.Fatal(err)
	}
	everywhere(t, func(t *testing.T, e environment.Environment, _, service template) {
		got, want := map[string]string{}, map[string]string{}
		for _, job := range p.Jobs {
			when := fmt.Sprintf("rate(%d minutes)", job.Every)
			if job.Every == 0 {
				var hour, minute int
				if _, err := fmt.Sscanf(job.At, "%d:%d", &hour, &minute); err != nil {
					t.Fatal(err)
				}
				when = fmt.Sprintf("cron(%d %d * * ? *)", minute, hour)
			}
			want["enishi-"+e.Name+"-"+job.Name] = when
		}
		for id, s := range service.of("AWS::Scheduler::Schedule") {
			name := fmt.Sprint(s.Properties["Name"])
			got[name] = fmt.Sprint(s.Properties["ScheduleExpression"])
			family := at(s.Properties, "Target/EcsParameters/TaskDefinitionArn")
			if off := s.Properties["State"]; off != nil && off != "ENABLED" || s.Properties["ScheduleExpressionTimezone"] != "Asia/Tokyo" || !strings.HasSuffix(compact(family), `:task-definition/`+name+`"]]}`) ||
				at(s.Properties, "Target/EcsParameters/TaskCount") != 1.0 || !strings.Contains(compact(at(s.Properties, "Target/EcsParameters/NetworkConfiguration")), "NetworkJobDoor") {
				t.Errorf("%s starts another task, or at another time: %s", id, s.text)
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("jobs and when they run (-want +got):\n%s", diff)
		}
	})
}
