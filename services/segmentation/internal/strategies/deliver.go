package strategies

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/kehuhq/kehu/pkg/fault"

	"github.com/kehuhq/kehu/services/segmentation/internal/criterion"
	"github.com/kehuhq/kehu/services/segmentation/internal/facts"
)

// retryTime is after how long an event is settled again whose settling failed.
const retryTime = time.Minute

// batch is what is read once for some customers, to settle their events.
type batch struct {
	a      *Automation
	at     time.Time
	policy *Policy
	known  map[string]*facts.Facts
	stays  map[string][]Stay

	mu      sync.Mutex           // of what follows
	latest  map[string]*Strategy // nil where it is gone
	made    map[string]*Strategy // revisions by their names
	rules   map[string]criterion.Criterion
	allowed map[string]map[string]bool // by purpose and customer
	failed  error                      // the last that was
}

// settleDue settles what is due. An event whose settling fails waits for a while, and
// the rest is gone on with.
func (a *Automation) settleDue(ctx context.Context) (more bool, err error) {
	b := &batch{
		a: a, at: a.Store.instant(), known: make(map[string]*facts.Facts), stays: make(map[string][]Stay),
		latest: make(map[string]*Strategy), made: make(map[string]*Strategy), rules: make(map[string]criterion.Criterion),
		allowed: make(map[string]map[string]bool),
	}
	events, err := a.Store.due(ctx, b.at, duePerStep)
	if err != nil || len(events) == 0 {
		return false, err
	}
	if b.policy, err = a.Store.Policy(ctx); err != nil {
		return false, err
	}
	if err := b.read(ctx, events); err != nil {
		return false, err
	}
	// Customers are independent of each other; the events of one go in their order.
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(settlers)
	for _, own := range byCustomerOf(events) {
		group.Go(func() error { return b.settleAll(ctx, own) })
	}
	err = group.Wait()
	return len(events) == duePerStep && err == nil, errors.Join(err, b.failed)
}

// settlers is how many customers' events are settled at a time.
const settlers = 16

func byCustomerOf(events []*Event) map[string][]*Event {
	of := make(map[string][]*Event)
	for _, e := range events {
		of[e.Move.Customer] = append(of[e.Move.Customer], e)
	}
	return of
}

func (b *batch) settleAll(ctx context.Context, events []*Event) error {
	for _, e := range events {
		err := b.settle(ctx, e)
		if err == nil {
			continue
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		b.mu.Lock()
		b.failed = fmt.Errorf("event %s: %w", e.ID, err)
		b.mu.Unlock()
		// Those behind it must not wait for it.
		if err := b.a.Store.postpone(ctx, e.ID, b.at.Add(retryTime)); err != nil {
			return err
		}
	}
	return nil
}

// read reads the facts and the segments of the customers that events are about.
func (b *batch) read(ctx context.Context, events []*Event) error {
	var customers []string
	for _, e := range events {
		customers = append(customers, e.Move.Customer)
	}
	slices.Sort(customers)
	customers = slices.Compact(customers)
	found, err := b.a.Facts.GetMany(ctx, customers, facts.AllParts)
	if err != nil {
		return err
	}
	stays, err := b.a.Segments.Of(ctx, customers)
	if err != nil {
		return err
	}
	for i, c := range customers {
		b.known[c], b.stays[c] = found[i], stays[i]
	}
	return nil
}

// strategy is a strategy as it is, nil where it is gone.
func (b *batch) strategy(ctx context.Context, id string) (*Strategy, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if s, read := b.latest[id]; read {
		return s, nil
	}
	s, err := b.a.Store.Get(ctx, id)
	if fault.KindOf(err) == fault.NotFound {
		s, err = nil, nil
	}
	if err == nil {
		b.latest[id] = s
	}
	return s, err
}

func (b *batch) revision(ctx context.Context, strategy string, revision int64) (*Strategy, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	name := revisionName(strategy, revision)
	if s, read := b.made[name]; read {
		return s, nil
	}
	s, err := b.a.Store.Revision(ctx, strategy, revision)
	if err == nil {
		b.made[name] = s
	}
	return s, err
}

// settle decides about one event. What must not be repeated is decided by one write,
// see Store.take; what comes before may be decided anew after a crash.
func (b *batch) settle(ctx context.Context, e *Event) error {
	suppress := func(reason Reason, format string, args ...any) error {
		return b.a.Store.settle(ctx, e.ID, Suppressed, b.at, reason, fmt.Sprintf(format, args...))
	}
	latest, err := b.strategy(ctx, e.Strategy)
	if err != nil {
		return err
	}
	if latest == nil || latest.action(e.Action) == nil {
		return suppress(StrategyGone, "the strategy or its action has been deleted")
	}
	if latest.Paused {
		return suppress(StrategyPaused, "the strategy is paused")
	}
	s, err := b.revision(ctx, e.Strategy, e.Revision)
	if fault.KindOf(err) == fault.NotFound {
		return suppress(StrategyGone, "revision %d of the strategy is there no more", e.Revision)
	}
	if err != nil {
		return err
	}
	action := s.action(e.Action)
	if action == nil {
		return suppress(StrategyGone, "revision %d of the strategy has no such action", e.Revision)
	}
	rules := b.policy.rules(action)
	if next := rules.Next(b.at); next.After(b.at) {
		return b.a.Store.postpone(ctx, e.ID, next) // it was due before, and nobody was at work
	}
	known := b.known[e.Move.Customer]
	if known == nil {
		return suppress(CustomerGone, "nothing is known of the customer any more")
	}
	if b.in(e.Move.Customer, e.Move.Segment) == e.Move.Left {
		return suppress(WentBack, "the customer went back over the segment's border")
	}
	check := checks{a: b.a.Campaigns, consents: b, rules: b.rule, in: b.in, at: b.at}
	verdict, err := check.of(ctx, s.ID, action, rules, known)
	if err != nil {
		return err
	}
	if verdict.reason != 0 {
		return suppress(verdict.reason, "%s", verdict.detail)
	}
	when, by, of, err := b.a.Store.take(ctx, e, limits{b.policy.Caps, s.Caps, action.Caps}, b.at)
	if err != nil {
		return err
	}
	if by != nil {
		return suppress(Capped, "%s: %s", of, by)
	}
	return b.a.Store.settle(ctx, e.ID, Delivered, when, 0, "")
}

func (b *batch) in(customer, segment string) bool {
	return slices.ContainsFunc(b.stays[customer], func(s Stay) bool { return s.Segment == segment })
}

// rule is a compiled eligibility.
func (b *batch) rule(ctx context.Context, expression string) (criterion.Criterion, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if r, made := b.rules[expression]; made {
		return r, nil
	}
	r, err := b.a.Rules.Compile(ctx, expression)
	if err == nil {
		b.rules[expression] = r
	}
	return r, err
}

// Allowed answers for the customers of the batch, of whom it asks once for a purpose.
func (b *batch) Allowed(ctx context.Context, purpose string, customers []string) ([]bool, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.allowed[purpose] == nil {
		var all []string
		for _, c := range slices.Sorted(maps.Keys(b.known)) {
			if b.known[c] != nil {
				all = append(all, c)
			}
		}
		answers, err := b.a.Consents.Allowed(ctx, purpose, all)
		if err != nil {
			return nil, err
		}
		b.allowed[purpose] = make(map[string]bool, len(all))
		for i, c := range all {
			b.allowed[purpose][c] = answers[i]
		}
	}
	allowed := make([]bool, len(customers))
	for i, c := range customers {
		allowed[i] = b.allowed[purpose][c]
	}
	return allowed, nil
}

// checks are what is asked of an action before caps.
type checks struct {
	a        Campaigns
	consents Consents
	rules    func(context.Context, string) (criterion.Criterion, error)
	in       func(customer, segment string) bool
	at       time.Time
}

// verdict is why an action is not to be carried out, the zero one that it may be.
type verdict struct {
	reason Reason
	detail string
	rule   criterion.Criterion // of the eligibility; nil without one
	asked  *criterion.Case
}

func (c checks) of(ctx context.Context, strategy string, action *Action, contact *ContactRules, known *facts.Facts) (verdict, error) {
	customer := known.Customer.ID
	v := verdict{}
	if action.Eligibility != "" {
		rule, err := c.rules(ctx, action.Eligibility)
		if fault.KindOf(err) == fault.InvalidArgument { // an attribute was taken away since
			return verdict{reason: Ineligible, detail: "the eligibility cannot be told: " + err.Error()}, nil
		}
		if err != nil {
			return v, err
		}
		v.rule = rule
		v.asked = &criterion.Case{Facts: known, At: c.at, In: func(segment string) (bool, error) { return c.in(customer, segment), nil }}
		answer, err := rule.Evaluate(v.asked)
		switch {
		case err != nil:
			v.reason, v.detail = Ineligible, "the eligibility cannot be told: "+err.Error()
		case !answer.Belongs:
			v.reason, v.detail = Ineligible, "does not hold: "+action.Eligibility
		}
		if v.reason != 0 {
			return v, nil
		}
	}
	if contact.Purpose != "" {
		allowed, err := c.consents.Allowed(ctx, contact.Purpose, []string{customer})
		if err != nil {
			return v, err
		}
		if !allowed[0] {
			v.reason, v.detail = NoConsent, "purposes/"+contact.Purpose+" is not allowed"
			return v, nil
		}
	}
	campaign, err := c.a.HeldOut(ctx, customer, strategy, action.ID)
	if err == nil && campaign != "" {
		v.reason, v.detail = HeldOut, "held out by campaigns/"+campaign
	}
	return v, err
}
