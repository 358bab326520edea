package shop

import (
	"iter"
	"time"
)

// Purposes that customers of the shop decide about.
const (
	MarketingPurpose = "marketing" // needs consent
	AnalyticsPurpose = "analytics" // allowed until the person objects
)

// Decision is what a customer said about the use of his data.
type Decision struct {
	CustomerID string
	Purpose    string
	Granted    bool
	Time       time.Time
	Source     string
}

const (
	askedShare    = 0.1   // of the customers were asked about marketing
	grantShare    = 0.7   // of them agreed at first; the others refused
	withdrawShare = 0.15  // of those who agreed took it back later
	objectShare   = 0.005 // of all customers object to being analysed
)

// Decisions yields what customers decided, each customer's in the order of time.
func (s *Shop) Decisions() iter.Seq[Decision] {
	return func(yield func(Decision) bool) {
		for c := range s.Customers() {
			for _, d := range s.decisions(c) {
				if !yield(d) {
					return
				}
			}
		}
	}
}

func (s *Shop) decisions(c Customer) (all []Decision) {
	rng := s.rng(streamConsent, c.Index)
	source := choose(rng, []string{"web-form", "wechat", "store"})
	asked, granted, withdrawn := rng.Float64() < askedShare, rng.Float64() < grantShare, rng.Float64() < withdrawShare
	if asked {
		all = append(all, Decision{c.ID, MarketingPurpose, granted, c.FirstOrder, source})
		if granted && withdrawn {
			all = append(all, Decision{c.ID, MarketingPurpose, false, c.FirstOrder.Add(s.config.End.Sub(c.FirstOrder) / 2).Truncate(time.Second), "call"})
		}
	}
	if rng.Float64() < objectShare {
		all = append(all, Decision{c.ID, AnalyticsPurpose, false, c.FirstOrder, "e-mail"})
	}
	return all
}

// Choices are what the decisions come to.
type Choices struct {
	Decisions int
	Asked     int             // about marketing
	Allowing  int             // marketing, at the end
	Refused   int             // at once
	Withdrew  int             // what they had granted
	Objectors map[string]bool // to analytics, by customer id
}

// Choices adds up the decisions.
func (s *Shop) Choices() Choices {
	t := Choices{Objectors: map[string]bool{}}
	granted := ""
	for d := range s.Decisions() {
		t.Decisions++
		switch {
		case d.Purpose == AnalyticsPurpose:
			t.Objectors[d.CustomerID] = true
		case d.Granted:
			t.Asked++
			t.Allowing++
			granted = d.CustomerID
		case granted == d.CustomerID:
			t.Allowing--
			t.Withdrew++
		default:
			t.Asked++
			t.Refused++
		}
	}
	return t
}
