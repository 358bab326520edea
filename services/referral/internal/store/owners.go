package store

import (
	"github.com/kehuhq/kehu/pkg/docstore"

	"github.com/kehuhq/kehu/services/referral/internal/domain"
)

type ownerDoc struct {
	docstore.Meta `bson:",inline"`
	Account       string `bson:"account"`
	Leaving       bool   `bson:"leaving,omitempty"`
}

const byAccount = "account" // account

var ownerSchema = docstore.Schema[ownerDoc]{Name: "account_owners", Indexes: []docstore.Index[ownerDoc]{
	{Name: byAccount, Key: func(d *ownerDoc) string { return docstore.Key(docstore.String(d.Account)) }},
}}

// OwnerOf is the owner of a numbered account.
func OwnerOf(account domain.AccountID) docstore.Range {
	r := docstore.Prefix(docstore.Key(docstore.String(string(account)))) // all numbers are of one length
	r.Index = byAccount
	return r
}

var owners = Records[ownerDoc, domain.Owner]{
	none: notFound("OWNER_NOT_FOUND", "account of"),
	read: func(d *ownerDoc) *domain.Owner {
		return &domain.Owner{Customer: docstore.ParseID(d.ID)[0], Account: domain.AccountID(d.Account), Leaving: d.Leaving}
	},
	write: func(o *domain.Owner, d *ownerDoc) {
		*d = ownerDoc{Meta: d.Meta, Account: string(o.Account), Leaving: o.Leaving}
		d.ID = Key(o.Customer)
	},
}
