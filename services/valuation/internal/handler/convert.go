package handler

import (
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	apiv1 "github.com/kehuhq/kehu/gen/kehu/api/v1"
	valuationv1 "github.com/kehuhq/kehu/gen/kehu/valuation/v1"

	"github.com/kehuhq/kehu/services/valuation/internal/domain"
	"github.com/kehuhq/kehu/services/valuation/internal/store"
)

// protos makes messages of the valuations of one edition.
type protos struct {
	generation int64
	asOf       *timestamppb.Timestamp // shared by all messages
	models     []string               // names; likewise
}

func newProtos(e store.Edition) protos {
	return protos{e.Generation, timestamppb.New(e.AsOf), modelNames(e.Models)}
}

// block is a message with the messages in it that every valuation has, made by
// one allocation: a stream makes as many as there are customers.
type block struct {
	valuation   valuationv1.Valuation
	first, last timestamppb.Timestamp
	scores      valuationv1.RfmScores
	revenue     apiv1.Money
	historic    apiv1.Money
	average     apiv1.Money
	list        [1]*apiv1.Money
}

func (p protos) valuation(v *domain.Valuation) *valuationv1.Valuation {
	b := new(block)
	m := &b.valuation
	m.Name, m.CustomerId, m.AsOf, m.Generation = nameOf(v.Customer), v.Customer, p.asOf, p.generation
	m.Orders, m.OrderDays, m.RecencyDays = v.Orders, v.Days, v.RecencyDays
	setTime(&b.first, v.FirstMS)
	setTime(&b.last, v.LastMS)
	m.FirstOrderTime, m.LastOrderTime = &b.first, &b.last

	m.Revenue = b.list[:0]
	for i, amount := range v.Revenue {
		money := &b.revenue
		if i > 0 {
			money = new(apiv1.Money)
		}
		money.MinorUnits, money.CurrencyCode = amount.Minor, amount.Currency
		m.Revenue = append(m.Revenue, money)
	}
	if v.Historic.Known {
		b.historic.MinorUnits, b.historic.CurrencyCode = v.Historic.Minor, v.Revenue[0].Currency
		m.HistoricValue, m.HistoricValueCoverage = &b.historic, v.Coverage
	}
	if v.Average.Known {
		b.average.MinorUnits, b.average.CurrencyCode = v.Average.Minor, v.Revenue[0].Currency
		m.AverageOrder = &b.average
	}
	s := &b.scores
	s.Recency, s.Frequency, s.Monetary = int32(v.Scores.R), int32(v.Scores.F), int32(v.Scores.M)
	s.Cell, s.Segment = v.Scores.Cell(), v.Scores.Segment().String()
	s.Group = valuationv1.RfmGroup(v.Scores.Group) // in the same order
	m.Rfm = s
	m.Prediction = p.prediction(v)
	return m
}

func setTime(t *timestamppb.Timestamp, ms int64) {
	at := time.UnixMilli(ms)
	t.Seconds, t.Nanos = at.Unix(), int32(at.Nanosecond())
}

var (
	tiesOf = map[valuationv1.RfmTies]domain.Ties{
		valuationv1.RfmTies_RFM_TIES_SHARED:  domain.SharedTies,
		valuationv1.RfmTies_RFM_TIES_ORDINAL: domain.OrdinalTies,
	}
	thresholdOf = map[valuationv1.RfmThreshold]domain.Threshold{
		valuationv1.RfmThreshold_RFM_THRESHOLD_MEAN:   domain.MeanThreshold,
		valuationv1.RfmThreshold_RFM_THRESHOLD_MEDIAN: domain.MedianThreshold,
	}
)

// policyOf reads a policy. What is not stated is left to Normalize.
func policyOf(p *valuationv1.ValuationPolicy) domain.Policy {
	return domain.Policy{
		AsOfDate: p.GetAsOfDate(), Zone: p.GetTimeZone(), Currency: p.GetCurrencyCode(),
		Reporting: p.GetReportingCurrencyCode(),
		Ties:      tiesOf[p.GetRfmTies()], Threshold: thresholdOf[p.GetRfmThreshold()],
		Prediction: predictionPolicyOf(p.GetPrediction()), Alerts: alertPolicyOf(p.GetAlerts()),
	}
}

func policyProto(p domain.Policy) *valuationv1.ValuationPolicy {
	return &valuationv1.ValuationPolicy{
		AsOfDate: p.AsOfDate, TimeZone: p.Zone, CurrencyCode: p.Currency,
		ReportingCurrencyCode: p.Reporting,
		RfmTies:               keyOf(tiesOf, p.Ties), RfmThreshold: keyOf(thresholdOf, p.Threshold),
		Prediction: predictionPolicyProto(p.Prediction), Alerts: alertPolicyProto(p.Alerts),
	}
}

func keyOf[K, V comparable](m map[K]V, value V) K {
	for k, v := range m {
		if v == value {
			return k
		}
	}
	var none K
	return none
}

func moneyProto(currency string, minor int64) *apiv1.Money {
	return &apiv1.Money{MinorUnits: minor, CurrencyCode: currency}
}

func summaryProto(s *domain.Summary) *valuationv1.ValuationSummary {
	m := &valuationv1.ValuationSummary{
		Policy: policyProto(s.Policy), AsOf: timestamppb.New(s.AsOf), Customers: s.Customers, Orders: s.Orders,
		ExcludedWithoutConsent: s.Excluded,
		RepeatRate:             s.RepeatRate, RfmCells: make(map[string]int64, len(s.Cells)),
		RecencyScores:   s.Scores[domain.Recency][:],
		FrequencyScores: s.Scores[domain.Frequency][:],
		MonetaryScores:  s.Scores[domain.Monetary][:],
		Generation:      s.Generation, PublishTime: timestamppb.New(s.PublishedAt),
		Cohorts: cohortsProto(s.Cohorts), OrderValues: distributionProto(s.OrderValues),
		PurchaseIntervals: distributionProto(s.Intervals), Concentration: concentrationProto(s.TopShares),
		ErasedCustomers: s.Erased, Predictions: predictionsProto(s),
	}
	for _, amount := range s.Revenue {
		m.Revenue = append(m.Revenue, moneyProto(amount.Currency, amount.Minor))
	}
	for _, cell := range s.Cells {
		m.RfmCells[cell.Cell] = cell.Customers
	}
	for _, g := range s.Groups {
		group := &valuationv1.RfmGroupSummary{
			Group: valuationv1.RfmGroup(g.Group), NameZh: g.Group.Chinese(), NameEn: g.Group.String(),
			Customers: g.Customers, RevenueShare: g.RevenueShare,
		}
		if s.Policy.Currency != "" {
			group.Revenue = moneyProto(s.Policy.Currency, g.Revenue)
		}
		m.Groups = append(m.Groups, group)
	}
	for _, g := range s.Segments {
		m.Segments = append(m.Segments, &valuationv1.RfmSegmentSummary{
			Name: g.Segment.String(), Customers: g.Customers, RevenueShare: g.RevenueShare,
		})
	}
	for _, w := range s.Warnings {
		m.Warnings = append(m.Warnings, &apiv1.Warning{Reason: w.Reason, Message: w.Message})
	}
	return m
}
