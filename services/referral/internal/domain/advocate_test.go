package domain

import (
	"testing"
	"time"
)

func TestAnAdvocateAsOfAnInstant(t *testing.T) {
	day := func(n int) time.Time { return time.Date(2026, 3, n, 0, 0, 0, 0, time.UTC) }
	took := func(referee string, steps ...Step) *Referral {
		return &Referral{Advocate: "ann", Referee: referee, CreateTime: steps[0].Time, Steps: steps}
	}
	referrals := []*Referral{
		took("", Step{Invited, day(1)}, Step{Clicked, day(2)}),
		took("bob", Step{Invited, day(1)}, Step{SignedUp, day(3)}, Step{Qualified, day(5)}, Step{Rewarded, day(5)}),
		took("cat", Step{Invited, day(1)}, Step{SignedUp, day(4)}, Step{Qualified, day(6)}, Step{Rewarded, day(6)}, Step{Reversed, day(8)}),
		took("bob", Step{Invited, day(2)}, Step{SignedUp, day(2)}),
		took("ann", Step{Invited, day(2)}, Step{SignedUp, day(2)}),
	}
	for _, c := range []struct {
		before                           time.Time
		invitations, brought, qualifying int
	}{
		{day(1), 0, 0, 0}, {day(2), 3, 0, 0}, {day(4), 5, 1, 0}, {day(5), 5, 2, 0}, {day(6), 5, 2, 1}, {day(7), 5, 2, 2}, {day(9), 5, 2, 1},
	} {
		var a Advocate
		for _, r := range referrals {
			a.Take(r, c.before)
		}
		qualified := 0
		for _, b := range a.Brought {
			if !b.QualifyTime.IsZero() {
				qualified++
			}
		}
		if int(a.Invitations) != c.invitations || len(a.Brought) != c.brought || qualified != c.qualifying {
			t.Errorf("before %s: %+v, want %d, %d, %d", c.before.Format(time.DateOnly), a, c.invitations, c.brought, c.qualifying)
		}
		if c.before == day(9) && !a.Brought[0].SignUpTime.Equal(day(2)) {
			t.Errorf("bob signed up on %s, want the first time", a.Brought[0].SignUpTime)
		}
	}
}
