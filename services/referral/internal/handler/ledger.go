package handler

import (
	"context"
	"strconv"

	"go.einride.tech/aip/resourcename"

	referralv1 "github.com/kehuhq/kehu/gen/kehu/referral/v1"
	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/fault"

	"github.com/kehuhq/kehu/services/referral/internal/app"
	"github.com/kehuhq/kehu/services/referral/internal/domain"
)

// Ledger answers the LedgerService.
type Ledger struct{ app *app.Ledger }

// NewLedger makes the LedgerService.
func NewLedger(a *app.Ledger) *Ledger { return &Ledger{a} }

// PostTransfer moves points between two accounts, once per transfer id.
func (h *Ledger) PostTransfer(ctx context.Context, r *referralv1.PostTransferRequest) (*referralv1.Transfer, error) {
	given := r.GetTransfer()
	t := &domain.Transfer{
		ID: r.GetTransferId(), From: domain.AccountID(given.GetFromAccount()), To: domain.AccountID(given.GetToAccount()),
		Points: given.GetPoints(), Memo: given.GetMemo(), Referral: given.GetReferral(),
	}
	if err := t.Check(); err != nil {
		return nil, err
	}
	if t.Referral != "" {
		if _, _, err := referralID("transfer.referral", t.Referral); err != nil {
			return nil, err
		}
	}
	return answer(transferProto)(h.app.Post(ctx, t))
}

// GetTransfer returns one transfer.
func (h *Ledger) GetTransfer(ctx context.Context, r *referralv1.GetTransferRequest) (*referralv1.Transfer, error) {
	id, err := transferID("name", r.GetName())
	if err != nil {
		return nil, err
	}
	return answer(transferProto)(h.app.Transfer(ctx, id))
}

// GetAccount returns an account with its balance.
func (h *Ledger) GetAccount(ctx context.Context, r *referralv1.GetAccountRequest) (*referralv1.Account, error) {
	id, err := accountID("name", r.GetName())
	if err != nil {
		return nil, err
	}
	account, parts, err := h.app.Holdings(ctx, id)
	if err != nil {
		return nil, err
	}
	p := accountProto(account)
	for _, part := range parts {
		p.Parts = append(p.Parts, resourcename.Sprint(accountPattern, string(part)))
	}
	return p, nil
}

// ListEntries lists the entries of an account, newest first.
func (h *Ledger) ListEntries(ctx context.Context, r *referralv1.ListEntriesRequest) (*referralv1.ListEntriesResponse, error) {
	id, err := accountID("parent", r.GetParent())
	if err != nil {
		return nil, err
	}
	before, size, err := entryPlace(r)
	if err != nil {
		return nil, err
	}
	transfers, more, err := h.app.Entries(ctx, id, before, size)
	if err != nil {
		return nil, err
	}
	out := &referralv1.ListEntriesResponse{}
	var last int64
	for _, t := range transfers {
		e := entryProto(t, id)
		out.Entries, last = append(out.Entries, e), e.Sequence
	}
	if more {
		out.NextPageToken, err = nextToken(&docstore.Position{Key: strconv.FormatInt(last, 10)}, r)
	}
	return out, err
}

// entryPlace is the sequence below which the page begins, 0 for the first page.
func entryPlace(r *referralv1.ListEntriesRequest) (before int64, size int, err error) {
	at, size, err := place(r)
	if err != nil || at == nil {
		return 0, size, err
	}
	before, err = strconv.ParseInt(at.Key, 10, 64)
	if err != nil || before < 1 {
		f := fault.Invalid("page_token", "is not a token this server made")
		f.Reason = "PAGE_TOKEN_INVALID"
		return 0, size, f
	}
	return before, size, nil
}

// GetTrialBalance folds the whole ledger.
func (h *Ledger) GetTrialBalance(ctx context.Context, _ *referralv1.GetTrialBalanceRequest) (*referralv1.TrialBalance, error) {
	return answer(balanceProto)(h.app.TrialBalance(ctx))
}

func transferProto(t *domain.Transfer) *referralv1.Transfer {
	return &referralv1.Transfer{
		Name: resourcename.Sprint(transferPattern, t.ID), FromAccount: string(t.From), ToAccount: string(t.To),
		Points: t.Points, Memo: t.Memo, PostTime: instant(t.PostTime), Referral: t.Referral,
	}
}

func accountProto(a *domain.Account) *referralv1.Account {
	return &referralv1.Account{
		Name: resourcename.Sprint(accountPattern, string(a.ID)), BalancePoints: a.Balance,
		ReceivedPoints: a.Received, GivenPoints: a.Given, Entries: a.Entries, UpdateTime: instant(a.UpdateTime),
	}
}

func entryProto(t *domain.Transfer, account domain.AccountID) *referralv1.Entry {
	entry, points := t.Touches(account)
	other := t.From
	if other == account {
		other = t.To
	}
	return &referralv1.Entry{
		Transfer: resourcename.Sprint(transferPattern, t.ID), Sequence: entry.Sequence, Points: points,
		BalancePoints: entry.Balance, OtherAccount: string(other), Memo: t.Memo, PostTime: instant(t.PostTime),
	}
}

func balanceProto(b *app.TrialBalance) *referralv1.TrialBalance {
	return &referralv1.TrialBalance{
		DebitPoints: b.Debits, CreditPoints: b.Credits, Transfers: b.Transfers, Accounts: b.Accounts,
		Balanced: b.Balanced(), Discrepancies: b.Discrepancies, AsOf: instant(b.AsOf),
	}
}
