package referral_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"
	referralv1 "github.com/kehuhq/kehu/gen/kehu/referral/v1"
	"github.com/kehuhq/kehu/pkg/fault"
	"github.com/kehuhq/kehu/pkg/vault/vaulttest"

	"github.com/kehuhq/kehu/services/referral"
)

type referred = referralv1.Referral

const (
	paid      = profilev1.OrderStatus_ORDER_STATUS_PAID
	pending   = profilev1.OrderStatus_ORDER_STATUS_PENDING
	cancelled = profilev1.OrderStatus_ORDER_STATUS_CANCELLED
	returned  = profilev1.OrderStatus_ORDER_STATUS_RETURNED
)

func (s *suite) open(ctx context.Context, c string) (*referred, error) {
	return s.CreateReferral(ctx, &referralv1.CreateReferralRequest{Parent: spring, Referral: &referred{Code: c}})
}

func (s *suite) signUp(ctx context.Context, r *referred, customer string) (*referred, error) {
	return s.RecordSignUp(ctx, &referralv1.RecordSignUpRequest{Name: r.Name, RefereeId: customer})
}

func (s *suite) convert(ctx context.Context, r *referred, order string) (*referred, error) {
	return s.RecordConversion(ctx, &referralv1.RecordConversionRequest{Name: r.Name, OrderId: order})
}

func (s *suite) balance(t *testing.T, account string) int64 {
	t.Helper()
	return must[*referralv1.Account](t)(s.ledger.GetAccount(t.Context(), &referralv1.GetAccountRequest{Name: "accounts/" + account})).BalancePoints
}

func TestReferralFromInvitationToReversal(t *testing.T) {
	onBothEngines(t, func(t *testing.T, s *suite) {
		ctx := t.Context()
		s.launch(t)
		c := s.codeOf(t, &code{AdvocateId: "安"})
		r := must[*referred](t)(s.open(ctx, strings.ToLower(bare(c))))
		if r.AdvocateId != "安" || r.Code != bare(c) || r.RefereeId != "" || r.ExpireTime.AsTime() != epoch.AddDate(0, 0, 90) {
			t.Errorf("%v", r)
		}
		s.advance(time.Hour)
		at := timestamppb.New(epoch.Add(time.Minute))
		r = must[*referred](t)(s.RecordClick(ctx, &referralv1.RecordClickRequest{Name: r.Name, ClickTime: at}))
		r = must[*referred](t)(s.signUp(ctx, r, "bob"))
		s.profile.record("customers/bob/orders/o1", s.now(), paid)
		r = must[*referred](t)(s.convert(ctx, r, "o1"))
		var states []string
		for _, step := range r.Steps {
			states = append(states, strings.TrimPrefix(step.State.String(), "REFERRAL_STATE_"))
		}
		if strings.Join(states, " ") != "INVITED CLICKED SIGNED_UP QUALIFIED REWARDED" || !proto.Equal(r.Steps[1].StepTime, at) ||
			r.State != referralv1.ReferralState_REFERRAL_STATE_REWARDED || r.QualifyingOrderId != "o1" || r.RefereeId != "bob" || len(r.Transfers) != 2 {
			t.Errorf("%v", r)
		}
		reward := must[*referralv1.Transfer](t)(s.ledger.GetTransfer(ctx, &referralv1.GetTransferRequest{Name: r.Transfers[0]}))
		if reward.Referral != r.Name || reward.FromAccount != "program:spring" || reward.ToAccount != "customer:安" || reward.Points != 10 {
			t.Errorf("%v", reward)
		}
		if s.balance(t, "customer:安") != 10 || s.balance(t, "customer:bob") != 5 || s.balance(t, "program:spring") != -15 {
			t.Error("the points are not where they belong")
		}
		// Bob spends his before the order is refunded.
		must[*referralv1.Transfer](t)(s.ledger.PostTransfer(ctx, &referralv1.PostTransferRequest{TransferId: "v1", Transfer: &referralv1.Transfer{
			FromAccount: "customer:bob", ToAccount: "system:adjustments", Points: 4}}))
		r = must[*referred](t)(s.ReverseConversion(ctx, &referralv1.ReverseConversionRequest{Name: r.Name, Reason: "refunded"}))
		if r.State != referralv1.ReferralState_REFERRAL_STATE_REVERSED || r.Reason != "refunded" || len(r.Transfers) != 4 || s.balance(t, "customer:bob") != -4 {
			t.Errorf("%v", r)
		}
		if got := must[*referred](t)(s.GetReferral(ctx, &referralv1.GetReferralRequest{Name: r.Name})); !proto.Equal(got, r) {
			t.Errorf("got %v", got)
		}
		balance := must[*referralv1.TrialBalance](t)(s.ledger.GetTrialBalance(ctx, &referralv1.GetTrialBalanceRequest{}))
		if !balance.Balanced || balance.Transfers != 5 || balance.Accounts != 4 || balance.DebitPoints != 34 || balance.CreditPoints != 34 {
			t.Errorf("%v", balance)
		}
		p := must[*program](t)(s.GetProgram(ctx, &referralv1.GetProgramRequest{Name: spring}))
		if p.SpentPoints != 0 {
			t.Errorf("%v", p)
		}
	})
}

func TestCodesThatBringNothing(t *testing.T) {
	onBothEngines(t, func(t *testing.T, s *suite) {
		ctx := t.Context()
		s.launch(t)
		limited := s.codeOf(t, &code{AdvocateId: "ann", MaxReferrals: 1})
		request := &referralv1.CreateReferralRequest{Parent: spring, Referral: &referred{Code: bare(limited)}, RequestId: "r1"}
		first := must[*referred](t)(s.CreateReferral(ctx, request))
		_, err := s.open(ctx, bare(limited))
		want(t, err, fault.FailedPrecondition, "CODE_EXHAUSTED", "referral.code")
		if again := must[*referred](t)(s.CreateReferral(ctx, request)); !proto.Equal(again, first) {
			t.Errorf("made again: %v", again)
		}
		revoked := s.codeOf(t, &code{AdvocateId: "ann"})
		_, err = s.CreateReferral(ctx, &referralv1.CreateReferralRequest{Parent: spring, Referral: &referred{Code: bare(revoked)}, RequestId: "r1"})
		want(t, err, fault.AlreadyExists, "REQUEST_ID_REUSED", "request_id")
		must[*code](t)(s.RevokeCode(ctx, &referralv1.RevokeCodeRequest{Name: revoked.Name}))
		_, err = s.open(ctx, bare(revoked))
		want(t, err, fault.FailedPrecondition, "CODE_REVOKED", "referral.code")
		expiring := s.codeOf(t, &code{AdvocateId: "ann", ExpireTime: timestamppb.New(epoch.Add(time.Hour))})
		must[*referred](t)(s.open(ctx, bare(expiring)))
		s.advance(time.Hour)
		_, err = s.open(ctx, bare(expiring))
		want(t, err, fault.FailedPrecondition, "CODE_EXPIRED", "referral.code")
		_, err = s.open(ctx, "0000000000")
		want(t, err, fault.NotFound, "CODE_NOT_FOUND")
		for _, mistyped := range []string{"0000000001", "hello", "  ", bare(limited) + "1"} {
			_, err = s.open(ctx, mistyped)
			want(t, err, fault.InvalidArgument, "CODE_MISTYPED", "referral.code")
		}
		_, err = s.CreateReferral(ctx, &referralv1.CreateReferralRequest{Parent: "programs/none", Referral: &referred{Code: bare(limited)}})
		want(t, err, fault.NotFound, "PROGRAM_NOT_FOUND")
		must[*program](t)(s.PauseProgram(ctx, &referralv1.PauseProgramRequest{Name: spring}))
		_, err = s.open(ctx, bare(expiring))
		want(t, err, fault.FailedPrecondition, "PROGRAM_NOT_ACTIVE")
		// What is on its way goes on.
		must[*referred](t)(s.signUp(ctx, first, "bob"))
		if got := must[*code](t)(s.GetCode(ctx, &referralv1.GetCodeRequest{Name: expiring.Name})); got.ReferralCount != 1 {
			t.Errorf("%v", got)
		}
	})
}

func TestListReferrals(t *testing.T) {
	onBothEngines(t, func(t *testing.T, s *suite) {
		ctx := t.Context()
		s.launch(t)
		c := bare(s.codeOf(t, &code{AdvocateId: "ann"}))
		var made, got []string
		for range 5 {
			made = append([]string{must[*referred](t)(s.open(ctx, c)).Name}, made...)
			s.advance(time.Second)
		}
		request := &referralv1.ListReferralsRequest{Parent: spring, PageSize: 2}
		for {
			page := must[*referralv1.ListReferralsResponse](t)(s.ListReferrals(ctx, request))
			for _, r := range page.Referrals {
				got = append(got, r.Name)
			}
			if request.PageToken = page.NextPageToken; page.NextPageToken == "" {
				break
			}
		}
		if strings.Join(got, " ") != strings.Join(made, " ") {
			t.Errorf("%v, want %v", got, made)
		}
		_, err := s.ListReferrals(ctx, &referralv1.ListReferralsRequest{Parent: "programs/none"})
		want(t, err, fault.NotFound, "PROGRAM_NOT_FOUND")
	})
}

func TestSignUps(t *testing.T) {
	onBothEngines(t, func(t *testing.T, s *suite) {
		ctx := t.Context()
		s.launch(t)
		c := bare(s.codeOf(t, &code{AdvocateId: "ann"}))
		one, two := must[*referred](t)(s.open(ctx, c)), must[*referred](t)(s.open(ctx, c))
		_, err := s.signUp(ctx, one, "ann")
		want(t, err, fault.FailedPrecondition, "SELF_REFERRAL", "referee_id")
		_, err = s.signUp(ctx, one, "stranger")
		want(t, err, fault.InvalidArgument, "CUSTOMER_UNKNOWN", "referee_id")
		s.profile.setDown(true)
		_, err = s.signUp(ctx, one, "bob")
		want(t, err, fault.Unavailable, "STORE_UNAVAILABLE")
		s.profile.setDown(false)
		done := must[*referred](t)(s.signUp(ctx, one, "bob"))
		if again := must[*referred](t)(s.signUp(ctx, one, "bob")); !proto.Equal(again, done) {
			t.Errorf("%v", again)
		}
		_, err = s.signUp(ctx, one, "carl")
		want(t, err, fault.FailedPrecondition, "REFEREE_FIXED", "referee_id")
		_, err = s.signUp(ctx, two, "bob")
		want(t, err, fault.AlreadyExists, "REFEREE_TAKEN", "referee_id")
		must[*referred](t)(s.signUp(ctx, two, "carl"))
		_, err = s.RecordClick(ctx, &referralv1.RecordClickRequest{Name: two.Name})
		want(t, err, fault.FailedPrecondition, "ILLEGAL_STEP")
		_, err = s.signUp(ctx, &referred{Name: spring + "/referrals/01HZX5J8N7Q2W3E4R5T6Y7V8B9"}, "bob")
		want(t, err, fault.NotFound, "REFERRAL_NOT_FOUND")
		for _, id := range []string{"", "a/b", strings.Repeat("x", 1<<20)} {
			_, err = s.signUp(ctx, one, id)
			want(t, err, fault.InvalidArgument, "INVALID_FIELD", "referee_id")
		}
	})
}

func TestClicks(t *testing.T) {
	s := start(t, memory(t))
	s.launch(t)
	r := must[*referred](t)(s.open(t.Context(), bare(s.codeOf(t, &code{AdvocateId: "ann"}))))
	for _, at := range []*timestamppb.Timestamp{
		timestamppb.New(epoch.Add(-time.Second)), timestamppb.New(epoch.Add(time.Hour)), {Seconds: -1 << 60}, {Nanos: -1}, {},
	} {
		_, err := s.RecordClick(t.Context(), &referralv1.RecordClickRequest{Name: r.Name, ClickTime: at})
		want(t, err, fault.InvalidArgument, "INVALID_FIELD", "click_time")
	}
	for _, name := range []string{spring, spring + "/referrals/x", spring + "/referrals/", "x", spring + "/codes/01HZX5J8N7Q2W3E4R5T6Y7V8B9", "programs/P/referrals/01HZX5J8N7Q2W3E4R5T6Y7V8B9"} {
		_, err := s.RecordClick(t.Context(), &referralv1.RecordClickRequest{Name: name})
		want(t, err, fault.InvalidArgument, "INVALID_FIELD", "name")
	}
}

func TestOrdersThatDoNotQualify(t *testing.T) {
	onBothEngines(t, func(t *testing.T, s *suite) {
		ctx := t.Context()
		s.launch(t)
		c := bare(s.codeOf(t, &code{AdvocateId: "ann"}))
		r := must[*referred](t)(s.open(ctx, c))
		_, err := s.convert(ctx, r, "o1")
		want(t, err, fault.FailedPrecondition, "ILLEGAL_STEP")
		must[*referred](t)(s.signUp(ctx, r, "bob"))
		s.profile.record("customers/carl/orders/others", epoch, paid)
		s.profile.record("customers/bob/orders/early", epoch.Add(-time.Second), paid)
		s.profile.record("customers/bob/orders/late", epoch.AddDate(0, 0, 90), paid)
		s.profile.record("customers/bob/orders/pending", epoch, pending)
		s.profile.record("customers/bob/orders/cancelled", epoch, cancelled)
		s.profile.record("customers/bob/orders/returned", epoch, returned)
		for order, why := range map[string]string{
			"others": "ORDER_UNKNOWN", "early": "BEFORE_INVITATION", "late": "AFTER_WINDOW",
			"pending": "NOT_PAID", "cancelled": "NOT_PAID", "returned": "NOT_PAID",
		} {
			_, err := s.convert(ctx, r, order)
			want(t, err, fault.FailedPrecondition, "ORDER_NOT_QUALIFYING", "order_id")
			if f, ok := fault.As(err); !ok || f.Metadata["why"] != why {
				t.Errorf("%s: %v", order, err)
			}
		}
		s.profile.setDown(true)
		_, err = s.convert(ctx, r, "o1")
		want(t, err, fault.Unavailable, "STORE_UNAVAILABLE")
		s.profile.setDown(false)
		_, err = s.convert(ctx, r, "a/b")
		want(t, err, fault.InvalidArgument, "INVALID_FIELD", "order_id")
		s.profile.record("customers/bob/orders/o1", epoch, profilev1.OrderStatus_ORDER_STATUS_UNSPECIFIED)
		done := must[*referred](t)(s.convert(ctx, r, "o1"))
		_, err = s.convert(ctx, r, "o2")
		want(t, err, fault.FailedPrecondition, "ORDER_FIXED", "order_id")
		if again := must[*referred](t)(s.convert(ctx, r, "o1")); !proto.Equal(again, done) {
			t.Errorf("%v", again)
		}
		_, err = s.RejectReferral(ctx, &referralv1.RejectReferralRequest{Name: r.Name, Reason: "late"})
		want(t, err, fault.FailedPrecondition, "ILLEGAL_STEP")
		for _, reason := range []string{"", "  ", "a\x00"} {
			_, err = s.ReverseConversion(ctx, &referralv1.ReverseConversionRequest{Name: r.Name, Reason: reason})
			want(t, err, fault.InvalidArgument, "INVALID_FIELD", "reason")
		}
	})
}

func TestRejections(t *testing.T) {
	onBothEngines(t, func(t *testing.T, s *suite) {
		ctx := t.Context()
		s.launch(t)
		c := bare(s.codeOf(t, &code{AdvocateId: "ann"}))
		r := must[*referred](t)(s.open(ctx, c))
		_, err := s.ReverseConversion(ctx, &referralv1.ReverseConversionRequest{Name: r.Name, Reason: "x"})
		want(t, err, fault.FailedPrecondition, "ILLEGAL_STEP")
		must[*referred](t)(s.signUp(ctx, r, "bob"))
		done := must[*referred](t)(s.RejectReferral(ctx, &referralv1.RejectReferralRequest{Name: r.Name, Reason: "fraud"}))
		again := must[*referred](t)(s.RejectReferral(ctx, &referralv1.RejectReferralRequest{Name: r.Name, Reason: "other"}))
		if done.State != referralv1.ReferralState_REFERRAL_STATE_REJECTED || done.Reason != "fraud" || !proto.Equal(done, again) {
			t.Errorf("%v, and again %v", done, again)
		}
		_, err = s.convert(ctx, r, "o1")
		want(t, err, fault.FailedPrecondition, "ILLEGAL_STEP")
		// The customer was brought: no other referral brings them again.
		_, err = s.signUp(ctx, must[*referred](t)(s.open(ctx, c)), "bob")
		want(t, err, fault.AlreadyExists, "REFEREE_TAKEN", "referee_id")
	})
}

func TestExpiryIsDecidedByTheNextStep(t *testing.T) {
	onBothEngines(t, func(t *testing.T, s *suite) {
		ctx := t.Context()
		s.launch(t)
		c := bare(s.codeOf(t, &code{AdvocateId: "ann"}))
		r, other := must[*referred](t)(s.open(ctx, c)), must[*referred](t)(s.open(ctx, c))
		must[*referred](t)(s.signUp(ctx, r, "bob"))
		s.profile.record("customers/bob/orders/o1", epoch, paid)
		s.advance(90*24*time.Hour - time.Second)
		must[*referred](t)(s.RecordClick(ctx, &referralv1.RecordClickRequest{Name: other.Name}))
		s.advance(time.Second)
		_, err := s.convert(ctx, r, "o1")
		want(t, err, fault.FailedPrecondition, "ILLEGAL_STEP")
		if f, _ := fault.As(err); f == nil || f.Metadata["from"] != "EXPIRED" || f.Metadata["to"] != "QUALIFIED" {
			t.Errorf("%v", err)
		}
		got := must[*referred](t)(s.GetReferral(ctx, &referralv1.GetReferralRequest{Name: r.Name}))
		if last := got.Steps[len(got.Steps)-1]; got.State != referralv1.ReferralState_REFERRAL_STATE_EXPIRED || !proto.Equal(last.StepTime, r.ExpireTime) {
			t.Errorf("%v", got)
		}
		_, err = s.signUp(ctx, other, "carl")
		want(t, err, fault.FailedPrecondition, "ILLEGAL_STEP")
	})
}

// Serve expires what nobody touches, and ends with its context.
func TestServeSweeps(t *testing.T) {
	e := memory(t)
	s := start(t, e)
	s.launch(t)
	r := must[*referred](t)(s.open(t.Context(), bare(s.codeOf(t, &code{AdvocateId: "ann"}))))
	cfg := referral.DefaultConfig()
	cfg.SweepInterval = 100 * time.Millisecond
	background, err := referral.New(t.Context(), cfg, referral.Deps{Engine: e, Vault: vaulttest.On(t, e), Profile: serve(t, "profile", func(grpc.ServiceRegistrar) {}), Clock: s.now})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- background.Serve(ctx) }()
	s.advance(91 * 24 * time.Hour)
	deadline := time.Now().Add(20 * time.Second)
	for must[*referred](t)(s.GetReferral(t.Context(), &referralv1.GetReferralRequest{Name: r.Name})).State != referralv1.ReferralState_REFERRAL_STATE_EXPIRED {
		if time.Now().After(deadline) {
			t.Fatal("not expired")
		}
	}
	stop()
	if err := <-done; err != nil {
		t.Error(err)
	}
}
