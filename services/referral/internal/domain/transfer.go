package domain

import (
	"regexp"
	"strings"
	"time"

	"github.com/kehuhq/kehu/pkg/fault"
)

// TransferState is how far a transfer has come.
type TransferState string

// The states. Only a posted transfer is seen from outside.
const (
	Pending TransferState = "pending"
	Posted  TransferState = "posted"
	Refused TransferState = "refused" // it would have overdrawn; final for its id
)

// MaxTransfer is the most points one transfer may move.
const MaxTransfer = 1_000_000_000_000

// Transfer moves points from one account to another: both entries in one record.
type Transfer struct {
	ID       string
	From, To AccountID
	Points   int64
	// Memo is empty where it is sealed and has not been opened, or never can be.
	Memo string
	// Sealed is the memo as it is kept, where a caller wrote it.
	Sealed   []byte
	Referral string // resource name, where one caused it
	Overdraw bool   // a reversal, which is not refused
	State    TransferState
	// Given and Received are its entries in the two accounts, once posted.
	Given, Received Entry
	CreateTime      time.Time
	PostTime        time.Time
}

// Entry is the place of a transfer in an account.
type Entry struct {
	Sequence int64 // from 1, without gaps
	Balance  int64 // after it, in points
}

// SameContent reports whether two transfers between accounts that go by the same
// kind of id, their memos open, ask for the same.
func (t *Transfer) SameContent(o *Transfer) bool {
	return t.From == o.From && t.To == o.To && t.Points == o.Points && t.Memo == o.Memo &&
		t.Referral == o.Referral && t.Overdraw == o.Overdraw
}

// Touches returns the entry of the transfer in an account and by how many points
// it changes it.
func (t *Transfer) Touches(account AccountID) (entry Entry, points int64) {
	if t.From == account {
		return t.Given, -t.Points
	}
	return t.Received, t.Points
}

var (
	transferID = regexp.MustCompile(`^[A-Za-z0-9_.-]{1,128}$`)
	// reserved are the ids of the transfers that reward referrals.
	reserved = regexp.MustCompile(`^[a-z][a-z0-9-]{0,62}\.[0-7][0-9A-HJKMNP-TV-Z]{25}\.(advocate|referee)(\.reversal)?$`)
)

// CheckTransferID reports an id that no transfer can have.
func CheckTransferID(field, id string) *fault.Fault {
	if !transferID.MatchString(id) {
		return fault.Invalid(field, "must be 1 to 128 letters, digits, dots, hyphens and underscores")
	}
	return nil
}

// Check reports all that is wrong with a transfer that a caller asks for.
// Programmes give and take by referrals alone.
func (t *Transfer) Check() error {
	wrong := []*fault.Fault{
		CheckTransferID("transfer_id", t.ID),
		checkOwnAccount("transfer.from_account", string(t.From)),
		checkOwnAccount("transfer.to_account", string(t.To)),
		checkText("transfer.memo", t.Memo, 512),
	}
	if reserved.MatchString(t.ID) {
		wrong = append(wrong, fault.Invalid("transfer_id", "is an id that rewards of referrals have; choose one of another form"))
	}
	if t.From == t.To {
		wrong = append(wrong, fault.Invalid("transfer.to_account", "must be another account than from_account"))
	}
	if t.Points < 1 || t.Points > MaxTransfer {
		wrong = append(wrong, fault.Invalid("transfer.points", "must be from 1 to %d", int64(MaxTransfer)))
	}
	return fault.Merge(wrong...)
}

func checkOwnAccount(field, id string) *fault.Fault {
	switch {
	case strings.HasPrefix(id, programPrefix):
		return fault.Invalid(field, "must be customer:{customer id} or %s; a programme's account is moved by its referrals alone", Adjustments)
	case strings.HasPrefix(id, erasedPrefix):
		return fault.Invalid(field, "must be customer:{customer id} or %s; the account of one who was erased is moved no more", Adjustments)
	}
	return CheckAccount(field, id)
}
