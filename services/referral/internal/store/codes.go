package store

import (
	"time"

	"github.com/kehuhq/kehu/pkg/docstore"

	"github.com/kehuhq/kehu/services/referral/internal/domain"
)

type codeDoc struct {
	docstore.Meta `bson:",inline"`
	Advocate      string          `bson:"advocate"`
	Channel       string          `bson:"channel,omitempty"`
	ExpireTime    time.Time       `bson:"expire_time,omitempty"`
	MaxReferrals  int32           `bson:"max_referrals"`
	ReferralCount int32           `bson:"referral_count"`
	Revoked       bool            `bson:"revoked"`
	Invitations   []invitationDoc `bson:"invitations,omitempty"`
	Request       requestDoc      `bson:"request,omitempty"`
	CreateTime    time.Time       `bson:"create_time"`
}

type invitationDoc struct {
	Referral   string     `bson:"referral"`
	CreateTime time.Time  `bson:"create_time"`
	ExpireTime time.Time  `bson:"expire_time"`
	Request    requestDoc `bson:"request"`
}

const (
	byAdvocate = "advocate" // advocate, programme, code
	inviting   = "inviting" // last change, of codes with invitations that are not settled
)

var codeSchema = docstore.Schema[codeDoc]{Name: "codes", Indexes: []docstore.Index[codeDoc]{
	{Name: byAdvocate, Key: func(d *codeDoc) string {
		id := docstore.ParseID(d.ID)
		return docstore.Key(docstore.String(d.Advocate), docstore.String(id[0]), docstore.String(id[1]))
	}},
	{Name: inviting, Key: func(d *codeDoc) string {
		if len(d.Invitations) == 0 {
			return ""
		}
		return docstore.Key(docstore.Time(d.UpdatedAt))
	}},
}}

// CodesOf is the codes of a programme, in the order of the codes.
func CodesOf(program string) docstore.Range { return docstore.Within(Key(program)) }

// CodesOfAdvocate is one advocate's codes in a programme.
func CodesOfAdvocate(program, advocate string) docstore.Range {
	return within(byAdvocate, docstore.String(advocate), docstore.String(program))
}

// AllCodesOf is one advocate's codes in all programmes.
func AllCodesOf(advocate string) docstore.Range {
	return within(byAdvocate, docstore.String(advocate))
}

// CodesInviting is the codes with open invitations, not changed since before.
func CodesInviting(before time.Time) docstore.Range { return until(inviting, before) }

var codes = Records[codeDoc, domain.Code]{
	none: notFound("CODE_NOT_FOUND", "code"),
	read: func(d *codeDoc) *domain.Code {
		id := docstore.ParseID(d.ID)
		return &domain.Code{
			Program: id[0], Code: id[1], Advocate: d.Advocate, Channel: d.Channel, ExpireTime: d.ExpireTime,
			MaxReferrals: d.MaxReferrals, ReferralCount: d.ReferralCount, Revoked: d.Revoked,
			Invitations: each(d.Invitations, func(i invitationDoc) domain.Invitation {
				return domain.Invitation{Referral: i.Referral, CreateTime: i.CreateTime, ExpireTime: i.ExpireTime, Request: domain.RequestKey(i.Request)}
			}),
			Request: domain.RequestKey(d.Request), CreateTime: d.CreateTime,
		}
	},
	write: func(c *domain.Code, d *codeDoc) {
		*d = codeDoc{
			Meta: d.Meta, Advocate: c.Advocate, Channel: c.Channel, ExpireTime: c.ExpireTime,
			MaxReferrals: c.MaxReferrals, ReferralCount: c.ReferralCount, Revoked: c.Revoked,
			Invitations: each(c.Invitations, func(i domain.Invitation) invitationDoc {
				return invitationDoc{Referral: i.Referral, CreateTime: i.CreateTime, ExpireTime: i.ExpireTime, Request: requestDoc(i.Request)}
			}),
			Request: requestDoc(c.Request), CreateTime: c.CreateTime,
		}
		d.ID = Key(c.Program, c.Code)
	},
}
