package demo

import (
	"context"
	"fmt"
	"strings"

	segmentationv1 "github.com/kehuhq/kehu/gen/kehu/segmentation/v1"
)

// why explains the membership of a customer whose order has just come in, and tells how
// large another segment would be.
func (d *demo) why(ctx context.Context, customer string) error {
	if customer != "" {
		e, err := segmentationv1.NewMembershipServiceClient(d.conn).ExplainMembership(ctx, &segmentationv1.ExplainMembershipRequest{
			Name: "segments/" + big + "/memberships/" + customer,
		})
		if err != nil {
			return err
		}
		d.page.Heading("Why is customers/" + customer + " in segments/" + big + "? 为什么在此分群")
		if t := e.GetDecidedBy(); t != nil {
			d.page.Item(fmt.Sprintf("entered at %s; cause: %s (an order of %d CNY that was recorded a moment before 因新订单进入)",
				t.GetTransitionTime().AsTime().Format("2006-01-02 15:04:05"), strings.ToLower(strings.TrimPrefix(t.GetCause().GetKind().String(), "TRANSITION_CAUSE_KIND_")), atLeast))
		}
		for _, c := range leaves(e.GetCondition()) {
			d.page.Item(condition(c))
		}
		d.yourself("kehu segments explain " + big + " " + customer)
	}
	expression := `orders.count >= 2 && days_since(orders.last_time) > 180`
	size, err := segmentationv1.NewSegmentEstimateServiceClient(d.conn).EstimateSegment(ctx, &segmentationv1.EstimateSegmentRequest{
		Definition: &segmentationv1.EstimateSegmentRequest_Rule{Rule: &segmentationv1.RuleDefinition{Expression: expression}},
	})
	if err != nil {
		return err
	}
	d.page.Heading("Before a segment is saved 保存前估算: how large would it be?")
	d.page.Item(expression)
	if size.GetExact() {
		d.page.Item(fmt.Sprintf("%d of all %d customers 共 %[1]d 人; nothing was stored", size.GetSize(), size.GetPopulation()))
	} else {
		d.page.Item(fmt.Sprintf("about %d customers 约 %[1]d 人 (%.0f%% interval %d to %d), from a sample of %d of %d; nothing was stored",
			size.GetSize(), 100*size.GetLevel(), size.GetLow(), size.GetHigh(), size.GetSampleSize(), size.GetPopulation()))
	}
	d.yourself("kehu segments estimate --rule '" + expression + "'")
	return nil
}

// leaves are the conditions that have no parts.
func leaves(c *segmentationv1.ExplainedCondition) (all []*segmentationv1.ExplainedCondition) {
	if c == nil {
		return nil
	}
	if len(c.GetParts()) == 0 {
		return append(all, c)
	}
	for _, part := range c.GetParts() {
		all = append(all, leaves(part)...)
	}
	return all
}

// condition says what was asked, what it came to, and what would change it.
func condition(c *segmentationv1.ExplainedCondition) string {
	came := "does not hold 不成立"
	if c.GetHolds() {
		came = "holds 成立"
	}
	var values []string
	for _, v := range c.GetValues() {
		values = append(values, v.GetFact()+" = "+v.GetValue())
	}
	line := fmt.Sprintf("%s: %s (%s)", c.GetText(), came, strings.Join(values, ", "))
	if c.GetChange() != "" {
		line += "; to change it 如何改变: " + c.GetChange() + " / " + c.GetChangeZh()
	}
	return line
}
