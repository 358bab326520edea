package influence

import (
	"context"
	"iter"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	apiv1 "github.com/kehuhq/kehu/gen/kehu/api/v1"
	valuationv1 "github.com/kehuhq/kehu/gen/kehu/valuation/v1"
	"github.com/kehuhq/kehu/pkg/fault"
	"github.com/kehuhq/kehu/pkg/rpc/aip"

	"github.com/kehuhq/kehu/services/valuation/internal/base"
	"github.com/kehuhq/kehu/services/valuation/internal/domain"
	"github.com/kehuhq/kehu/services/valuation/internal/facts"
	"github.com/kehuhq/kehu/services/valuation/internal/indicators"
	"github.com/kehuhq/kehu/services/valuation/internal/loyalty"
)

// Customers tells by which id a customer goes since records were merged.
type Customers interface {
	Root(ctx context.Context, id string) string
}

// Scales are how figures are distributed over all customers.
type Scales interface {
	Scales(ctx context.Context) (indicators.Scales, error)
}

// Server answers the InfluenceService.
type Server struct {
	Scales    Scales
	Base      *base.Reader
	Facts     *facts.Store
	Loyalty   *loyalty.Store
	Customers Customers
	Family    func(context.Context) facts.Family
}

var _ valuationv1.InfluenceServiceServer = (*Server)(nil)

// GetInfluence returns one customer's influence.
func (s *Server) GetInfluence(ctx context.Context, r *valuationv1.GetInfluenceRequest) (*valuationv1.Influence, error) {
	customer, err := aip.ParseID("name", r.GetName(), "customers/{customer}/influence")
	if err != nil {
		return nil, err
	}
	scales, err := s.Scales.Scales(ctx)
	if err != nil {
		return nil, err
	}
	customer = s.Customers.Root(ctx, customer)
	p := scales.Population
	v, err := s.Base.Get(ctx, p, customer)
	if err != nil {
		return nil, err
	}
	view, err := s.Facts.View(ctx, time.Time{})
	if err != nil {
		return nil, err
	}
	m := &valuationv1.Influence{
		Name: "customers/" + customer + "/influence", CustomerId: customer, AsOf: timestamppb.New(p.AsOf.Time()), TimeZone: p.Zone,
		Customers: p.Customers, Generation: p.Generation, PurchasingPower: purchasingPower(scales, v),
		Sources: loyalty.SourcesProto(view.Statuses),
	}
	if m.Loyalty, err = s.loyal(ctx, r.GetPolicy(), customer); err != nil {
		return nil, err
	}
	var truncated bool
	if m.WordOfMouth, truncated, err = s.wordOfMouth(ctx, scales, view, customer); err != nil {
		return nil, err
	}
	if truncated {
		m.Warnings = append(m.Warnings, &apiv1.Warning{
			Reason: "REACH_TRUNCATED", Message: "more than 10,000 customers are reached; the figures are of the nearest of them",
		})
	}
	return m, nil
}

func purchasingPower(s indicators.Scales, v *domain.Valuation) *valuationv1.PurchasingPower {
	m := &valuationv1.PurchasingPower{OrderDays: v.Days}
	revenue := int64(0)
	if len(v.Revenue) > 0 {
		revenue = v.Revenue[0].Minor
		m.Revenue = money(v.Revenue[0].Currency, revenue)
		if v.Historic.Known {
			m.HistoricValue = money(v.Revenue[0].Currency, v.Historic.Minor)
		}
	}
	m.Score, _ = s.Revenue.Percentile(revenue) // the customer is counted: it is known
	return m
}

// loyal is where a customer stands by a policy; what keeps it from being known is a
// reason, but for a policy that is asked for and is none.
func (s *Server) loyal(ctx context.Context, policy, customer string) (*valuationv1.LoyaltyStanding, error) {
	m := &valuationv1.LoyaltyStanding{}
	id, err := s.Loyalty.Named(ctx, policy)
	if reason := fault.ReasonOf(err); policy == "" && reason == "LOYALTY_POLICY_AMBIGUOUS" {
		m.Reason = reason
		return m, nil
	} else if policy == "" && reason == "LOYALTY_POLICY_NOT_FOUND" {
		m.Reason = "LOYALTY_NOT_EVALUATED"
		return m, nil
	}
	if err != nil {
		return nil, err
	}
	m.Policy = "loyaltyPolicies/" + id
	standing, evaluation, err := s.Loyalty.Standing(ctx, id, customer)
	switch reason := fault.ReasonOf(err); {
	case reason == "LOYALTY_NOT_EVALUATED" || reason == "LOYALTY_NOT_FOUND":
		m.Reason = reason
		return m, nil
	case err != nil:
		return nil, err
	case !standing.Scored:
		m.Reason = "TOO_FEW_KNOWN"
		return m, nil
	}
	m.PolicyScore, m.Tier = &standing.Score, standing.Tier
	percentile, known, err := evaluation.Info.Percentile(standing.Score)
	if known {
		m.Score = &percentile
	}
	return m, err
}

func (s *Server) wordOfMouth(ctx context.Context, scales indicators.Scales, view facts.View, customer string) (*valuationv1.WordOfMouth, bool, error) {
	m := &valuationv1.WordOfMouth{Reason: view.Status(facts.Referrals).Reason}
	if !view.Has(facts.Referrals) {
		return m, false, nil
	}
	family := s.Family(ctx)
	reached, truncated, err := Reach(customer, func(id string) iter.Seq2[facts.Edge, error] {
		return s.Facts.Brought(ctx, view, family, id)
	}, MaxSteps, MaxReach)
	if err != nil {
		return nil, false, err
	}
	var near, far []string
	for _, r := range reached {
		if r.Step > len(m.Steps) {
			m.Steps = append(m.Steps, &valuationv1.ReachStep{Step: int32(r.Step)})
		}
		step := m.Steps[r.Step-1]
		step.Customers++
		if r.Qualified {
			step.Qualified++
		}
		if r.Step == 1 {
			near = append(near, r.Customer)
		} else {
			far = append(far, r.Customer)
		}
	}
	m.DirectReach, m.IndirectReach = int64(len(near)), int64(len(far))
	if len(m.Steps) > 0 {
		m.QualifiedReferrals = m.Steps[0].Qualified
	}
	m.ReferralIndex = indicators.Index(m.QualifiedReferrals, 1, scales.Qualified, scales.Population.Customers)
	if percentile, known := scales.Referrals.Percentile(m.QualifiedReferrals); known {
		m.Score = &percentile
	}
	if m.Direct, err = s.worth(ctx, scales.Population, near); err != nil {
		return nil, false, err
	}
	m.Indirect, err = s.worth(ctx, scales.Population, far)
	return m, truncated, err
}

// worthBatch is how many valuations are read at a time.
const worthBatch = 1000

// worth is what some customers are worth. Fault: MONEY_OVERFLOW.
func (s *Server) worth(ctx context.Context, p base.Population, customers []string) (*valuationv1.ReferredValue, error) {
	m := &valuationv1.ReferredValue{}
	var revenue, historic, residual int64
	for len(customers) > 0 {
		n := min(len(customers), worthBatch)
		found, err := s.Base.GetMany(ctx, p, customers[:n])
		if err != nil {
			return nil, err
		}
		customers = customers[n:]
		for _, v := range found {
			if v == nil {
				continue
			}
			m.CustomersWithOrders++
			fits := true
			if len(v.Revenue) > 0 {
				revenue, fits = indicators.Plus(revenue, v.Revenue[0].Minor)
			}
			if v.Historic.Known && fits {
				m.CustomersWithHistoricValue++
				historic, fits = indicators.Plus(historic, v.Historic.Minor)
			}
			if v.Prediction.Made && v.Prediction.Residual.Known() && fits {
				m.CustomersWithResidualValue++
				residual, fits = indicators.Plus(residual, v.Prediction.Residual.Minor)
			}
			if !fits {
				return nil, domain.Overflow(v.Customer)
			}
		}
	}
	if m.CustomersWithOrders > 0 {
		m.Revenue = money(p.Currency, revenue)
	}
	if m.CustomersWithHistoricValue > 0 {
		m.HistoricValue = money(p.Currency, historic)
	}
	if m.CustomersWithResidualValue > 0 {
		m.ResidualValue = money(p.Currency, residual)
	}
	return m, nil
}

// money is unset without a currency.
func money(currency string, minor int64) *apiv1.Money {
	if currency == "" {
		return nil
	}
	return &apiv1.Money{MinorUnits: minor, CurrencyCode: currency}
}
