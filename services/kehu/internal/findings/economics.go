package findings

import (
	"fmt"
	"strings"

	valuationv1 "github.com/kehuhq/kehu/gen/kehu/valuation/v1"
)

// economicNames are the kinds of lines, in the order of their numbers. Without a
// kind is the margin of the orders.
var economicNames = []string{
	"margin 毛利", "product benefit 产品利益", "service benefit 服务利益", "personnel benefit 人员利益", "image benefit 形象利益",
	"money 货币成本", "time 时间成本", "effort 精力成本", "psychological 心理成本",
	"acquisition 获取成本", "serving 服务成本", "retention 维系成本",
}

func economicName(kind valuationv1.EconomicKind) string {
	return economicNames[int(kind)%len(economicNames)]
}

// Economics sets both sides of a relationship, with what they are made of.
func Economics(e *valuationv1.CustomerEconomics) *Finding {
	f := &Finding{
		Answer: e,
		Title: fmt.Sprintf("Economics 客户经济学 of %s from %s, as of %s", e.GetCustomerId(), e.GetStartDate(),
			lastDay(e.GetAsOf(), e.GetTimeZone())),
		Header: []string{"side", "what", "times", "stated", "counted"},
	}
	f.side("customer", e.GetCustomerSide())
	f.side("company", e.GetCompanySide())
	if d := e.GetDiscountRate(); d > 0 {
		f.Notes = append(f.Notes, fmt.Sprintf("counted is discounted to %s at %.4g%% a year", e.GetStartDate(), 100*d))
	}
	f.warn(e.GetWarnings())
	return f
}

func (f *Finding) side(name string, s *valuationv1.EconomicSide) {
	for _, i := range s.GetItems() {
		what := economicName(i.GetKind())
		switch {
		case i.GetLine() == "":
			what += " of orders"
		case i.GetDisplayName() != "":
			what += ": " + i.GetDisplayName()
		}
		f.Rows = append(f.Rows, []any{name, what, i.GetOccurrences(), amountOr(i.GetStated()), amountOr(i.GetAmount())})
	}
	if r := s.GetRefusal(); r != nil {
		f.Rows = append(f.Rows, []any{name, "net: not known", nil, nil, nil})
		f.Notes = append(f.Notes, name+": "+r.GetMessage()+" ["+r.GetReason()+"]")
	} else {
		f.Rows = append(f.Rows, []any{name, "net 净值", nil, nil, amountOr(s.GetNet())})
	}
	if len(s.GetMissingKinds()) > 0 {
		var names []string
		for _, kind := range s.GetMissingKinds() {
			names = append(names, economicName(kind))
		}
		f.Notes = append(f.Notes, name+": taken as nothing, for there is no line: "+strings.Join(names, ", "))
	}
}
