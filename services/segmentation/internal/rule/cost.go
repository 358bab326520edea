package rule

import (
	"math"
	"strconv"
	"strings"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/cost"
)

// checkCost refuses what could take long. Everything an expression handles is
// bounded when it is written: facts have a largest size, lists are literals. So
// the estimate holds for every customer, and evaluations need not be metered,
// which would make them about three times as slow.
func (c *Compiler) checkCost(checked *cel.Ast) error {
	estimate, err := c.env.EstimateCost(checked, sizes{})
	if err != nil {
		return refuse("RULE_INVALID", "its cost cannot be estimated: %v", err)
	}
	if estimate.Max <= MaxCost {
		return nil
	}
	shown := strconv.FormatUint(estimate.Max, 10)
	if estimate.Max == math.MaxUint64 {
		shown = "unbounded"
	}
	return refuse("RULE_TOO_COSTLY", "is too costly to evaluate for every customer: its cost is up to %s, the limit is %d; nest fewer loops and make lists shorter", shown, MaxCost).
		With("estimate", shown).With("limit", strconv.Itoa(MaxCost))
}

// zoneCost is of finding a time zone's rules, in the unit of CEL's estimates.
const zoneCost = 300

// sizes tells the cost estimator of the facts.
type sizes struct{}

// EstimateSize is how long the string is that a fact holds.
func (sizes) EstimateSize(node cost.AstNode) *cost.SizeEstimate {
	if path := node.Path(); len(path) == 1 {
		if slot, ok := slots[path[0]]; ok && schema[slot].size > 0 {
			return &cost.SizeEstimate{Max: schema[slot].size}
		}
	}
	return nil
}

// EstimateCallCost is the cost of calls that CEL underrates or does not know.
func (sizes) EstimateCallCost(function, overload string, _ *cost.AstNode, _ []cost.AstNode) *cost.CallEstimate {
	switch {
	case function == revenueFunction || function == revenueMinorFunction:
		return &cost.CallEstimate{CostEstimate: cost.FixedCostEstimate(2)}
	case strings.HasPrefix(overload, "timestamp_to_") && strings.HasSuffix(overload, "_with_tz"):
		return &cost.CallEstimate{CostEstimate: cost.FixedCostEstimate(zoneCost)}
	}
	return nil
}
