package web

import (
	"context"

	"github.com/google/uuid"

	"enishi/internal/market"
)

// recordOfRule reads what came of a rule, and who waits at it.
func (p *Pages) recordOfRule(ctx context.Context, actor market.Actor, d *rulePageData) error {
	var err error
	if d.funnel, err = p.funnelOf(ctx, actor, d.rule.ID); err != nil {
		return err
	}
	d.waiting, err = p.backlogOf(ctx, actor, d.rule.ID)
	return err
}

// funnelOf gives what came of a rule's offers in a year, nil if there were none.
func (p *Pages) funnelOf(ctx context.Context, actor market.Actor, id uuid.UUID) (*market.Funnel, error) {
	f, err := p.market.RuleFunnel(ctx, actor, id, 365)
	if err != nil || f.Sent == 0 {
		return nil, err
	}
	return &f, nil
}
