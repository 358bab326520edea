package store

import (
	"time"

	"github.com/kehuhq/kehu/pkg/docstore"

	"github.com/kehuhq/kehu/services/referral/internal/domain"
)

type referralDoc struct {
	docstore.Meta  `bson:",inline"`
	Code           string     `bson:"code"`
	Advocate       string     `bson:"advocate"`
	Referee        string     `bson:"referee,omitempty"`
	State          string     `bson:"state"`
	Steps          []stepDoc  `bson:"steps"`
	OrderID        string     `bson:"order_id,omitempty"`
	AdvocatePoints int64      `bson:"advocate_points,omitempty"`
	RefereePoints  int64      `bson:"referee_points,omitempty"`
	Reserved       bool       `bson:"reserved,omitempty"`
	AdvocateTo     string     `bson:"advocate_account,omitempty"`
	RefereeTo      string     `bson:"referee_account,omitempty"`
	Transfers      []string   `bson:"transfers,omitempty"`
	Work           string     `bson:"work,omitempty"`
	Reason         string     `bson:"reason,omitempty"`        // the service's own
	SealedReason   []byte     `bson:"sealed_reason,omitempty"` // a caller's
	Request        requestDoc `bson:"request,omitempty"`
	CreateTime     time.Time  `bson:"create_time"`
	ExpireTime     time.Time  `bson:"expire_time"`
}

type stepDoc struct {
	State string    `bson:"state"`
	Time  time.Time `bson:"time"`
}

const (
	byCreation = "created"  // programme, creation, referral
	byExpiry   = "expiry"   // expiry, of open ones
	unfinished = "work"     // last change, of those with work to be done
	advocated  = "advocate" // advocate, creation
	brought    = "referee"  // referee, creation; from the sign-up on
)

var referralSchema = docstore.Schema[referralDoc]{Name: "referrals", Changes: true, Indexes: []docstore.Index[referralDoc]{
	{Name: byCreation, Key: func(d *referralDoc) string {
		return docstore.Key(docstore.String(docstore.ParseID(d.ID)[0]), docstore.Time(d.CreateTime))
	}},
	{Name: byExpiry, Key: func(d *referralDoc) string {
		if !referrals.read(d).Open() {
			return ""
		}
		return docstore.Key(docstore.Time(d.ExpireTime))
	}},
	{Name: unfinished, Key: func(d *referralDoc) string {
		if d.Work == "" {
			return ""
		}
		return docstore.Key(docstore.Time(d.UpdatedAt))
	}},
	{Name: advocated, Key: func(d *referralDoc) string {
		return docstore.Key(docstore.String(d.Advocate), docstore.Time(d.CreateTime))
	}},
	{Name: brought, Key: func(d *referralDoc) string {
		if d.Referee == "" {
			return ""
		}
		return docstore.Key(docstore.String(d.Referee), docstore.Time(d.CreateTime))
	}},
}}

// ReferralsBy is the referrals of an advocate, in all programmes.
func ReferralsBy(advocate string) docstore.Range { return within(advocated, docstore.String(advocate)) }

// ReferralsByAdvocate is all referrals in the order of the bytes of their
// advocates' ids, of those behind one and in front of another; empty is open.
func ReferralsByAdvocate(after, to string) docstore.Range {
	r := docstore.Range{Index: advocated}
	if after != "" {
		r.From = docstore.PrefixEnd(docstore.Key(docstore.String(after), docstore.String("")))
	}
	if to != "" {
		r.To = docstore.Key(docstore.String(to), docstore.String(""))
	}
	return r
}

// ReferralsThatBrought is the referrals of a referee, in all programmes.
func ReferralsThatBrought(referee string) docstore.Range {
	return within(brought, docstore.String(referee))
}

// ReferralsOf is the referrals of a programme, newest first.
func ReferralsOf(program string) docstore.Range {
	r := within(byCreation, docstore.String(program))
	r.Reverse = true
	return r
}

// ReferralsDue is the open referrals whose time has gone by.
func ReferralsDue(now time.Time) docstore.Range { return until(byExpiry, now.Add(time.Millisecond)) }

// ReferralsUnfinished is those with work to be done, not changed since before.
func ReferralsUnfinished(before time.Time) docstore.Range { return until(unfinished, before) }

var referrals = Records[referralDoc, domain.Referral]{
	none: notFound("REFERRAL_NOT_FOUND", "referral"),
	read: func(d *referralDoc) *domain.Referral {
		id := docstore.ParseID(d.ID)
		return &domain.Referral{
			Program: id[0], ID: id[1], Code: d.Code, Advocate: d.Advocate, Referee: d.Referee,
			State: domain.ReferralState(d.State),
			Steps: each(d.Steps, func(s stepDoc) domain.Step { return domain.Step{State: domain.ReferralState(s.State), Time: s.Time} }),

			OrderID: d.OrderID, AdvocatePoints: d.AdvocatePoints, RefereePoints: d.RefereePoints,
			Reserved: d.Reserved, Transfers: d.Transfers, Work: domain.Work(d.Work),
			AdvocateAccount: domain.AccountID(d.AdvocateTo), RefereeAccount: domain.AccountID(d.RefereeTo),
			Reason: d.Reason, SealedReason: d.SealedReason,
			Request: domain.RequestKey(d.Request), CreateTime: d.CreateTime, ExpireTime: d.ExpireTime,
			UpdateTime: d.UpdatedAt, Version: d.Version,
		}
	},
	write: func(r *domain.Referral, d *referralDoc) {
		*d = referralDoc{
			Meta: d.Meta, Code: r.Code, Advocate: r.Advocate, Referee: r.Referee, State: string(r.State),
			Steps:   each(r.Steps, func(s domain.Step) stepDoc { return stepDoc{State: string(s.State), Time: s.Time} }),
			OrderID: r.OrderID, AdvocatePoints: r.AdvocatePoints, RefereePoints: r.RefereePoints,
			Reserved: r.Reserved, Transfers: r.Transfers, Work: string(r.Work),
			AdvocateTo: string(r.AdvocateAccount), RefereeTo: string(r.RefereeAccount),
			Reason: unlessSealed(r.Reason, r.SealedReason), SealedReason: r.SealedReason,
			Request: requestDoc(r.Request), CreateTime: r.CreateTime, ExpireTime: r.ExpireTime,
		}
		d.ID = Key(r.Program, r.ID)
	},
}
