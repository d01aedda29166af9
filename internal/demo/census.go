package demo

import "math"

// all gives the workers of every age.
func (c *census) all() float64 {
	n := 0.0
	for _, part := range c.workers {
		n += part
	}
	return n
}

// shareWorkers divides the workers of each occupation of the census among the
// codes that name it, by their shares, and gives each code the figures of what
// it is drawn from.
func (t *tables) shareWorkers() {
	shares := map[*census]float64{}
	for _, o := range t.occupations {
		for _, c := range o.drawn {
			shares[c] += o.share
		}
	}
	for i := range t.occupations {
		o := &t.occupations[i]
		weights := make([]float64, len(o.drawn))
		for k, c := range o.drawn {
			weights[k] = o.share / shares[c]
			o.workers += c.all() * weights[k]
		}
		if o.census = o.drawn[0]; len(o.drawn) > 1 {
			o.census = joined(o.drawn, weights)
		}
		if o.census.major == posts && o.required == "" {
			o.licence.age = leastPost
		}
	}
}

// posts is the position of the managers among the major groups, and leastPost
// the age from which one is held: the census counts one worker in 200 below it.
const (
	posts     = 0
	leastPost = 30
)

// joined gives the figures of several occupations of the census together, of
// which a code takes the shares by weight: workers are added up, pay is their
// mean, weighted by workers. Means of quantiles stand for the quantiles of the
// whole, which the census does not publish.
func joined(drawn []*census, weights []float64) *census {
	out := census{name: drawn[0].name, major: drawn[0].major}
	var annual, paid [bands]float64
	n, most := 0.0, 0.0
	for k, c := range drawn {
		w := c.all() * weights[k]
		n += w
		if w > most {
			most, out.name, out.major = w, c.name, c.major
		}
		out.contract += w * c.contract
		out.scheduled += w * c.scheduled
		out.bonus += w * c.bonus
		for i := range c.quantiles {
			out.quantiles[i] += w * c.quantiles[i]
		}
		for b := range c.workers {
			here := c.workers[b] * weights[k]
			out.workers[b] += here
			if c.annual[b] > 0 {
				annual[b] += here * c.annual[b]
				paid[b] += here
			}
		}
	}
	out.contract, out.scheduled, out.bonus = out.contract/n, out.scheduled/n, out.bonus/n
	for i := range out.quantiles {
		out.quantiles[i] /= n
	}
	for b := range annual {
		if paid[b] > 0 {
			out.annual[b] = math.Round(annual[b] / paid[b])
		}
	}
	return &out
}
