package merging

import (
	"context"
	"fmt"
	"slices"

	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"
	"github.com/kehuhq/kehu/pkg/rpc/aip"
	"github.com/kehuhq/kehu/pkg/rpc/page"

	"github.com/kehuhq/kehu/services/profile/internal/domain"
)

// actor is who a call is taken to come from while callers are not known by name.
const actor = "api"

// Server answers the MergingService.
type Server struct {
	merger *Merger
	show   Show
}

// Show makes customers as the API shows them: what is sensitive only with consent.
type Show func(context.Context, ...*domain.Customer) ([]*profilev1.Customer, error)

// NewServer makes the MergingService.
func NewServer(m *Merger, show Show) *Server {
	return &Server{m, show}
}

// MergeCustomers makes records one customer.
func (s *Server) MergeCustomers(ctx context.Context, r *profilev1.MergeCustomersRequest) (*profilev1.MergeCustomersResponse, error) {
	c, err := command(r)
	if err != nil {
		return nil, err
	}
	var record Record
	var view domain.Customer
	if r.GetValidateOnly() {
		record, view, err = s.merger.TryMerge(ctx, c)
	} else if record, err = s.merger.Merge(ctx, c); err == nil {
		view, err = s.merger.customers.View(ctx, record.Survivor)
	}
	if err != nil {
		return nil, err
	}
	p, err := s.merger.proto(ctx, record)
	if err != nil {
		return nil, err
	}
	shown, err := s.show(ctx, &view)
	if err != nil {
		return nil, err
	}
	return &profilev1.MergeCustomersResponse{MergeRecord: p, Customer: shown[0]}, nil
}

func command(r *profilev1.MergeCustomersRequest) (Command, error) {
	c := Command{
		Reason: r.GetReason(), Evidence: r.GetEvidence(),
		Actor: actor, Automatic: r.GetAutomatic(),
	}
	var err error
	if c.Survivor, err = customerID("survivor", r.GetSurvivor()); err != nil {
		return c, err
	}
	for i, name := range r.GetMerged() {
		id, err := customerID(fmt.Sprintf("merged[%d]", i), name)
		if err != nil {
			return c, err
		}
		c.Merged = append(c.Merged, id)
	}
	c.Request, err = aip.KeyOf(r)
	return c, err
}

// UnmergeCustomers takes merged records out again.
func (s *Server) UnmergeCustomers(ctx context.Context, r *profilev1.UnmergeCustomersRequest) (*profilev1.UnmergeCustomersResponse, error) {
	var c Cut
	var err error
	if r.GetCustomer() != "" {
		c.Customer, err = customerID("customer", r.GetCustomer())
	} else {
		c.Merge, err = mergeID("merge_record", r.GetMergeRecord())
	}
	if err != nil {
		return nil, err
	}
	var record Record
	var views []domain.Customer
	if r.GetValidateOnly() {
		record, views, err = s.merger.TryUnmerge(ctx, c)
	} else {
		var customers []string
		if record, customers, err = s.merger.Unmerge(ctx, c, actor); err == nil {
			views, err = s.merger.customers.Imagine(ctx, slices.Concat([]string{record.Survivor}, customers), func(map[string]domain.Links) {})
		}
	}
	if err != nil {
		return nil, err
	}
	customers := make([]*domain.Customer, len(views))
	for i := range views {
		customers[i] = &views[i]
	}
	answer := &profilev1.UnmergeCustomersResponse{}
	if answer.Customers, err = s.show(ctx, customers...); err != nil {
		return nil, err
	}
	answer.MergeRecord, err = s.merger.proto(ctx, record)
	return answer, err
}

// GetMergeRecord returns one note of the journal.
func (s *Server) GetMergeRecord(ctx context.Context, r *profilev1.GetMergeRecordRequest) (*profilev1.MergeRecord, error) {
	id, err := mergeID("name", r.GetName())
	if err != nil {
		return nil, err
	}
	record, err := s.merger.Get(ctx, id)
	if err != nil {
		return nil, err
	}
	return s.merger.proto(ctx, record)
}

// ListMergeRecords lists the journal, the latest first.
func (s *Server) ListMergeRecords(ctx context.Context, r *profilev1.ListMergeRecordsRequest) (*profilev1.ListMergeRecordsResponse, error) {
	var customer string
	if r.GetCustomer() != "" {
		var err error
		if customer, err = customerID("customer", r.GetCustomer()); err != nil {
			return nil, err
		}
	}
	after, size, err := aip.Place(r)
	if err != nil {
		return nil, err
	}
	found, err := s.merger.Page(ctx, customer, after, size)
	if err != nil {
		return nil, err
	}
	answer := &profilev1.ListMergeRecordsResponse{}
	for _, record := range found.Items {
		p, err := s.merger.proto(ctx, record)
		if err != nil {
			return nil, err
		}
		answer.MergeRecords = append(answer.MergeRecords, p)
	}
	answer.NextPageToken, err = aip.NextToken(found.Next, r)
	return answer, err
}

// ListMergeLinks lists the links that hold.
func (s *Server) ListMergeLinks(ctx context.Context, r *profilev1.ListMergeLinksRequest) (*profilev1.ListMergeLinksResponse, error) {
	after, size, err := aip.Place(r)
	if err != nil {
		return nil, err
	}
	found, err := s.merger.Links(ctx, after, size)
	if err != nil {
		return nil, err
	}
	answer := &profilev1.ListMergeLinksResponse{Links: linkProtos(found.Items)}
	answer.NextPageToken, err = aip.NextToken(found.Next, r)
	return answer, err
}

// ListMergeLinkChanges returns the links that were made or cut since a cursor.
func (s *Server) ListMergeLinkChanges(ctx context.Context, r *profilev1.ListMergeLinkChangesRequest) (*profilev1.ListMergeLinkChangesResponse, error) {
	size, err := page.Size(r.GetPageSize())
	if err != nil {
		return nil, err
	}
	links, next, more, err := s.merger.Changes(ctx, r.GetCursor(), size)
	if err != nil {
		return nil, err
	}
	return &profilev1.ListMergeLinkChangesResponse{Links: linkProtos(links), NextCursor: next, More: more}, nil
}
