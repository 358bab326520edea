package loyalty

import (
	"context"
	"errors"
	"math"

	"github.com/kehuhq/kehu/pkg/docstore"

	"github.com/kehuhq/kehu/services/valuation/internal/base"
	"github.com/kehuhq/kehu/services/valuation/internal/editions"
	"github.com/kehuhq/kehu/services/valuation/internal/facts"
	"github.com/kehuhq/kehu/services/valuation/internal/ranks"
)

// Journal is told how an evaluation goes on. An error of Alive ends it.
type Journal interface {
	Alive(context.Context) error
	Progress(done, total int64, stage string)
}

// Evaluator evaluates policies over all customers.
type Evaluator struct {
	Store *Store
	Base  *base.Reader
	Facts *facts.Store
}

// batch is how many standings are written at a time; aliveEvery how many batches
// lie between two questions whether to go on.
const (
	batch      = 1000
	aliveEvery = 10
)

// Run evaluates a policy over a population, with the facts of a view, and publishes
// what it finds. Broken off, it begins anew: it writes the same again. It returns
// the evaluation that is read then, which is another one's where that was begun
// later and is done already. Faults: LOYALTY_POLICY_NOT_FOUND, EDITION_OVERTAKEN.
func (e *Evaluator) Run(ctx context.Context, operation, id string, p base.Population, view facts.View, family facts.Family, journal Journal) (*Policy, *editions.Edition[Evaluation], error) {
	policy, err := e.Store.Policy(ctx, id)
	if err != nil {
		return nil, nil, err
	}
	number, err := e.Store.book.Begin(ctx, id, operation)
	if err != nil {
		return nil, nil, err
	}
	r, err := e.Store.book.Get(ctx, id)
	if err != nil {
		return nil, nil, err
	}
	if r.Current == nil || r.Current.Number < number {
		if err := e.judgeAll(ctx, operation, policy, number, p, view, family, journal); err != nil {
			return nil, nil, err
		}
	}
	if err := e.follow(ctx, id, journal); err != nil {
		return nil, nil, err
	}
	current, err := e.Store.readable(ctx, id)
	return policy, current, err
}

func (e *Evaluator) judgeAll(ctx context.Context, operation string, policy *Policy, number int64, p base.Population, view facts.View, family facts.Family, journal Journal) error {
	count := newCount()
	walk := e.Facts.Walk(ctx, view, family)
	defer walk.Close()
	var ops []docstore.Op[standingDoc]
	flush := func() error {
		errs, err := e.Store.standings.Write(ctx, ops)
		ops = ops[:0]
		return errors.Join(append(errs, err)...)
	}
	for v, err := range e.Base.All(ctx, p) {
		if err != nil {
			return err
		}
		known, err := walk.Of(v.Customer)
		if err != nil {
			return err
		}
		s := policy.Judge(v.Customer, Values{
			PurchaseDays - 1: {Known: true, Value: float64(v.Days)},
			Satisfaction - 1: known.Satisfaction,
			Referrals - 1:    known.Referrals,
			TenureDays - 1:   {Known: true, Value: float64(p.TenureDays(v))},
			FullPrice - 1:    known.FullPrice,
		})
		count.add(&s)
		ops = append(ops, docstore.Op[standingDoc]{Doc: newStandingDoc(policy.ID, number, &s), Expect: docstore.Any})
		if len(ops) < batch {
			continue
		}
		if err := flush(); err != nil {
			return err
		}
		journal.Progress(count.customers, p.Customers, "judging loyalty")
		if count.customers%(batch*aliveEvery) == 0 {
			if err := journal.Alive(ctx); err != nil {
				return err
			}
		}
	}
	if err := flush(); err != nil {
		return err
	}
	return e.publish(ctx, operation, policy, number, count.evaluation(policy, p, view), journal)
}

// errNotFollowed says that histories have to come to the current evaluation before
// another one may take its place.
var errNotFollowed = errors.New("the histories are behind")

func (e *Evaluator) publish(ctx context.Context, operation string, policy *Policy, number int64, info Evaluation, journal Journal) error {
	for {
		_, err := e.Store.book.Publish(ctx, policy.ID, operation, number, info, func(r *record) error {
			if r.Current != nil && r.Followed != r.Current.Number {
				return errNotFollowed
			}
			return nil
		})
		if !errors.Is(err, errNotFollowed) {
			return err
		}
		if err := e.follow(ctx, policy.ID, journal); err != nil {
			return err
		}
	}
}

// count adds standings up.
type count struct {
	customers, scored int64
	tiers             map[string]int64
	scale             *ranks.Scale
}

func newCount() *count {
	return &count{tiers: make(map[string]int64), scale: ranks.New(scoreDigits)}
}

// Scores are told apart by hundredths: 0 to 10,000 exactly.
const (
	scoreDigits = 4
	hundredths  = 100
)

// Rank is a score as a scale counts it.
func Rank(score float64) int64 { return int64(math.Round(score * hundredths)) }

func (c *count) add(s *Standing) {
	c.customers++
	c.tiers[s.Tier]++
	if s.Scored {
		c.scored++
		c.scale.Add(Rank(s.Score))
	}
}

func (c *count) evaluation(policy *Policy, p base.Population, view facts.View) Evaluation {
	info := Evaluation{
		Generation: p.Generation, AsOf: p.AsOf.Time(), Zone: p.Zone, Policy: policy.Version,
		Customers: c.customers, Scored: c.scored, Sources: newStatusDocs(view.Statuses), Scale: c.scale.Bytes(),
		Tiers: []TierCount{{ID: None, NameEN: "No tier", NameZH: "无等级", Customers: c.tiers[""]}},
	}
	for _, t := range policy.Tiers {
		info.Tiers = append(info.Tiers, TierCount{t.ID, t.NameEN, t.NameZH, c.tiers[t.ID]})
	}
	return info
}
