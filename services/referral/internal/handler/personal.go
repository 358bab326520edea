package handler

import (
	"context"
	"iter"
	"slices"
	"time"

	"go.einride.tech/aip/resourcename"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/structpb"

	apiv1 "github.com/kehuhq/kehu/gen/kehu/api/v1"
	referralv1 "github.com/kehuhq/kehu/gen/kehu/referral/v1"
	"github.com/kehuhq/kehu/pkg/rpc/personaldata"

	"github.com/kehuhq/kehu/services/referral/internal/app"
	"github.com/kehuhq/kehu/services/referral/internal/domain"
)

// The kinds of records that tell of a person.
var (
	accountSection  = personaldata.Section{ID: "point_accounts", Title: "Accounts of points", TitleZh: "积分账户"}
	movementSection = personaldata.Section{ID: "point_movements", Title: "Movements of points", TitleZh: "积分变动"}
	codeSection     = personaldata.Section{ID: "referral_codes", Title: "Referral codes", TitleZh: "推荐码"}
	advocateSection = personaldata.Section{ID: "referrals_made", Title: "Referrals of others", TitleZh: "推荐他人的记录"}
	refereeSection  = personaldata.Section{ID: "referrals_followed", Title: "Referrals by others", TitleZh: "被他人推荐的记录"}
	claimSection    = personaldata.Section{ID: "referral_claims", Title: "Claims to have brought the customer", TitleZh: "推荐归属"}
)

const (
	booksReason    = "The books of points are kept whole; the account has a number and no owner."
	codeReason     = "The code was handed out; it is revoked and goes by the pseudonym."
	referralReason = "The programme's figures and the other person's record rest on it; it goes by the pseudonym."
)

// PersonalData answers the PersonalDataService.
type PersonalData struct {
	programs *app.Programs
	ledger   *app.Ledger
}

// NewPersonalData makes the PersonalDataService.
func NewPersonalData(programs *app.Programs, ledger *app.Ledger) *PersonalData {
	return &PersonalData{programs, ledger}
}

// ReadPersonalData sends all that is held about a person. Of other people it names none.
func (h *PersonalData) ReadPersonalData(r *referralv1.ReadPersonalDataRequest, stream grpc.ServerStreamingServer[apiv1.PersonalDataPart]) error {
	ctx, people := stream.Context(), r.GetPerson().GetCustomerIds()
	if err := personaldata.Send(accountSection, convert(h.ledger.AccountsOf(ctx, people), accountProto), stream.Send); err != nil {
		return err
	}
	if err := personaldata.Send(movementSection, movements(h.ledger.MovementsOf(ctx, people), people), stream.Send); err != nil {
		return err
	}
	if err := personaldata.Send(codeSection, convert(h.programs.CodesOf(ctx, people), codeProto), stream.Send); err != nil {
		return err
	}
	own := func(r *domain.Referral) *referralv1.Referral { return ownReferral(r, people) }
	if err := personaldata.Send(advocateSection, convert(h.programs.ReferralsBy(ctx, people), own), stream.Send); err != nil {
		return err
	}
	if err := personaldata.Send(refereeSection, convert(h.programs.ReferralsThatBrought(ctx, people), own), stream.Send); err != nil {
		return err
	}
	return personaldata.Send(claimSection, convert(h.programs.ClaimsOf(ctx, people), claimRecord), stream.Send)
}

// ErasePersonalData erases all that is held about a person.
func (h *PersonalData) ErasePersonalData(ctx context.Context, r *referralv1.ErasePersonalDataRequest) (*referralv1.ErasePersonalDataResponse, error) {
	done, err := h.programs.Erase(ctx, r.GetPerson().GetCustomerIds(), r.GetPseudonym())
	if err != nil {
		return nil, err
	}
	out := &referralv1.ErasePersonalDataResponse{}
	told := func(s personaldata.Section, erased, pseudonymised int64, reason string) {
		if erased+pseudonymised > 0 {
			out.Sections = append(out.Sections, s.Erased("referral", erased, pseudonymised, reason))
		}
	}
	told(accountSection, done.Accounts, 0, "")
	told(movementSection, 0, done.Movements, booksReason)
	told(codeSection, 0, done.Codes, codeReason)
	told(advocateSection, 0, done.Advocated, referralReason)
	told(refereeSection, 0, done.Brought, referralReason)
	told(claimSection, done.Claims, 0, "")
	return out, nil
}

// convert converts what is yielded.
func convert[D, P any](records iter.Seq2[*D, error], to func(*D) *P) iter.Seq2[*P, error] {
	return func(yield func(*P, error) bool) {
		for d, err := range records {
			var p *P
			if err == nil {
				p = to(d)
			}
			if !yield(p, err) {
				return
			}
		}
	}
}

func movements(records iter.Seq2[app.Movement, error], people []string) iter.Seq2[*structpb.Struct, error] {
	return func(yield func(*structpb.Struct, error) bool) {
		for m, err := range records {
			var record *structpb.Struct
			if err == nil {
				record, err = movementRecord(m, people)
			}
			if !yield(record, err) {
				return
			}
		}
	}
}

// movementRecord is an entry with the account it is in. Whose another customer's
// account is, is not told.
func movementRecord(m app.Movement, people []string) (*structpb.Struct, error) {
	entry := entryProto(m.Transfer, m.Account)
	if customer, is := domain.AccountID(entry.OtherAccount).Customer(); is && !slices.Contains(people, customer) {
		entry.OtherAccount = "another customer"
	}
	record, err := personaldata.Record(entry)
	if err == nil {
		record.Fields["account"] = structpb.NewStringValue(resourcename.Sprint(accountPattern, string(m.Account)))
	}
	return record, err
}

// ownReferral is a referral as one of its two may see it: without the ids that are
// the other's.
func ownReferral(r *domain.Referral, people []string) *referralv1.Referral {
	p := referralProto(r)
	if !slices.Contains(people, p.AdvocateId) {
		p.AdvocateId = ""
	}
	if !slices.Contains(people, p.RefereeId) {
		p.RefereeId, p.QualifyingOrderId = "", ""
	}
	return p
}

func claimRecord(c *domain.Referee) *structpb.Struct {
	return &structpb.Struct{Fields: map[string]*structpb.Value{
		"refereeId":  structpb.NewStringValue(c.Customer),
		"referral":   structpb.NewStringValue(resourcename.Sprint(referralPattern, c.Program, c.Referral)),
		"signUpTime": structpb.NewStringValue(c.SignUpTime.UTC().Format(time.RFC3339Nano)),
	}}
}
