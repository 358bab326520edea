package indicators

import (
	"context"
	"errors"

	"github.com/kehuhq/kehu/pkg/fault"
	"github.com/kehuhq/kehu/pkg/stat"

	"github.com/kehuhq/kehu/services/valuation/internal/base"
	"github.com/kehuhq/kehu/services/valuation/internal/domain"
	"github.com/kehuhq/kehu/services/valuation/internal/facts"
	"github.com/kehuhq/kehu/services/valuation/internal/loyalty"
	"github.com/kehuhq/kehu/services/valuation/internal/peers"
	"github.com/kehuhq/kehu/services/valuation/internal/ranks"
)

// Segments tells who is in which segment.
type Segments interface {
	Published(ctx context.Context) ([]peers.Segment, error)
	Memberships(ctx context.Context, customers []string) ([][]string, error)
}

// Journal is told how a snapshot goes on, and keeps its place.
type Journal interface {
	facts.Journal
	loyalty.Journal
}

// Taker takes snapshots.
type Taker struct {
	Store    *Store
	Base     *base.Reader
	Facts    *facts.Store
	Segments Segments // nil where there is no such service
	Family   func(context.Context) facts.Family
	Loyalty  *loyalty.Evaluator
}

// Taken is what a snapshot is of.
type Taken struct {
	Population base.Population
	Groups     int
	Policies   []string // that were evaluated
	Sources    []facts.Status
	Warnings   []domain.Warning
}

// Run takes the snapshot of a refresh (0: the last), and evaluates the automatic
// loyalty policies. Broken off, it begins anew behind what was copied. Where the
// refresh is not the last any more it does nothing, and warns. Faults:
// VALUATIONS_NOT_REFRESHED, MONEY_OVERFLOW.
func (t *Taker) Run(ctx context.Context, operation string, generation int64, place facts.Place, journal Journal) (Taken, error) {
	p, err := t.Base.Current(ctx)
	if err != nil {
		return Taken{}, err
	}
	taken := Taken{Population: p}
	if generation != 0 && generation != p.Generation {
		taken.Warnings = []domain.Warning{domain.Superseded(p.Generation)}
		return taken, nil
	}
	view, err := t.Facts.Bring(ctx, operation, p.AsOf.Time(), place, journal)
	if err != nil {
		return taken, err
	}
	family := t.Family(ctx)
	taken.Sources = view.Statuses
	pass := &pass{Taker: t, population: p, view: view, groups: newGroups()}
	if err := pass.segments(ctx); err != nil {
		return taken, err
	}
	if err := pass.run(ctx, family, journal); err != nil {
		return taken, err
	}
	if err := pass.store(ctx); err != nil {
		return taken, err
	}
	taken.Groups, taken.Warnings = len(pass.groups.order), pass.warnings
	automatic, err := t.Loyalty.Store.Automatic(ctx)
	if err != nil {
		return taken, err
	}
	for _, id := range automatic {
		_, _, err := t.Loyalty.Run(ctx, operation, id, p, view, family, journal)
		if fault.ReasonOf(err) == "LOYALTY_POLICY_NOT_FOUND" { // deleted meanwhile
			continue
		}
		if err != nil {
			return taken, err
		}
		taken.Policies = append(taken.Policies, id)
	}
	return taken, nil
}

// group is one whose indicators are counted.
type group struct {
	name, en, zh string
	sums         Sums
}

// groups are all, by name.
type groups struct {
	order  []*group
	byName map[string]*group
}

func newGroups() *groups {
	g := &groups{byName: make(map[string]*group)}
	g.add(All, "All customers", "全部客户")
	for _, rfm := range stat.Groups() {
		g.add(rfmGroup(rfm), rfm.String(), rfm.Chinese())
	}
	return g
}

func (g *groups) add(name, en, zh string) {
	one := &group{name: name, en: en, zh: zh}
	g.order, g.byName[name] = append(g.order, one), one
}

// pass is one pass over all customers.
type pass struct {
	*Taker
	population base.Population
	view       facts.View
	groups     *groups
	divided    bool // by segments too
	revenue    *ranks.Scale
	referrals  *ranks.Scale
	warnings   []domain.Warning
}

// segments adds the published segments. Without segmentation they are left out.
func (p *pass) segments(ctx context.Context) error {
	if p.Segments == nil {
		p.warnings = append(p.warnings, domain.Warning{Reason: facts.NotConfigured, Message: "there is no segmentation service here: segments are left out"})
		return nil
	}
	published, err := p.Segments.Published(ctx)
	if err != nil {
		return p.without(err)
	}
	for _, s := range published {
		p.groups.add("segments/"+s.ID, s.Name, "")
	}
	p.divided = true
	return nil
}

// without leaves segments out where segmentation cannot be reached.
func (p *pass) without(err error) error {
	switch fault.KindOf(err) {
	case fault.Unavailable, fault.DeadlineExceeded, fault.Unimplemented:
	default:
		return err
	}
	p.warnings = append(p.warnings, domain.Warning{Reason: facts.Unavailable, Message: "segmentation could not be reached: segments are left out"})
	p.divided = false
	kept := newGroups()
	for i, g := range p.groups.order[:len(kept.order)] {
		*kept.order[i] = *g
	}
	p.groups = kept
	return nil
}

// askEvery is how many customers' memberships are asked for at a time.
const askEvery = 1000

// revenueDigits and referralDigits are how well the distributions tell figures apart.
const (
	revenueDigits  = 3
	referralDigits = 3
)

func (p *pass) run(ctx context.Context, family facts.Family, journal Journal) error {
	p.revenue, p.referrals = ranks.New(revenueDigits), ranks.New(referralDigits)
	walk := p.Facts.Walk(ctx, p.view, family)
	defer walk.Close()
	waiting := make([]subject, 0, askEvery)
	done := int64(0)
	for v, err := range p.Base.All(ctx, p.population) {
		if err != nil {
			return err
		}
		known, err := walk.Of(v.Customer)
		if err != nil {
			return err
		}
		kept := *v // the next one takes its place
		kept.Revenue = append([]domain.Money(nil), v.Revenue...)
		waiting = append(waiting, subject{&kept, p.population.TenureDays(v), known})
		if done++; len(waiting) < askEvery {
			continue
		}
		if err := p.count(ctx, waiting); err != nil {
			return err
		}
		waiting = waiting[:0]
		journal.Progress(done, p.population.Customers, "indicators")
		if done%(10*askEvery) == 0 {
			if err := journal.Alive(ctx); err != nil {
				return err
			}
		}
	}
	return p.count(ctx, waiting)
}

// count counts some customers in all their groups.
func (p *pass) count(ctx context.Context, customers []subject) error {
	for _, c := range customers {
		names := []string{All, rfmGroup(c.Scores.Group)}
		for _, name := range names {
			if g := p.groups.byName[name]; g != nil {
				if err := g.sums.add(p.population, c); err != nil {
					return err
				}
			}
		}
		if len(c.Revenue) > 0 {
			p.revenue.Add(c.Revenue[0].Minor)
		} else {
			p.revenue.Add(0)
		}
		p.referrals.Add(int64(c.known.Referrals.Value))
	}
	if !p.divided || len(customers) == 0 {
		return nil
	}
	ids := make([]string, len(customers))
	for i, c := range customers {
		ids[i] = c.Customer
	}
	memberships, err := p.Segments.Memberships(ctx, ids)
	if err != nil {
		return p.without(err)
	}
	for i, segments := range memberships {
		for _, id := range segments {
			// One that was published since is left out.
			if g := p.groups.byName["segments/"+id]; g != nil {
				if err := g.sums.add(p.population, customers[i]); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// store stores what was counted.
func (p *pass) store(ctx context.Context) error {
	all := &p.groups.byName[All].sums
	at := p.population
	snapshots := make([]*Snapshot, len(p.groups.order))
	for i, g := range p.groups.order {
		snapshots[i] = &Snapshot{
			Group: g.name, NameEN: g.en, NameZH: g.zh, Date: at.Date, AsOf: at.AsOf.Time(), Zone: at.Zone, Currency: at.Currency,
			Generation: at.Generation, Sums: g.sums, AllCustomers: all.Customers, AllQualified: all.Qualified,
			Sources: newStatusDocs(p.view.Statuses),
		}
	}
	err := p.Store.put(ctx, at.Date, at.Generation, snapshots)
	return errors.Join(err, p.Store.putScales(ctx, scales{
		Generation: at.Generation, Date: at.Date, Zone: at.Zone, Currency: at.Currency, Customers: all.Customers, Qualified: all.Qualified,
		Revenue: p.revenue.Bytes(), Referrals: p.referrals.Bytes(), TakenAt: p.Store.now().UTC(),
	}))
}
