package quality

import (
	"maps"
	"slices"

	"google.golang.org/protobuf/types/known/timestamppb"

	apiv1 "github.com/kehuhq/kehu/gen/kehu/api/v1"
	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"
	"github.com/kehuhq/kehu/pkg/rpc/aip"
)

var dimensionProto = map[Dimension]profilev1.DataQualityDimension{
	Completeness: profilev1.DataQualityDimension_DATA_QUALITY_DIMENSION_COMPLETENESS,
	Accuracy:     profilev1.DataQualityDimension_DATA_QUALITY_DIMENSION_ACCURACY,
	Consistency:  profilev1.DataQualityDimension_DATA_QUALITY_DIMENSION_CONSISTENCY,
	Uniqueness:   profilev1.DataQualityDimension_DATA_QUALITY_DIMENSION_UNIQUENESS,
	Freshness:    profilev1.DataQualityDimension_DATA_QUALITY_DIMENSION_FRESHNESS,
}

func policyFrom(p *profilev1.DataQualityPolicy) Policy {
	return Policy{
		Expected: p.GetExpectedFields(), StaleAfterDays: int(p.GetStaleAfterDays()), Examples: int(p.GetExamples()),
	}.WithDefaults()
}

// report is the tally as the API tells it.
func (t *Tally) report(name string) *profilev1.DataQualityReport {
	r := &profilev1.DataQualityReport{
		Name: name, AsOf: timestamppb.New(t.base.Now), Customers: t.customers,
		Policy: &profilev1.DataQualityPolicy{
			ExpectedFields: t.base.Policy.Expected, StaleAfterDays: int32(t.base.Policy.StaleAfterDays), Examples: int32(t.base.Policy.Examples),
		},
	}
	var sum float64
	for _, d := range Dimensions {
		var checks, passed int64
		for i, rule := range t.rules {
			if rule.Dimension == d {
				checks, passed = checks+t.found[i].checks, passed+t.found[i].passed
			}
		}
		if share, ok := score(passed, checks); ok {
			sum += share
			r.Dimensions = append(r.Dimensions, &profilev1.DataQualityDimensionScore{
				Dimension: dimensionProto[d], Score: share, Checks: checks, Passed: passed,
			})
		}
	}
	if len(r.Dimensions) > 0 {
		r.Score = sum / float64(len(r.Dimensions))
	}
	for _, field := range t.base.Policy.Expected {
		r.Fields = append(r.Fields, t.field(field))
	}
	for _, i := range t.ranked() {
		r.Issues = append(r.Issues, t.issue(i))
	}
	if len(t.orders) > 1 {
		r.Warnings = append(r.Warnings, &apiv1.Warning{
			Reason:  "MIXED_CURRENCIES",
			Message: "there are orders in " + joined(slices.Sorted(maps.Keys(t.orders))) + "; issues are ranked by the revenue in " + t.commonest(),
		})
	}
	return r
}

func joined(codes []string) string {
	text := codes[0]
	for _, code := range codes[1:] {
		text += ", " + code
	}
	return text
}

// field is how good the base is in an expected field.
func (t *Tally) field(field string) *profilev1.DataQualityFieldScore {
	p := &profilev1.DataQualityFieldScore{Field: field}
	var checks, passed int64
	for i, rule := range t.rules {
		switch {
		case rule.Field != field:
		case rule.Dimension == Completeness:
			p.Expected, p.Filled = t.found[i].checks, t.found[i].passed
		case rule.Dimension == Accuracy:
			checks, passed = checks+t.found[i].checks, passed+t.found[i].passed
		}
	}
	if share, ok := score(p.Filled, p.Expected); ok {
		p.Completeness = &share
	}
	if share, ok := score(passed, checks); ok {
		p.Accuracy = &share
	}
	return p
}

func (t *Tally) issue(i int) *profilev1.DataQualityIssue {
	rule, f := &t.rules[i], &t.found[i]
	p := &profilev1.DataQualityIssue{
		Rule: rule.ID, Dimension: dimensionProto[rule.Dimension], Field: rule.Field,
		Description: rule.What.En, DescriptionZh: rule.What.Zh, Advice: rule.Advice.En, AdviceZh: rule.Advice.Zh, Command: rule.Command,
		Customers: f.customers, Share: float64(f.customers) / float64(t.customers), Orders: f.orders,
	}
	for _, currency := range slices.Sorted(maps.Keys(f.revenue)) {
		p.Revenue = append(p.Revenue, &apiv1.Money{MinorUnits: f.revenue[currency], CurrencyCode: currency})
	}
	for _, e := range f.examples {
		p.Examples = append(p.Examples, aip.Name("customers/{customer}", e.customer))
	}
	return p
}
