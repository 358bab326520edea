package indicators

import (
	"google.golang.org/protobuf/types/known/timestamppb"

	apiv1 "github.com/kehuhq/kehu/gen/kehu/api/v1"
	valuationv1 "github.com/kehuhq/kehu/gen/kehu/valuation/v1"
	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/stat"

	"github.com/kehuhq/kehu/services/valuation/internal/domain"
	"github.com/kehuhq/kehu/services/valuation/internal/facts"
	"github.com/kehuhq/kehu/services/valuation/internal/loyalty"
)

// dateOf is the date in a snapshot's id.
func dateOf(id string) string { return docstore.ParseID(id)[0] }

func takenProto(t Taken) *valuationv1.TakeIndicatorsResponse {
	p := t.Population
	m := &valuationv1.TakeIndicatorsResponse{
		AsOfDate: p.Date, AsOf: timestamppb.New(p.AsOf.Time()), TimeZone: p.Zone, Generation: p.Generation,
		Customers: p.Customers, Groups: int64(t.Groups), Sources: loyalty.SourcesProto(t.Sources),
	}
	for _, id := range t.Policies {
		m.EvaluatedPolicies = append(m.EvaluatedPolicies, "loyaltyPolicies/"+id)
	}
	for _, w := range t.Warnings {
		m.Warnings = append(m.Warnings, &apiv1.Warning{Reason: w.Reason, Message: w.Message})
	}
	return m
}

// money is unset without a currency, for there are no orders then.
func money(currency string, minor int64) *apiv1.Money {
	if currency == "" {
		return nil
	}
	return &apiv1.Money{MinorUnits: minor, CurrencyCode: currency}
}

func snapshotProto(s *Snapshot) (*valuationv1.GroupIndicators, error) {
	m := &valuationv1.GroupIndicators{
		Group: s.Group, NameEn: s.NameEN, NameZh: s.NameZH, AsOfDate: s.Date, AsOf: timestamppb.New(s.AsOf), TimeZone: s.Zone,
		Generation: s.Generation, Customers: s.Sums.Customers, Sources: loyalty.SourcesProto(s.Statuses()),
		Value: valueProto(s.Currency, &s.Sums), Frequency: frequencyProto(&s.Sums), Referral: s.referralProto(),
	}
	var err error
	if m.Satisfaction, err = s.satisfactionProto(); err != nil {
		return nil, err
	}
	m.Retention, err = retentionProto(&s.Sums)
	return m, err
}

func valueProto(currency string, s *Sums) *valuationv1.ValueIndicator {
	m := &valuationv1.ValueIndicator{Revenue: money(currency, s.Revenue), CustomersWithHistoricValue: s.Valued}
	if s.Valued > 0 {
		m.HistoricValue = money(currency, s.Historic)
		m.HistoricValuePerCustomer = money(currency, nearest(s.Historic, s.Valued))
	}
	if m.CustomersWithResidualValue = s.Foretold; s.Foretold > 0 {
		m.ResidualValue = money(currency, s.Residual)
		m.ResidualValuePerCustomer = money(currency, nearest(s.Residual, s.Foretold))
	}
	return m
}

// nearest is sum/n to the nearest whole number, halves away from 0; n is positive.
func nearest(sum, n int64) int64 {
	q, rest := sum/n, sum%n
	switch {
	case rest > 0 && rest >= n-rest:
		q++
	case rest < 0 && -rest >= n+rest:
		q--
	}
	return q
}

func frequencyProto(s *Sums) *valuationv1.FrequencyIndicator {
	m := &valuationv1.FrequencyIndicator{OrderDaysPerYear: PerYear(s.OrderDays, s.TenureDays)}
	if s.Customers > 0 {
		m.OrderDaysPerCustomer = float64(s.OrderDays) / float64(s.Customers)
		m.RepeatRate = float64(s.Repeaters) / float64(s.Customers)
	}
	return m
}

// reason is why facts of a kind are missing, or old.
func (s *Snapshot) reason(kind facts.Kind) string {
	for _, d := range s.Sources {
		if d.Kind == string(kind) {
			return d.Reason
		}
	}
	return facts.NotConfigured
}

func (s *Snapshot) satisfactionProto() (*valuationv1.SatisfactionIndicator, error) {
	m := &valuationv1.SatisfactionIndicator{Answers: s.Sums.Answers, Reason: s.reason(facts.Satisfaction)}
	mean, spread, err := s.Sums.Satisfied()
	if err != nil {
		return nil, err
	}
	if mean == nil {
		if m.Reason == "" || m.Reason == facts.Stale {
			m.Reason = facts.NoAnswer
		}
		return m, nil
	}
	m.Mean = &mean.Value
	if spread {
		m.Lower, m.Upper, m.Level, m.Method = &mean.Lower, &mean.Upper, Level, string(stat.MethodWald)
	}
	return m, nil
}

func retentionProto(s *Sums) (*valuationv1.RetentionIndicator, error) {
	m := &valuationv1.RetentionIndicator{Customers: s.Old, Retained: s.Retained, PeriodDays: RetentionDays}
	rate, err := s.Retention()
	if err != nil || rate == nil {
		return m, err
	}
	m.Rate, m.Lower, m.Upper, m.Level, m.Method = &rate.Value, &rate.Lower, &rate.Upper, Level, string(stat.MethodWilson)
	return m, nil
}

// noReferral says that nobody has brought anybody.
const noReferral = "NO_REFERRAL"

func (s *Snapshot) referralProto() *valuationv1.ReferralIndicator {
	m := &valuationv1.ReferralIndicator{
		QualifiedReferrals: s.Sums.Qualified, Advocates: s.Sums.Advocates, Reason: s.reason(facts.Referrals),
		Index: Index(s.Sums.Qualified, s.Sums.Customers, s.AllQualified, s.AllCustomers),
	}
	if m.Index == nil && (m.Reason == "" || m.Reason == facts.Stale) {
		m.Reason = noReferral
	}
	return m
}

func customerProto(s Scales, v *domain.Valuation, known facts.Known, view facts.View) *valuationv1.CustomerIndicators {
	p := s.Population
	m := &valuationv1.CustomerIndicators{
		Name: "customers/" + v.Customer + "/indicators", CustomerId: v.Customer, AsOf: timestamppb.New(p.AsOf.Time()),
		TimeZone: p.Zone, Generation: p.Generation, Customers: p.Customers,
		OrderDays: v.Days, OrderDaysPerYear: PerYear(v.Days, p.TenureDays(v)),
		SatisfactionReason: known.Satisfaction.Reason, ReferralReason: known.Referrals.Reason,
		Sources: loyalty.SourcesProto(view.Statuses),
	}
	if len(v.Revenue) > 0 {
		m.Revenue = money(v.Revenue[0].Currency, v.Revenue[0].Minor)
		if v.Historic.Known {
			m.HistoricValue = money(v.Revenue[0].Currency, v.Historic.Minor)
		}
		switch residual := v.Prediction.Residual; {
		case !v.Prediction.Made:
			m.ResidualReason = "NOT_PREDICTED"
		case residual.Known():
			m.ResidualValue = money(v.Revenue[0].Currency, residual.Minor)
		default:
			m.ResidualReason = residual.Why.String()
		}
	}
	if known.Satisfaction.Known {
		m.Satisfaction = &known.Satisfaction.Value
	}
	if stayed, old := retained(p, v); old {
		m.Retained = &stayed
	}
	if known.Referrals.Known {
		n := int64(known.Referrals.Value)
		m.QualifiedReferrals = &n
		if m.ReferralIndex = Index(n, 1, s.Qualified, p.Customers); m.ReferralIndex == nil {
			m.ReferralReason = noReferral
		}
	}
	return m
}
