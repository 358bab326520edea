package shop

import (
	"iter"
	"time"
)

// Referral is one customer bringing another.
type Referral struct {
	ReferrerID string
	RefereeID  string
	Invited    time.Time // after the referrer's first order, before the referee's
	Joined     time.Time // the referee's first order
}

// canvassed customers are thought of for each newcomer; the one who likes the shop
// best has brought him.
const canvassed = 3

// longestInvitation is the longest that an invitation waits.
const longestInvitation = 14 * 24 * time.Hour

// referrer draws who brought c, by index.
func (s *Shop) referrer(c Customer) (int, bool) {
	rng := s.rng(streamReferral, c.Index)
	if c.Index == 0 || c.Enterprise || rng.Float64() >= s.config.ReferralShare {
		return 0, false
	}
	best := rng.IntN(c.Index)
	for range canvassed - 1 {
		if other := rng.IntN(c.Index); s.liking(other) > s.liking(best) {
			best = other
		}
	}
	return best, s.firstOrder(best).Before(c.FirstOrder)
}

// Referrals yields who brought whom, in the order of those brought.
func (s *Shop) Referrals() iter.Seq[Referral] {
	return func(yield func(Referral) bool) {
		for c := range s.Customers() {
			if c.ReferrerID == "" {
				continue
			}
			best, _ := s.referrer(c)
			open := min(c.FirstOrder.Sub(s.firstOrder(best)), longestInvitation)
			waited := time.Duration(s.rng(streamInvitation, c.Index).Float64() * float64(open)).Truncate(time.Second)
			r := Referral{ReferrerID: c.ReferrerID, RefereeID: c.ID, Invited: c.FirstOrder.Add(-waited), Joined: c.FirstOrder}
			if !yield(r) {
				return
			}
		}
	}
}
