package store

import (
	"time"

	"github.com/kehuhq/kehu/pkg/docstore"

	"github.com/kehuhq/kehu/services/referral/internal/domain"
)

type refereeDoc struct {
	docstore.Meta `bson:",inline"`
	Referral      string    `bson:"referral"`
	SignUpTime    time.Time `bson:"sign_up_time"`
	Confirmed     bool      `bson:"confirmed"`
}

const (
	byCustomer  = "customer"    // customer, programme
	unconfirmed = "unconfirmed" // last change, of claims that are not confirmed
)

var refereeSchema = docstore.Schema[refereeDoc]{Name: "referees", Indexes: []docstore.Index[refereeDoc]{
	{Name: byCustomer, Key: func(d *refereeDoc) string {
		id := docstore.ParseID(d.ID)
		return docstore.Key(docstore.String(id[1]), docstore.String(id[0]))
	}},
	{Name: unconfirmed, Key: func(d *refereeDoc) string {
		if d.Confirmed {
			return ""
		}
		return docstore.Key(docstore.Time(d.UpdatedAt))
	}},
}}

// ClaimsOf is the claims of a customer in all programmes.
func ClaimsOf(customer string) docstore.Range {
	return within(byCustomer, docstore.String(customer))
}

// RefereesUnconfirmed is the claims not confirmed and not changed since before.
func RefereesUnconfirmed(before time.Time) docstore.Range { return until(unconfirmed, before) }

var referees = Records[refereeDoc, domain.Referee]{
	none: notFound("REFEREE_NOT_FOUND", "referee"),
	read: func(d *refereeDoc) *domain.Referee {
		id := docstore.ParseID(d.ID)
		return &domain.Referee{
			Program: id[0], Customer: id[1], Referral: d.Referral,
			SignUpTime: d.SignUpTime, Confirmed: d.Confirmed, Version: d.Version,
		}
	},
	write: func(r *domain.Referee, d *refereeDoc) {
		*d = refereeDoc{Meta: d.Meta, Referral: r.Referral, SignUpTime: r.SignUpTime, Confirmed: r.Confirmed}
		d.ID = Key(r.Program, r.Customer)
	},
}
