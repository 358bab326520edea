package leads

import (
	"context"

	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"
	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/fault"
	"github.com/kehuhq/kehu/pkg/rpc/aip"
)

// ListLeads lists leads by expected close date.
func (s *Server) ListLeads(ctx context.Context, r *profilev1.ListLeadsRequest) (*profilev1.ListLeadsResponse, error) {
	after, size, err := aip.Place(r)
	if err != nil {
		return nil, err
	}
	span, err := listed(r)
	if err != nil {
		return nil, err
	}
	span.After, span.Limit = after, size
	docs, next, err := s.docs.Page(ctx, span)
	if err != nil {
		return nil, err
	}
	answer := &profilev1.ListLeadsResponse{}
	for _, doc := range docs {
		l, err := s.shown(ctx)(open(ctx, s.vault, doc))
		if err != nil {
			return nil, err
		}
		answer.Leads = append(answer.Leads, l)
	}
	answer.NextPageToken, err = aip.NextToken(next, r)
	return answer, err
}

// listed is the range of an index that a list asks for.
func listed(r *profilev1.ListLeadsRequest) (docstore.Range, error) {
	from, err := aip.Day("close_date_from", r.GetCloseDateFrom())
	if err != nil {
		return docstore.Range{}, err
	}
	to, err := aip.Day("close_date_to", r.GetCloseDateTo())
	if err != nil {
		return docstore.Range{}, err
	}
	if r.GetCustomer() != "" {
		if r.GetState() != 0 || r.GetStage() != 0 || r.GetOwner() != "" {
			f := fault.Invalid("customer", "must stand alone: the leads of a customer are listed in every state, at every stage and of every owner")
			f.Reason = "FIELD_NOT_FILTERABLE"
			return docstore.Range{}, f
		}
		var customer string
		if err := aip.ParseName("customer", r.GetCustomer(), customerPattern, &customer); err != nil {
			return docstore.Range{}, err
		}
		return dated(byCustomer, []docstore.KeyPart{docstore.String(customer)}, from, to), nil
	}
	state := r.GetState()
	if state == 0 {
		state = profilev1.LeadState_LEAD_STATE_OPEN
	}
	index, parts := byClose, []docstore.KeyPart{number(state)}
	if r.GetOwner() != "" {
		index, parts = byOwner, []docstore.KeyPart{docstore.String(r.GetOwner()), number(state)}
	}
	if r.GetStage() != 0 {
		index = map[string]string{byClose: byStage, byOwner: byOwnerStage}[index]
		parts = append(parts, number(r.GetStage()))
	}
	return dated(index, parts, from, to), nil
}
