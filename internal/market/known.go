package market

import (
	"context"

	"enishi/internal/corpnum"
	"enishi/internal/errs"
)

// Known is an employer by its public name.
type Known struct {
	Number corpnum.Number
	Name   string // "": it is not on the platform
}

// companiesRead is how many companies one question for names reads.
const companiesRead = 500

// KnownBy gives employers of numbers by name, in their order.
func (m *Market) KnownBy(ctx context.Context, numbers []corpnum.Number) ([]Known, error) {
	var out []Known
	err := m.read(ctx, func(tx Tx) error {
		out = make([]Known, len(numbers))
		for i, n := range numbers {
			out[i].Number = n
			k, err := tx.CompanyByNumber(n)
			if errs.Is(err, errs.NotFound) {
				continue
			}
			if err != nil {
				return err
			}
			if k.Trial == 0 {
				out[i].Name = k.Name
			}
		}
		return nil
	})
	return out, err
}
