package domain

import (
	"slices"
	"time"

	"github.com/kehuhq/kehu/pkg/fault"
)

// ReferralState is how far a referral has come.
type ReferralState string

// The states.
const (
	Invited   ReferralState = "invited"
	Clicked   ReferralState = "clicked"
	SignedUp  ReferralState = "signed up"
	Qualified ReferralState = "qualified"
	Rewarded  ReferralState = "rewarded"
	Rejected  ReferralState = "rejected"
	Expired   ReferralState = "expired"
	Reversed  ReferralState = "reversed"
)

// referralSteps are the states that may follow a state. A click is not always
// seen, so a sign-up may follow the invitation.
var referralSteps = map[ReferralState][]ReferralState{
	Invited:   {Clicked, SignedUp, Rejected, Expired},
	Clicked:   {SignedUp, Rejected, Expired},
	SignedUp:  {Qualified, Rejected, Expired},
	Qualified: {Rewarded, Rejected},
	Rewarded:  {Reversed},
}

// Work is what the service itself still has to do for a referral. A crash leaves
// it undone, and the sweeper or the next step finishes it.
type Work string

// The kinds of work.
const (
	NoWork      Work = ""
	RewardWork  Work = "reward"  // hold budget, give points, become Rewarded
	ReverseWork Work = "reverse" // take points back, return budget, become Reversed
)

// Step is a state a referral has reached.
type Step struct {
	State ReferralState
	Time  time.Time
}

// Referral is one recommendation, from the invitation to the reward.
type Referral struct {
	Program  string
	ID       string
	Code     string
	Advocate string // customer ids
	Referee  string // empty before the sign-up
	State    ReferralState
	Steps    []Step // oldest first
	OrderID  string // with which the referee qualified
	// The rewards, fixed on qualification.
	AdvocatePoints, RefereePoints int64
	// Reserved tells that the programme's budget holds the reward, from when on
	// the referral will be rewarded.
	Reserved bool
	// The accounts in the books that are rewarded, fixed with Reserved: they are
	// where the points are taken back from, whoever owns them by then.
	AdvocateAccount, RefereeAccount AccountID

	Transfers []string // ids of the ledger's transfers
	Work      Work
	// Reason is that of a rejection or reversal, empty where it is sealed and has
	// not been opened, or never can be; SealedReason is how a caller's is kept.
	Reason       string
	SealedReason []byte
	Request      RequestKey
	ExpireTime   time.Time
	CreateTime   time.Time
	UpdateTime   time.Time
	Version      int64
}

// Took reports whether the referral has ever reached a state.
func (r *Referral) Took(state ReferralState) bool {
	return slices.ContainsFunc(r.Steps, func(s Step) bool { return s.State == state })
}

// Step brings the referral into another state, or returns the fault
// ILLEGAL_STEP that names both.
func (r *Referral) Step(to ReferralState, at time.Time) error {
	if err := r.CheckStep(to); err != nil {
		return err
	}
	r.State = to
	r.Steps = append(r.Steps, Step{to, at})
	return nil
}

// CheckStep is the fault that Step would return.
func (r *Referral) CheckStep(to ReferralState) error {
	if slices.Contains(referralSteps[r.State], to) {
		return nil
	}
	return illegalStep("referral", string(r.State), string(to))
}

// ErasedReason is why a referral has ended that had not been rewarded.
const ErasedReason = "one of the two was erased"

// Erase puts a pseudonym in the place of people, drops the reason and the request id,
// in which callers may have named them, and ends a referral that has not been
// rewarded. It reports whether that changed anything. One that is Working cannot be
// erased yet.
func (r *Referral) Erase(people []string, pseudonym string, at time.Time) (changed bool, err error) {
	for _, id := range []*string{&r.Advocate, &r.Referee} {
		if slices.Contains(people, *id) {
			*id, changed = pseudonym, true
		}
	}
	if r.Advocate != pseudonym && r.Referee != pseudonym {
		return false, nil
	}
	if r.SealedReason != nil || r.Request != (RequestKey{}) {
		r.SealedReason, r.Request, changed = nil, RequestKey{}, true
	}
	if !slices.Contains(referralSteps[r.State], Rejected) {
		return changed, nil
	}
	r.Reason, r.Work = ErasedReason, NoWork
	return true, r.Step(Rejected, at)
}

// Working reports whether the service is at something that will be ended: a
// reward that is reserved, or a reversal.
func (r *Referral) Working() bool { return r.Work == ReverseWork || r.Work == RewardWork && r.Reserved }

// Open reports whether the referee may still qualify, but for the time.
func (r *Referral) Open() bool { return slices.Contains(referralSteps[r.State], Expired) }

// Expire ends an open referral whose time has gone by, and reports whether it did.
func (r *Referral) Expire(now time.Time) bool {
	if !r.Open() || now.Before(r.ExpireTime) {
		return false
	}
	return r.Step(Expired, r.ExpireTime) == nil
}

// SignUp records the referee. Repeating it changes nothing; another referee is
// the fault REFEREE_FIXED.
func (r *Referral) SignUp(referee string, at time.Time) (changed bool, err error) {
	if r.Took(SignedUp) {
		if r.Referee == referee {
			return false, nil
		}
		return false, refuse("REFEREE_FIXED", "referee_id", "must be the customer who signed up with this referral before")
	}
	if err := r.Step(SignedUp, at); err != nil {
		return false, err
	}
	r.Referee = referee
	return true, nil
}

// CheckReferee is the fault SELF_REFERRAL for the advocate.
func (r *Referral) CheckReferee(referee string) error {
	if referee == r.Advocate {
		return refuse("SELF_REFERRAL", "referee_id", "must not be the advocate")
	}
	return nil
}

// Qualify records the order and fixes the rewards, which the service then owes.
// Repeating it changes nothing; another order is the fault ORDER_FIXED.
func (r *Referral) Qualify(order string, p *Program, at time.Time) (changed bool, err error) {
	if r.Took(Qualified) {
		return false, r.CheckQualifiedBy(order)
	}
	if err := r.Step(Qualified, at); err != nil {
		return false, err
	}
	r.OrderID, r.Work = order, RewardWork
	r.AdvocatePoints, r.RefereePoints = p.AdvocatePoints, p.RefereePoints
	return true, nil
}

// CheckQualifiedBy is the fault ORDER_FIXED unless the order is the one with
// which the referee qualified.
func (r *Referral) CheckQualifiedBy(order string) error {
	if r.OrderID == order {
		return nil
	}
	return refuse("ORDER_FIXED", "order_id", "must be %q, with which the referee qualified before", r.OrderID)
}

// Hold is what the reward (sign 1) or the reversal (sign -1) changes in the
// programme's spent points.
func (r *Referral) Hold(sign int64) Hold {
	return Hold{Referral: r.ID, Points: sign * (r.AdvocatePoints + r.RefereePoints)}
}

// refuse is a FailedPrecondition fault that names a field.
func refuse(reason, field, format string, args ...any) *fault.Fault {
	f := fault.Invalid(field, format, args...)
	f.Kind, f.Reason = fault.FailedPrecondition, reason
	return f
}
