package cost_test

import (
	"strings"
	"testing"

	"enishi/infra/cost"
	"enishi/infra/environment"
	"enishi/infra/template"
)

func counts(t *testing.T) cost.Counts {
	t.Helper()
	set, err := template.Read("../stacks/testdata", "prod")
	if err != nil {
		t.Fatal(err)
	}
	c := cost.Count(set)
	if c.Metrics < 20 || c.Endpoints < 3 || c.Keys < 2 || c.Secrets < 3 || c.FilterRules != 5 || c.Checks != 1 || c.Rehearsals != 1 || c.Own < 10 {
		t.Fatalf("the templates have %+v", c)
	}
	return c
}

// people says for how many an environment's budget is.
func people(e environment.Environment) int {
	if e.Real {
		return cost.Today
	}
	return cost.Demo
}

// TestBudgetsAreEnough compares the budgets in the table with what an ordinary month costs: an
// alarm at its beginning would tell nobody anything.
func TestBudgetsAreEnough(t *testing.T) {
	for _, e := range environment.All() {
		items, err := cost.Month(e, people(e), counts(t))
		if err != nil {
			t.Fatal(err)
		}
		if usd := cost.Total(items); float64(e.Budget) < usd {
			t.Errorf("%s has a budget of %d USD and costs %.0f: %v", e.Name, e.Budget, usd, items)
		}
	}
}

// TestGrowthCosts holds that more people, and more zones, cost more, and how much of it.
func TestGrowthCosts(t *testing.T) {
	e, err := environment.Find("prod")
	if err != nil {
		t.Fatal(err)
	}
	before := 0.
	for _, people := range []int{cost.Today, 1_000_000, 5_000_000} {
		items, err := cost.Month(e, people, counts(t))
		if err != nil {
			t.Fatal(err)
		}
		alone, err := cost.Month(cost.Alone(e), people, counts(t))
		if err != nil {
			t.Fatal(err)
		}
		usd := cost.Total(items)
		if usd <= before || cost.Total(alone) >= usd {
			t.Errorf("%d people cost %.0f USD, in one zone %.0f; fewer cost %.0f", people, usd, cost.Total(alone), before)
		}
		for i, item := range items {
			if item.USD < alone[i].USD {
				t.Errorf("%s costs more in one zone", item.Name)
			}
		}
		before = usd
	}
}

// TestAFileSystemCostsMore compares the bill of each environment with files in the bucket and in
// a file system: one line differs, and the more people there are, the more it does.
func TestAFileSystemCostsMore(t *testing.T) {
	for _, e := range environment.All() {
		before := 0.
		for _, people := range []int{people(e), 10 * people(e)} {
			e.Files = environment.InS3
			bucket, err := cost.Month(e, people, counts(t))
			if err != nil {
				t.Fatal(err)
			}
			e.Files = environment.InEFS
			system, err := cost.Month(e, people, counts(t))
			if err != nil {
				t.Fatal(err)
			}
			more := cost.Total(system) - cost.Total(bucket)
			if more <= before {
				t.Errorf("%s: a file system for %d people costs %.2f USD more, for fewer %.2f", e.Name, people, more, before)
			}
			before = more
			for i, item := range system {
				if item != bucket[i] && item.Name != cost.Files {
					t.Errorf("%s: %s costs %.2f USD with a file system, %.2f without", e.Name, item.Name, item.USD, bucket[i].USD)
				}
			}
			if usd := cost.Total(system); people <= cost.Today && float64(e.Budget) < usd {
				t.Errorf("%s has a budget of %d USD and costs %.0f with a file system", e.Name, e.Budget, usd)
			}
		}
	}
}

// TestTheTableSaysWhenItIsTooSmall asks for more than it lets a service become.
func TestTheTableSaysWhenItIsTooSmall(t *testing.T) {
	for want, change := range map[string]func(*environment.Environment){
		"web tasks":  func(e *environment.Environment) { e.Web.Most = 5 },
		"ACUs":       func(e *environment.Environment) { e.Database.Most = 4 },
		"in memory":  func(e *environment.Environment) { e.WorkerPower.Memory = 1024 },
		"hosts":      func(e *environment.Environment) { e.Capacity = environment.EC2 },
		"cache.huge": func(e *environment.Environment) { e.Cache.NodeType = "cache.huge" },
	} {
		e, err := environment.Find("prod")
		if err != nil {
			t.Fatal(err)
		}
		change(&e)
		if _, err := cost.Month(e, 5_000_000, counts(t)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want an error about %s", err, want)
		}
	}
}

// TestPricesAreSaid holds the table of prices: each once, above zero, with a page of AWS.
func TestPricesAreSaid(t *testing.T) {
	seen := map[string]bool{}
	for _, p := range cost.Prices() {
		if seen[p.Name] || p.USD <= 0 || p.Unit == "" || !strings.HasPrefix(p.Page, "https://aws.amazon.com/") {
			t.Errorf("%+v", p)
		}
		seen[p.Name] = true
	}
}
