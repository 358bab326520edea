package handler

import (
	"context"

	"google.golang.org/protobuf/types/known/emptypb"

	referralv1 "github.com/kehuhq/kehu/gen/kehu/referral/v1"
	"github.com/kehuhq/kehu/pkg/fault"

	"github.com/kehuhq/kehu/services/referral/internal/app"
	"github.com/kehuhq/kehu/services/referral/internal/domain"
)

// Programs answers the ProgramService.
type Programs struct{ app *app.Programs }

// NewPrograms makes the ProgramService.
func NewPrograms(a *app.Programs) *Programs { return &Programs{a} }

// GetProgram returns one programme.
func (h *Programs) GetProgram(ctx context.Context, r *referralv1.GetProgramRequest) (*referralv1.Program, error) {
	id, err := programID("name", r.GetName())
	if err != nil {
		return nil, err
	}
	return answer(programProto)(h.app.Program(ctx, id))
}

// answer converts a result, unless there is an error.
func answer[D, P any](convert func(*D) *P) func(*D, error) (*P, error) {
	return func(d *D, err error) (*P, error) {
		if err != nil {
			return nil, err
		}
		return convert(d), nil
	}
}

// ListPrograms lists programmes in the order of their ids.
func (h *Programs) ListPrograms(ctx context.Context, r *referralv1.ListProgramsRequest) (*referralv1.ListProgramsResponse, error) {
	after, size, err := place(r)
	if err != nil {
		return nil, err
	}
	found, next, err := h.app.Programs(ctx, after, size)
	if err != nil {
		return nil, err
	}
	token, err := nextToken(next, r)
	return &referralv1.ListProgramsResponse{Programs: each(found, programProto), NextPageToken: token}, err
}

// CreateProgram writes a draft.
func (h *Programs) CreateProgram(ctx context.Context, r *referralv1.CreateProgramRequest) (*referralv1.Program, error) {
	if f := domain.CheckProgramID("program_id", r.GetProgramId()); f != nil {
		return nil, f
	}
	p := programContent(r.GetProgramId(), r.GetProgram())
	var err error
	p.Request, err = requestKey(r.GetRequestId(),
		p.DisplayName, p.Goal, p.AdvocatePoints, p.RefereePoints, p.AttributionDays, p.BudgetPoints)
	if err != nil {
		return nil, err
	}
	return answer(programProto)(h.app.CreateProgram(ctx, p, r.GetValidateOnly()))
}

// UpdateProgram changes the fields that the mask names.
func (h *Programs) UpdateProgram(ctx context.Context, r *referralv1.UpdateProgramRequest) (*referralv1.Program, error) {
	id, err := programID("program.name", r.GetProgram().GetName())
	if err != nil {
		return nil, err
	}
	fields, err := programFields(r.GetUpdateMask(), r.GetProgram())
	if err != nil {
		return nil, err
	}
	p, err := h.app.UpdateProgram(ctx, programContent(id, r.GetProgram()), fields, r.GetProgram().GetEtag(), r.GetValidateOnly())
	if f, ok := fault.As(err); ok && len(f.Violations) == 1 && f.Violations[0].Field == "etag" {
		err = fault.Invalid("program.etag", "%s", f.Violations[0].Description)
	}
	return answer(programProto)(p, err)
}

// DeleteProgram deletes a draft.
func (h *Programs) DeleteProgram(ctx context.Context, r *referralv1.DeleteProgramRequest) (*emptypb.Empty, error) {
	id, err := programID("name", r.GetName())
	if err == nil {
		err = h.app.DeleteProgram(ctx, id, r.GetEtag())
	}
	if err != nil {
		return nil, err
	}
	return &emptypb.Empty{}, nil
}

// ActivateProgram starts a draft or a paused programme.
func (h *Programs) ActivateProgram(ctx context.Context, r *referralv1.ActivateProgramRequest) (*referralv1.Program, error) {
	return h.step(ctx, r, domain.Active)
}

// PauseProgram pauses an active programme.
func (h *Programs) PauseProgram(ctx context.Context, r *referralv1.PauseProgramRequest) (*referralv1.Program, error) {
	return h.step(ctx, r, domain.Paused)
}

// CloseProgram ends a programme for good.
func (h *Programs) CloseProgram(ctx context.Context, r *referralv1.CloseProgramRequest) (*referralv1.Program, error) {
	return h.step(ctx, r, domain.Closed)
}

func (h *Programs) step(ctx context.Context, r interface {
	GetName() string
	GetEtag() string
}, to domain.ProgramState) (*referralv1.Program, error) {
	id, err := programID("name", r.GetName())
	if err != nil {
		return nil, err
	}
	return answer(programProto)(h.app.StepProgram(ctx, id, to, r.GetEtag()))
}
