package findings

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	apiv1 "github.com/kehuhq/kehu/gen/kehu/api/v1"
	segmentationv1 "github.com/kehuhq/kehu/gen/kehu/segmentation/v1"
	currencies "github.com/kehuhq/kehu/pkg/money"
	"github.com/kehuhq/kehu/services/kehu/internal/money"
)

// Campaigns lists campaigns.
func Campaigns(r *segmentationv1.ListCampaignsResponse, lang string) *Finding {
	f := &Finding{Title: "Campaigns 营销活动", Answer: r, Header: []string{"campaign", "name", "state", "audience", "held out", "customers", "start", "end"}}
	for _, c := range r.GetCampaigns() {
		f.Rows = append(f.Rows, []any{
			id(c.GetName()), either(lang, c.GetDisplayName(), c.GetDisplayNameZh()), name(c.GetState(), "CAMPAIGN_STATE_"), cut(audience(c), 50),
			Share(c.GetHoldoutShare()), c.GetPopulationSize(), instant(c.GetStartTime()), instant(c.GetEndTime()),
		})
	}
	return f
}

func audience(c *segmentationv1.Campaign) string {
	if c.GetSegment() != "" {
		return id(c.GetSegment())
	}
	return c.GetRule()
}

// Campaign shows a campaign.
func Campaign(c *segmentationv1.Campaign, lang string) *Finding {
	f := &Finding{
		Title: fmt.Sprintf("%s %s: %s", said(lang, "Campaign", "营销活动"), id(c.GetName()), either(lang, c.GetDisplayName(), c.GetDisplayNameZh())), Answer: c,
		Header: []string{"", ""},
	}
	row := func(en, zh string, value any) { f.Rows = append(f.Rows, []any{said(lang, en, zh), value}) }
	row("state", "状态", name(c.GetState(), "CAMPAIGN_STATE_"))
	row("audience", "对象", audience(c))
	row("held out", "对照比例", Share(c.GetHoldoutShare()))
	if c.GetStartTime() != nil {
		row("start", "开始", instant(c.GetStartTime()))
		row("customers", "客户数", c.GetPopulationSize())
		row("treated", "处理组", c.GetTreated())
		row("held out", "对照组", c.GetHeldOut())
	}
	row("end", "结束", instant(c.GetEndTime()))
	if s := id(c.GetStrategy()); s != "" {
		row("holds out from", "暂停动作", s+" "+c.GetAction())
	}
	f.baseline(c.GetBaseline(), c.GetCurrencyCode(), lang)
	f.warn(c.GetWarnings())
	return f
}

func (f *Finding) baseline(b *segmentationv1.CampaignBaseline, currency, lang string) {
	if b == nil || b.GetCustomers() == 0 {
		return
	}
	f.Notes = append(f.Notes, fmt.Sprintf(said(lang,
		"in as much time before, %.2f %% of %s customers looked at ordered, for %s each on average",
		"此前同样长的时间内，所看 %[2]s 位客户中 %.2[1]f%% 下单，人均 %[3]s"),
		100*b.GetConversion(), text(b.GetCustomers()), mean(b.GetRevenueMean(), currency)))
}

// mean is an average of amounts in the minor unit, for people, e.g. "1,234.50 CNY".
func mean(minor float64, currency string) string {
	return Amount(&apiv1.Money{MinorUnits: int64(math.Round(minor)), CurrencyCode: currency})
}

// CampaignPlan shows what a campaign could find out.
func CampaignPlan(p *segmentationv1.CampaignPlan, lang string) *Finding {
	f := &Finding{
		Title: said(lang, "What campaign ", "活动可检出的效果: ") + id(p.GetCampaign()) + said(lang, " could find out", ""), Answer: p, Header: []string{"", ""},
	}
	row := func(en, zh string, value any) { f.Rows = append(f.Rows, []any{said(lang, en, zh), value}) }
	row("customers", "客户数", p.GetPopulationSize())
	row("treated", "处理组", p.GetTreated())
	row("held out", "对照组", p.GetHeldOut())
	if p.DetectableConversion != nil {
		row("least increase of the share that orders", "可检出的下单率提升", fmt.Sprintf("%.2f points", 100*p.GetDetectableConversion()))
	}
	if p.DetectableConversionRelative != nil {
		row("relative to the baseline", "相对提升", Share(p.GetDetectableConversionRelative()))
	}
	if p.DetectableRevenue != nil {
		row("least increase of revenue per customer", "可检出的人均收入提升", mean(p.GetDetectableRevenue(), p.GetCurrencyCode()))
	}
	f.Notes = append(f.Notes, fmt.Sprintf(said(lang, "with power %.0f %%, two-sided at level %.4g", "检验功效 %.0f%%，双侧水平 %.4g"), 100*p.GetPower(), p.GetLevel()))
	f.baseline(p.GetBaseline(), p.GetCurrencyCode(), lang)
	f.warn(p.GetWarnings())
	return f
}

// CampaignLift shows what a campaign has brought.
func CampaignLift(l *segmentationv1.CampaignLift, lang string) *Finding {
	f := &Finding{
		Title: said(lang, "Lift of campaign ", "活动提升: ") + id(l.GetCampaign()), Answer: l,
		Header: []string{"figure", "treated", "held out", "difference", "low", "high", "relative", "p", "method"},
	}
	f.comparison(said(lang, "ordered, %", "下单率 %"), l.GetConversion(), percents, nil)
	f.comparison(said(lang, "revenue each, ", "人均收入，")+l.GetCurrencyCode(), l.GetRevenue(), majors(l.GetCurrencyCode()), nil)
	for _, s := range l.GetStrata() {
		f.comparison(id(s.GetSegment())+said(lang, ": ordered, %", ": 下单率 %"), s.GetConversion(), percents, s.PAdjusted)
	}
	f.Notes = append(f.Notes, either(lang, l.GetReading(), l.GetReadingZh()))
	f.Notes = append(f.Notes, fmt.Sprintf("%s %v – %v, %s %v; %s %s", said(lang, "orders of", "订单期间"), instant(l.GetWindowStart()), instant(l.GetWindowEnd()),
		said(lang, "as of", "截至"), instant(l.GetAsOf()), text(l.GetPopulationSize()), said(lang, "customers took part", "位客户参与")))
	if r := l.GetSampleRatio(); r != nil {
		f.Notes = append(f.Notes, fmt.Sprintf("%s: %.2f %% (%.2f %%), p = %.2g", said(lang, "share held out, and declared", "对照占比(设定)"), 100*r.GetFound(), 100*r.GetDeclared(), r.GetPValue()))
	}
	f.warn(l.GetWarnings())
	return f
}

// scale is how the means of a comparison are told.
type scale struct {
	factor   float64
	decimals int
}

var percents = scale{100, 2}

// majors tells amounts in the minor unit in the major one.
func majors(currency string) scale {
	decimals, _ := currencies.Decimals(currency)
	return scale{math.Pow10(-decimals), decimals}
}

func (s scale) text(x float64) string {
	return money.Grouped(strconv.FormatFloat(s.factor*x, 'f', s.decimals, 64))
}

// more is the text of a difference, with its sign.
func (s scale) more(x float64) string {
	if text := s.text(x); strings.HasPrefix(text, "-") {
		return text
	}
	return "+" + s.text(math.Abs(x))
}

func (f *Finding) comparison(figure string, c *segmentationv1.Comparison, in scale, corrected *float64) {
	row := []any{figure, in.text(c.GetTreatedMean()), in.text(c.GetHeldOutMean()), nil, nil, nil, nil, nil, c.GetReason()}
	if a := c.GetAbsolute(); a != nil {
		row[3], row[4], row[5], row[8] = in.more(a.GetValue()), in.more(a.GetLow()), in.more(a.GetHigh()), a.GetMethod()
	}
	if r := c.GetRelative(); r != nil {
		row[6] = fmt.Sprintf("%+.1f%% (%+.1f to %+.1f)", 100*r.GetValue(), 100*r.GetLow(), 100*r.GetHigh())
	}
	switch {
	case corrected != nil:
		row[7] = fmt.Sprintf("%.3g (Holm)", *corrected)
	case c.PValue != nil:
		row[7] = fmt.Sprintf("%.3g", c.GetPValue())
	}
	f.Rows = append(f.Rows, row)
}

// CampaignAssignments lists who is in which arm.
func CampaignAssignments(r *segmentationv1.ListCampaignAssignmentsResponse) *Finding {
	f := &Finding{Title: "Assignments 分组", Answer: r, Header: []string{"customer", "arm"}}
	for _, a := range r.GetAssignments() {
		f.Rows = append(f.Rows, []any{a.GetCustomerId(), name(a.GetArm(), "CAMPAIGN_ARM_")})
	}
	return f
}
