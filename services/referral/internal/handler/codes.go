package handler

import (
	"context"
	"github.com/kehuhq/kehu/pkg/ident"

	referralv1 "github.com/kehuhq/kehu/gen/kehu/referral/v1"

	"github.com/kehuhq/kehu/services/referral/internal/domain"
)

// CreateCode gives an advocate a code.
func (h *Programs) CreateCode(ctx context.Context, r *referralv1.CreateCodeRequest) (*referralv1.Code, error) {
	program, err := programID("parent", r.GetParent())
	if err != nil {
		return nil, err
	}
	given := r.GetCode()
	c := &domain.Code{
		Program: program, Advocate: given.GetAdvocateId(), Channel: given.GetChannel(), MaxReferrals: given.GetMaxReferrals(),
	}
	if c.ExpireTime, err = readInstant("code.expire_time", given.GetExpireTime()); err != nil {
		return nil, err
	}
	c.Request, err = requestKey(r.GetRequestId(), c.Advocate, c.Channel, c.ExpireTime, c.MaxReferrals)
	if err != nil {
		return nil, err
	}
	return answer(codeProto)(h.app.CreateCode(ctx, c))
}

// GetCode returns one code.
func (h *Programs) GetCode(ctx context.Context, r *referralv1.GetCodeRequest) (*referralv1.Code, error) {
	program, code, err := codeID("name", r.GetName())
	if err != nil {
		return nil, err
	}
	return answer(codeProto)(h.app.Code(ctx, program, code))
}

// ListCodes lists the codes of a programme, or of one advocate in it.
func (h *Programs) ListCodes(ctx context.Context, r *referralv1.ListCodesRequest) (*referralv1.ListCodesResponse, error) {
	program, err := programID("parent", r.GetParent())
	if err != nil {
		return nil, err
	}
	if r.GetAdvocateId() != "" {
		if f := ident.Check("advocate_id", r.GetAdvocateId()); f != nil {
			return nil, f
		}
	}
	after, size, err := place(r)
	if err != nil {
		return nil, err
	}
	found, next, err := h.app.Codes(ctx, program, r.GetAdvocateId(), after, size)
	if err != nil {
		return nil, err
	}
	token, err := nextToken(next, r)
	return &referralv1.ListCodesResponse{Codes: each(found, codeProto), NextPageToken: token}, err
}

// RevokeCode makes a code bring nothing any more.
func (h *Programs) RevokeCode(ctx context.Context, r *referralv1.RevokeCodeRequest) (*referralv1.Code, error) {
	program, code, err := codeID("name", r.GetName())
	if err != nil {
		return nil, err
	}
	return answer(codeProto)(h.app.RevokeCode(ctx, program, code))
}
