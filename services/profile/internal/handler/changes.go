package handler

import (
	"context"
	"fmt"

	"google.golang.org/protobuf/types/known/timestamppb"

	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"
	"github.com/kehuhq/kehu/pkg/rpc/aip"

	"github.com/kehuhq/kehu/services/profile/internal/domain"
)

// ListCustomerChanges lists the changes of a customer's record.
func (h *Customers) ListCustomerChanges(ctx context.Context, r *profilev1.ListCustomerChangesRequest) (*profilev1.ListCustomerChangesResponse, error) {
	id, err := customerID("parent", r.GetParent())
	if err != nil {
		return nil, err
	}
	after, size, err := aip.Place(r)
	if err != nil {
		return nil, err
	}
	found, err := h.app.Changes(ctx, id, after, size)
	if err != nil {
		return nil, err
	}
	answer := &profilev1.ListCustomerChangesResponse{}
	for _, change := range found.Items {
		answer.Changes = append(answer.Changes, ChangeProto(id, change))
	}
	answer.NextPageToken, err = aip.NextToken(found.Next, r)
	return answer, err
}

// ChangeProto is a change as the API shows it.
func ChangeProto(customer string, c *domain.Change) *profilev1.CustomerChange {
	p := &profilev1.CustomerChange{
		Name:       fmt.Sprintf("%s/changes/%d", customerName(customer), c.Seq),
		ChangeTime: timestamppb.New(c.Time()),
		Actor:      c.Actor, RequestId: c.RequestID, Created: c.Created, Fields: c.Fields,
	}
	if c.Before != nil {
		p.Before = detailsProto(c.Before)
	}
	if c.After != nil {
		p.After = detailsProto(c.After)
	}
	return p
}
