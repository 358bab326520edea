package handler

import (
	"context"
	"iter"
	"slices"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"

	apiv1 "github.com/kehuhq/kehu/gen/kehu/api/v1"
	segmentationv1 "github.com/kehuhq/kehu/gen/kehu/segmentation/v1"
	"github.com/kehuhq/kehu/pkg/alias"
	"github.com/kehuhq/kehu/pkg/rpc/personaldata"

	"github.com/kehuhq/kehu/services/segmentation/internal/app"
	"github.com/kehuhq/kehu/services/segmentation/internal/standing"
)

// PersonalData answers the PersonalDataService.
type PersonalData struct {
	app       *app.App
	worker    *standing.Worker
	customers *alias.Book
}

// NewPersonalData makes the PersonalDataService. customers knows which ids are one
// customer.
func NewPersonalData(a *app.App, worker *standing.Worker, customers *alias.Book) *PersonalData {
	return &PersonalData{a, worker, customers}
}

// ReadPersonalData sends the facts of a person, its memberships and transitions.
func (h *PersonalData) ReadPersonalData(r *segmentationv1.ReadPersonalDataRequest, stream grpc.ServerStreamingServer[apiv1.PersonalDataPart]) error {
	ctx, customers := stream.Context(), r.GetPerson().GetCustomerIds()
	known, err := h.app.FactsOf(ctx, customers)
	if err != nil {
		return err
	}
	facts := make([]*segmentationv1.CustomerFacts, len(known))
	for i, k := range known {
		facts[i] = &segmentationv1.CustomerFacts{CustomerId: k.Customer, Values: valueProtos(k.Values), Lists: segmentNames(k.Lists)}
	}
	if err := personaldata.Send(standing.Known, sequence(facts), stream.Send); err != nil {
		return err
	}
	for _, section := range []struct {
		personaldata.Section
		of func(context.Context, string) iter.Seq2[proto.Message, error]
	}{{standing.InSegments, h.memberships}, {standing.Moved, h.transitions}} {
		all := func(yield func(proto.Message, error) bool) {
			for _, customer := range customers {
				for m, err := range section.of(ctx, customer) {
					if !yield(m, err) || err != nil {
						return
					}
				}
			}
		}
		if err := personaldata.Send(section.Section, all, stream.Send); err != nil {
			return err
		}
	}
	return nil
}

func (h *PersonalData) memberships(ctx context.Context, customer string) iter.Seq2[proto.Message, error] {
	return func(yield func(proto.Message, error) bool) {
		stands, err := h.worker.Of(ctx, customer)
		if err != nil {
			yield(nil, err)
			return
		}
		for _, stay := range stands.Stays {
			m := &segmentationv1.Membership{
				Name: membershipName(stay.Segment, customer), CustomerId: customer,
				Since: timestamp(stay.Entered), EndTime: timestamp(stay.Left), Generation: stay.In,
			}
			if !yield(m, nil) {
				return
			}
		}
	}
}

func (h *PersonalData) transitions(ctx context.Context, customer string) iter.Seq2[proto.Message, error] {
	return func(yield func(proto.Message, error) bool) {
		moves, err := h.worker.MovesOf(ctx, customer)
		if err != nil {
			yield(nil, err)
			return
		}
		recorded := h.app.Recorded()
		for _, m := range slices.Backward(moves) {
			t, err := transitionProto(ctx, recorded, &m)
			if !yield(t, err) || err != nil {
				return
			}
		}
	}
}

func sequence[M proto.Message](all []M) iter.Seq2[proto.Message, error] {
	return func(yield func(proto.Message, error) bool) {
		for _, m := range all {
			if !yield(m, nil) {
				return
			}
		}
	}
}

// ErasePersonalData erases what is known of a person: facts, memberships, transitions.
func (h *PersonalData) ErasePersonalData(ctx context.Context, r *segmentationv1.ErasePersonalDataRequest) (*segmentationv1.ErasePersonalDataResponse, error) {
	customers := r.GetPerson().GetCustomerIds()
	erased, err := h.worker.Erase(ctx, customers, r.GetPseudonym())
	h.customers.Forget(customers...)
	if err != nil {
		return nil, err
	}
	answer := &segmentationv1.ErasePersonalDataResponse{}
	for _, section := range standing.Sections {
		if n := erased[section.ID]; n > 0 {
			answer.Sections = append(answer.Sections, section.Erased("segmentation", n, 0, ""))
		}
	}
	return answer, nil
}
