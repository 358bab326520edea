// Package rule compiles the CEL expressions that define segments, and evaluates
// them for customers. docs/facts.md is the facts for those who write rules.
package rule

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"

	"github.com/kehuhq/kehu/services/segmentation/internal/facts"
)

// fact is something that expressions can ask of a customer.
type fact struct {
	name string
	kind *cel.Type
	// size is the most characters of a string, which bounds the cost of handling it.
	size  uint64
	value func(*facts.Facts) ref.Val
}

// Never is recency_days of a customer who has never ordered: longer ago than any.
const Never = math.MaxInt32

// valued are the groups of facts that come from valuations.
var valued = []string{"orders", "value", "rfm"}

// facts are all there are. Their values without a valuation, and of timestamps
// without an order, are such that "lately" and "often" do not hold.
var schema = []fact{
	{"customer.id", cel.StringType, 128, func(f *facts.Facts) ref.Val { return types.String(f.Customer.ID) }},
	{"customer.kind", cel.StringType, 16, func(f *facts.Facts) ref.Val { return types.String(f.Customer.Kind) }},
	{"customer.gender", cel.StringType, 16, func(f *facts.Facts) ref.Val { return types.String(f.Customer.Gender) }},
	{"customer.region", cel.StringType, 128, func(f *facts.Facts) ref.Val { return types.String(f.Customer.Region) }},
	{"customer.city", cel.StringType, 128, func(f *facts.Facts) ref.Val { return types.String(f.Customer.City) }},
	{"customer.acquisition", cel.StringType, 16, func(f *facts.Facts) ref.Val { return types.String(f.Customer.Acquisition) }},

	{"orders.count", cel.IntType, 0, func(f *facts.Facts) ref.Val { return types.Int(f.Orders.Count) }},
	{"orders.days", cel.IntType, 0, func(f *facts.Facts) ref.Val { return types.Int(f.Orders.Days) }},
	{"orders.first_time", cel.TimestampType, 0, func(f *facts.Facts) ref.Val { return instant(f.Orders.FirstTime) }},
	{"orders.last_time", cel.TimestampType, 0, func(f *facts.Facts) ref.Val { return instant(f.Orders.LastTime) }},
	{"orders.recency_days", cel.IntType, 0, recencyDays},

	{"value.known", cel.BoolType, 0, func(f *facts.Facts) ref.Val { return types.Bool(f.Value.Known) }},
	{"value.historic", cel.DoubleType, 0, func(f *facts.Facts) ref.Val { return types.Double(f.Value.Historic.Major()) }},
	{"value.historic_minor", cel.IntType, 0, func(f *facts.Facts) ref.Val { return types.Int(f.Value.Historic.Minor) }},
	{"value.coverage", cel.DoubleType, 0, func(f *facts.Facts) ref.Val { return types.Double(f.Value.Coverage) }},

	{"rfm.recency", cel.IntType, 0, func(f *facts.Facts) ref.Val { return types.Int(f.RFM.Recency) }},
	{"rfm.frequency", cel.IntType, 0, func(f *facts.Facts) ref.Val { return types.Int(f.RFM.Frequency) }},
	{"rfm.monetary", cel.IntType, 0, func(f *facts.Facts) ref.Val { return types.Int(f.RFM.Monetary) }},
	{"rfm.cell", cel.StringType, 3, func(f *facts.Facts) ref.Val { return types.String(f.RFM.Cell) }},
	{"rfm.group", cel.StringType, 32, func(f *facts.Facts) ref.Val { return types.String(f.RFM.Group) }},
	{"rfm.segment", cel.StringType, 64, func(f *facts.Facts) ref.Val { return types.String(f.RFM.Segment) }},

	{"has_valuation", cel.BoolType, 0, func(f *facts.Facts) ref.Val { return types.Bool(f.Valued) }},
	{"as_of", cel.TimestampType, 0, func(f *facts.Facts) ref.Val { return instant(f.AsOf) }},
}

// withheld is what profile knows of a customer and rules must not use: it names
// or describes a person.
var withheld = []string{
	"customer.name", "customer.display_name", "customer.birth_date", "customer.identifiers",
	"customer.email", "customer.phone", "customer.external_id", "customer.attributes",
	"customer.education", "customer.occupation", "customer.marital_status", "customer.household_size", "customer.mobility",
	"customer.postal_addresses", "customer.income_band", "customer.asset_band", "customer.credit_grade",
	"customer.interests", "customer.lifestyles", "customer.values", "customer.personality_traits", "customer.beliefs",
	"customer.preferred_brands", "customer.preferred_channels", "customer.preferred_payment_methods",
	"customer.social_accounts", "customer.payment_summaries", "customer.usage_summaries", "customer.owned_products",
}

// slots maps a fact's name to its place among facts.
var slots = func() map[string]int {
	m := make(map[string]int, len(schema))
	for i, f := range schema {
		m[f.name] = i
	}
	return m
}()

// members lists the facts of a group, nil where there is no such group.
func members(group string) []string {
	var names []string
	for _, f := range schema {
		if name, ok := strings.CutPrefix(f.name, group+"."); ok {
			names = append(names, name)
		}
	}
	return names
}

// readsValuation tells whether a fact comes from valuations.
func readsValuation(name string) bool {
	group, _, grouped := strings.Cut(name, ".")
	return name == "has_valuation" || name == "as_of" || grouped && slices.Contains(valued, group)
}

// instant is a timestamp as CEL can hold it; the zero time is the earliest.
func instant(t time.Time) ref.Val { return types.Timestamp{Time: t.UTC()} }

func recencyDays(f *facts.Facts) ref.Val {
	if f.Orders.Count == 0 {
		return types.Int(Never)
	}
	return types.Int(f.Orders.RecencyDays)
}

// Names lists the facts and functions that expressions can use, with their types.
func Names() []string {
	names := make([]string, 0, len(schema)+2)
	for _, f := range schema {
		names = append(names, fmt.Sprintf("%s %s", f.name, f.kind))
	}
	return append(names, "revenue(string) double", "revenue_minor(string) int")
}
