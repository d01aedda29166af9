package census

import (
	"math"
	"slices"
	"testing"

	"enishi/internal/taxonomy"
)

// TestFiguresOfTheSurvey holds the table to what the survey published of one
// occupation, and its annual pay to the sum by hand.
func TestFiguresOfTheSurvey(t *testing.T) {
	for _, f := range Survey() {
		if f.Name != "ソフトウェア作成者" {
			continue
		}
		if want := [5]float64{243.4, 273.7, 329.5, 403.4, 508.8}; f.Quantiles != want {
			t.Errorf("quantiles = %v, want %v", f.Quantiles, want)
		}
		want := (f.Quantiles[2]*12*f.Contract/f.Scheduled + f.Bonus) / 10
		if got := f.AnnualAt(0.5); math.Abs(got-want) > 0.01 {
			t.Errorf("annual pay at the median = %.2f, want %.2f", got, want)
		}
		return
	}
	t.Error("the survey has no ソフトウェア作成者")
}

// TestEveryOccupationHasAYardstick: all leaves of the taxonomy are drawn from the
// survey, and their quartiles are in order.
func TestEveryOccupationHasAYardstick(t *testing.T) {
	list := taxonomy.Of(taxonomy.Occupation)
	n := 0
	for _, item := range list.Items() {
		s, ok := Of(item.Code)
		if ok != list.Leaf(item.Code) {
			t.Errorf("Of(%s %s) is known: %v, a leaf: %v", item.Code, item.JA, ok, list.Leaf(item.Code))
		}
		if !ok {
			continue
		}
		if n++; s.Low >= s.Median || s.Median >= s.High || s.Low < 150 || s.High > 3000 {
			t.Errorf("Of(%s %s) = %+v", item.Code, item.JA, s)
		}
	}
	if n == 0 || n != len(Occupations()) {
		t.Errorf("%d leaves have figures, the table has %d", n, len(Occupations()))
	}
	if _, ok := Of("9999999"); ok {
		t.Error("an unknown occupation has figures")
	}
}

// TestWorkersAreShared: the codes have together the workers of the survey.
func TestWorkersAreShared(t *testing.T) {
	var of, shared float64
	for _, f := range Survey() {
		of += f.All()
	}
	for _, d := range Occupations() {
		shared += d.Workers
	}
	if math.Abs(of-shared) > 1 {
		t.Errorf("the occupations have %.1f workers, want the survey's %.1f", shared, of)
	}
	// 5,865 lecturers, 4,136 associate professors and 6,941 professors, in tens: the
	// median of all is nearer to a professor's than to a lecturer's.
	i := slices.IndexFunc(Occupations(), func(d Drawn) bool { return d.Code == "0808" })
	teachers := Occupations()[i]
	if got, lecturer := teachers.Figures.Quantiles[2], teachers.From[0].Quantiles[2]; got < 1.1*lecturer {
		t.Errorf("scheduled pay of university teachers is %.1f at the median, that of lecturers alone %.1f", got, lecturer)
	}
}
