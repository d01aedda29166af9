package alarm_test

import (
	"cmp"
	"fmt"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	diffs "github.com/google/go-cmp/cmp"

	"enishi/internal/alarm"
	"enishi/internal/alarm/cloudtest"
)

// stem is what every alarm's name begins with; the templates of infra/ are those of prod.
const stem = "Enishi-prod-"

// inTemplate gives what a value of a template stands for: a name of what it refers to, without
// the letters that CDK adds to tell it from others.
func inTemplate(v any) string {
	text, ok := v.(string)
	if !ok {
		for _, to := range v.(map[string]any) { // Ref, Fn::Sub, Fn::GetAtt, Fn::ImportValue
			text = fmt.Sprint(to)
		}
	}
	if text == "Environment" {
		return "prod"
	}
	text = strings.ReplaceAll(text, "${Environment}", "prod")
	return regexp.MustCompile(`([0-9A-F]{8})+`).ReplaceAllString(text, "")
}

// cloudAlarms gives every alarm that prod has in CloudWatch: those of the table as it is now, and
// from the known templates of infra/stacks those that stand beside it.
func cloudAlarms(t *testing.T) map[string]*cloudtest.Alarm {
	t.Helper()
	text, err := alarm.CloudWatch()
	if err != nil {
		t.Fatal(err)
	}
	all, err := cloudtest.Read(text, stem, inTemplate)
	if err != nil {
		t.Fatal(err)
	}
	files, err := os.ReadDir(root + "/infra/stacks/testdata")
	if err != nil {
		t.Fatal(err)
	}
	deployed := map[string]*cloudtest.Alarm{}
	for _, f := range files {
		if !strings.HasSuffix(f.Name(), ".template.json") {
			continue
		}
		text, err := os.ReadFile(root + "/infra/stacks/testdata/" + f.Name())
		if err != nil {
			t.Fatal(err)
		}
		some, err := cloudtest.Read(text, stem, inTemplate)
		if err != nil {
			t.Fatal(err)
		}
		maps.Copy(deployed, some)
	}
	for name := range all {
		if deployed[name] == nil {
			t.Errorf("%s is in no template of prod", name)
		}
		delete(deployed, name)
	}
	for name, one := range deployed {
		if len(one.Metrics()) == 0 || !slices.ContainsFunc(alarm.Elsewhere(), func(a alarm.Alarm) bool { return a.Name == name }) {
			t.Errorf("%s of prod is neither of the table nor beside it", name)
			continue
		}
		all[name] = one
	}
	return all
}

// story is what happens to a well system, and which alarms tell of it: no others.
type story struct {
	name    string
	changes []change
	moments []moment
	// looksBack: it holds only if CloudWatch looks further back than the evaluated periods, as its
	// guide says that it does.
	looksBack bool
}

// change is what a figure is for a while, by times before and after the story's evening; a
// figure that is nil is not told.
type change struct {
	from, to time.Duration
	name     string
	is       figure
}

// moment is one in which exactly these alarms are on, and of these not enough is known. All
// others are OK.
type moment struct {
	at      time.Duration
	fires   []string
	unknown []string
}

// whole gives the names of an alarm over two windows, and of its parts.
func whole(names ...string) (all []string) {
	for _, n := range names {
		all = append(all, n, n+"Long", n+"Short")
	}
	return all
}

func among(lists ...[]string) []string { return slices.Concat(lists...) }

// TestEveryCloudAlarmIsDrilled plays every story under every reading of CloudWatch's guide. Each
// alarm is seen OK, then on, then OK again in one of them; one that is not is red, and so is
// a story about an alarm that is not there.
func TestEveryCloudAlarmIsDrilled(t *testing.T) {
	all := cloudAlarms(t)
	system := wellSystem()
	drilled := map[string]bool{}
	for _, s := range stories() {
		t.Run(s.name, func(t *testing.T) {
			account := s.account(t, system)
			wrong := map[string][]cloudtest.Reading{} // each once, and under which readings
			for _, r := range cloudtest.Readings() {
				if s.looksBack && r.Extra == 0 {
					continue
				}
				on, not := s.play(t, all, account, r)
				for _, name := range on {
					drilled[name] = true
				}
				for _, what := range not {
					wrong[what] = append(wrong[what], r)
				}
			}
			for _, what := range slices.Sorted(maps.Keys(wrong)) {
				t.Errorf("%s, read as %+v", what, wrong[what])
			}
		})
	}
	if len(all) < alarm.MostPages {
		t.Fatalf("%d alarms are found", len(all))
	}
	if diff := diffs.Diff(slices.Sorted(maps.Keys(all)), slices.Sorted(maps.Keys(drilled))); diff != "" {
		t.Errorf("alarms that no story turns on and off (-alarms +drilled):\n%s", diff)
	}
}

// account gives one in which a system was well but for the changes.
func (s story) account(t *testing.T, system *cloudtest.Account) *cloudtest.Account {
	t.Helper()
	account := system.Clone()
	for _, c := range s.changes {
		f, ok := wellFigures()[c.name]
		if !ok {
			t.Fatalf("there is no figure %q", c.name)
		}
		is := c.is
		if is == nil {
			is = func(int) []cloudtest.Sample { return nil }
		}
		account.Tell(f.metric, minuteOf(c.from), minuteOf(c.to), is)
	}
	return account
}

// play gives the alarms that were OK, then on, then OK again, and what was not as the story
// has it.
func (s story) play(t *testing.T, all map[string]*cloudtest.Alarm, account *cloudtest.Account, r cloudtest.Reading) (drilled, wrong []string) {
	t.Helper()
	seen := map[string]string{} // what each alarm was, in short
	var states map[string]cloudtest.State
	for _, m := range s.moments {
		var err error
		if states, err = cloudtest.States(all, account, begin.Add(time.Duration(minuteOf(m.at))*time.Minute), states, r); err != nil {
			t.Fatal(err)
		}
		want := map[string]cloudtest.State{}
		for _, name := range m.fires {
			want[name] = cloudtest.Firing
		}
		for _, name := range m.unknown {
			want[name] = cloudtest.InsufficientData
		}
		for name := range want {
			if all[name] == nil {
				t.Errorf("there is no alarm %s", name)
			}
		}
		for name, state := range states {
			seen[name] += map[cloudtest.State]string{cloudtest.OK: "o", cloudtest.Firing: "X"}[state]
			if wanted := cmp.Or(want[name], cloudtest.OK); state != wanted {
				wrong = append(wrong, fmt.Sprintf("at %s, %s is %s, want %s", m.at, name, state, wanted))
			}
		}
	}
	for name, states := range seen {
		if regexp.MustCompile(`oX+o`).MatchString(states) {
			drilled = append(drilled, name)
		}
	}
	return drilled, wrong
}

// TestEveryMetricIsTold holds that alarms look at nothing that nobody tells CloudWatch: a
// well system tells each, unless it is only told when something is wrong.
func TestEveryMetricIsTold(t *testing.T) {
	told := map[string]bool{}
	for _, f := range wellFigures() {
		told[f.metric.String()] = true
	}
	asked := map[string]bool{}
	for name, a := range cloudAlarms(t) {
		for _, m := range a.Metrics() {
			asked[m.String()] = true
			if !told[m.String()] {
				t.Errorf("%s looks at %s, which nobody tells", name, m)
			}
		}
	}
	for m := range told {
		if !asked[m] {
			t.Errorf("no alarm looks at %s", m)
		}
	}
}
