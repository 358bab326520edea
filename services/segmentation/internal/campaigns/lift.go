package campaigns

import (
	"fmt"

	segmentationv1 "github.com/kehuhq/kehu/gen/kehu/segmentation/v1"
	"github.com/kehuhq/kehu/pkg/stat"
)

// liftOf is what a campaign has brought by a result.
func liftOf(c *Campaign, r *Result) (*segmentationv1.CampaignLift, error) {
	i := Inference{Level: c.Level, Final: c.final(r.AsOf), Baseline: c.Baseline}
	conversion, err := i.Conversion(&r.All)
	if err != nil {
		return nil, err
	}
	revenue, err := i.Revenue(&r.All)
	if err != nil {
		return nil, err
	}
	m := &segmentationv1.CampaignLift{
		Campaign: campaignName(c.ID), AsOf: instant(r.AsOf), TimeZone: "UTC", WindowStart: instant(c.Start), WindowEnd: instant(r.End),
		PopulationSize: c.Population, GoneTreated: r.All.Treated.Gone, GoneHeldOut: r.All.HeldOut.Gone,
		Final: i.Final, AlwaysValid: !i.Final, Conversion: comparisonProto(conversion), Revenue: comparisonProto(revenue), CurrencyCode: c.Currency,
		Warnings: c.warnings(),
	}
	if m.Strata, err = strataOf(c, r, i); err != nil {
		return nil, err
	}
	ratio := ratioOf(r.All.Treated.Revenue.N, r.All.HeldOut.Revenue.N, c.Share)
	if ratio != nil {
		m.SampleRatio = &segmentationv1.SampleRatio{
			Declared: ratio.Declared, Found: ratio.Found, ChiSquared: ratio.ChiSquared, PValue: ratio.P, Mismatch: ratio.P < mismatchLevel,
		}
	}
	warnings(m, c, r)
	m.Reading, m.ReadingZh = read(c, conversion, i.Final)
	return m, nil
}

// strataOf are the lifts within segments, at a level corrected for their number: the
// intervals hold together (Bonferroni), and the p-values are corrected by Holm (1979).
func strataOf(c *Campaign, r *Result, i Inference) ([]*segmentationv1.StratumLift, error) {
	if len(r.Strata) == 0 {
		return nil, nil
	}
	i.Level = 1 - (1-i.Level)/float64(len(r.Strata))
	// Of a stratum by itself nothing is known of the time before.
	i.Baseline = shareOnly(i.Baseline)
	found := make([]*segmentationv1.StratumLift, len(r.Strata))
	var at []int
	var p []float64
	for j := range r.Strata {
		conversion, err := i.Conversion(&r.Strata[j])
		if err != nil {
			return nil, err
		}
		revenue, err := i.Revenue(&r.Strata[j])
		if err != nil {
			return nil, err
		}
		found[j] = &segmentationv1.StratumLift{
			Segment: "segments/" + c.Strata[j], Conversion: comparisonProto(conversion), Revenue: comparisonProto(revenue),
		}
		if conversion.Lift != nil {
			at, p = append(at, j), append(p, conversion.Lift.P)
		}
	}
	corrected, err := stat.Holm(p)
	if err != nil {
		return nil, err
	}
	for k, j := range at {
		found[j].PAdjusted = &corrected[k]
	}
	return found, nil
}

// shareOnly keeps of a baseline what a part of the population can be expected to share.
func shareOnly(b *Baseline) *Baseline {
	if b == nil {
		return nil
	}
	return &Baseline{Converted: b.Converted, Revenue: stat.Spread{N: b.Revenue.N}}
}

func warnings(m *segmentationv1.CampaignLift, c *Campaign, r *Result) {
	add := func(is bool, reason, format string, args ...any) {
		if is {
			m.Warnings = append(m.Warnings, warn(reason, format, args...))
		}
	}
	add(m.GetSampleRatio().GetMismatch(), "SAMPLE_RATIO_MISMATCH",
		"%.4f of those compared are held out where %.4f were to be (p = %.2g): customers were lost from one arm rather than the other, and the lift cannot be trusted",
		m.GetSampleRatio().GetFound(), c.Share, m.GetSampleRatio().GetPValue())
	cut := r.All.Treated.Cut + r.All.HeldOut.Cut
	add(cut > 0, "ORDERS_NOT_KEPT", "of %d customers the earliest orders of the window are not kept any more: they have more than 500 since", cut)
	gone := r.All.Treated.Gone + r.All.HeldOut.Gone
	add(gone > 0, "CUSTOMERS_GONE", "of %d customers nothing is known any more; they are left out", gone)
	add(!c.Stop.IsZero() && c.Stop.Before(c.End), "ENDED_EARLY", "the campaign was ended before its planned end: only intervals that hold at every look can be given")
	add(true, "CONTAMINATION", "it is presumed that what one customer gets does not change what another does; "+
		"those held out get no automated actions of %s, and what staff or other systems send them is not known here", scope(c))
}

func scope(c *Campaign) string {
	switch {
	case c.Strategy == "":
		return "any strategy"
	case c.Action == "":
		return "strategies/" + c.Strategy
	}
	return fmt.Sprintf("the action %s of strategies/%s", c.Action, c.Strategy)
}

// read says in plain words what the shares that ordered mean.
func read(c *Campaign, conversion Comparison, final bool) (en, zh string) {
	l := conversion.Lift
	if l == nil {
		return "Too little has been seen to compare the two groups.", "数据太少，尚不能比较两组。"
	}
	a := l.Absolute
	en = fmt.Sprintf("%.2f %% of those treated ordered, and %.2f %% of those held out: a difference of %+.2f points (%.4g %% interval %+.2f to %+.2f). ",
		100*conversion.TreatedMean, 100*conversion.HeldOutMean, 100*a.Value, 100*c.Level, 100*a.Low, 100*a.High)
	zh = fmt.Sprintf("处理组 %.2f%% 下单，对照组 %.2f%%，相差 %+.2f 个百分点(%.4g%% 区间 %+.2f 至 %+.2f)。",
		100*conversion.TreatedMean, 100*conversion.HeldOutMean, 100*a.Value, 100*c.Level, 100*a.Low, 100*a.High)
	switch {
	case a.Low > 0:
		en += "The action brought orders: chance alone does not explain it."
		zh += "该动作带来了订单，不能仅用偶然解释。"
	case a.High < 0:
		en += "The action cost orders: chance alone does not explain it."
		zh += "该动作减少了订单，不能仅用偶然解释。"
	default:
		en += "That may be chance: an effect has not been shown, nor has it been shown that there is none."
		zh += "差异可能出于偶然：既未证明有效，也未证明无效。"
	}
	if !final {
		en += " The interval holds however often one looks; the narrower one is for the planned end."
		zh += " 此区间无论查看多少次都成立；更窄的区间只在计划结束时给出。"
	}
	return en, zh
}
