package domain

import (
	"math"
	"slices"
	"time"

	"github.com/kehuhq/kehu/pkg/fault"
)

// Account is the running fold of the entries of one account.
type Account struct {
	ID       AccountID
	Balance  int64 // Received less Given, in points
	Received int64
	Given    int64
	Entries  int64 // how many; the sequence of the last
	// InFlight are the transfers decided here that, as far as is known, are not
	// concluded yet.
	InFlight   []Decision
	UpdateTime time.Time
}

// Decision is what an account has made of a transfer.
type Decision struct {
	Transfer string
	Refused  bool
	Entry    Entry // where it was not refused
}

const (
	// maxTotal keeps room for what is in flight below the largest int64.
	maxTotal = math.MaxInt64 / 2
	// MaxInFlight bounds how many transfers an account may have in flight.
	MaxInFlight = 1024
)

// CheckRoom is the fault ACCOUNT_FULL where the account's totals could overflow
// by transfers of points.
func (a *Account) CheckRoom(field string, points int64) *fault.Fault {
	if a.Received <= maxTotal-points && a.Given <= maxTotal-points {
		return nil
	}
	f := fault.Invalid(field, "has moved as many points as an account can count")
	f.Kind, f.Reason = fault.FailedPrecondition, "ACCOUNT_FULL"
	return f
}

// Add adds the totals of another account of the same customer. Where the sum would
// be more than can be counted, which takes a thousand full accounts, it stays at that.
func (a *Account) Add(other *Account) {
	a.Received, a.Given = plus(a.Received, other.Received), plus(a.Given, other.Given)
	a.Balance = a.Received - a.Given
	a.Entries += other.Entries
	if other.UpdateTime.After(a.UpdateTime) {
		a.UpdateTime = other.UpdateTime
	}
}

func plus(a, b int64) int64 {
	if a > math.MaxInt64-b {
		return math.MaxInt64
	}
	return a + b
}

// Decided returns what the account has made of a transfer still in its list.
func (a *Account) Decided(transfer string) (Decision, bool) {
	i := slices.IndexFunc(a.InFlight, func(d Decision) bool { return d.Transfer == transfer })
	if i < 0 {
		return Decision{}, false
	}
	return a.InFlight[i], true
}

// Decide applies the account's side of a transfer not decided before, or
// refuses it where giving would overdraw. Either way the decision is noted.
func (a *Account) Decide(t *Transfer) Decision {
	d := Decision{Transfer: t.ID}
	switch {
	case t.To == a.ID:
		a.Balance += t.Points
		a.Received += t.Points
	case a.Balance < t.Points && !t.Overdraw && !a.ID.MayOverdraw():
		d.Refused = true
	default:
		a.Balance -= t.Points
		a.Given += t.Points
	}
	if !d.Refused {
		a.Entries++
		d.Entry = Entry{Sequence: a.Entries, Balance: a.Balance}
	}
	a.InFlight = append(a.InFlight, d)
	return d
}

// Forget drops the decisions about transfers that are concluded.
func (a *Account) Forget(concluded func(transfer string) bool) {
	a.InFlight = slices.DeleteFunc(a.InFlight, func(d Decision) bool { return concluded(d.Transfer) })
}

// InsufficientPoints is the fault for a transfer that was refused, as it was asked for.
func InsufficientPoints(t *Transfer) error {
	f := fault.Invalid("transfer.points", "are more than %s has; the transfer was refused, and its id stays used: ask again with a new one", t.From)
	f.Kind, f.Reason = fault.FailedPrecondition, "INSUFFICIENT_POINTS"
	return f.With("account", string(t.From))
}
