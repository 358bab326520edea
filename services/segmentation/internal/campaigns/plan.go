package campaigns

import (
	"context"
	"slices"
	"time"

	"github.com/kehuhq/kehu/services/segmentation/internal/criterion"
	"github.com/kehuhq/kehu/services/segmentation/internal/facts"
)

// planSample is by how many customers a plan is made where there are more.
const planSample = 5000

// Plan is what a campaign could find out.
type Plan struct {
	AsOf                      time.Time
	Population                int64
	Exact                     bool
	Treated, HeldOut          int64
	Baseline                  Baseline
	Conversion, Revenue       *float64 // detectable; nil where none is
	Undetectable, NoBaseline  bool
	EndPast, Sampled, TooRare bool
}

// Planner makes plans.
type Planner struct {
	Store    *Store
	Rules    Rules
	Segments Segments
	Facts    Facts
}

// Plan tells how large an effect a campaign could find if it were started now.
func (p *Planner) Plan(ctx context.Context, c *Campaign) (*Plan, error) {
	now := p.Store.instant()
	plan := &Plan{AsOf: now, EndPast: !c.End.After(now)}
	plan.Baseline = Baseline{Start: now.Add(-max(c.End.Sub(now), 0)), End: now}
	belongs, need, err := p.belongs(ctx, c)
	if err != nil {
		return nil, err
	}
	sample, population, exact, err := p.Facts.Sample(ctx, planSample, need|ofOutcome)
	if err != nil {
		return nil, err
	}
	ids := make([]string, len(sample))
	for i, f := range sample {
		ids[i] = f.Customer.ID
	}
	in := [][]string(nil)
	if len(ids) > 0 {
		if in, err = p.Segments.In(ctx, ids); err != nil {
			return nil, err
		}
	}
	for i, f := range sample {
		is, err := belongs(&criterion.Case{Facts: f, At: now, In: func(s string) (bool, error) { return slices.Contains(in[i], s), nil }})
		if err != nil && !refused(err) {
			return nil, err
		}
		if err == nil && is {
			plan.Baseline.add(f, c.Currency)
		}
	}
	if c.Segment != "" {
		if plan.Population, _, err = p.Segments.Size(ctx, c.Segment); err != nil {
			return nil, err
		}
		plan.Exact = true
	} else if len(sample) > 0 {
		plan.Population = int64(float64(plan.Baseline.Revenue.N)*float64(population)/float64(len(sample)) + 0.5)
		plan.Exact = exact
	}
	plan.Sampled = !exact
	plan.HeldOut = int64(float64(plan.Population)*c.Share + 0.5)
	plan.Treated = plan.Population - plan.HeldOut
	plan.detect(c.Level)
	return plan, nil
}

// belongs asks whether a customer would take part.
func (p *Planner) belongs(ctx context.Context, c *Campaign) (_ func(*criterion.Case) (bool, error), need facts.Part, err error) {
	if c.Segment != "" {
		return func(asked *criterion.Case) (bool, error) { return asked.In(c.Segment) }, 0, nil
	}
	rule, err := p.Rules.Compile(ctx, c.Rule)
	if err != nil {
		return nil, 0, err
	}
	return func(asked *criterion.Case) (bool, error) {
		verdict, err := rule.Evaluate(asked)
		return verdict.Belongs, err
	}, facts.PartsOf(rule.Reads()), nil
}

func (p *Plan) detect(level float64) {
	n, m := float64(p.Treated), float64(p.HeldOut)
	p.NoBaseline = p.Baseline.Revenue.N == 0
	if p.NoBaseline {
		return
	}
	if d, found := detectableShare(p.Baseline.conversion(), n, m, level, planPower); found {
		p.Conversion = &d
	}
	if d, found := detectableMean(p.Baseline.Revenue.SD(), n, m, level, planPower); found {
		p.Revenue = &d
	}
	p.Undetectable = p.Conversion == nil
	p.TooRare = p.Baseline.Converted < 10
}
