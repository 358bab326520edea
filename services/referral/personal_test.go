package referral_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"google.golang.org/grpc"

	apiv1 "github.com/kehuhq/kehu/gen/kehu/api/v1"
	referralv1 "github.com/kehuhq/kehu/gen/kehu/referral/v1"
	"github.com/kehuhq/kehu/pkg/docstore/pebblestore"
	"github.com/kehuhq/kehu/pkg/fault"
)

const pseudonym = "erased-01JCXB7Z0T5C6Q5E8Y1V9WJ4KD"

func of(ids ...string) *apiv1.Person { return &apiv1.Person{CustomerIds: ids} }

// read is what is held about a person, by section, as text.
func (s *suite) read(t *testing.T, ids ...string) map[string][]string {
	t.Helper()
	stream := must[grpc.ServerStreamingClient[apiv1.PersonalDataPart]](t)(
		s.person.ReadPersonalData(t.Context(), &referralv1.ReadPersonalDataRequest{Person: of(ids...)}))
	sections := map[string][]string{}
	for {
		part, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return sections
		}
		if err != nil {
			t.Fatal(err)
		}
		if part.Title == "" || part.TitleZh == "" {
			t.Errorf("section %q has no title", part.Section)
		}
		for _, record := range part.Records {
			sections[part.Section] = append(sections[part.Section], fmt.Sprint(record.AsMap()))
		}
	}
}

func (s *suite) erase(t *testing.T, ids ...string) map[string][2]int64 {
	t.Helper()
	response := must[*referralv1.ErasePersonalDataResponse](t)(
		s.person.ErasePersonalData(t.Context(), &referralv1.ErasePersonalDataRequest{Person: of(ids...), Pseudonym: pseudonym}))
	sections := map[string][2]int64{}
	for _, section := range response.Sections {
		if section.Service != "referral" || section.Title == "" || section.TitleZh == "" || (section.Reason == "") != (section.Pseudonymised == 0) {
			t.Errorf("%v", section)
		}
		sections[section.Section] = [2]int64{section.Erased, section.Pseudonymised}
	}
	return sections
}

// live has a customer in every kind of record: an advocate, rewarded and rejected,
// a referee, and one with points.
func (s *suite) live(t *testing.T, customer, text string) {
	t.Helper()
	ctx := t.Context()
	s.launch(t)
	own, carls := s.codeOf(t, &code{AdvocateId: customer}), s.codeOf(t, &code{AdvocateId: "carl"})
	s.profile.record("customers/bob/orders/o1", s.now(), paid)
	rewarded := must[*referred](t)(s.open(ctx, bare(own)))
	must[*referred](t)(s.signUp(ctx, rewarded, "bob"))
	must[*referred](t)(s.convert(ctx, rewarded, "o1"))
	rejected := must[*referred](t)(s.open(ctx, bare(own)))
	must[*referred](t)(s.RejectReferral(ctx, &referralv1.RejectReferralRequest{Name: rejected.Name, Reason: text}))
	brought := must[*referred](t)(s.open(ctx, bare(carls)))
	must[*referred](t)(s.signUp(ctx, brought, customer))
	gift := moving(issuer, "customer:"+customer, 100)
	gift.Memo = text
	must[*referralv1.Transfer](t)(s.post(t, "gift", gift))
	present := moving("customer:"+customer, "customer:bob", 1)
	present.Memo = text
	must[*referralv1.Transfer](t)(s.post(t, "present", present))
}

func TestPersonalData(t *testing.T) {
	onBothEngines(t, func(t *testing.T, s *suite) {
		s.live(t, "zoe", "for Zoe")
		before := must[*referralv1.TrialBalance](t)(s.ledger.GetTrialBalance(t.Context(), &referralv1.GetTrialBalanceRequest{}))
		held, bob := s.read(t, "zoe", "nobody"), s.read(t, "bob")
		wanted := map[string]int{
			"point_accounts": 1, "point_movements": 3, "referral_codes": 1,
			"referrals_made": 2, "referrals_followed": 1, "referral_claims": 1,
		}
		for section, n := range wanted {
			if len(held[section]) != n {
				t.Errorf("%s: %q, want %d", section, held[section], n)
			}
		}
		all := fmt.Sprint(held)
		for _, told := range []string{"accounts/customer:zoe", "for Zoe", "advocateId:zoe", "refereeId:zoe", "another customer"} {
			if !strings.Contains(all, told) {
				t.Errorf("%q is not told: %s", told, all)
			}
		}
		for _, other := range []string{"bob", "carl", "o1"} {
			if strings.Contains(all, other) {
				t.Errorf("%q is told: %s", other, all)
			}
		}
		if len(held) != len(wanted) || s.balance(t, "customer:zoe") != 109 {
			t.Errorf("%d sections; zoe has %d", len(held), s.balance(t, "customer:zoe"))
		}

		done := s.erase(t, "zoe", "nobody")
		if got, want := fmt.Sprint(done), fmt.Sprint(map[string][2]int64{
			"point_accounts": {1, 0}, "point_movements": {0, 3}, "referral_codes": {0, 1},
			"referrals_made": {0, 2}, "referrals_followed": {0, 1}, "referral_claims": {1, 0},
		}); got != want {
			t.Errorf("erased %s, want %s", got, want)
		}
		if left := s.read(t, "zoe", "nobody"); len(left) > 0 {
			t.Errorf("still held: %v", left)
		}
		after := must[*referralv1.TrialBalance](t)(s.ledger.GetTrialBalance(t.Context(), &referralv1.GetTrialBalanceRequest{}))
		if !after.Balanced || after.DebitPoints != before.DebitPoints || after.CreditPoints != before.CreditPoints || after.Accounts != before.Accounts {
			t.Errorf("trial balance %v, was %v", after, before)
		}
		s.others(t, bob)
	})
}

// others checks what bob and carl see after the erasure.
func (s *suite) others(t *testing.T, before map[string][]string) {
	t.Helper()
	now := s.read(t, "bob")
	for section := range before {
		if len(now[section]) != len(before[section]) {
			t.Errorf("%s of bob: %q, was %q", section, now[section], before[section])
		}
	}
	present := must[*referralv1.Transfer](t)(s.ledger.GetTransfer(t.Context(), &referralv1.GetTransferRequest{Name: "transfers/present"}))
	if !strings.HasPrefix(present.FromAccount, "erased:") || present.ToAccount != "customer:bob" || present.Memo != "" {
		t.Errorf("%v", present)
	}
	left := must[*referralv1.Account](t)(s.ledger.GetAccount(t.Context(), &referralv1.GetAccountRequest{Name: "accounts/" + present.FromAccount}))
	if left.BalancePoints != 109 || left.Entries != 3 {
		t.Errorf("%v", left)
	}
	_, err := s.ledger.GetAccount(t.Context(), &referralv1.GetAccountRequest{Name: "accounts/customer:zoe"})
	want(t, err, fault.NotFound, "ACCOUNT_NOT_FOUND")
	_, err = s.post(t, "more", moving(issuer, present.FromAccount, 1))
	want(t, err, fault.InvalidArgument, "INVALID_FIELD", "transfer.to_account")
	for _, r := range must[*referralv1.ListReferralsResponse](t)(s.ListReferrals(t.Context(), &referralv1.ListReferralsRequest{Parent: spring})).Referrals {
		switch {
		case r.AdvocateId == "carl" && (r.RefereeId != pseudonym || r.State != referralv1.ReferralState_REFERRAL_STATE_REJECTED),
			r.AdvocateId != "carl" && r.AdvocateId != pseudonym,
			strings.Contains(r.Reason, "Zoe"):
			t.Errorf("%v", r)
		}
	}
}

func TestBadPersons(t *testing.T) {
	s := start(t, memory(t))
	for _, request := range []*referralv1.ErasePersonalDataRequest{
		{Pseudonym: pseudonym}, {Person: of(), Pseudonym: pseudonym}, {Person: of("a", "a"), Pseudonym: pseudonym},
		{Person: of("a")}, {Person: of("a"), Pseudonym: "zoe"},
	} {
		if _, err := s.person.ErasePersonalData(t.Context(), request); fault.KindOf(err) != fault.InvalidArgument {
			t.Errorf("%v: %v", request, err)
		}
	}
	// Ids that nobody has are no error, whatever they look like.
	strange := []string{"a!b", "客户 1", "customer:zoe", strings.Repeat("x", 512)}
	if held := s.read(t, strange...); len(held) > 0 {
		t.Errorf("%v", held)
	}
	if done := s.erase(t, strange...); len(done) > 0 {
		t.Errorf("%v", done)
	}
}

// After an erasure no file of the embedded engine holds the person's id or what was
// written of the person, but that the manifest may have the id as a bound of a file
// which is gone, until the store has been started twice.
func TestNoFileTellsOfWhoWasErased(t *testing.T) {
	const id, text = "q7Zk2Wv9Xr4Tn8Hs6Bd3Yf5Jc1", "Wm3Kt8Rz6Pq1Vx9Ln4Gd7Sb2Hy"
	dir := t.TempDir()
	engine, err := pebblestore.Open(dir, pebblestore.Options{MemTableBytes: 64 << 10})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = engine.Close() })
	s := start(t, engine)
	s.live(t, id, text)
	for i := range 300 { // so that there are files of several levels
		must[*referralv1.Transfer](t)(s.post(t, fmt.Sprint("t", i), moving(issuer, "customer:"+id, 1)))
	}
	if !strings.Contains(fmt.Sprint(s.read(t, id)), text) {
		t.Fatal("what was written cannot be read")
	}
	if ids, texts := holders(t, dir, id), holders(t, dir, text); len(ids) == 0 || len(texts) > 0 {
		t.Fatalf("the id is in %q, the text in %q", ids, texts)
	}
	s.erase(t, id)
	ids, texts := holders(t, dir, id), holders(t, dir, text)
	ids = slices.DeleteFunc(ids, func(name string) bool { return strings.HasPrefix(name, "MANIFEST") })
	if len(ids)+len(texts) > 0 {
		t.Errorf("the id is in %q, the text in %q", ids, texts)
	}
}

// holders are the files that hold a phrase.
func holders(t *testing.T, dir, phrase string) (files []string) {
	t.Helper()
	entries := must[[]os.DirEntry](t)(os.ReadDir(dir))
	for _, entry := range entries {
		content := must[[]byte](t)(os.ReadFile(filepath.Join(dir, entry.Name())))
		if bytes.Contains(content, []byte(phrase)) {
			files = append(files, entry.Name())
		}
	}
	return files
}
