// Package loyalty judges how loyal customers are, by policies that explain
// themselves:
//
//	loyalty_policies     _id policy                      the policies
//	loyalty_evaluations  _id policy                      which evaluation of each is read, see package editions
//	loyalties            _id policy!evaluation!customer  how loyal each customer is
//	loyalty_changes      _id policy!customer!evaluation  the changes of customers' tiers
package loyalty

import (
	"cmp"
	"fmt"
	"math"
	"regexp"
	"slices"
	"time"

	"github.com/kehuhq/kehu/pkg/fault"
	"github.com/kehuhq/kehu/pkg/rpc/aip"
)

// Factor is what loyalty can be judged by. The numbers are stored, and those of
// the API.
type Factor uint8

// The factors.
const (
	PurchaseDays Factor = iota + 1
	Satisfaction
	Referrals
	TenureDays
	FullPrice
)

// Factors is how many there are.
const Factors = 5

// isShare reports whether a factor's values lie within 0 and 1.
func (f Factor) isShare() bool { return f == Satisfaction || f == FullPrice }

// Component is one part of a score.
type Component struct {
	Factor     Factor
	Weight     float64
	Floor      float64 // brings nothing up to here
	Saturation float64 // brings all from here on
}

// Tier is a tier of a policy.
type Tier struct {
	ID             string
	Threshold      float64 // the least score
	NameEN, NameZH string
}

// None stands for no tier where one can be asked for.
const None = "none"

// Policy says how a score is made and what it means.
type Policy struct {
	ID             string
	NameEN, NameZH string
	Components     []Component // by their factors
	Tiers          []Tier      // from the lowest on
	MinKnown       int         // how many components must be known for a score
	Automatic      bool        // evaluated after each refresh
	Request        aip.RequestKey
	CreateTime     time.Time
	UpdateTime     time.Time
	Version        int64
}

var (
	policyPattern = regexp.MustCompile(`^[a-z][a-z0-9-]{0,62}$`)
	tierPattern   = regexp.MustCompile(`^[a-z][a-z0-9-]{0,31}$`)
)

// largest is the greatest weight, floor and saturation.
const largest = 1e6

// Normalize puts components and tiers in order, fills in the defaults and reports
// everything that is wrong. Fields are those of the policy.
func (p *Policy) Normalize() error {
	var wrong []*fault.Fault
	if len(p.Components) == 0 {
		wrong = append(wrong, fault.Invalid("components", "must have at least one"))
	}
	seen := make(map[Factor]bool)
	for i, c := range p.Components {
		wrong = append(wrong, c.check(fmt.Sprintf("components[%d]", i)))
		if seen[c.Factor] {
			wrong = append(wrong, fault.Invalid(fmt.Sprintf("components[%d].factor", i), "must be there once"))
		}
		seen[c.Factor] = true
	}
	wrong = append(wrong, p.checkTiers()...)
	if p.MinKnown == 0 {
		p.MinKnown = 1
	}
	if p.MinKnown < 0 || p.MinKnown > max(1, len(p.Components)) {
		wrong = append(wrong, fault.Invalid("min_known_components", "must be from 0 to the number of components, %d, is %d", len(p.Components), p.MinKnown))
	}
	slices.SortFunc(p.Components, func(a, b Component) int { return cmp.Compare(a.Factor, b.Factor) })
	slices.SortFunc(p.Tiers, func(a, b Tier) int { return cmp.Compare(a.Threshold, b.Threshold) })
	return fault.Merge(wrong...)
}

func (c Component) check(field string) *fault.Fault {
	within := func(v float64) bool { return v >= 0 && v <= largest } // not for NaN
	switch {
	case c.Factor < 1 || c.Factor > Factors:
		return fault.Invalid(field+".factor", "must be one of those the API defines")
	case !within(c.Weight) || c.Weight == 0:
		return fault.Invalid(field+".weight", "must be above 0, and 1,000,000 at most, is %v", c.Weight)
	case !within(c.Floor):
		return fault.Invalid(field+".floor", "must be from 0 to 1,000,000, is %v", c.Floor)
	case !within(c.Saturation) || c.Saturation <= c.Floor:
		return fault.Invalid(field+".saturation", "must be above floor, %v, and 1,000,000 at most, is %v", c.Floor, c.Saturation)
	case c.Factor.isShare() && c.Saturation > 1:
		return fault.Invalid(field+".saturation", "must be 1 at most, for the factor is a share, is %v", c.Saturation)
	}
	return nil
}

func (p *Policy) checkTiers() (wrong []*fault.Fault) {
	ids, thresholds := make(map[string]bool), make(map[float64]bool)
	for i, t := range p.Tiers {
		field := fmt.Sprintf("tiers[%d]", i)
		switch {
		case !tierPattern.MatchString(t.ID) || t.ID == None:
			wrong = append(wrong, fault.Invalid(field+".tier", "must be lower-case letters, digits and '-', begin with a letter, and not be %q", None))
		case ids[t.ID]:
			wrong = append(wrong, fault.Invalid(field+".tier", "must be there once"))
		case !(t.Threshold >= 0 && t.Threshold <= 100):
			wrong = append(wrong, fault.Invalid(field+".threshold", "must be from 0 to 100, is %v", t.Threshold))
		case thresholds[t.Threshold]:
			wrong = append(wrong, fault.Invalid(field+".threshold", "must differ from those of the other tiers"))
		}
		ids[t.ID], thresholds[t.Threshold] = true, true
	}
	return wrong
}

// tierOf is the tier of a score, empty below the lowest.
func (p *Policy) tierOf(score float64) string {
	tier := ""
	for _, t := range p.Tiers {
		if score < t.Threshold {
			break
		}
		tier = t.ID
	}
	return tier
}

// round keeps rounding errors from deciding on which side of a threshold a score is.
func round(score float64) float64 { return math.Round(score*1e9) / 1e9 }
