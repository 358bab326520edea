package economics

import (
	"slices"

	apiv1 "github.com/kehuhq/kehu/gen/kehu/api/v1"
	valuationv1 "github.com/kehuhq/kehu/gen/kehu/valuation/v1"

	"github.com/kehuhq/kehu/services/valuation/internal/domain"
)

// The kinds of each part.
var (
	benefitKinds = []valuationv1.EconomicKind{
		valuationv1.EconomicKind_ECONOMIC_KIND_PRODUCT_BENEFIT, valuationv1.EconomicKind_ECONOMIC_KIND_SERVICE_BENEFIT,
		valuationv1.EconomicKind_ECONOMIC_KIND_PERSONNEL_BENEFIT, valuationv1.EconomicKind_ECONOMIC_KIND_IMAGE_BENEFIT,
	}
	burdenKinds = []valuationv1.EconomicKind{
		valuationv1.EconomicKind_ECONOMIC_KIND_MONEY_COST, valuationv1.EconomicKind_ECONOMIC_KIND_TIME_COST,
		valuationv1.EconomicKind_ECONOMIC_KIND_EFFORT_COST, valuationv1.EconomicKind_ECONOMIC_KIND_PSYCHOLOGICAL_COST,
	}
	companyKinds = []valuationv1.EconomicKind{
		valuationv1.EconomicKind_ECONOMIC_KIND_ACQUISITION_COST, valuationv1.EconomicKind_ECONOMIC_KIND_SERVING_COST,
		valuationv1.EconomicKind_ECONOMIC_KIND_RETENTION_COST,
	}
)

// sum adds up one side.
type sum struct {
	benefits, costs int64
	fits            bool
	items           []*valuationv1.EconomicItem
	met             []valuationv1.EconomicKind
}

func (s *sum) benefit(minor int64) { s.add(&s.benefits, minor) }

func (s *sum) cost(minor int64) { s.add(&s.costs, minor) }

// add adds an amount. A margin may be negative, all else is not.
func (s *sum) add(to *int64, minor int64) {
	total := *to + minor
	s.fits = s.fits && (minor >= 0) == (total >= *to)
	*to = total
}

// lines adds the lines of some kinds.
func (s *sum) lines(b *book, kinds []valuationv1.EconomicKind, add func(int64)) {
	for _, e := range b.entries {
		l := e.line
		if !slices.Contains(kinds, l.Kind) {
			continue
		}
		add(e.amount)
		item := &valuationv1.EconomicItem{
			Line: l.name(), Kind: l.Kind, DisplayName: l.Title, Evidence: l.Evidence, Occurrences: e.times,
			Stated: &apiv1.Money{MinorUnits: e.stated, CurrencyCode: l.Currency}, Amount: b.money(e.amount),
		}
		if l.Segment != "" {
			item.Segment = "segments/" + l.Segment
		}
		s.items, s.met = append(s.items, item), append(s.met, l.Kind)
	}
}

// orders adds what the orders come to.
func (s *sum) orders(b *book, kind valuationv1.EconomicKind, what string, count, stated, counted int64) {
	s.items = append(s.items, &valuationv1.EconomicItem{
		Kind: kind, DisplayName: what, Occurrences: count, Stated: b.money(stated), Amount: b.money(counted),
	})
}

// side is the message of one side, with totals unless it is refused.
func (s *sum) side(b *book, kinds []valuationv1.EconomicKind, refusal *apiv1.Warning) *valuationv1.EconomicSide {
	m := &valuationv1.EconomicSide{Items: s.items, Refusal: refusal}
	for _, kind := range kinds {
		if !slices.Contains(s.met, kind) {
			m.MissingKinds = append(m.MissingKinds, kind)
		}
	}
	if refusal == nil {
		m.Benefits, m.Costs, m.Net = b.money(s.benefits), b.money(s.costs), b.money(s.benefits-s.costs)
	}
	return m
}

func (b *book) money(minor int64) *apiv1.Money {
	return &apiv1.Money{MinorUnits: minor, CurrencyCode: b.currency}
}

// customerSide is 客户系统经济学: all benefits less what was paid and all else that
// the relationship costs the customer (Kotler & Keller, Marketing Management: total
// customer benefit less total customer cost).
func (b *book) customerSide() (*valuationv1.EconomicSide, error) {
	s := sum{fits: true}
	paid, counted := int64(0), int64(0)
	for _, o := range b.orders {
		s.add(&paid, o.net)
		s.add(&counted, discounted(o.net, b.discount(o.day)))
	}
	if b.placed > 0 {
		s.orders(b, valuationv1.EconomicKind_ECONOMIC_KIND_MONEY_COST, "orders: paid less refunded", b.placed, paid, counted)
		s.met = append(s.met, valuationv1.EconomicKind_ECONOMIC_KIND_MONEY_COST)
		s.cost(counted)
	}
	s.lines(b, benefitKinds, s.benefit)
	s.lines(b, burdenKinds, s.cost)
	if !s.fits {
		return nil, domain.Overflow(b.customer)
	}
	var refusal *apiv1.Warning
	if !slices.ContainsFunc(s.met, func(k valuationv1.EconomicKind) bool { return slices.Contains(benefitKinds, k) }) {
		refusal = &apiv1.Warning{Reason: "ECONOMICS_ONLY_PRICE", Message: "of what the customer has of the relationship only costs are known, and no benefit: " +
			"a price says nothing of what it buys; add a line of a benefit (product, service, personnel, image) with its evidence"}
	}
	return s.side(b, slices.Concat(benefitKinds, burdenKinds), refusal), nil
}

// companySide is 客户盈利分析: the margin of the orders whose cost is known, less
// what it costs to win, serve and keep the customer.
func (b *book) companySide() (*valuationv1.EconomicSide, error) {
	s := sum{fits: true}
	var known, revenue, knownRevenue, margin, counted int64
	for _, o := range b.orders {
		s.add(&revenue, o.net)
		if o.cost == domain.Unknown {
			continue
		}
		known++
		knownRevenue += o.net // at most revenue
		s.add(&margin, o.net-o.cost)
		s.add(&counted, discounted(o.net-o.cost, b.discount(o.day)))
	}
	if known > 0 {
		s.orders(b, 0, "orders: revenue less cost of goods, where known", known, margin, counted)
		s.benefit(counted)
	}
	s.lines(b, companyKinds, s.cost)
	if !s.fits {
		return nil, domain.Overflow(b.customer)
	}
	var refusal *apiv1.Warning
	switch {
	case b.placed > 0 && known == 0:
		refusal = &apiv1.Warning{Reason: "COST_UNKNOWN", Message: "no order has a known cost of its goods, so that there is no margin: revenue is no profit; record orders with their cost"}
	case len(s.met) == 0:
		refusal = &apiv1.Warning{Reason: "SERVING_COSTS_UNKNOWN", Message: "there is no line of what it costs to win, serve or keep the customer; " +
			"add one with its evidence, of the customer or of a segment named, with the amount 0 where it is known to be nothing"}
	}
	m := s.side(b, companyKinds, refusal)
	if m.MarginCoverage = 1; revenue > 0 {
		m.MarginCoverage = float64(knownRevenue) / float64(revenue)
	} else if known < b.placed {
		m.MarginCoverage = 0
	}
	return m, nil
}

// warnings are what a reader of both sides should know.
func (b *book) warnings() (all []*apiv1.Warning) {
	add := func(reason, message string) { all = append(all, &apiv1.Warning{Reason: reason, Message: message}) }
	if b.placed == 0 {
		add("NO_ORDERS", "the customer has no order: neither price nor margin is in the totals")
	}
	known, shared := int64(0), false
	for _, o := range b.orders {
		if o.cost != domain.Unknown {
			known++
		}
	}
	if known > 0 && known < b.placed {
		add("MARGIN_PARTIAL", "the cost of goods is known of some orders only: the margin is of those, and the others are left out; see margin_coverage")
	}
	for _, e := range b.entries {
		shared = shared || e.line.Segment != ""
	}
	if shared {
		add("SEGMENT_LINES", "lines of segments are counted as the caller named them; whether the customer is a member was not checked")
	}
	return all
}
