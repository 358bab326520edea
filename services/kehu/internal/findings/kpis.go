package findings

import (
	"fmt"
	"strings"

	apiv1 "github.com/kehuhq/kehu/gen/kehu/api/v1"
	segmentationv1 "github.com/kehuhq/kehu/gen/kehu/segmentation/v1"
)

// SegmentKpis lists how a segment did, day by day.
func SegmentKpis(segment string, r *segmentationv1.ListSegmentKpisResponse, lang string) *Finding {
	f := &Finding{
		Title: said(lang, "Key figures of ", "关键指标 ") + segment, Answer: r,
		Header: []string{"day", "members", "entered", "left", "buyers", "of members", "orders", "revenue", "satisfaction", "churn risk", "value to come"},
	}
	for _, k := range r.GetKpis() {
		var entered, left any
		if k.GetPreviousTime() != nil {
			entered, left = k.GetEntered(), k.GetLeft()
		}
		f.Rows = append(f.Rows, []any{
			k.GetName()[strings.LastIndexByte(k.GetName(), '/')+1:], k.GetMemberCount(), entered, left, k.GetBuyers(), part(k.GetBuyers(), k.GetMemberCount()), k.GetOrders(),
			several(k.GetRevenue()), meanShare(k.Satisfaction), meanShare(k.ChurnRisk), several(k.GetResidualValue()),
		})
	}
	if len(r.GetKpis()) == 0 {
		f.Notes = append(f.Notes, said(lang, "not measured yet: that is done soon after it is published, and then after each midnight", "尚无记录：发布后不久首次记录，此后每日零点后记录"))
		return f
	}
	last := r.GetKpis()[0]
	f.Notes = append(f.Notes, fmt.Sprintf(said(lang,
		"buyers, orders and revenue are of the %d days before each day's measure; days are those of %s",
		"购买人数、订单与收入为记录前 %d 天内的；日期按 %s 时区"), last.GetWindowDays(), last.GetTimeZone()))
	if r.GetNextPageToken() != "" {
		f.Notes = append(f.Notes, said(lang, "there are more", "还有更多"))
	}
	return f
}

// part is a share, nil of nothing.
func part(n, of int64) any {
	if of == 0 {
		return nil
	}
	return Share(float64(n) / float64(of))
}

// meanShare is a mean of shares, nil where there is none.
func meanShare(mean *float64) any {
	if mean == nil {
		return nil
	}
	return Share(*mean)
}

// several are amounts in different currencies.
func several(amounts []*apiv1.Money) string {
	var parts []string
	for _, m := range amounts {
		parts = append(parts, Amount(m))
	}
	return strings.Join(parts, ", ")
}
