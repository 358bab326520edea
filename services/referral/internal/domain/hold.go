package domain

import (
	"slices"

	"github.com/kehuhq/kehu/pkg/fault"
)

// Hold is a change of a programme's spent points for one referral: its reward,
// or (Points below 0) what a reversal brings back.
type Hold struct {
	Referral string
	Points   int64
}

func (h Hold) gives() bool { return h.Points >= 0 }

// Held reports whether the programme has taken that change.
func (p *Program) Held(h Hold) bool {
	return slices.ContainsFunc(p.Holds, func(o Hold) bool { return o.Referral == h.Referral && o.gives() == h.gives() })
}

// Hold takes a change, or returns the fault BUDGET_EXHAUSTED.
func (p *Program) Hold(h Hold) error {
	if h.gives() && p.BudgetPoints > 0 && p.SpentPoints > p.BudgetPoints-h.Points {
		return fault.New(fault.FailedPrecondition, "BUDGET_EXHAUSTED",
			"the reward of %d points exceeds the %d left of the programme's budget; the referral stays qualified, and can be taken again once the budget is raised",
			h.Points, p.BudgetPoints-p.SpentPoints).With("program", p.ID)
	}
	p.SpentPoints += h.Points
	p.Holds = append(p.Holds, h)
	return nil
}

// Confirm drops the holds that their referrals (by id) confirm, and gives back
// those of referrals that will never use them. Until then the list of holds is
// what keeps a repeated step from being counted twice; afterwards it is the
// referral, so a referral must be read after the programme to decide by it.
func (p *Program) Confirm(referrals map[string]*Referral) (changed bool) {
	kept := p.Holds[:0:0]
	for _, h := range p.Holds {
		switch r := referrals[h.Referral]; {
		case r == nil: // not asked about
			kept = append(kept, h)
		case h.gives() && r.Reserved, !h.gives() && r.State == Reversed:
		case h.gives() && r.State != Qualified:
			p.SpentPoints -= h.Points
		default:
			kept = append(kept, h)
		}
	}
	changed = len(kept) < len(p.Holds)
	p.Holds = kept
	return changed
}
