package domain

import "time"

// Advocate is a customer who has referred others, over all programmes.
type Advocate struct {
	Customer    string // or a pseudonym
	Invitations int64
	Brought     []Brought // each referee once, in the order of their first referral
	at          map[string]int
}

// Brought is a customer whom an advocate brought.
type Brought struct {
	Referee     string // or a pseudonym
	SignUpTime  time.Time
	QualifyTime time.Time // zero where none of the referrals stands as qualified
}

// Take counts a referral of the advocate as it was before an instant.
func (a *Advocate) Take(r *Referral, before time.Time) {
	if !r.CreateTime.Before(before) {
		return
	}
	a.Invitations++
	reached := make(map[ReferralState]time.Time, len(r.Steps))
	for _, s := range r.Steps {
		if s.Time.Before(before) {
			reached[s.State] = s.Time
		}
	}
	signUp, has := reached[SignedUp]
	if !has || r.Referee == "" || r.Referee == r.Advocate {
		return
	}
	qualify := reached[Qualified]
	if !reached[Rejected].IsZero() || !reached[Reversed].IsZero() {
		qualify = time.Time{}
	}
	if i, known := a.at[r.Referee]; known {
		b := &a.Brought[i]
		b.SignUpTime, b.QualifyTime = earlier(b.SignUpTime, signUp), earlier(b.QualifyTime, qualify)
		return
	}
	if a.at == nil {
		a.at = make(map[string]int)
	}
	a.at[r.Referee] = len(a.Brought)
	a.Brought = append(a.Brought, Brought{r.Referee, signUp, qualify})
}

// earlier is the first of two instants, of which a zero one is none.
func earlier(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}
