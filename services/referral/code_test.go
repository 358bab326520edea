package referral_test

import (
	"net"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	referralv1 "github.com/kehuhq/kehu/gen/kehu/referral/v1"
	"github.com/kehuhq/kehu/pkg/fault"
	"github.com/kehuhq/kehu/pkg/rpc"
	"github.com/kehuhq/kehu/pkg/vault/vaulttest"

	"github.com/kehuhq/kehu/services/referral"
)

const spring = "programs/spring"

// launch starts the programme "spring": 10 points for the advocate, 5 for the referee.
func (s *suite) launch(t *testing.T) {
	t.Helper()
	s.create(t, "spring", &program{AdvocatePoints: 10, RefereePoints: 5})
	s.activate(t, "spring")
}

func (s *suite) codeOf(t *testing.T, c *code) *code {
	t.Helper()
	return must[*code](t)(s.CreateCode(t.Context(), &referralv1.CreateCodeRequest{Parent: spring, Code: c}))
}

// bare is the code in a code's name.
func bare(c *code) string { return strings.TrimPrefix(c.Name, spring+"/codes/") }

func TestCodes(t *testing.T) {
	onBothEngines(t, func(t *testing.T, s *suite) {
		ctx := t.Context()
		s.launch(t)
		request := &referralv1.CreateCodeRequest{Parent: spring, RequestId: "r1", Code: &code{
			Name: "ignored", AdvocateId: "安", Channel: "wechat", MaxReferrals: 3, ExpireTime: timestamppb.New(epoch.Add(time.Hour)), ReferralCount: 9, Revoked: true,
		}}
		made := must[*code](t)(s.CreateCode(ctx, request))
		if made.AdvocateId != "安" || made.ReferralCount != 0 || made.Revoked || len(bare(made)) != 10 {
			t.Errorf("%v", made)
		}
		if again := must[*code](t)(s.CreateCode(ctx, request)); !proto.Equal(again, made) {
			t.Errorf("made again: %v", again)
		}
		other := proto.Clone(request).(*referralv1.CreateCodeRequest)
		other.Code.Channel = "weibo"
		_, err := s.CreateCode(ctx, other)
		want(t, err, fault.AlreadyExists, "REQUEST_ID_REUSED", "request_id")

		typed := strings.ToLower(bare(made)[:5]) + " - " + bare(made)[5:]
		if got := must[*code](t)(s.GetCode(ctx, &referralv1.GetCodeRequest{Name: spring + "/codes/" + typed})); !proto.Equal(got, made) {
			t.Errorf("got %v", got)
		}
		swapped := []byte(bare(made))
		for i := 1; i < len(swapped) && string(swapped) == bare(made); i++ {
			swapped[i-1], swapped[i] = swapped[i], swapped[i-1]
		}
		for _, mistyped := range []string{string(swapped), bare(made)[1:], bare(made) + "0", "UUUUUUUUUU", "x"} {
			_, err = s.GetCode(ctx, &referralv1.GetCodeRequest{Name: spring + "/codes/" + mistyped})
			want(t, err, fault.InvalidArgument, "CODE_MISTYPED", "name")
		}
		_, err = s.GetCode(ctx, &referralv1.GetCodeRequest{Name: spring + "/codes/0000000000"})
		want(t, err, fault.NotFound, "CODE_NOT_FOUND")

		second, bob := s.codeOf(t, &code{AdvocateId: "安"}), s.codeOf(t, &code{AdvocateId: "bob"})
		if bare(second) == bare(made) {
			t.Error("two codes alike")
		}
		all := must[*referralv1.ListCodesResponse](t)(s.ListCodes(ctx, &referralv1.ListCodesRequest{Parent: spring}))
		if len(all.Codes) != 3 || all.Codes[0].Name > all.Codes[1].Name || all.Codes[1].Name > all.Codes[2].Name {
			t.Errorf("%v", all)
		}
		mine := must[*referralv1.ListCodesResponse](t)(s.ListCodes(ctx, &referralv1.ListCodesRequest{Parent: spring, AdvocateId: "安", PageSize: 1}))
		rest := must[*referralv1.ListCodesResponse](t)(s.ListCodes(ctx, &referralv1.ListCodesRequest{Parent: spring, AdvocateId: "安", PageToken: mine.NextPageToken}))
		if len(mine.Codes) != 1 || len(rest.Codes) != 1 || mine.Codes[0].Name == rest.Codes[0].Name || rest.Codes[0].AdvocateId != "安" || rest.NextPageToken != "" {
			t.Errorf("%v, then %v", mine, rest)
		}
		_, err = s.ListCodes(ctx, &referralv1.ListCodesRequest{Parent: spring, PageToken: mine.NextPageToken})
		want(t, err, fault.InvalidArgument, "PAGE_TOKEN_INVALID", "page_token")
		_, err = s.ListCodes(ctx, &referralv1.ListCodesRequest{Parent: "programs/none"})
		want(t, err, fault.NotFound, "PROGRAM_NOT_FOUND")
		for range 2 {
			if r := must[*code](t)(s.RevokeCode(ctx, &referralv1.RevokeCodeRequest{Name: bob.Name})); !r.Revoked {
				t.Errorf("%v", r)
			}
		}
		_, err = s.RevokeCode(ctx, &referralv1.RevokeCodeRequest{Name: spring + "/codes/0000000000"})
		want(t, err, fault.NotFound, "CODE_NOT_FOUND")
	})
}

func TestBadCodes(t *testing.T) {
	s := start(t, memory(t))
	s.launch(t)
	create := func(c *code) error {
		_, err := s.CreateCode(t.Context(), &referralv1.CreateCodeRequest{Parent: spring, Code: c})
		return err
	}
	want(t, create(&code{AdvocateId: "stranger"}), fault.InvalidArgument, "CUSTOMER_UNKNOWN", "code.advocate_id")
	want(t, create(&code{AdvocateId: "ann", ExpireTime: timestamppb.New(epoch)}), fault.InvalidArgument, "INVALID_FIELD", "code.expire_time")
	want(t, create(&code{AdvocateId: "ann", ExpireTime: &timestamppb.Timestamp{Seconds: 1 << 60}}), fault.InvalidArgument, "INVALID_FIELD", "code.expire_time")
	want(t, create(&code{AdvocateId: "ann", MaxReferrals: -1}), fault.InvalidArgument, "INVALID_FIELD", "code.max_referrals")
	want(t, create(&code{AdvocateId: "ann", Channel: "a\x00b"}), fault.InvalidArgument, "INVALID_FIELD", "code.channel")
	for _, id := range []string{"", "a/b", "..", " ann", "a%b", strings.Repeat("a", 129), strings.Repeat("a", 1<<20)} {
		want(t, create(&code{AdvocateId: id}), fault.InvalidArgument, "INVALID_FIELD", "code.advocate_id")
	}
	if err := create(&code{AdvocateId: strings.Repeat("😀", 128)}); err != nil {
		t.Errorf("128 characters: %v", err)
	}
	if err := create(&code{AdvocateId: "ann", ExpireTime: &timestamppb.Timestamp{Seconds: 253402300799}}); err != nil {
		t.Errorf("the year 9999: %v", err)
	}
	_, err := s.CreateCode(t.Context(), &referralv1.CreateCodeRequest{Parent: "programs/none", Code: &code{AdvocateId: "ann"}})
	want(t, err, fault.NotFound, "PROGRAM_NOT_FOUND")
	s.profile.setDown(true)
	want(t, create(&code{AdvocateId: "ann"}), fault.Unavailable, "STORE_UNAVAILABLE")
	s.profile.setDown(false)
	if err := create(&code{AdvocateId: "ann"}); err != nil {
		t.Errorf("after profile came back: %v", err)
	}
}

// Without profile, what needs it is UNAVAILABLE, and the rest works.
func TestProfileCannotBeReached(t *testing.T) {
	e := memory(t)
	s := start(t, e)
	s.launch(t)
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_ = closed.Close()
	peer, err := rpc.Dial(closed.Addr().String(), rpc.DefaultClientConfig("profile"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = peer.Close() })
	alone, err := referral.New(t.Context(), referral.DefaultConfig(), referral.Deps{Engine: e, Vault: vaulttest.On(t, e), Profile: peer, Clock: s.now})
	if err != nil {
		t.Fatal(err)
	}
	client := referralv1.NewProgramServiceClient(serve(t, "referral", alone.Register))
	_, err = client.CreateCode(t.Context(), &referralv1.CreateCodeRequest{Parent: spring, Code: &code{AdvocateId: "ann"}})
	want(t, err, fault.Unavailable, "PEER_UNAVAILABLE")
	must[*program](t)(client.GetProgram(t.Context(), &referralv1.GetProgramRequest{Name: spring}))
}
