package market

import (
	"context"
	"strings"

	"enishi/internal/company"
	"enishi/internal/condition"
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
			out[i].Name = k.Name
		}
		return nil
	})
	return out, err
}

// FindKnown gives verified companies whose name has a text in it, as texts are
// compared in searches, at most limit.
func (m *Market) FindKnown(ctx context.Context, text string, limit int) ([]Known, error) {
	folded := condition.FoldText(strings.TrimSpace(text))
	if folded == "" {
		return nil, nil
	}
	var out []Known
	err := m.read(ctx, func(tx Tx) error {
		out = nil
		for after := int64(0); len(out) < limit; {
			list, err := tx.Companies(after, companiesRead)
			if err != nil {
				return err
			}
			for _, k := range list {
				if len(out) < limit && k.Status == company.Verified && strings.Contains(condition.FoldText(k.Name), folded) {
					out = append(out, Known{k.Number, k.Name})
				}
			}
			if len(list) < companiesRead {
				return nil
			}
			after = list[len(list)-1].Key
		}
		return nil
	})
	return out, err
}
