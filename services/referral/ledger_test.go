package referral_test

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"

	referralv1 "github.com/kehuhq/kehu/gen/kehu/referral/v1"
	"github.com/kehuhq/kehu/pkg/fault"
	"github.com/kehuhq/kehu/services/referral"
)

func (s *suite) post(t *testing.T, id string, tr *referralv1.Transfer) (*referralv1.Transfer, error) {
	t.Helper()
	return s.ledger.PostTransfer(t.Context(), &referralv1.PostTransferRequest{TransferId: id, Transfer: tr})
}

func moving(from, to string, points int64) *referralv1.Transfer {
	return &referralv1.Transfer{FromAccount: from, ToAccount: to, Points: points}
}

const issuer = "system:adjustments"

func TestTransfers(t *testing.T) {
	onBothEngines(t, func(t *testing.T, s *suite) {
		given := moving(issuer, "customer:安", 100)
		given.Memo, given.Name = "积分", "transfers/ignored"
		posted := must[*referralv1.Transfer](t)(s.post(t, "v-1", given))
		if posted.Name != "transfers/v-1" || posted.Memo != "积分" || posted.PostTime.AsTime() != epoch {
			t.Errorf("%v", posted)
		}
		if again := must[*referralv1.Transfer](t)(s.post(t, "v-1", given)); !proto.Equal(again, posted) {
			t.Errorf("%v", again)
		}
		if got := must[*referralv1.Transfer](t)(s.ledger.GetTransfer(t.Context(), &referralv1.GetTransferRequest{Name: posted.Name})); !proto.Equal(got, posted) {
			t.Errorf("%v", got)
		}
		_, err := s.post(t, "v-1", moving(issuer, "customer:安", 101))
		want(t, err, fault.AlreadyExists, "TRANSFER_ID_REUSED", "transfer_id")
		_, err = s.post(t, "v-2", moving("customer:安", "customer:bob", 101))
		want(t, err, fault.FailedPrecondition, "INSUFFICIENT_POINTS", "transfer.points")
		_, err = s.ledger.GetTransfer(t.Context(), &referralv1.GetTransferRequest{Name: "transfers/v-2"})
		want(t, err, fault.NotFound, "TRANSFER_NOT_FOUND")
		_, err = s.ledger.GetTransfer(t.Context(), &referralv1.GetTransferRequest{Name: "transfers/none"})
		want(t, err, fault.NotFound, "TRANSFER_NOT_FOUND")
		_, err = s.ledger.GetAccount(t.Context(), &referralv1.GetAccountRequest{Name: "accounts/customer:bob"})
		want(t, err, fault.NotFound, "ACCOUNT_NOT_FOUND")
		_, err = s.ledger.ListEntries(t.Context(), &referralv1.ListEntriesRequest{Parent: "accounts/customer:bob"})
		want(t, err, fault.NotFound, "ACCOUNT_NOT_FOUND")
		a := must[*referralv1.Account](t)(s.ledger.GetAccount(t.Context(), &referralv1.GetAccountRequest{Name: "accounts/customer:安"}))
		if a.Name != "accounts/customer:安" || a.BalancePoints != 100 || a.ReceivedPoints != 100 || a.GivenPoints != 0 || a.Entries != 1 || a.UpdateTime == nil {
			t.Errorf("%v", a)
		}
	})
}

func TestListEntries(t *testing.T) {
	onBothEngines(t, func(t *testing.T, s *suite) {
		for i := range 7 {
			must[*referralv1.Transfer](t)(s.post(t, fmt.Sprint("in", i), moving(issuer, "customer:ann", 10)))
			must[*referralv1.Transfer](t)(s.post(t, fmt.Sprint("out", i), moving("customer:ann", "customer:bob", 3)))
		}
		request := &referralv1.ListEntriesRequest{Parent: "accounts/customer:ann", PageSize: 4}
		sequence, balance := int64(14), int64(49)
		for {
			page := must[*referralv1.ListEntriesResponse](t)(s.ledger.ListEntries(t.Context(), request))
			for _, e := range page.Entries {
				if e.Sequence != sequence || e.BalancePoints != balance || (e.Points == 10) != (e.OtherAccount == issuer) || (e.Points == -3) != (e.OtherAccount == "customer:bob") {
					t.Errorf("entry %v, want sequence %d and balance %d", e, sequence, balance)
				}
				sequence, balance = sequence-1, balance-e.Points
			}
			if request.PageToken = page.NextPageToken; page.NextPageToken == "" {
				break
			}
			// New entries do not disturb the pages.
			must[*referralv1.Transfer](t)(s.post(t, fmt.Sprint("new", sequence), moving(issuer, "customer:ann", 1)))
		}
		if sequence != 0 || balance != 0 {
			t.Errorf("ended at sequence %d with balance %d", sequence, balance)
		}
		first := must[*referralv1.ListEntriesResponse](t)(s.ledger.ListEntries(t.Context(), &referralv1.ListEntriesRequest{Parent: "accounts/customer:ann", PageSize: 1}))
		_, err := s.ledger.ListEntries(t.Context(), &referralv1.ListEntriesRequest{Parent: "accounts/customer:bob", PageToken: first.NextPageToken})
		want(t, err, fault.InvalidArgument, "PAGE_TOKEN_INVALID", "page_token")
	})
}

func TestBadTransfers(t *testing.T) {
	s := start(t, memory(t))
	for field, tr := range map[string]*referralv1.Transfer{
		"transfer":                                  nil,
		"transfer.points":                           moving(issuer, "customer:a", 0),
		"transfer.from_account":                     moving("program:p", "customer:a", 1),
		"transfer.to_account":                       moving("customer:a", "customer:a", 1),
		"transfer.memo":                             {FromAccount: issuer, ToAccount: "customer:a", Points: 1, Memo: strings.Repeat("x", 513)},
		"transfer.referral":                         {FromAccount: issuer, ToAccount: "customer:a", Points: 1, Referral: "programs/p"},
		"transfer.from_account transfer.points":     moving("", "customer:a", math.MinInt64),
		"transfer.to_account transfer.points":       moving(issuer, strings.Repeat("x", 1<<20), math.MaxInt64),
		"transfer.from_account transfer.to_account": moving("bank", "customer:", 1),
	} {
		_, err := s.post(t, "t", tr)
		want(t, err, fault.InvalidArgument, "INVALID_FIELD", strings.Fields(field)...)
	}
	for _, id := range []string{"", "a/b", "a b", "é", strings.Repeat("x", 129), strings.Repeat("x", 1<<20), "\x00", "spring.01HZX5J8N7Q2W3E4R5T6Y7V8B9.advocate"} {
		_, err := s.post(t, id, moving(issuer, "customer:a", 1))
		want(t, err, fault.InvalidArgument, "INVALID_FIELD", "transfer_id")
	}
	for _, name := range []string{"accounts/", "accounts/x", "accounts/customer:", "accounts/customer:a/b", "customer:a", "accounts/customer:" + strings.Repeat("a", 129)} {
		_, err := s.ledger.GetAccount(t.Context(), &referralv1.GetAccountRequest{Name: name})
		want(t, err, fault.InvalidArgument, "INVALID_FIELD", "name")
		_, err = s.ledger.ListEntries(t.Context(), &referralv1.ListEntriesRequest{Parent: name})
		want(t, err, fault.InvalidArgument, "INVALID_FIELD", "parent")
	}
	_, err := s.ledger.GetTransfer(t.Context(), &referralv1.GetTransferRequest{Name: "transfers/a b"})
	want(t, err, fault.InvalidArgument, "INVALID_FIELD", "name")
	balance := must[*referralv1.TrialBalance](t)(s.ledger.GetTrialBalance(t.Context(), &referralv1.GetTrialBalanceRequest{}))
	if !balance.Balanced || balance.Transfers != 0 || balance.Accounts != 0 {
		t.Errorf("something was written: %v", balance)
	}
}

func TestConfigReportsEverySetting(t *testing.T) {
	want(t, referral.Config{SweepAfter: -1}.Validate(), fault.InvalidArgument, "INVALID_FIELD", "sweep_interval", "sweep_after")
	if err := referral.DefaultConfig().Validate(); err != nil {
		t.Error(err)
	}
	if _, err := referral.New(t.Context(), referral.DefaultConfig(), referral.Deps{}); err == nil {
		t.Error("a service without a store")
	}
}
