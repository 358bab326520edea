package handler

import (
	"google.golang.org/grpc"

	referralv1 "github.com/kehuhq/kehu/gen/kehu/referral/v1"

	"github.com/kehuhq/kehu/services/referral/internal/app"
	"github.com/kehuhq/kehu/services/referral/internal/domain"
)

// Advocates answers the AdvocateService.
type Advocates struct {
	app *app.Programs
}

// NewAdvocates makes the AdvocateService.
func NewAdvocates(a *app.Programs) *Advocates { return &Advocates{a} }

// refereesPerMessage is about how many referees a streamed message names.
const refereesPerMessage = 1000

// StreamAdvocates sends whom each advocate has brought.
func (h *Advocates) StreamAdvocates(r *referralv1.StreamAdvocatesRequest, stream grpc.ServerStreamingServer[referralv1.StreamAdvocatesResponse]) error {
	before, err := readInstant("before", r.GetBefore())
	if err != nil {
		return err
	}
	batch, size := &referralv1.StreamAdvocatesResponse{}, 0
	for a, err := range h.app.Advocates(stream.Context(), r.GetAfterCustomerId(), r.GetToCustomerId(), before) {
		if err != nil {
			return err
		}
		batch.Advocates = append(batch.Advocates, advocateProto(a))
		if size += 1 + len(a.Brought); size < refereesPerMessage {
			continue
		}
		if err := stream.Send(batch); err != nil {
			return err
		}
		batch, size = &referralv1.StreamAdvocatesResponse{}, 0
	}
	if size == 0 {
		return nil
	}
	return stream.Send(batch)
}

func advocateProto(a *domain.Advocate) *referralv1.Advocate {
	return &referralv1.Advocate{
		CustomerId: a.Customer, Invitations: a.Invitations,
		Referees: each(a.Brought, func(b domain.Brought) *referralv1.AdvocateReferee {
			return &referralv1.AdvocateReferee{CustomerId: b.Referee, SignUpTime: instant(b.SignUpTime), QualifyTime: instant(b.QualifyTime)}
		}),
	}
}
