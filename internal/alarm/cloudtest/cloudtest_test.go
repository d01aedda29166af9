package cloudtest

import (
	"fmt"
	"math"
	"strings"
	"testing"
	"time"
)

// row reads a series as the guide writes them, the oldest point first: "30, -, 20".
func row(t *testing.T, text string) (s series) {
	t.Helper()
	for one := range strings.SplitSeq(text, ",") {
		var p point
		if one = strings.TrimSpace(one); one != "-" {
			if _, err := fmt.Sscan(one, &p.value); err != nil {
				t.Fatal(err)
			}
			p.ok = true
		}
		s = append(series{p}, s...)
	}
	return s
}

func (s series) String() string {
	var list []string
	for _, p := range s {
		text := "-"
		if p.ok {
			text = fmt.Sprint(p.value)
		}
		list = append([]string{text}, list...)
	}
	return strings.Join(list, ", ")
}

func calculated(expr string, metrics map[string]series, length int, r Reading) (series, error) {
	tokens, err := split(expr)
	if err != nil {
		return nil, err
	}
	return evaluate(tokens, metrics, length, r)
}

// TestMetricMath plays the examples of the user guide, and what it says in words.
func TestMetricMath(t *testing.T) {
	for _, c := range []struct {
		expr, a, b, c, want string
		reading             Reading
	}{
		// "Comparison and logical operators"
		{expr: "a < b", a: "30, 20, 0, 0", b: "20, -, 20, -", want: "0, 0, 1, 0"},
		{expr: "(a >= 30)", a: "30, 20, 0, 0", want: "1, 0, 0, 0"},
		{expr: "(a > 15 AND b > 15)", a: "30, 20, 0, 0", b: "20, -, 20, -", want: "1, 0, 0, 0"},
		// "Using IF expressions"
		{expr: "IF(a, b, c)", a: "1, 1, 0, 0, -", b: "30, -, 0, 0, 30", c: "0, 0, 20, -, 20", want: "30, 0, 20, -, -"},
		{expr: "IF(a, 5, b)", a: "1, 1, 0, 0, -", b: "0, 0, 20, -, 20", want: "5, 5, 20, -, -"},
		{expr: "IF(a, b, 5)", a: "1, 1, 0, 0, -", b: "30, -, 0, 0, 30", want: "30, 0, 5, 5, -"},
		{expr: "IF(a > 0, b / (a - 1), 5)", a: "1, 2, 0", b: "3, 3, 3", want: "0, 3, 5"},
		{expr: "IF(a < 400, 10, 2)", a: "399, 400", want: "10, 2"},
		// "Basic arithmetic functions"
		{expr: "a + b", a: "1, -, 3, -", b: "1, 2, -, -", want: "2, 2, 3, -"},
		{expr: "a + b", a: "1, -, 3, -", b: "1, 2, -, -", want: "2, -, -, -", reading: Reading{GapsPropagate: true}},
		{expr: "a / b", a: "6, 1, 1, -", b: "3, 0, -, 2", want: "2, -, -, 0"},
		{expr: "1 + 2 * a ^ 2 - -1", a: "3, -", want: "20, -"},
		{expr: "1 - (2 - a) * 2 >= 1 OR a == 0", a: "1, 2, 0", want: "0, 1, 1"},
		// "Functions supported for metric math"
		{expr: "FILL(a, 10)", a: "1, -, 3, -", want: "1, 10, 3, 10"},
		{expr: "FILL(a, 0)", a: "-, -", want: "0, 0"},
		{expr: "FILL(a, 0)", a: "-, -", want: "-, -", reading: Reading{EmptyStays: true}},
		{expr: "FILL(a, 0)", a: "-, 1", want: "0, 1", reading: Reading{EmptyStays: true}},
		{expr: "DIFF(a)", a: "3, 5, -, 4", want: "-, 2, -, -1"},
		{expr: "SUM([a, b])", a: "1, 1, -, -", b: "2, -, 2, -", want: "3, 1, 2, -"},
		{expr: "MAX([a, b]) - MIN([a, b])", a: "1, 1, -", b: "3, -, -", want: "2, 0, -"},
	} {
		metrics := map[string]series{"a": row(t, c.a)}
		for id, text := range map[string]string{"b": c.b, "c": c.c} {
			if text != "" {
				metrics[id] = row(t, text)
			}
		}
		got, err := calculated(c.expr, metrics, len(metrics["a"]), c.reading)
		if err != nil || got.String() != c.want {
			t.Errorf("%s of %s and %s = %s, %v, want %s", c.expr, c.a, c.b, got, err, c.want)
		}
	}
}

// TestUnknownMathIsRefused holds that nothing is made of what the guide, or this package,
// does not know.
func TestUnknownMathIsRefused(t *testing.T) {
	for _, expr := range []string{
		"", "a +", "a b", "(a", "a)", "b + a", "a = 1", "a $ 1", "ANOMALY_DETECTION_BAND(a)", "fill(a, 0)", "FILL(a, REPEAT)", "FILL(a)", "SUM(a)", "MAX(a) + a",
		"5", "[a, a]", "[a, 1]", "-[a]", "IF(1 > 0, a, 0)", "IF(a, 1)", "IF(1, 2, a)", "1 > 0", "FILL(1, 0) + a", "TIME_SERIES(1)",
	} {
		if got, err := calculated(expr, map[string]series{"a": row(t, "1, 2")}, 2, Reading{}); err == nil {
			t.Errorf("evaluate(%q) = %s, want an error", expr, got)
		}
	}
	if _, err := calculated("a", map[string]series{"a": row(t, "1"), "b": row(t, "1")}, 1, Reading{}); err == nil {
		t.Error("a metric that the expression does not use is passed over")
	}
}

// TestMissingData plays the tables of "How alarm state is evaluated when data is missing",
// of alarms of 3 periods that look at 5, where 0 is good and X is bad.
func TestMissingData(t *testing.T) {
	const kept = State("as before")
	for _, c := range []struct {
		points                                   string
		enough                                   int
		missing, ignore, breaching, notBreaching State
	}{
		{"0, -, X, -, X", 3, OK, OK, OK, OK},
		{"0, -, -, -, -", 3, OK, OK, OK, OK},
		{"-, -, -, -, -", 3, InsufficientData, kept, Firing, OK},
		{"0, X, X, -, X", 3, Firing, Firing, Firing, Firing},
		{"-, -, X, -, -", 3, Firing, kept, Firing, OK},
		{"-, -, -, -, X", 3, InsufficientData, kept, Firing, OK},
		{"X, -, -, -, -", 3, Firing, kept, Firing, OK},
		{"0, -, X, -, X", 2, Firing, Firing, Firing, Firing},
		{"0, 0, X, 0, X", 2, Firing, Firing, Firing, Firing},
		{"0, -, X, -, -", 2, OK, OK, Firing, OK},
		{"-, -, -, -, 0", 2, OK, OK, Firing, OK},
		{"-, -, -, -, X", 2, InsufficientData, kept, Firing, OK},
		{"-, X, X, -, X", 3, Firing, Firing, Firing, Firing},
		{"X, X, 0, 0, 0", 2, OK, OK, OK, OK},
	} {
		s := row(t, strings.ReplaceAll(c.points, "X", "9"))
		for missing, want := range map[string]State{"missing": c.missing, "ignore": c.ignore, "breaching": c.breaching, "notBreaching": c.notBreaching} {
			a := Alarm{periods: 3, enough: c.enough, operator: "GreaterThanThreshold", threshold: 5, missing: missing}
			if got := a.judge(s, kept); got != want {
				t.Errorf("%d of 3 in %s, where missing data are %s: %s, want %s", c.enough, c.points, missing, got, want)
			}
		}
	}
}

func TestOperators(t *testing.T) {
	for name, want := range map[string]string{
		"GreaterThanThreshold": "0, 0, 1", "GreaterThanOrEqualToThreshold": "0, 1, 1", "LessThanThreshold": "1, 0, 0", "LessThanOrEqualToThreshold": "1, 1, 0",
	} {
		var got series
		for _, v := range []float64{6, 5, 4} {
			p := point{0, true}
			if beyond()[name](v, 5) {
				p.value = 1
			}
			got = append(got, p)
		}
		if got.String() != want {
			t.Errorf("4, 5, 6 %s 5: %s, want %s", name, got, want)
		}
	}
}

func TestStatistics(t *testing.T) {
	samples := []Sample{{0.1, 90}, {0.3, 6}, {1, 4}}
	for stat, want := range map[string]float64{
		"Sum": 14.8, "SampleCount": 100, "Average": 0.148, "Maximum": 1, "Minimum": 0.1, "TC(0.3:)": 4, "TC(:0.3)": 96, "TC(0.1:0.3)": 6, "PR(0.1:)": 10, "PR(2:)": 0,
	} {
		if got, err := aggregate(stat, samples); err != nil || math.Abs(got-want) > 1e-9 {
			t.Errorf("%s = %v, %v, want %v", stat, got, err, want)
		}
	}
	for _, stat := range []string{"", "sum", "p99", "TM(10%:90%)", "TC(1)", "TC(10%:)", "PR(1:"} {
		if got, err := aggregate(stat, samples); err == nil {
			t.Errorf("%q = %v, want an error", stat, got)
		}
	}
}

// TestWindowsSlide looks at two samples from moments around them: nothing of the minute
// that has not ended, nor of what comes later.
func TestWindowsSlide(t *testing.T) {
	begin := time.Date(2026, 1, 5, 0, 0, 0, 0, time.UTC)
	it := Metric{Namespace: "N", Name: "it"}
	a := NewAccount(begin)
	a.Tell(it, 10, 12, func(int) []Sample { return []Sample{{1, 1}} })
	for _, c := range []struct {
		at   time.Duration
		want string
	}{{10 * time.Minute, "-"}, {11*time.Minute - time.Second, "-"}, {11 * time.Minute, "1"}, {15 * time.Minute, "2"}, {16 * time.Minute, "1"}, {17 * time.Minute, "-"}} {
		p, err := a.point(it.String(), "Sum", begin.Add(c.at).Truncate(time.Minute), 5*time.Minute)
		if got := (series{p}).String(); err != nil || got != c.want {
			t.Errorf("after %s: %s, %v, want %s", c.at, got, err, c.want)
		}
	}
}

func TestRules(t *testing.T) {
	states := map[string]State{"bad": Firing, "good": OK, "new": InsufficientData}
	for text, want := range map[string]bool{
		`ALARM("E-bad") AND ALARM("E-good")`: false, `ALARM("E-bad") OR ALARM("E-good")`: true, `ALARM(E-bad) AND NOT ALARM('E-good')`: true, `OK("E-good")`: true,
		`OK("E-new") OR ALARM("E-new")`: false, `(TRUE OR FALSE) AND ALARM("E-bad")`: true, `TRUE OR TRUE AND FALSE`: true, `NOT TRUE`: false,
	} {
		text = strings.ReplaceAll(text, "(E-bad)", `("E-bad")`)
		if got, err := (&Alarm{Rule: text, stem: "E-"}).holds(states); err != nil || got != want {
			t.Errorf("%s = %v, %v, want %v", text, got, err, want)
		}
	}
	for _, text := range []string{"", `ALARM("E-none")`, `ALARM("bad")`, `ALARM("E-bad"`, `ALARM("E-bad") ALARM("E-bad")`, `ALARM("E-bad") XOR TRUE`, `(TRUE`, `TRUE AND`, `INSUFFICIENT_DATA("E-new")`, `AND`} {
		if got, err := (&Alarm{Rule: text, stem: "E-"}).holds(states); err == nil {
			t.Errorf("%q = %v, want an error", text, got)
		}
	}
}

// TestOnlyWhatIsKnownIsRead holds that a property that would change what an alarm means
// is not passed over.
func TestOnlyWhatIsKnownIsRead(t *testing.T) {
	const metric = `{"Id":"a","MetricStat":{"Metric":{"Namespace":"N","MetricName":"m"},"Period":60,"Stat":"Sum"},"ReturnData":false}`
	const well = `"AlarmName":"E-x","ComparisonOperator":"LessThanThreshold","EvaluationPeriods":2,"TreatMissingData":"missing","Threshold":1`
	read := func(properties string) (map[string]*Alarm, error) {
		return Read([]byte(`{"Resources":{"x":{"Type":"AWS::CloudWatch::Alarm","Properties":{`+properties+`}}}}`), "E-", func(v any) string { return fmt.Sprint(v) })
	}
	one, err := read(well + `,"Metrics":[{"Id":"v","Expression":"a","ReturnData":true},` + metric + `]`)
	if err != nil || one["x"] == nil || one["x"].enough != 2 || one["x"].period != time.Minute {
		t.Errorf("a known alarm is %+v, %v", one["x"], err)
	}
	for _, properties := range []string{
		well + `,"Metrics":[` + metric + `]`,
		well + `,"Metrics":[{"Id":"v","Expression":"a","ReturnData":true},{"Id":"w","Expression":"a","ReturnData":true},` + metric + `]`,
		well + `,"Metrics":[{"Id":"v","Expression":"a","ReturnData":true},` + metric + `,` + strings.ReplaceAll(metric, "60", "120") + `]`,
		well + `,"EvaluateLowSampleCountPercentile":"ignore","Namespace":"N","MetricName":"m","Period":60,"Statistic":"Sum"`,
		well + `,"Namespace":"N","MetricName":"m","Period":90,"Statistic":"Sum"`,
		well + `,"Namespace":"N","MetricName":"m","Period":604800,"Statistic":"Sum"`,
		well + `,"DatapointsToAlarm":3,"Namespace":"N","MetricName":"m","Period":60,"Statistic":"Sum"`,
		strings.ReplaceAll(well, "missing", "") + `,"Namespace":"N","MetricName":"m","Period":60,"Statistic":"Sum"`,
		strings.ReplaceAll(well, "Less", "Lower") + `,"Namespace":"N","MetricName":"m","Period":60,"Statistic":"Sum"`,
		strings.ReplaceAll(well, "E-", "F-") + `,"Namespace":"N","MetricName":"m","Period":60,"Statistic":"Sum"`,
	} {
		if all, err := read(properties); err == nil {
			t.Errorf("%s is read as %+v", properties, all["x"])
		}
	}
}
