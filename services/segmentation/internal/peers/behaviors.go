package peers

import (
	"context"
	"errors"
	"io"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/timestamppb"

	apiv1 "github.com/kehuhq/kehu/gen/kehu/api/v1"
	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"
	"github.com/kehuhq/kehu/pkg/fault"

	"github.com/kehuhq/kehu/services/segmentation/internal/facts"
)

// behaviors adds when some customers last did what, and their stages of the journey.
func (r *Reader) behaviors(ctx context.Context, known []Known) error {
	ids, at := make([]string, len(known)), make(map[string]*facts.Customer, len(known))
	for i, k := range known {
		ids[i], at[k.Facts.Customer.ID] = k.Facts.Customer.ID, &k.Facts.Customer
	}
	for len(ids) > 0 {
		answer, err := r.updates.BatchGetBehaviors(ctx, &profilev1.BatchGetBehaviorsRequest{CustomerIds: ids, Purpose: purpose})
		if err != nil {
			return err
		}
		behave(at, answer.GetBehaviors())
		if left := answer.GetRemainingCustomerIds(); len(left) < len(ids) {
			ids = left
			continue
		}
		return fault.New(fault.Internal, "PEER_FAILED", "profile tells of no behaviour at all")
	}
	return nil
}

// behaviorsWithin is behaviors of all customers of a range: one walk, where asking
// for each is one each.
func (r *Reader) behaviorsWithin(ctx context.Context, within *apiv1.CustomerRange, known []Known) error {
	at := make(map[string]*facts.Customer, len(known))
	for _, k := range known {
		at[k.Facts.Customer.ID] = &k.Facts.Customer
	}
	stream, err := r.updates.StreamBehaviors(ctx, &profilev1.StreamBehaviorsRequest{Range: within, Purpose: purpose}, grpc.MaxCallRecvMsgSize(maxMessage))
	if err != nil {
		return err
	}
	for {
		batch, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		behave(at, batch.GetBehaviors())
	}
}

func behave(at map[string]*facts.Customer, told []*profilev1.CustomerBehavior) {
	for _, b := range told {
		c := at[b.GetCustomerId()]
		if c == nil {
			continue
		}
		c.Stage, c.StageTime = stages[int32(b.GetStage())], instant(b.GetStageTime())
		c.LastSeenTime, c.LastViewTime = instant(b.GetLastSeenTime()), instant(b.GetLastViewTime())
		c.LastSearchTime, c.LastCartTime = instant(b.GetLastSearchTime()), instant(b.GetLastCartTime())
	}
}

func instant(at *timestamppb.Timestamp) time.Time {
	if at == nil {
		return time.Time{}
	}
	return at.AsTime().Truncate(time.Millisecond)
}
