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
	"github.com/kehuhq/kehu/pkg/erasure"
	"github.com/kehuhq/kehu/pkg/rpc/personaldata"

	"github.com/kehuhq/kehu/services/segmentation/internal/app"
	"github.com/kehuhq/kehu/services/segmentation/internal/standing"
)

// PersonalData answers the PersonalDataService.
type PersonalData struct {
	app       *app.App
	worker    *standing.Worker
	customers *alias.Book
	rooms     Rooms
}

// Rooms are those that keep records of persons besides facts, memberships and
// transitions.
type Rooms struct {
	Keepers []Keeper
	Journal *erasure.Journal
	// Scrub rewrites the files of the store, so that none holds what was replaced.
	Scrub func(context.Context) error
}

// Keeper keeps records of persons.
type Keeper interface {
	// Sections are the kinds of them.
	Sections() []personaldata.Section
	// ReadPerson sends those of some customers.
	ReadPerson(ctx context.Context, customers []string, send func(*apiv1.PersonalDataPart) error) error
	// ErasePerson removes them. It hands remove, for each kind, how many it has found
	// and what removes them. ERASURE_HELD_UP where it has to wait.
	ErasePerson(ctx context.Context, customers []string, remove func(section string, found int, remove func(context.Context) error) error) error
}

// NewPersonalData makes the PersonalDataService. customers knows which ids are one
// customer.
func NewPersonalData(a *app.App, worker *standing.Worker, customers *alias.Book, rooms Rooms) *PersonalData {
	return &PersonalData{a, worker, customers, rooms}
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
	for _, keeper := range h.rooms.Keepers {
		if err := keeper.ReadPerson(ctx, customers, stream.Send); err != nil {
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
		transitions, err := transitionProtos(ctx, h.app.Recorded(), moves)
		if err != nil {
			yield(nil, err)
			return
		}
		for _, t := range slices.Backward(transitions) {
			if !yield(t, nil) {
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

// ErasePersonalData erases what is known of a person: facts, memberships and
// transitions, then what the rooms keep, which leaving the segments may have added to.
func (h *PersonalData) ErasePersonalData(ctx context.Context, r *segmentationv1.ErasePersonalDataRequest) (*segmentationv1.ErasePersonalDataResponse, error) {
	customers := r.GetPerson().GetCustomerIds()
	_, err := h.worker.Erase(ctx, customers, r.GetPseudonym())
	h.customers.Forget(customers...)
	if err == nil {
		err = h.eraseRooms(ctx, customers, r.GetPseudonym())
	}
	if err != nil {
		return nil, err
	}
	erased, err := h.rooms.Journal.Removed(ctx, r.GetPseudonym())
	if err != nil {
		return nil, err
	}
	sections := slices.Clone(standing.Sections)
	for _, keeper := range h.rooms.Keepers {
		sections = append(sections, keeper.Sections()...)
	}
	answer := &segmentationv1.ErasePersonalDataResponse{}
	for _, section := range sections {
		if n := erased[section.ID]; n > 0 {
			answer.Sections = append(answer.Sections, section.Erased("segmentation", n, 0, ""))
		}
	}
	return answer, nil
}

func (h *PersonalData) eraseRooms(ctx context.Context, customers []string, pseudonym string) error {
	if _, err := h.rooms.Journal.Begin(ctx, pseudonym, erasure.Unmarked); err != nil {
		return err
	}
	removed := false
	for _, keeper := range h.rooms.Keepers {
		err := keeper.ErasePerson(ctx, customers, func(section string, found int, remove func(context.Context) error) error {
			removed = removed || found > 0
			return h.rooms.Journal.Remove(ctx, pseudonym, section, found, remove)
		})
		if err != nil {
			return err
		}
	}
	if !removed {
		return nil
	}
	return h.rooms.Scrub(ctx)
}
