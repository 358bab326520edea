package analysis

import (
	"strings"

	valuationv1 "github.com/kehuhq/kehu/gen/kehu/valuation/v1"
	"github.com/kehuhq/kehu/services/kehu/internal/analysis/words"
	"github.com/kehuhq/kehu/services/kehu/internal/money"
)

// Group is one of the eight RFM groups.
type Group struct {
	Code         string  `json:"code"`    // e.g. "important_value"
	Name         string  `json:"name"`    // Chinese, e.g. "重要价值"
	NameEN       string  `json:"name_en"` // English
	Customers    int64   `json:"customers"`
	Revenue      string  `json:"revenue"`
	RevenueShare float64 `json:"revenue_share"`
	Advice       Advice  `json:"advice"`
	// List names the file of the group's customers that lies beside the report;
	// empty where none was written.
	List string `json:"list,omitempty"`
}

// Advice says what to do with a group.
type Advice struct {
	Who     words.Text `json:"who"`
	Offer   words.Text `json:"offer"`
	Channel words.Text `json:"channel"`
	When    words.Text `json:"when"`
}

// GroupCode is how a group is called in a report, e.g. "important_value".
func GroupCode(g valuationv1.RfmGroup) string {
	return strings.ToLower(strings.TrimPrefix(g.String(), "RFM_GROUP_"))
}

// In is the group's name in a language.
func (g Group) In(lang string) string { return words.Text{ZH: g.Name, EN: g.NameEN}.In(lang) }

func groupsOf(summary *valuationv1.ValuationSummary) []Group {
	groups := make([]Group, len(summary.GetGroups()))
	for i, g := range summary.GetGroups() {
		code := GroupCode(g.GetGroup())
		groups[i] = Group{
			Code: code, Name: g.GetNameZh(), NameEN: g.GetNameEn(), Customers: g.GetCustomers(),
			Revenue: money.Format(g.GetRevenue()), RevenueShare: g.GetRevenueShare(),
			Advice: adviceOn(code),
		}
	}
	return groups
}

func adviceOn(code string) Advice {
	on := func(what string) words.Text { return words.Of("advice." + code + "." + what) }
	return Advice{Who: on("who"), Offer: on("offer"), Channel: on("channel"), When: on("when")}
}
