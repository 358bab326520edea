package care

import (
	"context"

	"google.golang.org/protobuf/types/known/timestamppb"

	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"
	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/fault"
	"github.com/kehuhq/kehu/pkg/rpc/aip"
	"github.com/kehuhq/kehu/pkg/rpc/page"
)

// everybody is the parent that stands for all customers.
const everybody = "customers/-"

// ListCareTasks lists the contacts of a customer, or of a manager, in one state.
func (s *Server) ListCareTasks(ctx context.Context, r *profilev1.ListCareTasksRequest) (*profilev1.ListCareTasksResponse, error) {
	span, err := listed(r)
	if err != nil {
		return nil, err
	}
	p, err := s.page(ctx, span, r)
	return &profilev1.ListCareTasksResponse{CareTasks: p.tasks, NextPageToken: p.next, ExcludedWithoutConsent: p.excluded}, err
}

// listPage is a page of contacts.
type listPage struct {
	tasks    []*profilev1.CareTask
	next     string
	excluded int64 // planned as marketing, which the customer does not allow
}

// page reads a page of a range.
func (s *Server) page(ctx context.Context, span docstore.Range, r page.Request) (p listPage, err error) {
	if span.After, span.Limit, err = aip.Place(r); err != nil {
		return p, err
	}
	docs, next, err := s.docs.Page(ctx, span)
	if err != nil {
		return p, err
	}
	if docs, p.excluded, err = s.permitted(ctx, docs); err != nil {
		return p, err
	}
	p.tasks = make([]*profilev1.CareTask, len(docs))
	for i, doc := range docs {
		if p.tasks[i], err = s.read(ctx, doc); err != nil {
			return p, err
		}
	}
	p.next, err = aip.NextToken(next, r)
	return p, err
}

// permitted leaves out the planned contacts that are marketing to customers who do
// not allow it, and counts them. What was done is the log, and stays.
func (s *Server) permitted(ctx context.Context, docs []*task) (kept []*task, excluded int64, err error) {
	ids := make([]string, len(docs))
	for i, doc := range docs {
		ids[i] = doc.Customer
	}
	allowed, err := s.allowed(ctx, ids)
	if err != nil {
		return nil, 0, err
	}
	for i, doc := range docs {
		if doc.Marketing && doc.State == planned && !allowed[i] {
			excluded++
			continue
		}
		kept = append(kept, doc)
	}
	return kept, excluded, nil
}

// listed is the range of an index that a list asks for.
func listed(r *profilev1.ListCareTasksRequest) (docstore.Range, error) {
	from, err := aip.Instant("from", r.GetFrom())
	if err != nil {
		return docstore.Range{}, err
	}
	to, err := aip.Instant("to", r.GetTo())
	if err != nil {
		return docstore.Range{}, err
	}
	state := r.GetState()
	if state == profilev1.CareTaskState_CARE_TASK_STATE_UNSPECIFIED {
		state = planned
	}
	index, who := byManager, r.GetManager()
	if r.GetParent() != everybody {
		index = byCustomer
		if err := aip.ParseName("parent", r.GetParent(), customerPattern, &who); err != nil {
			return docstore.Range{}, err
		}
		if r.GetManager() != "" {
			f := fault.Invalid("manager", "must be given with the parent customers/- alone")
			f.Reason = "FIELD_NOT_FILTERABLE"
			return docstore.Range{}, f
		}
	}
	span := docstore.Within(docstore.Key(docstore.String(who), stateKey(state)))
	span.Index, span.Reverse = index, state != planned
	if !from.IsZero() {
		span.From = docstore.Key(docstore.String(who), stateKey(state), docstore.Time(from))
	}
	if !to.IsZero() {
		span.To = docstore.Key(docstore.String(who), stateKey(state), docstore.Time(to))
	}
	if span.From > span.To {
		return span, fault.Invalid("from", "must not be after to")
	}
	return span, nil
}

// ListOverdueCareTasks lists what is planned and overdue.
func (s *Server) ListOverdueCareTasks(ctx context.Context, r *profilev1.ListOverdueCareTasksRequest) (*profilev1.ListOverdueCareTasksResponse, error) {
	now := s.now()
	span := docstore.Range{Index: byDue, To: docstore.Key(docstore.Time(now))}
	if r.GetManager() != "" {
		span = docstore.Within(docstore.Key(docstore.String(r.GetManager()), stateKey(planned)))
		span.Index, span.To = byManager, docstore.Key(docstore.String(r.GetManager()), stateKey(planned), docstore.Time(now))
	}
	p, err := s.page(ctx, span, r)
	return &profilev1.ListOverdueCareTasksResponse{
		CareTasks: p.tasks, NextPageToken: p.next, AsOf: timestamppb.New(now), ExcludedWithoutConsent: p.excluded,
	}, err
}
