package app

import (
	"context"
	"errors"
	"time"

	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/fault"
	"github.com/kehuhq/kehu/pkg/vault"

	"github.com/kehuhq/kehu/services/referral/internal/domain"
	"github.com/kehuhq/kehu/services/referral/internal/store"
)

// Ledger posts transfers of points between accounts, each once, and reads them.
//
// A transfer is one document, pending at first. Each of its two accounts decides
// about it in one version-checked write that also notes the decision in the
// account's list of transfers in flight: that list is what a repeated step meets.
// Once both have decided, the transfer takes over their entries and is posted (or
// refused), and later writes to the accounts may drop it from their lists.
//
// So whoever is about to decide reads the account first and the transfer second:
// a transfer that has been dropped from the list was concluded before, and one
// that is concluded after has changed the account, which makes the write fail.
// Anybody can finish what another has begun, and all come to the same end.
//
// The books know customers' accounts by numbers; what comes from callers and goes
// to them has customers' names instead.
type Ledger struct {
	store   *store.Store
	vault   *vault.Vault
	profile Profile
	now     func() time.Time
	turns   turns
	gate    *gate
}

// errConcluded tells that somebody else has concluded the transfer meanwhile.
var errConcluded = errors.New("transfer concluded meanwhile")

// forgetEvery is how many decisions an account gathers before it looks which it
// can drop: one look-up serves that many transfers.
const forgetEvery = 16

// Post posts a transfer that a caller asks for, or returns the one that was posted
// under its id before. Faults: TRANSFER_ID_REUSED when that had another content,
// INSUFFICIENT_POINTS when it was refused, now or before, CUSTOMER_BEING_ERASED.
// After any other error the transfer may be half-way: posting it again, or the
// sweeper, finishes it.
func (l *Ledger) Post(ctx context.Context, t *domain.Transfer) (*domain.Transfer, error) {
	defer l.gate.enter()()
	stored, err := l.store.Transfers.Get(ctx, store.Key(t.ID))
	known := fault.KindOf(err) != fault.NotFound
	if known && err != nil {
		return nil, err
	}
	// Nobody is given an account by asking for the second time.
	account := l.opened
	if known {
		account = l.booked
	}
	accounts, err := account(ctx, t.From, t.To)
	if err != nil {
		return nil, err
	}
	asked := *t
	asked.From, asked.To = accounts[0], accounts[1]
	if !known {
		if err := l.sealMemo(ctx, &asked); err != nil {
			return nil, err
		}
		if stored, err = l.begin(ctx, &asked); err != nil {
			return nil, err
		}
	}
	if stored, err = l.conclude(ctx, stored, &asked); err != nil {
		return nil, err
	}
	if stored.State == domain.Refused {
		return nil, domain.InsufficientPoints(t)
	}
	stored.From, stored.To, stored.Memo = t.From, t.To, t.Memo
	return stored, nil
}

// post posts a transfer of the service's own, between accounts of the books, that
// no account refuses.
func (l *Ledger) post(ctx context.Context, t *domain.Transfer) error {
	stored, err := l.store.Transfers.Get(ctx, store.Key(t.ID))
	if fault.KindOf(err) == fault.NotFound {
		stored, err = l.begin(ctx, t)
	}
	if err == nil {
		_, err = l.conclude(ctx, stored, t)
	}
	return err
}

// conclude brings a stored transfer to its end if it is the one asked for.
func (l *Ledger) conclude(ctx context.Context, stored, asked *domain.Transfer) (*domain.Transfer, error) {
	if err := l.openMemos(ctx, stored); err != nil {
		return nil, err
	}
	if !stored.SameContent(asked) {
		f := fault.Invalid("transfer_id", "was used before for a transfer of another content; choose a new one")
		f.Kind, f.Reason = fault.AlreadyExists, "TRANSFER_ID_REUSED"
		return nil, f
	}
	return l.finish(ctx, stored)
}

// begin stores the transfer as pending, or returns what its id stands for already.
func (l *Ledger) begin(ctx context.Context, t *domain.Transfer) (*domain.Transfer, error) {
	if err := l.checkRoom(ctx, t); err != nil {
		return nil, err
	}
	fresh := *t
	fresh.State, fresh.CreateTime = domain.Pending, l.now()
	stored, err := l.store.Transfers.Insert(ctx, &fresh)
	if errors.Is(err, docstore.ErrConflict) {
		return l.store.Transfers.Get(ctx, store.Key(t.ID))
	}
	return stored, err
}

func (l *Ledger) checkRoom(ctx context.Context, t *domain.Transfer) error {
	accounts, err := l.store.Accounts.GetMany(ctx, []string{store.Key(string(t.From)), store.Key(string(t.To))})
	if err != nil {
		return err
	}
	fields := []string{"transfer.from_account", "transfer.to_account"}
	for i, account := range accounts {
		if account == nil {
			continue
		}
		if f := account.CheckRoom(fields[i], t.Points); f != nil {
			return f
		}
	}
	return nil
}

// finish brings a transfer to its end: posted or refused.
func (l *Ledger) finish(ctx context.Context, t *domain.Transfer) (*domain.Transfer, error) {
	if t.State != domain.Pending {
		return t, nil
	}
	given, err := l.decide(ctx, t.From, t)
	received := domain.Decision{}
	if err == nil && !given.Refused {
		received, err = l.decide(ctx, t.To, t)
	}
	if errors.Is(err, errConcluded) {
		return l.store.Transfers.Get(ctx, store.Key(t.ID))
	}
	if err != nil {
		return nil, err
	}
	return l.store.Transfers.Update(ctx, store.Key(t.ID), func(t *domain.Transfer) error {
		if t.State != domain.Pending {
			return docstore.ErrUnchanged
		}
		t.State, t.PostTime = domain.Posted, l.now()
		t.Given, t.Received = given.Entry, received.Entry
		if given.Refused {
			t.State, t.PostTime = domain.Refused, time.Time{}
		}
		return nil
	})
}

// decide returns what an account makes of a pending transfer, now or before.
func (l *Ledger) decide(ctx context.Context, id domain.AccountID, t *domain.Transfer) (made domain.Decision, err error) {
	done, err := l.turns.take(ctx, string(id))
	if err != nil {
		return made, err
	}
	defer done()
	fresh := func() *domain.Account { return &domain.Account{ID: id} }
	_, err = l.store.Accounts.Upsert(ctx, store.Key(string(id)), fresh, func(a *domain.Account) error {
		var decided bool
		if made, decided = a.Decided(t.ID); decided {
			return docstore.ErrUnchanged
		}
		current, err := l.store.Transfers.Get(ctx, store.Key(t.ID))
		if err != nil {
			return err
		}
		if current.State != domain.Pending {
			return errConcluded
		}
		if err := l.forget(ctx, a); err != nil {
			return err
		}
		made = a.Decide(current)
		return nil
	})
	return made, err
}

// forget drops concluded transfers from a list that has grown.
func (l *Ledger) forget(ctx context.Context, a *domain.Account) error {
	if len(a.InFlight) == 0 || len(a.InFlight)%forgetEvery != 0 {
		return nil
	}
	open, err := l.pending(ctx, a)
	if err != nil {
		return err
	}
	isOpen := make(map[string]bool, len(open))
	for _, t := range open {
		isOpen[t.ID] = true
	}
	a.Forget(func(transfer string) bool { return !isOpen[transfer] })
	if len(a.InFlight) >= domain.MaxInFlight {
		return fault.New(fault.Unavailable, "ACCOUNT_BUSY", "account %s has too many transfers under way; try again", a.ID)
	}
	return nil
}

// pending returns the pending ones of an account's transfers in flight.
func (l *Ledger) pending(ctx context.Context, a *domain.Account) ([]*domain.Transfer, error) {
	keys := make([]string, len(a.InFlight))
	for i, d := range a.InFlight {
		keys[i] = store.Key(d.Transfer)
	}
	transfers, err := l.store.Transfers.GetMany(ctx, keys)
	if err != nil {
		return nil, err
	}
	var open []*domain.Transfer
	for _, t := range transfers {
		if t != nil && t.State == domain.Pending {
			open = append(open, t)
		}
	}
	return open, nil
}
