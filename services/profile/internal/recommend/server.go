package recommend

import (
	"context"
	"strconv"
	"strings"
	"time"

	"cloud.google.com/go/longrunning/autogen/longrunningpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"
	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/fault"
	"github.com/kehuhq/kehu/pkg/ident"
	"github.com/kehuhq/kehu/pkg/operation"
	"github.com/kehuhq/kehu/pkg/rpc/aip"
)

// Server answers the RecommendationService.
type Server struct {
	profilev1.UnimplementedRecommendationServiceServer
	room *Room
}

// NewServer makes the RecommendationService.
func NewServer(room *Room) *Server { return &Server{room: room} }

// TrainRecommendationModel starts a training.
func (s *Server) TrainRecommendationModel(ctx context.Context, r *profilev1.TrainRecommendationModelRequest) (*longrunningpb.Operation, error) {
	if _, err := policyOf(r.GetPolicy(), s.room.deps.Clock()); err != nil {
		return nil, err
	}
	return s.room.deps.Operations.Start(ctx, trainingKind, operation.Start{RequestID: r.GetRequestId(), Request: r})
}

// GetRecommendationModel returns a model.
func (s *Server) GetRecommendationModel(ctx context.Context, r *profilev1.GetRecommendationModelRequest) (*profilev1.RecommendationModel, error) {
	id, ok := strings.CutPrefix(r.GetName(), modelCollection)
	if f := ident.Check("name", id); !ok || f != nil {
		return nil, fault.Invalid("name", "must have the form %s{model}", modelCollection)
	}
	m, err := s.room.tables.get(ctx, id)
	if err != nil {
		return nil, err
	}
	return s.room.proto(m), nil
}

// ListRecommendationModels lists the models, the one trained last first.
func (s *Server) ListRecommendationModels(ctx context.Context, r *profilev1.ListRecommendationModelsRequest) (*profilev1.ListRecommendationModelsResponse, error) {
	after, size, err := aip.Place(r)
	if err != nil {
		return nil, err
	}
	models, next, err := s.room.tables.models.Page(ctx, docstore.Range{
		Index: byTraining, Reverse: true, After: after, Limit: size,
	})
	if err != nil {
		return nil, err
	}
	answer := &profilev1.ListRecommendationModelsResponse{}
	for _, m := range models {
		answer.RecommendationModels = append(answer.RecommendationModels, s.room.proto(m))
	}
	answer.NextPageToken, err = aip.NextToken(next, r)
	return answer, err
}

// What is read of a customer's own history.
const (
	readBaskets = 2000
	readViews   = 20
)

// history reads what a customer bought and looked at up to now; nothing of one
// who does not want that, which withheld tells.
func (r *Room) history(ctx context.Context, customer string, m *model) (h *history, withheld bool, err error) {
	may, err := r.deps.Consents.Allowed(ctx, []string{customer}, profiling)
	if err != nil {
		return nil, false, err
	}
	if h = newHistory(); may[0] {
		err = r.read(ctx, h, customer, m)
	}
	if err == nil && len(h.items)+len(h.viewed) == 0 {
		err = r.deps.Known(ctx, customer)
	}
	return h, !may[0], err
}

func (r *Room) read(ctx context.Context, h *history, customer string, m *model) error {
	zone, err := m.Policy.location()
	if err != nil {
		return err
	}
	baskets, err := r.deps.Orders.BasketsOf(ctx, customer, readBaskets)
	if err != nil {
		return err
	}
	for i := range baskets {
		h.add(&baskets[i], zone)
	}
	h.cut(maxHistory)
	if r.deps.Events != nil && !m.Policy.OrdersOnly {
		views, err := r.deps.Events.Viewed(ctx, customer, readViews)
		if err != nil {
			return err
		}
		for _, sku := range views {
			h.viewed[sku] = struct{}{}
		}
	}
	return nil
}

// ListSuggestions lists what a customer may need. A page token names the model
// it began with and how many suggestions came before.
func (s *Server) ListSuggestions(ctx context.Context, r *profilev1.ListSuggestionsRequest) (*profilev1.ListSuggestionsResponse, error) {
	var customer string
	if err := aip.ParseName("parent", r.GetParent(), "customers/{customer}", &customer); err != nil {
		return nil, err
	}
	after, size, err := aip.Place(r)
	if err != nil {
		return nil, err
	}
	skip, pinned := 0, ""
	if after != nil {
		pinned = after.Key
		if skip, err = strconv.Atoi(after.ID); err != nil || skip < 0 {
			return nil, expired(nil)
		}
	}
	l, err := s.room.model(ctx, pinned)
	if err != nil {
		return nil, err
	}
	h, withheld, err := s.room.history(ctx, customer, l.model)
	if err != nil {
		return nil, err
	}
	answer, err := l.answer(r, h, skip, min(size, MaxSuggestions))
	if err != nil {
		return nil, err
	}
	answer.HistoryWithheld = withheld
	return answer, nil
}

// answer is one page for a customer.
func (l *loaded) answer(r *profilev1.ListSuggestionsRequest, h *history, skip, size int) (*profilev1.ListSuggestionsResponse, error) {
	suggestions, all, known, err := l.suggest(h, r.GetNewOnly(), skip, size)
	if err != nil {
		return nil, err
	}
	answer := &profilev1.ListSuggestionsResponse{
		RecommendationModel: modelCollection + l.id, AsOf: timestamppb.New(l.model.Policy.AsOf), TimeZone: l.model.Policy.Zone,
		Population: l.model.Figures.Customers, HistoryItems: int64(known), PopularOnly: known == 0,
	}
	for i := range suggestions {
		answer.Suggestions = append(answer.Suggestions, suggestions[i].proto())
	}
	if end := skip + len(suggestions); end < all {
		answer.NextPageToken, err = aip.NextToken(&docstore.Position{Key: l.id, ID: strconv.Itoa(end)}, r)
		if err != nil {
			return nil, err
		}
	}
	if days := h.daysInOrder(); len(days) > 0 {
		forecasts, err := l.chain.next(sortedKeys(h.days[days[len(days)-1]]), l.model.Policy.Smoothing)
		if err != nil {
			return nil, err
		}
		for _, f := range forecasts {
			answer.NextCategories = append(answer.NextCategories, f.proto())
		}
	}
	return answer, nil
}

// ListSearchGaps lists the terms searched for in vain. A page token names the
// model by the id of the last row.
func (s *Server) ListSearchGaps(ctx context.Context, r *profilev1.ListSearchGapsRequest) (*profilev1.ListSearchGapsResponse, error) {
	after, size, err := aip.Place(r)
	if err != nil {
		return nil, err
	}
	pinned := ""
	if after != nil {
		pinned = docstore.ParseID(after.ID)[0]
	}
	l, err := s.room.model(ctx, pinned)
	if err != nil {
		return nil, err
	}
	of := docstore.Within(docstore.Key(docstore.String(l.id)))
	of.Index, of.After, of.Limit = byRank, after, size
	rows, next, err := s.room.tables.gaps.Page(ctx, of)
	if err != nil {
		return nil, err
	}
	answer := &profilev1.ListSearchGapsResponse{
		TotalSize: l.model.Gaps, RecommendationModel: modelCollection + l.id,
		AsOf: timestamppb.New(l.model.Policy.AsOf), TimeZone: l.model.Policy.Zone, Population: l.model.Figures.Lookers,
	}
	for _, row := range rows {
		answer.SearchGaps = append(answer.SearchGaps, &profilev1.SearchGap{
			Term: row.Term, Searches: row.Searches, Customers: row.Customers, LastSearchTime: timestamppb.New(row.Last.UTC().Truncate(time.Millisecond)),
		})
	}
	answer.NextPageToken, err = aip.NextToken(next, r)
	return answer, err
}
