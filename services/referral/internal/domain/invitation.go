package domain

import (
	"slices"
	"time"

	"github.com/kehuhq/kehu/pkg/fault"
	"github.com/kehuhq/kehu/pkg/ident"
)

// Code is an advocate's personal code.
type Code struct {
	Program       string
	Code          string
	Advocate      string // customer id
	Channel       string
	ExpireTime    time.Time // zero is never
	MaxReferrals  int32     // 0 is no limit
	ReferralCount int32
	Revoked       bool
	// Invitations are the referrals that were counted but may not be written yet.
	Invitations []Invitation
	Request     RequestKey
	CreateTime  time.Time
}

// Invitation is all that a new referral is made of, beside its code.
type Invitation struct {
	Referral   string
	CreateTime time.Time
	ExpireTime time.Time
	Request    RequestKey
}

// Check reports all that a caller has set wrong in a new code.
func (c *Code) Check(now time.Time) error {
	wrong := []*fault.Fault{ident.Check("code.advocate_id", c.Advocate), checkText("code.channel", c.Channel, 64)}
	if !c.ExpireTime.IsZero() && !c.ExpireTime.After(now) {
		wrong = append(wrong, fault.Invalid("code.expire_time", "must lie in the future, or be unset for never"))
	}
	if c.MaxReferrals < 0 {
		wrong = append(wrong, fault.Invalid("code.max_referrals", "must be 0, for no limit, or above"))
	}
	return fault.Merge(wrong...)
}

// Invite counts a referral, or returns a fault that says why the code brings
// nothing any more.
func (c *Code) Invite(i Invitation) error {
	switch {
	case c.Revoked:
		return refuse("CODE_REVOKED", "referral.code", "was revoked")
	case !c.ExpireTime.IsZero() && !i.CreateTime.Before(c.ExpireTime):
		return refuse("CODE_EXPIRED", "referral.code", "has expired")
	case c.MaxReferrals > 0 && c.ReferralCount >= c.MaxReferrals:
		return refuse("CODE_EXHAUSTED", "referral.code", "has brought the %d referrals it may bring", c.MaxReferrals)
	}
	c.ReferralCount++
	c.Invitations = append(c.Invitations, i)
	return nil
}

// Invited reports whether the referral is counted and not settled yet.
func (c *Code) Invited(referral string) bool {
	return slices.ContainsFunc(c.Invitations, func(i Invitation) bool { return i.Referral == referral })
}

// Settle drops an invitation whose referral is written, and takes back the
// count where it was written for another code. It reports whether there was one.
func (c *Code) Settle(r *Referral) bool {
	kept := slices.DeleteFunc(slices.Clone(c.Invitations), func(i Invitation) bool { return i.Referral == r.ID })
	if len(kept) == len(c.Invitations) {
		return false
	}
	c.Invitations = kept
	if r.Code != c.Code {
		c.ReferralCount--
	}
	return true
}

// Open makes the referral of an invitation.
func (c *Code) Open(i Invitation) *Referral {
	return &Referral{
		Program: c.Program, ID: i.Referral, Code: c.Code, Advocate: c.Advocate,
		State: Invited, Steps: []Step{{Invited, i.CreateTime}},
		Request: i.Request, CreateTime: i.CreateTime, ExpireTime: i.ExpireTime,
	}
}
