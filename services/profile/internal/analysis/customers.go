package analysis

import (
	"context"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"
	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/fault"
	"github.com/kehuhq/kehu/pkg/rpc/aip"
)

// ListAnalysisCustomers lists the customers behind a figure.
func (s *Server) ListAnalysisCustomers(ctx context.Context, r *profilev1.ListAnalysisCustomersRequest) (*profilev1.ListAnalysisCustomersResponse, error) {
	id, err := analysisID("parent", r.GetParent())
	if err != nil {
		return nil, err
	}
	after, size, err := aip.Place(r)
	if err != nil {
		return nil, err
	}
	purposes, err := s.purposes(ctx, r.GetPurpose())
	if err != nil {
		return nil, err
	}
	doc, err := s.store.get(ctx, id)
	if err != nil {
		return nil, err
	}
	if doc.State != int32(profilev1.AnalysisState_ANALYSIS_STATE_DONE) {
		return nil, fault.New(fault.FailedPrecondition, "ANALYSIS_NOT_DONE", "%s has no result yet, or failed", analysisName(id))
	}
	prefix := docstore.Key(docstore.String(id), docstore.String(doc.Run), docstore.String(r.GetList())) + "!"
	if r.Value != nil {
		prefix = listKey(id, doc.Run, r.GetList(), r.GetValue()) + "!"
	}
	in := docstore.Prefix(prefix)
	in.Index, in.Limit, in.After = byList, size, after
	members, next, err := s.store.members.Page(ctx, in)
	if err != nil {
		return nil, err
	}
	may, err := s.mayList(ctx, members, purposes)
	if err != nil {
		return nil, err
	}
	answer := &profilev1.ListAnalysisCustomersResponse{}
	for i, m := range members {
		if !may[i] {
			answer.ExcludedWithoutConsent++
			continue
		}
		told := &profilev1.AnalysisCustomer{Customer: "customers/" + m.customer(), Value: m.Value}
		if m.TimeMS != 0 {
			told.Time = timestamppb.New(time.UnixMilli(m.TimeMS))
		}
		answer.Customers = append(answer.Customers, told)
	}
	answer.NextPageToken, err = aip.NextToken(next, r)
	return answer, err
}

// purposes are what a list is for: that for which the analysis was made, and the
// one that the request names.
func (s *Server) purposes(ctx context.Context, named string) ([]string, error) {
	if named == "" {
		return []string{purpose}, nil
	}
	id, err := s.consents.PurposeIn(ctx, "purpose", named)
	return []string{purpose, id}, err
}

// mayList reports of each customer on a list whether all purposes are allowed, now.
func (s *Server) mayList(ctx context.Context, members []*memberDoc, purposes []string) ([]bool, error) {
	ids, may := make([]string, len(members)), make([]bool, len(members))
	for i, m := range members {
		ids[i], may[i] = m.customer(), true
	}
	for _, purpose := range purposes {
		allowed, err := s.consents.Allowed(ctx, ids, purpose)
		if err != nil {
			return nil, err
		}
		for i := range may {
			may[i] = may[i] && allowed[i]
		}
	}
	return may, nil
}

func (m *memberDoc) customer() string { return docstore.ParseID(m.ID)[2] }
