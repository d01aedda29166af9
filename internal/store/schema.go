package store

import (
	"context"
	"fmt"

	"github.com/pressly/goose/v3"

	"enishi/internal/errs"
)

// Migrate brings a schema up to what this program was built for. Where only
// says something, it must be so already: only says who could bring it there. A
// newer schema is Conflict.
func Migrate(ctx context.Context, p *goose.Provider, only string) error {
	stored, known, err := p.GetVersions(ctx)
	if err != nil {
		return fmt.Errorf("read the schema's version: %w", err)
	}
	switch {
	case stored > known:
		return errs.New(errs.Conflict, fmt.Sprintf(
			"the database has schema %d; this program knows up to %d: a newer program has written it", stored, known))
	case stored == known:
		return nil
	case only != "":
		return errs.New(errs.Conflict, fmt.Sprintf("the database has schema %d; this program needs %d, %s", stored, known, only))
	}
	if _, err := p.Up(ctx); err != nil {
		return fmt.Errorf("bring the schema from %d to %d: %w", stored, known, err)
	}
	return nil
}
