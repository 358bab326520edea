package strategies

import (
	"cmp"
	"context"
	"math"
	"slices"
	"time"

	"github.com/kehuhq/kehu/pkg/fault"

	"github.com/kehuhq/kehu/services/segmentation/internal/criterion"
	"github.com/kehuhq/kehu/services/segmentation/internal/facts"
)

// Adviser says what is best done next.
type Adviser struct {
	Store     *Store
	Rules     Rules
	Segments  Segments
	Facts     Facts
	Consents  Consents
	Campaigns Campaigns
	Styles    Styles
}

// Recommendation is what is best done next with one customer.
type Recommendation struct {
	Customer string
	AsOf     time.Time
	Actions  []Recommended // best first
	Rejected []Rejected
	Style    StyleFound
	Warnings []Warning
}

// Warning is what the reader should know of.
type Warning struct{ Reason, Message string }

// Recommended is an action that can be done.
type Recommended struct {
	Strategy    *Strategy
	Action      *Action
	Stay        Stay
	Because     criterion.Explanation // of being in the segment
	Eligibility *criterion.Explanation
	Gain        *Gain
	Unmeasured  string // why Gain is nil
	Contact     time.Time
	Advice      Text
}

// Rejected is an action that is not to be done.
type Rejected struct {
	Strategy    *Strategy
	Action      string
	Reason      Reason
	Detail      string
	Eligibility *criterion.Explanation // where that is why
}

// Why a gain is not known.
const (
	Unmeasured       = "UNMEASURED"
	CampaignNotEnded = "CAMPAIGN_NOT_ENDED"
	NoOrderValue     = "NO_ORDER_VALUE"
)

// Gain is what an action should bring: the lift of the share that orders, times what
// an order of the customer comes to, less the cost. Amounts are minor units.
type Gain struct {
	Campaign        string
	Measured        Measurement
	Order           int64
	Gain, Low, High int64
	CostIncluded    bool
}

// Recommend ranks the actions for a customer, by the facts of now.
func (a *Adviser) Recommend(ctx context.Context, customer string) (*Recommendation, error) {
	r := &Recommendation{Customer: customer, AsOf: a.Store.instant()}
	known, err := a.Facts.GetMany(ctx, []string{customer}, facts.AllParts)
	if err != nil {
		return nil, err
	}
	if known[0] == nil {
		return nil, fault.New(fault.NotFound, "CUSTOMER_FACTS_NOT_FOUND", "nothing is known of the customer %q; the facts may not be up to date yet", customer)
	}
	stays, err := a.Segments.Of(ctx, []string{customer})
	if err != nil {
		return nil, err
	}
	policy, err := a.Store.Policy(ctx)
	if err != nil {
		return nil, err
	}
	contacts, err := a.Store.contactsOf(ctx, customer)
	if err != nil {
		return nil, err
	}
	in := func(_, segment string) bool {
		return slices.ContainsFunc(stays[0], func(s Stay) bool { return s.Segment == segment })
	}
	w := &weighing{
		Adviser: a, r: r, known: known[0], policy: policy, contacts: contacts,
		checks: checks{a: a.Campaigns, consents: a.Consents, rules: a.Rules.Compile, in: in, at: r.AsOf},
	}
	w.style(ctx)
	for _, stay := range stays[0] {
		if err := w.segment(ctx, stay); err != nil {
			return nil, err
		}
	}
	w.rank()
	return r, nil
}

// weighing is one recommendation in the making.
type weighing struct {
	*Adviser
	r        *Recommendation
	known    *facts.Facts
	policy   *Policy
	contacts []contact
	checks   checks
}

func (w *weighing) style(ctx context.Context) {
	found, err := w.Styles.Style(ctx, w.r.Customer)
	if err != nil {
		found = StyleFound{}
		w.r.Warnings = append(w.r.Warnings, Warning{"STYLE_NOT_READ", "the behaviour style could not be read from profile"})
	}
	if found.Style == 0 {
		found.Style = UnknownStyle
	}
	w.r.Style = found
}

func (w *weighing) segment(ctx context.Context, stay Stay) error {
	found, err := w.Store.ofSegment(ctx, stay.Segment)
	if err != nil || len(found) == 0 {
		return err
	}
	because, err := w.because(ctx, stay.Segment)
	if err != nil {
		return err
	}
	for _, s := range found {
		for i := range s.Actions {
			if err := w.weigh(ctx, s, &s.Actions[i], stay, because); err != nil {
				return err
			}
		}
	}
	return nil
}

// because is why the customer is in a segment. What cannot be explained now, since the
// definition is being changed, is told by the membership alone.
func (w *weighing) because(ctx context.Context, segment string) (criterion.Explanation, error) {
	c, err := w.Segments.Criterion(ctx, segment)
	if err != nil {
		if kind := fault.KindOf(err); kind == fault.Internal || kind == fault.Unavailable {
			return criterion.Explanation{}, err
		}
		return criterion.Explanation{}, nil
	}
	return c.Explain(&criterion.Case{Facts: w.known, At: w.r.AsOf, In: func(s string) (bool, error) { return w.checks.in("", s), nil }}), nil
}

func (w *weighing) weigh(ctx context.Context, s *Strategy, action *Action, stay Stay, because criterion.Explanation) error {
	reject := func(reason Reason, detail string, asked *criterion.Explanation) {
		w.r.Rejected = append(w.r.Rejected, Rejected{s, action.ID, reason, detail, asked})
	}
	if action.Trigger == OnLeave {
		return nil // for those who are out
	}
	if s.Paused {
		reject(StrategyPaused, "the strategy is paused", nil)
		return nil
	}
	rules := w.policy.rules(action)
	v, err := w.checks.of(ctx, s.ID, action, rules, w.known)
	if err != nil {
		return err
	}
	var asked *criterion.Explanation
	if v.rule != nil {
		explained := v.rule.Explain(v.asked)
		asked = &explained
	}
	if v.reason != 0 {
		if v.reason != Ineligible {
			asked = nil
		}
		reject(v.reason, v.detail, asked)
		return nil
	}
	contact := rules.Next(w.r.AsOf)
	caps := limits{w.policy.Caps, s.Caps, action.Caps}
	if by, of := caps.reached(w.contacts, s.ID, action.ID, contact); by != nil {
		reject(Capped, of+": "+by.String(), nil)
		return nil
	}
	gain, unmeasured, err := w.gain(ctx, action)
	if err != nil {
		return err
	}
	w.r.Actions = append(w.r.Actions, Recommended{
		Strategy: s, Action: action, Stay: stay, Because: because, Eligibility: asked, Gain: gain, Unmeasured: unmeasured,
		Contact: contact, Advice: action.advice(w.r.Style.Style),
	})
	return nil
}

// advice is the action's own for a style, empty without.
func (a *Action) advice(style Style) Text {
	for _, v := range a.Advice {
		if v.Style == style {
			return v.Text
		}
	}
	return Text{}
}

func (w *weighing) gain(ctx context.Context, action *Action) (*Gain, string, error) {
	if action.Campaign == "" {
		return nil, Unmeasured, nil
	}
	m, err := w.Campaigns.Measured(ctx, action.Campaign)
	switch gone := fault.ReasonOf(err) == "CAMPAIGN_NOT_FOUND"; {
	case gone:
		return nil, Unmeasured, nil
	case err != nil:
		return nil, "", err
	case !m.Ended:
		return nil, CampaignNotEnded, nil
	}
	order, known := meanOrder(w.known, m.Currency)
	if !known {
		return nil, NoOrderValue, nil
	}
	g := &Gain{Campaign: action.Campaign, Measured: m, Order: int64(math.Round(order))}
	cost := 0.0
	if action.Cost != nil && action.Cost.Currency == m.Currency {
		cost, g.CostIncluded = float64(action.Cost.Minor), true
	}
	g.Gain = whole(m.Lift*order - cost)
	// Of a customer who takes back more than it buys an order comes to less than nothing.
	low, high := whole(m.Low*order-cost), whole(m.High*order-cost)
	g.Low, g.High = min(low, high), max(low, high)
	return g, "", nil
}

// whole rounds to minor units, within what an int64 holds.
func whole(x float64) int64 {
	return int64(math.Round(min(max(x, -1<<62), 1<<62)))
}

// meanOrder is what the latest orders of a customer in a currency come to on average.
func meanOrder(f *facts.Facts, currency string) (mean float64, known bool) {
	n, sum := 0, 0.0
	for _, o := range f.Orders.Recent {
		if o.Net.Currency == currency {
			n, sum = n+1, sum+float64(o.Net.Minor)
		}
	}
	if n == 0 {
		return 0, false
	}
	return sum / float64(n), true
}

// rank puts first what was measured to bring something, the most first; then what was
// not measured, by priority; then what was measured to bring nothing. Gains in
// different currencies cannot be compared: then it is priority among them too.
func (w *weighing) rank() {
	currencies := make(map[string]bool)
	for _, c := range w.r.Actions {
		if c.Gain != nil {
			currencies[c.Gain.Measured.Currency] = true
		}
	}
	if len(currencies) > 1 {
		w.r.Warnings = append(w.r.Warnings, Warning{"MIXED_CURRENCIES", "gains are in several currencies, so that measured actions are ranked by priority"})
	}
	tier := func(c Recommended) int {
		switch {
		case c.Gain == nil:
			return 1
		case c.Gain.Gain > 0:
			return 0
		}
		return 2
	}
	slices.SortStableFunc(w.r.Actions, func(a, b Recommended) int {
		gains := 0
		if len(currencies) == 1 && a.Gain != nil && b.Gain != nil {
			gains = cmp.Compare(b.Gain.Gain, a.Gain.Gain)
		}
		return cmp.Or(cmp.Compare(tier(a), tier(b)), gains, cmp.Compare(b.Action.Priority, a.Action.Priority),
			cmp.Compare(a.Strategy.ID, b.Strategy.ID), cmp.Compare(a.Action.ID, b.Action.ID))
	})
}
