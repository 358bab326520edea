package handler

import (
	"context"
	"iter"

	"google.golang.org/grpc"

	apiv1 "github.com/kehuhq/kehu/gen/kehu/api/v1"
	segmentationv1 "github.com/kehuhq/kehu/gen/kehu/segmentation/v1"
	"github.com/kehuhq/kehu/pkg/alias"
	"github.com/kehuhq/kehu/pkg/rpc/personaldata"

	"github.com/kehuhq/kehu/services/segmentation/internal/app"
)

// PersonalData answers the PersonalDataService.
type PersonalData struct {
	app       *app.App
	customers *alias.Book
	over      app.Over
}

// NewPersonalData makes the PersonalDataService. customers knows which ids are one
// customer, over whether an operation is over.
func NewPersonalData(a *app.App, customers *alias.Book, over app.Over) *PersonalData {
	return &PersonalData{a, customers, over}
}

// ReadPersonalData sends a person's memberships and transitions.
func (h *PersonalData) ReadPersonalData(r *segmentationv1.ReadPersonalDataRequest, stream grpc.ServerStreamingServer[apiv1.PersonalDataPart]) error {
	ctx, customers := stream.Context(), r.GetPerson().GetCustomerIds()
	memberships := protos(h.app.MembershipsOf(ctx, customers), func(m app.PersonMembership) *segmentationv1.Membership {
		return membershipProto(m.Segment, m.Membership)
	})
	if err := personaldata.Send(app.InSegments, memberships, stream.Send); err != nil {
		return err
	}
	transitions := protos(h.app.TransitionsOf(ctx, customers), func(t app.PersonTransition) *segmentationv1.Transition {
		return transitionProto(t.Segment, t.Transition)
	})
	return personaldata.Send(app.Moved, transitions, stream.Send)
}

func protos[From, To any](from iter.Seq2[From, error], convert func(From) To) iter.Seq2[To, error] {
	return func(yield func(To, error) bool) {
		for v, err := range from {
			if !yield(convert(v), err) || err != nil {
				return
			}
		}
	}
}

// ErasePersonalData erases a person's memberships and transitions.
func (h *PersonalData) ErasePersonalData(ctx context.Context, r *segmentationv1.ErasePersonalDataRequest) (*segmentationv1.ErasePersonalDataResponse, error) {
	customers := r.GetPerson().GetCustomerIds()
	erased, err := h.app.Erase(ctx, customers, r.GetPseudonym(), h.over)
	h.customers.Forget(customers...)
	if err != nil {
		return nil, err
	}
	answer := &segmentationv1.ErasePersonalDataResponse{}
	for _, section := range app.Sections {
		if n := erased[section.ID]; n > 0 {
			answer.Sections = append(answer.Sections, section.Erased("segmentation", n, 0, ""))
		}
	}
	return answer, nil
}
