package handler

import (
	"context"

	referralv1 "github.com/kehuhq/kehu/gen/kehu/referral/v1"
	"github.com/kehuhq/kehu/pkg/ident"

	"github.com/kehuhq/kehu/services/referral/internal/domain"
)

// referral converts a referral, unless there is an error, with its reason open.
func (h *Programs) referral(ctx context.Context) func(*domain.Referral, error) (*referralv1.Referral, error) {
	return func(r *domain.Referral, err error) (*referralv1.Referral, error) {
		if err == nil {
			err = h.app.OpenReasons(ctx, r)
		}
		return answer(referralProto)(r, err)
	}
}

// CreateReferral opens a referral with a code.
func (h *Programs) CreateReferral(ctx context.Context, r *referralv1.CreateReferralRequest) (*referralv1.Referral, error) {
	program, err := programID("parent", r.GetParent())
	if err != nil {
		return nil, err
	}
	code, err := domain.ParseCode("referral.code", r.GetReferral().GetCode())
	if err != nil {
		return nil, err
	}
	request, err := requestKey(r.GetRequestId(), code)
	if err != nil {
		return nil, err
	}
	return h.referral(ctx)(h.app.CreateReferral(ctx, program, code, request))
}

// GetReferral returns one referral.
func (h *Programs) GetReferral(ctx context.Context, r *referralv1.GetReferralRequest) (*referralv1.Referral, error) {
	program, id, err := referralID("name", r.GetName())
	if err != nil {
		return nil, err
	}
	return h.referral(ctx)(h.app.Referral(ctx, program, id))
}

// ListReferrals lists the referrals of a programme, newest first.
func (h *Programs) ListReferrals(ctx context.Context, r *referralv1.ListReferralsRequest) (*referralv1.ListReferralsResponse, error) {
	program, err := programID("parent", r.GetParent())
	if err != nil {
		return nil, err
	}
	after, size, err := place(r)
	if err != nil {
		return nil, err
	}
	found, next, err := h.app.Referrals(ctx, program, after, size)
	if err != nil {
		return nil, err
	}
	if err := h.app.OpenReasons(ctx, found...); err != nil {
		return nil, err
	}
	token, err := nextToken(next, r)
	return &referralv1.ListReferralsResponse{Referrals: each(found, referralProto), NextPageToken: token}, err
}

// RecordClick records that the invitation was opened.
func (h *Programs) RecordClick(ctx context.Context, r *referralv1.RecordClickRequest) (*referralv1.Referral, error) {
	program, id, err := referralID("name", r.GetName())
	if err != nil {
		return nil, err
	}
	at, err := readInstant("click_time", r.GetClickTime())
	if err != nil {
		return nil, err
	}
	return h.referral(ctx)(h.app.RecordClick(ctx, program, id, at))
}

// RecordSignUp records that the referee has become a customer.
func (h *Programs) RecordSignUp(ctx context.Context, r *referralv1.RecordSignUpRequest) (*referralv1.Referral, error) {
	program, id, err := referralID("name", r.GetName())
	if err != nil {
		return nil, err
	}
	if f := ident.Check("referee_id", r.GetRefereeId()); f != nil {
		return nil, f
	}
	return h.referral(ctx)(h.app.RecordSignUp(ctx, program, id, r.GetRefereeId()))
}

// RecordConversion records the order with which the referee qualifies, and rewards.
func (h *Programs) RecordConversion(ctx context.Context, r *referralv1.RecordConversionRequest) (*referralv1.Referral, error) {
	program, id, err := referralID("name", r.GetName())
	if err != nil {
		return nil, err
	}
	if f := ident.Check("order_id", r.GetOrderId()); f != nil {
		return nil, f
	}
	return h.referral(ctx)(h.app.RecordConversion(ctx, program, id, r.GetOrderId()))
}

// ReverseConversion takes the rewards back.
func (h *Programs) ReverseConversion(ctx context.Context, r *referralv1.ReverseConversionRequest) (*referralv1.Referral, error) {
	program, id, err := referralID("name", r.GetName())
	if err != nil {
		return nil, err
	}
	if f := domain.CheckReason("reason", r.GetReason()); f != nil {
		return nil, f
	}
	return h.referral(ctx)(h.app.ReverseConversion(ctx, program, id, r.GetReason()))
}

// RejectReferral refuses a referral that is not rewarded yet.
func (h *Programs) RejectReferral(ctx context.Context, r *referralv1.RejectReferralRequest) (*referralv1.Referral, error) {
	program, id, err := referralID("name", r.GetName())
	if err != nil {
		return nil, err
	}
	if f := domain.CheckReason("reason", r.GetReason()); f != nil {
		return nil, f
	}
	return h.referral(ctx)(h.app.RejectReferral(ctx, program, id, r.GetReason()))
}
