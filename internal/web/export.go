package web

import (
	"encoding/json"
	"fmt"
)

// export gives everything that is kept of a candidate, as a file.
func (p *Pages) export(r *request) error {
	ctx, actor, err := r.needActor()
	if err != nil {
		return err
	}
	out, err := p.market.Export(ctx, actor)
	if err != nil {
		return err
	}
	body, err := json.MarshalIndent(out, "", "  ")
	if err != nil {
		return fmt.Errorf("write an export: %w", err)
	}
	h := r.w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Content-Disposition", `attachment; filename="enishi-`+p.market.Today().String()+`.json"`)
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	_, err = r.w.Write(body)
	return err //nolint:wrapcheck // the connection is gone: nobody reads more
}
