package rights

import (
	"context"
	"errors"
	"io"

	"google.golang.org/grpc"

	apiv1 "github.com/kehuhq/kehu/gen/kehu/api/v1"
	feedbackv1 "github.com/kehuhq/kehu/gen/kehu/feedback/v1"
	referralv1 "github.com/kehuhq/kehu/gen/kehu/referral/v1"
	segmentationv1 "github.com/kehuhq/kehu/gen/kehu/segmentation/v1"
	valuationv1 "github.com/kehuhq/kehu/gen/kehu/valuation/v1"
)

// Peer is another service that holds something about persons.
type Peer struct {
	Name  string
	read  func(context.Context, *apiv1.Person) (parts, error)
	erase func(ctx context.Context, who *apiv1.Person, pseudonym string) (erased, error)
}

type parts interface {
	Recv() (*apiv1.PersonalDataPart, error)
}

type erased interface {
	GetSections() []*apiv1.ErasedSection
}

// each sends all that the service holds about a person.
func (p Peer) each(ctx context.Context, who *apiv1.Person, send func(*apiv1.PersonalDataPart) error) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	stream, err := p.read(ctx, who)
	if err != nil {
		return err
	}
	for {
		part, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if err := send(part); err != nil {
			return err
		}
	}
}

// Valuation is the service of that name.
func Valuation(conn grpc.ClientConnInterface) Peer {
	client := valuationv1.NewPersonalDataServiceClient(conn)
	return Peer{
		"valuation",
		func(ctx context.Context, who *apiv1.Person) (parts, error) {
			return client.ReadPersonalData(ctx, &valuationv1.ReadPersonalDataRequest{Person: who})
		},
		func(ctx context.Context, who *apiv1.Person, pseudonym string) (erased, error) {
			return client.ErasePersonalData(ctx, &valuationv1.ErasePersonalDataRequest{Person: who, Pseudonym: pseudonym})
		},
	}
}

// Segmentation is the service of that name.
func Segmentation(conn grpc.ClientConnInterface) Peer {
	client := segmentationv1.NewPersonalDataServiceClient(conn)
	return Peer{
		"segmentation",
		func(ctx context.Context, who *apiv1.Person) (parts, error) {
			return client.ReadPersonalData(ctx, &segmentationv1.ReadPersonalDataRequest{Person: who})
		},
		func(ctx context.Context, who *apiv1.Person, pseudonym string) (erased, error) {
			return client.ErasePersonalData(ctx, &segmentationv1.ErasePersonalDataRequest{Person: who, Pseudonym: pseudonym})
		},
	}
}

// Referral is the service of that name.
func Referral(conn grpc.ClientConnInterface) Peer {
	client := referralv1.NewPersonalDataServiceClient(conn)
	return Peer{
		"referral",
		func(ctx context.Context, who *apiv1.Person) (parts, error) {
			return client.ReadPersonalData(ctx, &referralv1.ReadPersonalDataRequest{Person: who})
		},
		func(ctx context.Context, who *apiv1.Person, pseudonym string) (erased, error) {
			return client.ErasePersonalData(ctx, &referralv1.ErasePersonalDataRequest{Person: who, Pseudonym: pseudonym})
		},
	}
}

// Feedback is the service of that name.
func Feedback(conn grpc.ClientConnInterface) Peer {
	client := feedbackv1.NewPersonalDataServiceClient(conn)
	return Peer{
		"feedback",
		func(ctx context.Context, who *apiv1.Person) (parts, error) {
			return client.ReadPersonalData(ctx, &feedbackv1.ReadPersonalDataRequest{Person: who})
		},
		func(ctx context.Context, who *apiv1.Person, pseudonym string) (erased, error) {
			return client.ErasePersonalData(ctx, &feedbackv1.ErasePersonalDataRequest{Person: who, Pseudonym: pseudonym})
		},
	}
}
