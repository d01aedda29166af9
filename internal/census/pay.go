package census

import "math"

// shareWorkers divides the workers of each occupation of the survey among the codes
// that name it, by their shares, and gives each code the figures of what it is drawn
// from.
func (t *tables) shareWorkers() {
	shares := map[*Figures]float64{}
	for _, d := range t.drawn {
		for _, c := range d.From {
			shares[c] += d.Share
		}
	}
	for i := range t.drawn {
		d := &t.drawn[i]
		weights := make([]float64, len(d.From))
		for k, c := range d.From {
			weights[k] = d.Share / shares[c]
			d.Workers += c.All() * weights[k]
		}
		if d.Figures = d.From[0]; len(d.From) > 1 {
			d.Figures = joined(d.From, weights)
		}
	}
}

// joined gives the figures of several occupations of the survey together, of which a
// code takes the shares by weight: workers are added up, pay is their mean, weighted
// by workers. Means of quantiles stand for the quantiles of the whole, which the
// survey does not publish.
func joined(drawn []*Figures, weights []float64) *Figures {
	out := Figures{Name: drawn[0].Name, Major: drawn[0].Major}
	var annual, paid [Bands]float64
	n, most := 0.0, 0.0
	for k, c := range drawn {
		w := c.All() * weights[k]
		n += w
		if w > most {
			most, out.Name, out.Major = w, c.Name, c.Major
		}
		out.Contract += w * c.Contract
		out.Scheduled += w * c.Scheduled
		out.Bonus += w * c.Bonus
		for i := range c.Quantiles {
			out.Quantiles[i] += w * c.Quantiles[i]
		}
		for b := range c.Workers {
			here := c.Workers[b] * weights[k]
			out.Workers[b] += here
			if c.Annual[b] > 0 {
				annual[b] += here * c.Annual[b]
				paid[b] += here
			}
		}
	}
	out.Contract, out.Scheduled, out.Bonus = out.Contract/n, out.Scheduled/n, out.Bonus/n
	for i := range out.Quantiles {
		out.Quantiles[i] /= n
	}
	for b := range annual {
		if paid[b] > 0 {
			out.Annual[b] = math.Round(annual[b] / paid[b])
		}
	}
	return &out
}

// AnnualAt gives the annual pay (10,000 JPY) below which a share u of the
// occupation's workers lies: scheduled pay at u, times 12 and the ratio of
// contract to scheduled pay, plus the bonus in proportion to scheduled pay, so
// that the median holds the whole bonus.
func (f *Figures) AnnualAt(u float64) float64 {
	s := f.scheduledAt(u)
	return (s*12*f.Contract/f.Scheduled + f.Bonus*s/f.Quantiles[2]) / 10
}

// quantileAt are the shares for which the survey gives scheduled pay.
var quantileAt = [...]float64{0.10, 0.25, 0.50, 0.75, 0.90}

// scheduledAt interpolates scheduled pay geometrically between the published
// quantiles; beyond the outer ones it goes on more slowly than between the
// last two, since pay has a floor and firms have scales.
func (f *Figures) scheduledAt(u float64) float64 {
	q := f.Quantiles
	last := len(q) - 1
	switch {
	case u < quantileAt[0]:
		return q[0] * math.Pow(q[0]/q[1], 0.6*(quantileAt[0]-u)/quantileAt[0])
	case u >= quantileAt[last]:
		return q[last] * math.Pow(q[last]/q[last-1], 1.2*(u-quantileAt[last])/(1-quantileAt[last]))
	}
	i := 0
	for u >= quantileAt[i+1] {
		i++
	}
	t := (u - quantileAt[i]) / (quantileAt[i+1] - quantileAt[i])
	return q[i] * math.Pow(q[i+1]/q[i], t)
}
