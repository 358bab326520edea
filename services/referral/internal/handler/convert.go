package handler

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"time"

	"go.einride.tech/aip/resourcename"
	"google.golang.org/protobuf/types/known/timestamppb"

	referralv1 "github.com/kehuhq/kehu/gen/kehu/referral/v1"
	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/fault"
	"github.com/kehuhq/kehu/pkg/rpc/etag"
	"github.com/kehuhq/kehu/pkg/rpc/page"

	"github.com/kehuhq/kehu/services/referral/internal/domain"
)

var programStates = map[domain.ProgramState]referralv1.ProgramState{
	domain.Draft:  referralv1.ProgramState_PROGRAM_STATE_DRAFT,
	domain.Active: referralv1.ProgramState_PROGRAM_STATE_ACTIVE,
	domain.Paused: referralv1.ProgramState_PROGRAM_STATE_PAUSED,
	domain.Closed: referralv1.ProgramState_PROGRAM_STATE_CLOSED,
}

var referralStates = map[domain.ReferralState]referralv1.ReferralState{
	domain.Invited:   referralv1.ReferralState_REFERRAL_STATE_INVITED,
	domain.Clicked:   referralv1.ReferralState_REFERRAL_STATE_CLICKED,
	domain.SignedUp:  referralv1.ReferralState_REFERRAL_STATE_SIGNED_UP,
	domain.Qualified: referralv1.ReferralState_REFERRAL_STATE_QUALIFIED,
	domain.Rewarded:  referralv1.ReferralState_REFERRAL_STATE_REWARDED,
	domain.Rejected:  referralv1.ReferralState_REFERRAL_STATE_REJECTED,
	domain.Expired:   referralv1.ReferralState_REFERRAL_STATE_EXPIRED,
	domain.Reversed:  referralv1.ReferralState_REFERRAL_STATE_REVERSED,
}

func programProto(p *domain.Program) *referralv1.Program {
	return &referralv1.Program{
		Name: resourcename.Sprint(programPattern, p.ID), DisplayName: p.DisplayName, Goal: p.Goal,
		AdvocatePoints: p.AdvocatePoints, RefereePoints: p.RefereePoints, AttributionDays: p.AttributionDays,
		BudgetPoints: p.BudgetPoints, SpentPoints: p.SpentPoints, State: programStates[p.State],
		CreateTime: instant(p.CreateTime), UpdateTime: instant(p.UpdateTime), Etag: tag(p.Version),
	}
}

// programContent is what a caller sets of a programme.
func programContent(id string, p *referralv1.Program) *domain.Program {
	return &domain.Program{
		ID: id, DisplayName: p.GetDisplayName(), Goal: p.GetGoal(),
		AdvocatePoints: p.GetAdvocatePoints(), RefereePoints: p.GetRefereePoints(),
		AttributionDays: p.GetAttributionDays(), BudgetPoints: p.GetBudgetPoints(),
	}
}

func codeProto(c *domain.Code) *referralv1.Code {
	return &referralv1.Code{
		Name: resourcename.Sprint(codePattern, c.Program, c.Code), AdvocateId: c.Advocate, Channel: c.Channel,
		ExpireTime: instant(c.ExpireTime), MaxReferrals: c.MaxReferrals, ReferralCount: c.ReferralCount,
		Revoked: c.Revoked, CreateTime: instant(c.CreateTime),
	}
}

func referralProto(r *domain.Referral) *referralv1.Referral {
	out := &referralv1.Referral{
		Name: resourcename.Sprint(referralPattern, r.Program, r.ID), Code: r.Code,
		AdvocateId: r.Advocate, RefereeId: r.Referee, State: referralStates[r.State],
		QualifyingOrderId: r.OrderID, Reason: r.Reason, ExpireTime: instant(r.ExpireTime),
		CreateTime: instant(r.CreateTime), UpdateTime: instant(r.UpdateTime), Etag: tag(r.Version),
	}
	for _, s := range r.Steps {
		out.Steps = append(out.Steps, &referralv1.ReferralStep{State: referralStates[s.State], StepTime: instant(s.Time)})
	}
	for _, id := range r.Transfers {
		out.Transfers = append(out.Transfers, resourcename.Sprint(transferPattern, id))
	}
	return out
}

// instant is unset for the zero time.
func instant(t time.Time) *timestamppb.Timestamp {
	if t.IsZero() {
		return nil
	}
	return timestamppb.New(t)
}

// readInstant is zero for an unset timestamp.
func readInstant(field string, t *timestamppb.Timestamp) (time.Time, error) {
	if t == nil {
		return time.Time{}, nil
	}
	if t.CheckValid() != nil {
		return time.Time{}, fault.Invalid(field, "must be an instant between the years 1 and 9999")
	}
	return t.AsTime().Truncate(time.Millisecond), nil
}

// tag is empty for what is not stored.
func tag(version int64) string {
	if version == 0 {
		return ""
	}
	return etag.Of(version)
}

// requestKey recognises a repeated request by its id and what it asks for.
func requestKey(id string, content ...any) (domain.RequestKey, error) {
	if id == "" {
		return domain.RequestKey{}, nil
	}
	body, err := json.Marshal(content)
	if err != nil {
		return domain.RequestKey{}, err
	}
	hash := sha256.Sum256(body)
	return domain.RequestKey{ID: id, Hash: hex.EncodeToString(hash[:])}, nil
}

// place is where the page begins, nil for the first, and its size.
func place(r page.Request) (*docstore.Position, int, error) {
	token, size, err := page.Of(r)
	if err != nil || token == (page.Token{}) {
		return nil, size, err
	}
	return &token.Position, size, nil
}

func nextToken(next *docstore.Position, r page.Request) (string, error) {
	if next == nil {
		return "", nil
	}
	return page.Token{Position: *next}.Encode(r)
}

// each converts a list.
func each[A, B any](in []A, convert func(A) B) []B {
	out := make([]B, len(in))
	for i, a := range in {
		out[i] = convert(a)
	}
	return out
}
