package findings

import (
	"fmt"
	"strings"

	valuationv1 "github.com/kehuhq/kehu/gen/kehu/valuation/v1"
)

// factorNames are the factors of loyalty, in the order of their numbers.
var factorNames = []string{
	"", "purchase days 购买天数", "satisfaction 满意度", "referrals 推荐", "tenure in days 客龄", "share at full price 原价购买占比",
}

func factorName(f valuationv1.LoyaltyFactor) string { return factorNames[int(f)%len(factorNames)] }

// LoyaltyPolicies sets policies with the tiers of their last evaluations.
func LoyaltyPolicies(r *valuationv1.ListLoyaltyPoliciesResponse) *Finding {
	f := &Finding{Answer: r, Title: "Loyalty policies 忠诚度政策", Header: []string{"policy", "tier", "from", "customers", "share"}}
	for _, p := range r.GetLoyaltyPolicies() {
		name := strings.TrimPrefix(p.GetName(), "loyaltyPolicies/")
		e := p.GetLastEvaluation()
		if e == nil {
			f.Rows = append(f.Rows, []any{name, "not evaluated yet", nil, nil, nil})
		}
		thresholds := make(map[string]any)
		for _, t := range p.GetTiers() {
			thresholds[t.GetTier()] = t.GetThreshold()
		}
		for _, t := range e.GetTiers() {
			f.Rows = append(f.Rows, []any{name, strings.TrimSpace(t.GetNameZh() + " " + t.GetTier()), thresholds[t.GetTier()], t.GetCustomers(), ratio(t.GetCustomers(), e.GetCustomers())})
		}
		var parts []string
		for _, c := range p.GetComponents() {
			parts = append(parts, fmt.Sprintf("%s ×%g (%g to %g)", factorName(c.GetFactor()), c.GetWeight(), c.GetFloor(), c.GetSaturation()))
		}
		f.Notes = append(f.Notes, name+": "+strings.Join(parts, ", "))
		f.sources(e.GetSources())
	}
	return f
}

// ratio is nil of nothing.
func ratio(part, whole int64) any {
	if whole == 0 {
		return nil
	}
	return Share(float64(part) / float64(whole))
}

// sources says what other services' facts lack.
func (f *Finding) sources(all []*valuationv1.FactSource) {
	for _, s := range all {
		what := short(s.GetKind().String(), "FACT_KIND_")
		switch s.GetReason() {
		case "":
		case "STALE":
			f.Notes = append(f.Notes, fmt.Sprintf("%s: %s could not be reached; the figures are of %s [STALE]", what, s.GetPeer(), s.GetCopyTime().AsTime().Format("2006-01-02 15:04 UTC")))
		default:
			f.Notes = append(f.Notes, fmt.Sprintf("%s: not known, for %s is not there [%s]", what, s.GetPeer(), s.GetReason()))
		}
	}
}

// LoyaltyEvaluation sets what an evaluation has found.
func LoyaltyEvaluation(e *valuationv1.LoyaltyEvaluation) *Finding {
	f := &Finding{
		Answer: e, Title: fmt.Sprintf("Loyalty 忠诚度: %s customers, %s with a score", text(e.GetCustomers()), text(e.GetScored())),
		Header: []string{"tier", "name", "customers", "share"},
	}
	for _, t := range e.GetTiers() {
		f.Rows = append(f.Rows, []any{t.GetTier(), strings.TrimSpace(t.GetNameZh() + " " + t.GetNameEn()), t.GetCustomers(), ratio(t.GetCustomers(), e.GetCustomers())})
	}
	f.sources(e.GetSources())
	f.warn(e.GetWarnings())
	return f
}

// Loyalty sets how loyal a customer is, and how that has changed.
func Loyalty(l *valuationv1.Loyalty, changes []*valuationv1.LoyaltyTierChange) *Finding {
	f := &Finding{
		Answer: l, Title: fmt.Sprintf("Loyalty 忠诚度 of %s: %s, tier %s", l.GetCustomerId(), scoreText(l.Score), tierText(l.GetTier(), l.GetTierNameZh())),
		Header: []string{"component", "value", "weight", "of the weights", "score 0–1", "points"},
	}
	for _, c := range l.GetContributions() {
		row := []any{factorName(c.GetFactor()), known(c.Value), c.GetWeight(), nil, nil, nil}
		if c.Value != nil {
			row[3], row[4], row[5] = Share(c.GetWeightShare()), fmt.Sprintf("%.2f", c.GetComponentScore()), c.GetPoints()
		} else {
			row[1] = "not known: " + c.GetReason()
		}
		f.Rows = append(f.Rows, row)
	}
	f.Notes = append(f.Notes, fmt.Sprintf("by %s as of %s; the points add up to the score, and what is not known counts neither way",
		l.GetPolicy(), l.GetAsOf().AsTime().Format("2006-01-02 15:04 UTC")))
	for _, c := range changes {
		f.Notes = append(f.Notes, change(c))
	}
	return f
}

func change(c *valuationv1.LoyaltyTierChange) string {
	line := fmt.Sprintf("%s: %s → %s", c.GetChangeTime().AsTime().Format("2006-01-02"), tierText(c.GetFromTier(), ""), tierText(c.GetToTier(), ""))
	var why []string
	for _, cause := range c.GetCauses() {
		why = append(why, fmt.Sprintf("%s %+.1f points", factorName(cause.GetFactor()), cause.GetToPoints()-cause.GetFromPoints()))
	}
	why = append(why, c.GetReasons()...)
	if len(why) == 0 {
		return line
	}
	return line + ": " + strings.Join(why, ", ")
}

func scoreText(score *float64) string {
	if score == nil {
		return "too little is known for a score"
	}
	return fmt.Sprintf("%.1f of 100", *score)
}

func tierText(tier, nameZh string) string {
	if tier == "" {
		return "none 无"
	}
	return strings.TrimSpace(tier + " " + nameZh)
}

// known is a cell of a number that may not be known.
func known(x *float64) any {
	if x == nil {
		return nil
	}
	return fmt.Sprintf("%.4g", *x)
}

// Loyalties sets a list of customers.
func Loyalties(r *valuationv1.ListLoyaltiesResponse, policy, tier string) *Finding {
	f := &Finding{
		Answer: r, Title: fmt.Sprintf("Loyalty 忠诚度 by %s: %s customers", policy, text(r.GetTotalSize())),
		Header: []string{"customer", "score", "tier", "most of it by"},
	}
	if tier != "" {
		f.Title += " of tier " + tier
	}
	for _, l := range r.GetLoyalties() {
		var most *valuationv1.LoyaltyContribution
		for _, c := range l.GetContributions() {
			if c.Points != nil && c.GetPoints() > most.GetPoints() {
				most = c
			}
		}
		row := []any{l.GetCustomerId(), nil, tierText(l.GetTier(), l.GetTierNameZh()), nil}
		if l.Score != nil {
			row[1] = l.GetScore()
		}
		if most != nil {
			row[3] = fmt.Sprintf("%s, %.1f points", factorName(most.GetFactor()), most.GetPoints())
		}
		f.Rows = append(f.Rows, row)
	}
	if r.GetNextPageToken() != "" {
		f.Notes = append(f.Notes, fmt.Sprintf("the first %d are shown; --top shows more", len(r.GetLoyalties())))
	}
	return f
}
