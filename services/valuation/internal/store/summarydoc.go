package store

import (
	"fmt"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/kehuhq/kehu/pkg/stat"

	"github.com/kehuhq/kehu/services/valuation/internal/domain"
)

// summaryDoc is a summary as it is stored.
type summaryDoc struct {
	Generation  int64        `bson:"generation"`
	PublishedAt time.Time    `bson:"published_at"`
	Policy      policyDoc    `bson:"policy"`
	AsOf        time.Time    `bson:"as_of"`
	Customers   int64        `bson:"customers"`
	Orders      int64        `bson:"orders"`
	Excluded    int64        `bson:"excluded,omitempty"`
	Revenue     []moneyDoc   `bson:"revenue"`
	RepeatRate  float64      `bson:"repeat_rate"`
	Cells       []cellDoc    `bson:"cells"`
	Scores      [3][5]int64  `bson:"scores"` // by recency, frequency, monetary value; then by score
	Groups      []groupDoc   `bson:"groups"`
	Segments    []segmentDoc `bson:"segments"`
	Warnings    []warningDoc `bson:"warnings"`
	// Not in summaries that older versions published.
	Cohorts     *cohortsDoc      `bson:"cohorts,omitempty"`
	OrderValues *distributionDoc `bson:"order_values,omitempty"`
	Intervals   *distributionDoc `bson:"intervals,omitempty"`
	TopShares   []topShareDoc    `bson:"top_shares,omitempty"`
	Predictions *predictionsDoc  `bson:"predictions,omitempty"`
}

type policyDoc struct {
	AsOfDate  string           `bson:"as_of_date"`
	Zone      string           `bson:"time_zone"`
	Currency  string           `bson:"currency"`
	Reporting string           `bson:"reporting,omitempty"`
	Ties      domain.Ties      `bson:"rfm_ties"`
	Threshold domain.Threshold `bson:"rfm_threshold"`
	// Not in summaries that older versions published.
	Prediction predictionPolicyDoc `bson:"prediction"`
	Alerts     alertPolicyDoc      `bson:"alerts"`
}

type moneyDoc struct {
	Currency string `bson:"currency"`
	Minor    int64  `bson:"minor"`
}

type cellDoc struct {
	Cell      string `bson:"cell"`
	Customers int64  `bson:"customers"`
}

type groupDoc struct {
	Group        stat.Group `bson:"group"`
	Customers    int64      `bson:"customers"`
	Revenue      int64      `bson:"revenue"`
	RevenueShare float64    `bson:"revenue_share"`
}

type segmentDoc struct {
	Segment      stat.EnglishSegment `bson:"segment"`
	Customers    int64               `bson:"customers"`
	RevenueShare float64             `bson:"revenue_share"`
}

type warningDoc struct {
	Reason  string `bson:"reason"`
	Message string `bson:"message"`
}

func newSummaryDoc(s *domain.Summary) *summaryDoc {
	return &summaryDoc{
		Generation: s.Generation, PublishedAt: s.PublishedAt, Policy: newPolicyDoc(s.Policy), AsOf: s.AsOf,
		Customers: s.Customers, Orders: s.Orders, Excluded: s.Excluded, RepeatRate: s.RepeatRate, Scores: s.Scores,
		Revenue:  each(s.Revenue, func(m domain.Money) moneyDoc { return moneyDoc(m) }),
		Cells:    each(s.Cells, func(c domain.CellCount) cellDoc { return cellDoc(c) }),
		Groups:   each(s.Groups, func(g domain.GroupSummary) groupDoc { return groupDoc(g) }),
		Segments: each(s.Segments, func(g domain.SegmentSummary) segmentDoc { return segmentDoc(g) }),
		Warnings: each(s.Warnings, func(w domain.Warning) warningDoc { return warningDoc(w) }),
		Cohorts:  newCohortsDoc(s.Cohorts), OrderValues: newDistributionDoc(s.OrderValues), Intervals: newDistributionDoc(s.Intervals),
		TopShares:   each(s.TopShares, func(t stat.TopShare) topShareDoc { return topShareDoc(t) }),
		Predictions: newPredictionsDoc(s.Predictions),
	}
}

func readSummary(raw bson.Raw) (domain.Summary, error) {
	var doc summaryDoc
	err := bson.Unmarshal(raw, &doc)
	if err != nil {
		return domain.Summary{}, fmt.Errorf("publication: stored summary: %w", err)
	}
	return doc.domain()
}

func (d *summaryDoc) domain() (domain.Summary, error) {
	cohorts, err := d.Cohorts.domain()
	return domain.Summary{
		Generation: d.Generation, PublishedAt: d.PublishedAt, Policy: d.Policy.domain(), AsOf: d.AsOf,
		Customers: d.Customers, Orders: d.Orders, Excluded: d.Excluded, RepeatRate: d.RepeatRate, Scores: d.Scores,
		Revenue:  each(d.Revenue, func(m moneyDoc) domain.Money { return domain.Money(m) }),
		Cells:    each(d.Cells, func(c cellDoc) domain.CellCount { return domain.CellCount(c) }),
		Groups:   each(d.Groups, func(g groupDoc) domain.GroupSummary { return domain.GroupSummary(g) }),
		Segments: each(d.Segments, func(g segmentDoc) domain.SegmentSummary { return domain.SegmentSummary(g) }),
		Warnings: each(d.Warnings, func(w warningDoc) domain.Warning { return domain.Warning(w) }),
		Cohorts:  cohorts, OrderValues: d.OrderValues.domain(), Intervals: d.Intervals.domain(),
		TopShares:   each(d.TopShares, func(t topShareDoc) stat.TopShare { return stat.TopShare(t) }),
		Predictions: d.Predictions.domain(),
	}, err
}

// each is as converted, nil for nothing.
func each[From, To any](from []From, convert func(From) To) []To {
	if len(from) == 0 {
		return nil
	}
	to := make([]To, len(from))
	for i, v := range from {
		to[i] = convert(v)
	}
	return to
}
