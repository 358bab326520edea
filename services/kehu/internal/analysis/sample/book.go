package sample

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	apiv1 "github.com/kehuhq/kehu/gen/kehu/api/v1"
	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"
	valuationv1 "github.com/kehuhq/kehu/gen/kehu/valuation/v1"
)

// book is a shop's customers, those with the most revenue first.
type book struct {
	start, end time.Time
	customers  []customer
}

func (b book) date(day int) time.Time { return b.start.AddDate(0, 0, day) }

// month is the number of the month, from 0, in which a day lies.
func (b book) month(day int) int {
	at := b.date(day)
	return (at.Year()-b.start.Year())*12 + int(at.Month()) - int(b.start.Month())
}

func (b book) monthName(n int) string { return b.start.AddDate(0, n, 0).Format("2006-01") }

func (b book) imported() *profilev1.Import {
	months := map[string]*profilev1.MonthTotals{}
	var rows int64
	for _, c := range b.customers {
		for _, o := range c.orders {
			name := b.monthName(b.month(o.day))
			m := months[name]
			if m == nil {
				// Beside the customers' orders each month has some that are in no figure of theirs.
				m = &profilev1.MonthTotals{
					Month: name, CurrencyCode: currency, Orders: 14, PaidOrders: 3, Paid: yuan(31_500), Refunded: yuan(0),
					Net: yuan(31_500), UnpaidOrders: 4, ClosedOrders: 7, AnonymousOrders: 3, AnonymousNet: yuan(31_500),
				}
				months[name] = m
				rows += 14
			}
			rows++
			m.Orders++
			m.PaidOrders++
			m.Paid.MinorUnits += o.amount
			m.Net.MinorUnits += o.amount - o.refund
			m.Refunded.MinorUnits += o.refund
			if o.refund > 0 {
				m.RefundedOrders++
			}
		}
	}
	reconciliation := &profilev1.Reconciliation{}
	for _, name := range slices.Sorted(maps.Keys(months)) {
		reconciliation.Months = append(reconciliation.Months, months[name])
	}
	return &profilev1.Import{
		FileName: "订单导出 2023–2025.csv", TimeZone: zone, Rows: rows + 19, Skipped: 2, Rejected: 17, Reconciliation: reconciliation,
		Refusals: []*profilev1.RefusalCount{
			{Reason: "ORDER_ID_ROUNDED", Column: "订单编号", Rows: 11, FirstRow: 18, Message: `order_id: "1.23E+18" was rounded by a spreadsheet`},
			{Reason: "TIME_MALFORMED", Column: "订单付款时间", Rows: 5, FirstRow: 402, Message: `order_time: must be a time such as 2024-11-11 00:03:59, is "11/12/2024"`},
			{Reason: "SOMETHING_NEW", Column: "<b>", Rows: 1, FirstRow: 977, Message: "a reason this report does not know"},
		},
		Warnings: []*apiv1.Warning{
			{Reason: "ANONYMOUS_ORDERS", Message: "paid orders name no buyer"},
			{Reason: "BUYER_MASKED", Message: "some buyers are masked, e.g. 138****1234"},
			{Reason: "COLUMNS_IGNORED", Message: "columns that are not read: 宝贝标题, 联系手机"},
		},
	}
}

func (b book) summary() *valuationv1.ValuationSummary {
	n := int64(len(b.customers))
	var orders, total, repeaters int64
	for _, c := range b.customers {
		orders += int64(len(c.orders))
		total += c.revenue()
		if len(c.days()) > 1 {
			repeaters++
		}
	}
	s := &valuationv1.ValuationSummary{
		Policy: &valuationv1.ValuationPolicy{
			AsOfDate: b.end.Format(time.DateOnly), TimeZone: zone, CurrencyCode: currency,
			RfmTies: valuationv1.RfmTies_RFM_TIES_SHARED, RfmThreshold: valuationv1.RfmThreshold_RFM_THRESHOLD_MEAN,
		},
		Customers: n, Orders: orders, Revenue: []*apiv1.Money{yuan(total)}, RepeatRate: float64(repeaters) / float64(n),
		RfmCells: map[string]int64{}, RecencyScores: make([]int64, 5), FrequencyScores: make([]int64, 5), MonetaryScores: make([]int64, 5),
		Cohorts: b.cohorts(), Generation: 1,
	}
	s.OrderValues, s.PurchaseIntervals = b.distributions()
	s.Predictions = predictions(n)
	var sum int64
	for i, c := range b.customers {
		sum += c.revenue()
		for _, at := range []float64{0.01, 0.05, 0.2} {
			if i+1 == int(math.Ceil(at*float64(n))) {
				s.Concentration = append(s.Concentration, &valuationv1.Concentration{
					CustomerShare: at, Customers: int64(i + 1), RevenueShare: float64(sum) / float64(total),
				})
			}
		}
	}
	groups := map[valuationv1.RfmGroup]*valuationv1.RfmGroupSummary{}
	for g := valuationv1.RfmGroup_RFM_GROUP_IMPORTANT_VALUE; g <= valuationv1.RfmGroup_RFM_GROUP_GENERAL_WIN_BACK; g++ {
		groups[g] = &valuationv1.RfmGroupSummary{Group: g, NameZh: namesZH[g-1], NameEn: namesEN[g-1], Revenue: yuan(0)}
		s.Groups = append(s.Groups, groups[g])
	}
	for _, v := range b.valuations() {
		g := groups[v.GetRfm().GetGroup()]
		g.Customers++
		g.Revenue.MinorUnits += v.GetRevenue()[0].GetMinorUnits()
		g.RevenueShare = float64(g.Revenue.MinorUnits) / float64(total)
		s.RfmCells[v.GetRfm().GetCell()]++
		s.RecencyScores[v.GetRfm().GetRecency()-1]++
		s.FrequencyScores[v.GetRfm().GetFrequency()-1]++
		s.MonetaryScores[v.GetRfm().GetMonetary()-1]++
	}
	return s
}

// predictions are of so many customers; the figures are made up.
func predictions(customers int64) *valuationv1.PredictionSummary {
	margin := 0.4
	return &valuationv1.PredictionSummary{
		Policy: &valuationv1.PredictionPolicy{
			Models: []string{"models/mbg-nbd-refresh-1", "models/gamma-gamma-refresh-1"}, HorizonDays: 365, ValueHorizonDays: 1095, ChurnThreshold: 0.8,
		},
		MarginRate: &margin, Customers: customers, ChurnedCustomers: customers / 3, ExpectedOrders: 0.8 * float64(customers),
		ResidualValue: yuan(1000 * customers), ValueAtRisk: yuan(300 * customers),
	}
}

var (
	namesZH = []string{"重要价值", "重要发展", "重要保持", "重要挽留", "一般价值", "一般发展", "一般保持", "一般挽留"}
	namesEN = []string{"Important value", "Important develop", "Important keep", "Important win back", "General value", "General develop", "General keep", "General win back"}
)

// valuations score the customers by fixed cuts, which is enough to have all groups.
func (b book) valuations() []*valuationv1.Valuation {
	var all []*valuationv1.Valuation
	span := b.end.Sub(b.start).Hours() / 24
	for i, c := range b.customers {
		first, last := c.orders[0], c.orders[len(c.orders)-1]
		r := int32(min(5, 1+5*float64(last.day)/span))
		f := int32(min(5, len(c.days())))
		m := int32(5 - 5*i/len(b.customers))
		group := valuationv1.RfmGroup_RFM_GROUP_IMPORTANT_VALUE
		for _, low := range []struct {
			is   bool
			adds valuationv1.RfmGroup
		}{{m < 4, 4}, {r < 4, 2}, {f < 3, 1}} {
			if low.is {
				group += low.adds
			}
		}
		all = append(all, &valuationv1.Valuation{
			CustomerId: c.id, Orders: int64(len(c.orders)), OrderDays: int64(len(c.days())), Revenue: []*apiv1.Money{yuan(c.revenue())},
			FirstOrderTime: timestamppb.New(b.date(first.day)), LastOrderTime: timestamppb.New(b.date(last.day)),
			Rfm: &valuationv1.RfmScores{Recency: r, Frequency: f, Monetary: m, Cell: fmt.Sprintf("%d%d%d", r, f, m), Group: group},
		})
	}
	return all
}
