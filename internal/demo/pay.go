package demo

import (
	"cmp"
	"math"
	"slices"

	"enishi/internal/census"
)

// regional gives how pay in a prefecture relates to the nation's in the
// occupation's major group.
func (t *tables) regional(c *census.Figures, at int) float64 {
	here, all := t.prefectures[at].pay[c.Major], t.national[c.Major]
	if here == 0 || all == 0 {
		return 1
	}
	return here / all
}

// leastPay is what full-time work at the lowest regional minimum wage of 2025
// (1,023 JPY an hour, 2,080 hours a year) comes to, in 10,000 JPY.
const leastPay = 213

// leastNoise is the least spread (of logarithms) of pay that neither age nor
// place explains.
const leastNoise = 0.10

// setPay gives the people of one occupation its quantiles of pay, one each:
// whoever is older, or lives where pay is higher, tends to have the higher
// ones. What is left to chance makes the spread of the ranks that of the pay,
// so that the differences between ages and places come out as the census has
// them.
func (t *tables) setPay(d draw, o *occupation, people []*person) {
	rank, pay := make([]float64, len(people)), make([]float64, len(people))
	for i, p := range people {
		byAge := o.census.Annual[band(p.age)]
		if byAge == 0 {
			byAge = o.census.Contract*1.2 + o.census.Bonus/10
		}
		rank[i] = math.Log(byAge) + math.Log(t.regional(o.census, p.home))
		pay[i] = o.census.AnnualAt((float64(i) + 0.5) / float64(len(people)))
	}
	noise := math.Sqrt(max(leastNoise*leastNoise, spreadOf(pay, math.Log)-spreadOf(rank, func(x float64) float64 { return x })))
	for i := range rank {
		rank[i] += noise * d.NormFloat64()
	}
	order := make([]int, len(people))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(rank[a], rank[b]) })
	for k, i := range order {
		people[i].pay = max(leastPay, int(math.Round(pay[k])))
	}
}

// spreadOf gives the variance of what of makes of the values.
func spreadOf(list []float64, of func(float64) float64) float64 {
	sum, squares, n := 0.0, 0.0, float64(len(list))
	for _, x := range list {
		y := of(x)
		sum, squares = sum+y, squares+y*y
	}
	return max(0, (squares-sum*sum/n)/n)
}

// band gives the age band of an age.
func band(age int) int { return min(max(age/5-3, 0), bands-1) }
