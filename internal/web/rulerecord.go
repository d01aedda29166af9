package web

import (
	"context"

	"github.com/google/uuid"

	"enishi/internal/market"
)

// stepsShown is how many of the newest steps of its history a rule's page shows.
const stepsShown = 50

// recordOfRule reads what was done to a rule, what came of it, and who waits at it.
func (p *Pages) recordOfRule(ctx context.Context, actor market.Actor, d *rulePageData) error {
	list, more, err := p.market.RuleHistory(ctx, actor, d.rule.ID, stepsShown)
	if err != nil {
		return err
	}
	d.steps, d.older = list, more
	members, _, err := p.market.Members(ctx, actor)
	if err != nil {
		return err
	}
	d.names = map[uuid.UUID]string{}
	for _, one := range members {
		d.names[one.ID] = one.Email
	}
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

// stepOfRule says what was done to a rule; first is whether it had not been activated
// before.
//
// long: a table of texts
func stepOfRule(w words, e market.Noted, first bool) string {
	switch e.What {
	case market.AuditMakeRule:
		return w.Say("作成", "Made")
	case market.AuditEditRule:
		return w.Say("内容を変更", "Changed")
	case market.AuditActivate:
		if first {
			return w.Say("有効にした", "Activated")
		}
		return w.Say("再開", "Resumed")
	case market.AuditPause:
		return w.Say("停止", "Paused")
	case market.AuditExpireRule:
		return w.Say("最後に届ける日を過ぎ、終了", "Ended: its last day had passed")
	case market.AuditBatch:
		return w.Say(w.People(int(e.N))+"への送信を確認", "Confirmed: "+w.People(int(e.N)))
	case market.AuditClose:
		return w.Say("求人の募集が終了し、停止", "Stopped: its position was closed")
	case market.AuditSuspend:
		return w.Say("企業の利用停止により、送信を停止", "Sending stopped: the company was suspended")
	case market.AuditVerify:
		return w.Say("企業の確認により、送信できる状態に", "The company was verified: it may send")
	}
	return audited(w, e.What)
}

// firstActivation is the place in a history, which is whole, of the rule's first
// activation; -1 if it has none or is not whole.
func (d *rulePageData) firstActivation() int {
	if d.older {
		return -1
	}
	for i := len(d.steps) - 1; i >= 0; i-- {
		if d.steps[i].What == market.AuditActivate {
			return i
		}
	}
	return -1
}

// funnelOfRule draws how far a rule's offers have come.
func funnelOfRule(w words, f market.Funnel) figure {
	list := make([]bar, 0, len(funnelSteps(w)))
	for i, name := range funnelSteps(w) {
		list = append(list, bar{label: name, value: funnelCounts(f)[i]})
	}
	list[2].class = "strong"
	return funnel(w.Say("オファーの進み方", "How offers went on"), [2]string{w.Say("段階", "Step"), w.Say("件数", "Offers")}, list, grouped)
}
