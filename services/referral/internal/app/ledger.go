package app

import (
	"context"
	"errors"
	"time"

	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/fault"

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
type Ledger struct {
	store   *store.Store
	profile Profile
	now     func() time.Time
	turns   turns
}

// errConcluded tells that somebody else has concluded the transfer meanwhile.
var errConcluded = errors.New("transfer concluded meanwhile")

// forgetEvery is how many decisions an account gathers before it looks which it
// can drop: one look-up serves that many transfers.
const forgetEvery = 16

// Post posts a transfer, or returns the one that was posted under its id before.
// Faults: TRANSFER_ID_REUSED when that had another content, INSUFFICIENT_POINTS
// when it was refused, now or before. After any other error the transfer may be
// half-way: posting it again, or the sweeper, finishes it.
func (l *Ledger) Post(ctx context.Context, t *domain.Transfer) (*domain.Transfer, error) {
	stored, err := l.begin(ctx, t)
	if err != nil {
		return nil, err
	}
	if !stored.SameContent(t) {
		f := fault.Invalid("transfer_id", "was used before for a transfer of another content; choose a new one")
		f.Kind, f.Reason = fault.AlreadyExists, "TRANSFER_ID_REUSED"
		return nil, f
	}
	stored, err = l.finish(ctx, stored)
	if err != nil {
		return nil, err
	}
	if stored.State == domain.Refused {
		return nil, domain.InsufficientPoints(stored)
	}
	return stored, nil
}

// begin stores the transfer as pending, or returns what its id stands for already.
func (l *Ledger) begin(ctx context.Context, t *domain.Transfer) (*domain.Transfer, error) {
	stored, err := l.store.Transfers.Get(ctx, store.Key(t.ID))
	if fault.KindOf(err) != fault.NotFound {
		return stored, err
	}
	if err := l.checkRoom(ctx, t); err != nil {
		return nil, err
	}
	fresh := *t
	fresh.State, fresh.CreateTime = domain.Pending, l.now()
	stored, err = l.store.Transfers.Insert(ctx, &fresh)
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
	open, err := l.open(ctx, a)
	if err != nil {
		return err
	}
	pending := make(map[string]bool, len(open))
	for _, t := range open {
		pending[t.ID] = true
	}
	a.Forget(func(transfer string) bool { return !pending[transfer] })
	if len(a.InFlight) >= domain.MaxInFlight {
		return fault.New(fault.Unavailable, "ACCOUNT_BUSY", "account %s has too many transfers under way; try again", a.ID)
	}
	return nil
}

// open returns the pending ones of an account's transfers in flight.
func (l *Ledger) open(ctx context.Context, a *domain.Account) ([]*domain.Transfer, error) {
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
