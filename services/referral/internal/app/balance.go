package app

import (
	"context"
	"fmt"
	"math/bits"
	"time"

	"github.com/kehuhq/kehu/pkg/docstore"

	"github.com/kehuhq/kehu/services/referral/internal/domain"
	"github.com/kehuhq/kehu/services/referral/internal/store"
)

// TrialBalance is the fold of the whole ledger.
type TrialBalance struct {
	Debits, Credits int64 // points received and given by the transfers folded
	Transfers       int64
	Accounts        int64
	Discrepancies   []string // at most maxDiscrepancies
	AsOf            time.Time
}

// Balanced reports whether everything agrees.
func (b *TrialBalance) Balanced() bool { return b.Debits == b.Credits && len(b.Discrepancies) == 0 }

const (
	maxDiscrepancies = 100
	foldBatch        = 500 // records held in memory
)

func (b *TrialBalance) report(format string, args ...any) {
	if len(b.Discrepancies) < maxDiscrepancies {
		b.Discrepancies = append(b.Discrepancies, fmt.Sprintf(format, args...))
	}
}

// TrialBalance folds all transfers and holds every account against them, in
// constant memory, while transfers are being posted. It finishes those under way
// first. It compares nothing that was read at different moments unless it cannot
// have changed between them:
//
//   - a transfer's entries are in its accounts before it is posted, so an account
//     read after the transfer has at least as many entries;
//   - an account's first n entries never change, so its totals as of n entries,
//     read together with n, are the fold of these n, whatever comes after. What
//     is in flight among them is finished first.
func (l *Ledger) TrialBalance(ctx context.Context) (*TrialBalance, error) {
	b := &TrialBalance{AsOf: l.now()}
	if err := l.Sweep(ctx, b.AsOf.Add(time.Millisecond)); err != nil {
		return nil, err
	}
	if err := l.foldTransfers(ctx, b); err != nil {
		return nil, err
	}
	for a, err := range l.store.Accounts.Scan(ctx, docstore.Range{}) {
		if err != nil {
			return nil, err
		}
		if a.Entries == 0 {
			continue
		}
		b.Accounts++
		if err := l.audit(ctx, a, b); err != nil {
			return nil, err
		}
	}
	return b, nil
}

func (l *Ledger) foldTransfers(ctx context.Context, b *TrialBalance) error {
	batch := make([]*domain.Transfer, 0, foldBatch)
	for t, err := range l.store.Transfers.Scan(ctx, docstore.Range{}) {
		if err != nil {
			return err
		}
		if t.State != domain.Posted {
			continue
		}
		if batch = append(batch, t); len(batch) == foldBatch {
			if err := l.foldBatch(ctx, batch, b); err != nil {
				return err
			}
			batch = batch[:0]
		}
	}
	return l.foldBatch(ctx, batch, b)
}

// foldBatch adds up transfers and sees that their accounts know of them.
func (l *Ledger) foldBatch(ctx context.Context, batch []*domain.Transfer, b *TrialBalance) error {
	if len(batch) == 0 {
		return nil
	}
	var ids []string
	place := map[domain.AccountID]int{}
	for _, t := range batch {
		for _, id := range []domain.AccountID{t.From, t.To} {
			if _, known := place[id]; !known {
				place[id] = len(ids)
				ids = append(ids, store.Key(string(id)))
			}
		}
	}
	accounts, err := l.store.Accounts.GetMany(ctx, ids)
	if err != nil {
		return err
	}
	for _, t := range batch {
		b.Transfers++
		b.Debits = b.add(b.Debits, t.Points)
		b.Credits = b.add(b.Credits, t.Points)
		for _, id := range []domain.AccountID{t.From, t.To} {
			entry, _ := t.Touches(id)
			if a := accounts[place[id]]; a == nil || a.Entries < entry.Sequence {
				b.report("transfer %s is entry %d of account %s, which does not have that many", t.ID, entry.Sequence, l.label(ctx, id))
			}
		}
	}
	return nil
}

func (b *TrialBalance) add(sum, points int64) int64 {
	total, carry := bits.Add64(uint64(sum), uint64(points), 0)
	if carry != 0 || int64(total) < 0 {
		b.report("the points of all transfers together exceed the largest number that can be told")
		return sum
	}
	return int64(total)
}

// audit folds the entries of one account and compares them with its totals.
func (l *Ledger) audit(ctx context.Context, a *domain.Account, b *TrialBalance) error {
	id := a.ID
	if err := l.settle(ctx, a); err != nil {
		return err
	}
	sum := domain.Account{}
	for first := int64(1); first <= a.Entries; first += foldBatch {
		last := min(first+foldBatch-1, a.Entries)
		entries, err := l.entries(ctx, id, first, last)
		if err != nil {
			return err
		}
		for _, t := range entries {
			entry, points := t.Touches(id)
			sum.Entries++
			sum.Balance += points
			sum.Received += max(points, 0)
			sum.Given += max(-points, 0)
			if entry.Sequence != sum.Entries || entry.Balance != sum.Balance {
				b.report("account %s: transfer %s is entry %d with balance %d, where the entries before it make it entry %d with balance %d",
					l.label(ctx, id), t.ID, entry.Sequence, entry.Balance, sum.Entries, sum.Balance)
				return nil // all that follows would disagree too
			}
		}
	}
	if sum.Entries != a.Entries || sum.Balance != a.Balance || sum.Received != a.Received || sum.Given != a.Given {
		b.report("account %s has %d entries, received %d, given %d, balance %d; its transfers make %d entries, received %d, given %d, balance %d",
			l.label(ctx, id), a.Entries, a.Received, a.Given, a.Balance, sum.Entries, sum.Received, sum.Given, sum.Balance)
	}
	return nil
}
