package demo

import (
	"context"
	"fmt"
	"slices"
	"strings"

	longrunningpb "cloud.google.com/go/longrunning/autogen/longrunningpb"

	segmentationv1 "github.com/kehuhq/kehu/gen/kehu/segmentation/v1"
	"github.com/kehuhq/kehu/services/kehu/internal/findings"
)

const schemeID = "buyers"

// plan is a scheme whose steps are all filled in but the last, which a run comes before.
func plan() *segmentationv1.Scheme {
	variable := func(fact, reason string) *segmentationv1.SchemeVariable {
		return &segmentationv1.SchemeVariable{Fact: fact, Reason: reason}
	}
	return &segmentationv1.Scheme{
		DisplayName: "Buyers 买家分群",
		Objective: &segmentationv1.SchemeObjective{
			Objective: "spend the service budget where it pays", TargetMarket: "buyers of the web shop",
			Constraints: []string{"at most five segments"}, Resources: []string{"two people"},
		},
		Method: &segmentationv1.SchemeMethod{
			Reason: "no borders are known beforehand",
			Kind: &segmentationv1.SchemeMethod_Kmeans{Kmeans: &segmentationv1.KMeansMethod{
				KMin: 3, KMax: 5, Starts: 5, Seed: 1, LogVariables: []string{"orders.days", "revenue.CNY"},
			}},
		},
		Data: &segmentationv1.SchemeData{Sources: []string{"orders of two years"}, TimeZone: zone},
		Variables: &segmentationv1.SchemeVariables{
			Forming: []*segmentationv1.SchemeVariable{
				variable("orders.recency_days", "who is still there"), variable("orders.days", "how often"), variable("revenue.CNY", "how much"),
			},
			Outside: []*segmentationv1.SchemeVariable{
				variable("prediction.residual_value", "what is to come"), variable("customer.acquisition", "where they come from"),
			},
		},
	}
}

// divide carries out a scheme and shows what its gate says before and after the last step.
func (d *demo) divide(ctx context.Context) error {
	client := segmentationv1.NewSchemeServiceClient(d.conn)
	scheme, err := client.CreateScheme(ctx, &segmentationv1.CreateSchemeRequest{SchemeId: schemeID, Scheme: plan()})
	if err != nil {
		return err
	}
	operation, err := client.CreateSchemeRun(ctx, &segmentationv1.CreateSchemeRunRequest{Parent: scheme.GetName(), Resamples: 10, Seed: 1})
	if err != nil {
		return err
	}
	run := new(segmentationv1.SchemeRun)
	if err := d.await(ctx, operation, "dividing the customers", func(op *longrunningpb.Operation) error {
		return op.GetResponse().UnmarshalTo(run)
	}); err != nil {
		return err
	}
	d.page.Heading(fmt.Sprintf("Scheme 细分方案 in eight steps: %s, of %d customers", run.GetSegmentation().GetMethod(), run.GetPopulation()))
	rows := [][]string{{"label", "customers", "share", "revenue", "of all", "Jaccard"}}
	for _, l := range run.GetSegmentation().GetLabels() {
		rows = append(rows, []string{
			l.GetDisplayName() + " " + l.GetDisplayNameZh(), count(l.GetCustomers()), percent(l.GetShare()),
			findings.Amount(l.GetRevenue()), percent(l.GetRevenueShare()), stability(run, l.GetLabel()),
		})
	}
	d.page.Table(rows)
	if c := run.GetSegmentation().GetClusters(); c.GetReason() != "" {
		d.page.Item(c.GetReason() + " / " + c.GetReasonZh())
	}
	top := dearest(run)
	d.described(run, top)
	d.gate("before the last step 最后一步之前", run.GetGate(), false)
	if top == "" {
		return nil
	}
	if run, err = client.ChooseTargets(ctx, &segmentationv1.ChooseTargetsRequest{
		Name: run.GetName(), Positioning: "the shop that knows its regulars", Competitors: []string{"the marketplace"},
		Choices: []*segmentationv1.TargetChoice{{Label: top, Target: true, Reason: "brings most of the revenue"}},
	}); err != nil {
		return err
	}
	d.gate("targets chosen 已选目标", run.GetGate(), true)
	if err := d.serve(ctx, run); err != nil {
		return err
	}
	d.yourself("kehu schemes report "+strings.Replace(strings.TrimPrefix(run.GetName(), "schemes/"), "/runs/", "/", 1), "kehu schemes templates")
	return nil
}

// serve publishes a run. Thresholds that it misses are overridden, with a reason and a
// name that are kept.
func (d *demo) serve(ctx context.Context, run *segmentationv1.SchemeRun) error {
	const who = "Li Lei"
	why := "the shop is made up, and its figures end on " + d.lastDay(0)
	var overrides []*segmentationv1.GateOverride
	for _, f := range run.GetGate().GetFindings() {
		if !f.GetOverridable() {
			return nil
		}
		overrides = append(overrides, &segmentationv1.GateOverride{Reason: f.GetReason(), Subject: f.GetSubject(), Justification: why, DecidedBy: who})
	}
	operation, err := segmentationv1.NewSchemeServiceClient(d.conn).PublishSchemeRun(ctx, &segmentationv1.PublishSchemeRunRequest{Name: run.GetName(), Overrides: overrides})
	if err != nil {
		return err
	}
	if err := d.await(ctx, operation, "publishing the scheme", func(op *longrunningpb.Operation) error {
		return op.GetResponse().UnmarshalTo(run)
	}); err != nil {
		return err
	}
	line := "published 已发布: "
	for _, l := range run.GetPublishedLabels() {
		line += l.GetSegment() + " "
	}
	if len(overrides) > 0 {
		line += fmt.Sprintf("– %d thresholds overridden by %s, because %s; the run keeps that", len(overrides), who, why)
	}
	d.page.Item(line)
	return nil
}

// stability is a label's bootstrap Jaccard, empty where it has none.
func stability(run *segmentationv1.SchemeRun, label string) string {
	for _, s := range run.GetValidity().GetStability() {
		if s.GetLabel() == label {
			return fmt.Sprintf("%.2f", s.GetJaccard())
		}
	}
	return ""
}

// dearest is the label with most of the revenue, empty where there is none.
func dearest(run *segmentationv1.SchemeRun) string {
	labels := run.GetSegmentation().GetLabels()
	if len(labels) == 0 {
		return ""
	}
	return slices.MaxFunc(labels, func(a, b *segmentationv1.LabelSize) int {
		return int(a.GetRevenue().GetMinorUnits() - b.GetRevenue().GetMinorUnits())
	}).GetLabel()
}

func (d *demo) described(run *segmentationv1.SchemeRun, label string) {
	for _, text := range run.GetDescriptions() {
		if text.GetLabel() == label {
			d.page.Item(label + ": " + text.GetText())
			d.page.Item(label + ": " + text.GetTextZh())
		}
	}
}

// gate says whether a run may be published, and if not, what is left empty, and which
// thresholds are missed where these are asked for.
func (d *demo) gate(when string, gate *segmentationv1.PublishGate, thresholds bool) {
	if gate.GetOpen() {
		d.page.Item("gate 发布关口, " + when + ": open 通过")
		return
	}
	d.page.Item("gate 发布关口, " + when + ": closed 未通过")
	for _, f := range gate.GetFindings() {
		if thresholds || !f.GetOverridable() {
			d.page.Item(f.GetMessage() + " / " + f.GetMessageZh())
		}
	}
}
