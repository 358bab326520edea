package analysis

import (
	"context"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"
	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/fault"
	"github.com/kehuhq/kehu/pkg/rpc/page"
)

// ListAnalysisCustomers lists the customers behind a figure.
func (s *Server) ListAnalysisCustomers(ctx context.Context, r *profilev1.ListAnalysisCustomersRequest) (*profilev1.ListAnalysisCustomersResponse, error) {
	id, err := analysisID("parent", r.GetParent())
	if err != nil {
		return nil, err
	}
	token, size, err := page.Of(r)
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
	in.Index, in.Limit = byList, size
	if token.Position.ID != "" {
		in.After = &token.Position
	}
	members, next, err := s.store.members.Page(ctx, in)
	if err != nil {
		return nil, err
	}
	answer := &profilev1.ListAnalysisCustomersResponse{}
	for _, m := range members {
		told := &profilev1.AnalysisCustomer{Customer: "customers/" + docstore.ParseID(m.ID)[2], Value: m.Value}
		if m.TimeMS != 0 {
			told.Time = timestamppb.New(time.UnixMilli(m.TimeMS))
		}
		answer.Customers = append(answer.Customers, told)
	}
	if next != nil {
		answer.NextPageToken, err = page.Token{Position: *next}.Encode(r)
	}
	return answer, err
}
