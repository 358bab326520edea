package rule

import (
	"math"
	"strconv"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/cost"

	"github.com/kehuhq/kehu/services/segmentation/internal/facts"
)

// checkCost refuses what could take long. Everything an expression handles is
// bounded when it is written: facts have a largest size, lists are literals. So
// the estimate holds for every customer, and evaluations need not be metered,
// which would make them about three times as slow.
func (c *Compiler) checkCost(checked *cel.Ast) (uint64, error) {
	estimate, err := c.env.EstimateCost(checked, sizes(c.slots))
	if err != nil {
		return 0, refuse("RULE_INVALID", "its cost cannot be estimated: %v", err)
	}
	if estimate.Max <= MaxCost {
		return estimate.Max, nil
	}
	shown := strconv.FormatUint(estimate.Max, 10)
	if estimate.Max == math.MaxUint64 {
		shown = "unbounded"
	}
	return 0, refuse("RULE_TOO_COSTLY", "is too costly to evaluate for every customer: its cost is up to %s, the limit is %d; nest fewer loops and make lists shorter", shown, MaxCost).
		With("estimate", shown).With("limit", strconv.Itoa(MaxCost))
}

// sizes tells the cost estimator of the facts.
type sizes map[string]*facts.Field

// EstimateSize is how long the string or the list is that a fact holds.
func (s sizes) EstimateSize(node cost.AstNode) *cost.SizeEstimate {
	if node.Type().IsExactType(dateType) {
		return &cost.SizeEstimate{Max: 1}
	}
	path := node.Path()
	if len(path) == 0 {
		return nil
	}
	field, ok := s[path[0]]
	switch {
	case !ok || field.Size == 0:
		return nil
	case len(path) == 1 && field.Type == facts.Texts:
		return &cost.SizeEstimate{Max: field.Items}
	default: // a text, or one of a list
		return &cost.SizeEstimate{Max: field.Size}
	}
}

// EstimateCallCost is the cost of calls that CEL underrates or does not know.
func (sizes) EstimateCallCost(_, overload string, _ *cost.AstNode, _ []cost.AstNode) *cost.CallEstimate {
	if f, ok := functionsByOverload[overload]; ok {
		return &cost.CallEstimate{CostEstimate: cost.FixedCostEstimate(f.cost)}
	}
	if isReading(overload) {
		return &cost.CallEstimate{CostEstimate: cost.FixedCostEstimate(readingCost)}
	}
	return nil
}
