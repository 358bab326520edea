package store

import (
	"time"

	"github.com/kehuhq/kehu/pkg/docstore"

	"github.com/kehuhq/kehu/services/referral/internal/domain"
)

type transferDoc struct {
	docstore.Meta `bson:",inline"`
	From          string    `bson:"from"`
	To            string    `bson:"to"`
	Points        int64     `bson:"points"`
	Memo          string    `bson:"memo,omitempty"`   // the service's own
	Sealed        []byte    `bson:"sealed,omitempty"` // a caller's memo
	Referral      string    `bson:"referral,omitempty"`
	Overdraw      bool      `bson:"overdraw,omitempty"`
	State         string    `bson:"state"`
	Given         entryDoc  `bson:"given"`
	Received      entryDoc  `bson:"received"`
	CreateTime    time.Time `bson:"create_time"`
	PostTime      time.Time `bson:"post_time,omitempty"`
}

type entryDoc struct {
	Sequence int64 `bson:"sequence"`
	Balance  int64 `bson:"balance"`
}

type accountDoc struct {
	docstore.Meta `bson:",inline"`
	Balance       int64         `bson:"balance"`
	Received      int64         `bson:"received"`
	Given         int64         `bson:"given"`
	Entries       int64         `bson:"entries"`
	InFlight      []decisionDoc `bson:"in_flight,omitempty"`
}

type decisionDoc struct {
	Transfer string   `bson:"transfer"`
	Refused  bool     `bson:"refused,omitempty"`
	Entry    entryDoc `bson:"entry"`
}

const (
	given    = "given"    // account that gives, sequence there; of posted transfers
	received = "received" // account that receives, sequence there; of posted transfers
	pending  = "pending"  // creation, of pending transfers
)

var transferSchema = docstore.Schema[transferDoc]{Name: "transfers", Indexes: []docstore.Index[transferDoc]{
	{Name: given, Key: func(d *transferDoc) string { return entryKey(d, d.From, d.Given) }},
	{Name: received, Key: func(d *transferDoc) string { return entryKey(d, d.To, d.Received) }},
	{Name: pending, Key: func(d *transferDoc) string {
		if domain.TransferState(d.State) != domain.Pending {
			return ""
		}
		return docstore.Key(docstore.Time(d.CreateTime))
	}},
}}

func entryKey(d *transferDoc, account string, entry entryDoc) string {
	if domain.TransferState(d.State) != domain.Posted {
		return ""
	}
	return docstore.Key(docstore.String(account), docstore.Int(entry.Sequence))
}

// Entries is the two ranges, of transfers that gave and of those that received,
// which together hold an account's entries first to last.
func Entries(account domain.AccountID, first, last int64) [2]docstore.Range {
	key := func(sequence int64) string {
		return docstore.Key(docstore.String(string(account)), docstore.Int(sequence))
	}
	return [2]docstore.Range{
		{Index: given, From: key(first), To: key(last + 1)},
		{Index: received, From: key(first), To: key(last + 1)},
	}
}

// TransfersPending is the transfers begun before an instant and not concluded.
func TransfersPending(before time.Time) docstore.Range { return until(pending, before) }

var transfers = Records[transferDoc, domain.Transfer]{
	none: notFound("TRANSFER_NOT_FOUND", "transfer"),
	read: func(d *transferDoc) *domain.Transfer {
		return &domain.Transfer{
			ID: docstore.ParseID(d.ID)[0], From: domain.AccountID(d.From), To: domain.AccountID(d.To),
			Points: d.Points, Memo: d.Memo, Sealed: d.Sealed, Referral: d.Referral, Overdraw: d.Overdraw,
			State: domain.TransferState(d.State), Given: domain.Entry(d.Given), Received: domain.Entry(d.Received),
			CreateTime: d.CreateTime, PostTime: d.PostTime,
		}
	},
	write: func(t *domain.Transfer, d *transferDoc) {
		*d = transferDoc{
			Meta: d.Meta, From: string(t.From), To: string(t.To), Points: t.Points, Memo: unlessSealed(t.Memo, t.Sealed), Sealed: t.Sealed,
			Referral: t.Referral, Overdraw: t.Overdraw, State: string(t.State),
			Given: entryDoc(t.Given), Received: entryDoc(t.Received), CreateTime: t.CreateTime, PostTime: t.PostTime,
		}
		d.ID = Key(t.ID)
	},
}

// unlessSealed is a text as it is kept in the open: not at all where it is sealed.
func unlessSealed(text string, sealed []byte) string {
	if sealed != nil {
		return ""
	}
	return text
}

var accounts = Records[accountDoc, domain.Account]{
	none: notFound("ACCOUNT_NOT_FOUND", "entry in account"),
	read: func(d *accountDoc) *domain.Account {
		return &domain.Account{
			ID: domain.AccountID(docstore.ParseID(d.ID)[0]), Balance: d.Balance, Received: d.Received, Given: d.Given, Entries: d.Entries,
			InFlight: each(d.InFlight, func(n decisionDoc) domain.Decision {
				return domain.Decision{Transfer: n.Transfer, Refused: n.Refused, Entry: domain.Entry(n.Entry)}
			}),
			UpdateTime: d.UpdatedAt,
		}
	},
	write: func(a *domain.Account, d *accountDoc) {
		*d = accountDoc{
			Meta: d.Meta, Balance: a.Balance, Received: a.Received, Given: a.Given, Entries: a.Entries,
			InFlight: each(a.InFlight, func(n domain.Decision) decisionDoc {
				return decisionDoc{Transfer: n.Transfer, Refused: n.Refused, Entry: entryDoc(n.Entry)}
			}),
		}
		d.ID = Key(string(a.ID))
	},
}
