package recommend

import (
	"context"
	"iter"
	"reflect"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/types/known/timestamppb"
	"pgregory.net/rapid"

	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"
	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/fault"

	"github.com/kehuhq/kehu/services/profile/internal/domain"
	"github.com/kehuhq/kehu/services/profile/internal/store"
)

var monday = time.Date(2025, 3, 3, 10, 0, 0, 0, time.UTC)

// grocer makes a shop in which bread goes with butter, razors with blades that
// are bought again and again, and many buy milk, once.
func grocer(s *shop) {
	for i := range 40 {
		switch {
		case i < 12:
			s.buys(id(i), monday, of("bread", ""), of("butter", ""))
		case i < 24:
			s.buys(id(i), monday, of("razor", ""), of("blades", ""))
			s.buys(id(i), monday.AddDate(0, 0, 7), of("blades", ""))
		default:
			s.buys(id(i), monday, of("milk", ""))
			s.buys(id(i), monday.Add(time.Hour), of("milk", "")) // the same day: not again
		}
	}
}

func TestSuggestionsAndTheirReasons(t *testing.T) {
	onEach(t, func(t *testing.T, engine docstore.Engine) {
		s := open(t, engine, nil)
		_, err := s.server.ListSuggestions(t.Context(), &profilev1.ListSuggestionsRequest{Parent: "customers/x"})
		wantFault(t, err, "RECOMMENDATION_MODEL_MISSING")
		grocer(s)
		// None of these counts: not paid, nobody's, placed later.
		for i := range 10 {
			s.record(
				&domain.Order{Customer: id(i), ID: "off", Time: monday, Currency: "CNY", Status: domain.Cancelled, Items: []domain.Item{of("razor", "")}},
				&domain.Order{Customer: domain.Anonymous, ID: id(i), Time: monday, Currency: "CNY", Amount: 1, Items: []domain.Item{of("bread", ""), of("razor", "")}},
			)
		}
		m := s.trains(&profilev1.RecommendationPolicy{TimeZone: "Asia/Shanghai"})
		if m.GetCustomers() != 40 || m.GetItems() != 5 || m.GetOrders() != 68 || m.GetState() != profilev1.RecommendationModelState_RECOMMENDATION_MODEL_STATE_PUBLISHED {
			t.Errorf("got %v", m)
		}
		s.buys("new", monday, of("bread", "")) // after the training: the history is read as it is
		answer := s.suggestions("new")
		first := answer.GetSuggestions()[0]
		if got := skus(answer); got[0] != "butter" || slices.Contains(got, "bread") || answer.GetPopularOnly() || answer.GetHistoryItems() != 1 {
			t.Errorf("got %v of %v", got, answer)
		}
		r := first.GetReason()
		if r.GetKind() != profilev1.SuggestionReasonKind_SUGGESTION_REASON_KIND_BOUGHT || r.GetBecauseSku() != "bread" ||
			r.GetCustomers() != 12 || r.GetOfCustomers() != 12 || r.GetShare().GetLow() >= 1 || r.GetShare().GetHigh() != 1 {
			t.Errorf("reason %v", r)
		}
		if want := "because you bought bread: 12 of the 12 customers who bought it also bought butter"; r.GetText().GetEn() != want || r.GetText().GetZh() == "" {
			t.Errorf("text %v", r.GetText())
		}
		// Blades are bought again: a consumable. Razors and milk are not.
		answer = s.suggestions(id(12))
		if got := answer.GetSuggestions()[0]; got.GetSku() != "blades" || got.GetReason().GetKind() != profilev1.SuggestionReasonKind_SUGGESTION_REASON_KIND_BOUGHT_AGAIN ||
			got.GetReason().GetCustomers() != 12 || slices.Contains(skus(answer), "razor") {
			t.Errorf("got %v", answer)
		}
		if got := skus(s.suggestions(id(39))); slices.Contains(got, "milk") {
			t.Errorf("milk was bought twice on one day and is suggested again: %v", got)
		}
		fresh, err := s.server.ListSuggestions(t.Context(), &profilev1.ListSuggestionsRequest{Parent: "customers/" + id(12), NewOnly: true})
		if must(t, err); slices.Contains(skus(fresh), "blades") {
			t.Errorf("new only: %v", skus(fresh))
		}
		s.known("nobody")
		answer = s.suggestions("nobody")
		if got := answer.GetSuggestions()[0]; got.GetSku() != "milk" || !answer.GetPopularOnly() || got.GetReason().GetKind() != profilev1.SuggestionReasonKind_SUGGESTION_REASON_KIND_POPULAR ||
			got.GetReason().GetCustomers() != 16 || got.GetScore() != 16.0/40 {
			t.Errorf("without a history: %v", answer)
		}
		_, err = s.server.ListSuggestions(t.Context(), &profilev1.ListSuggestionsRequest{Parent: "customers/stranger"})
		wantFault(t, err, "CUSTOMER_NOT_FOUND")
	})
}

func TestOrdersFromTheInstantOnAreNotLearntFrom(t *testing.T) {
	s := open(t, onPebble(t), nil)
	grocer(s)
	m := s.trains(&profilev1.RecommendationPolicy{AsOf: timestamppb.New(monday.AddDate(0, 0, 1)), MinBuyers: 1})
	if m.GetOrders() != 56 {
		t.Errorf("%d orders counted, want those of the first day, 56", m.GetOrders())
	}
	if got := skus(s.suggestions(id(12))); slices.Contains(got, "blades") {
		t.Errorf("nobody had bought blades again by then: %v", got)
	}
	o := s.operation(&profilev1.RecommendationPolicy{AsOf: timestamppb.New(monday)})
	if codes.Code(o.GetError().GetCode()) != codes.FailedPrecondition {
		t.Errorf("nothing to learn from: %v", o)
	}
	// The model before stays.
	if s.suggestions(id(12)).GetRecommendationModel() != m.GetName() {
		t.Error("a training that failed replaced the model")
	}
	_, err := s.server.TrainRecommendationModel(t.Context(), &profilev1.TrainRecommendationModelRequest{Policy: &profilev1.RecommendationPolicy{TimeZone: "Mars"}})
	wantFault(t, err, "INVALID_FIELD")
}

// objects has a customer object to a purpose.
func (s *shop) objects(customer, purpose string) {
	s.t.Helper()
	_, err := s.rights.SetConsent(s.t.Context(), &profilev1.SetConsentRequest{Consent: &profilev1.Consent{
		Name:     "customers/" + customer + "/consents/" + purpose,
		Decision: &profilev1.ConsentDecision{State: profilev1.ConsentState_CONSENT_STATE_WITHDRAWN},
	}})
	must(s.t, err)
}

func TestWhoObjectsIsLeftOut(t *testing.T) {
	onEach(t, func(t *testing.T, engine docstore.Engine) {
		s := open(t, engine, nil)
		grocer(s)
		for i := range 40 {
			s.known(id(i))
		}
		s.objects(id(0), learning)
		s.objects(id(30), learning)
		s.objects(id(12), profiling)
		m := s.trains(nil)
		if m.GetCustomers() != 38 || m.GetCustomersWithheld() != 2 || m.GetOrders() != 68-1-2 {
			t.Errorf("got %v", m)
		}
		// Learnt from, as analytics are not objected to; but the history stays shut.
		answer := s.suggestions(id(12))
		if !answer.GetHistoryWithheld() || !answer.GetPopularOnly() || answer.GetHistoryItems() != 0 || len(answer.GetNextCategories()) != 0 ||
			answer.GetSuggestions()[0].GetSku() != "milk" {
			t.Errorf("got %v", answer)
		}
		if answer := s.suggestions(id(13)); answer.GetHistoryWithheld() || answer.GetPopularOnly() {
			t.Errorf("who does not object: %v", answer)
		}
	})
}

func TestPagesHoldOnToTheirModel(t *testing.T) {
	s := open(t, onPebble(t), nil)
	grocer(s)
	first := s.trains(nil)
	page := func(token string) (*profilev1.ListSuggestionsResponse, error) {
		return s.server.ListSuggestions(t.Context(), &profilev1.ListSuggestionsRequest{Parent: "customers/" + id(0), PageSize: 1, PageToken: token})
	}
	begun, err := page("")
	must(t, err)
	s.buys("zz", monday, of("cake", ""))
	second := s.trains(&profilev1.RecommendationPolicy{MinBuyers: 1})
	next, err := page(begun.GetNextPageToken())
	must(t, err)
	if next.GetRecommendationModel() != first.GetName() || next.GetSuggestions()[0].GetSku() == begun.GetSuggestions()[0].GetSku() {
		t.Errorf("the second page is %v", next)
	}
	if now, err := page(""); err != nil || now.GetRecommendationModel() != second.GetName() {
		t.Errorf("a new list is of %v, %v", now, err)
	}
	// Asked of a process that has loaded neither.
	s.room.loaded = &cache{}
	if again, err := page(begun.GetNextPageToken()); err != nil || again.GetRecommendationModel() != first.GetName() {
		t.Errorf("got %v, %v", again, err)
	}
	s.clock.forward(pageLife)
	must(t, s.room.Sweep(t.Context()))
	s.room.loaded = &cache{}
	if _, err = page(begun.GetNextPageToken()); err != nil {
		t.Errorf("swept before its day was over: %v", err)
	}
	s.clock.forward(2 * purgeGrace)
	must(t, s.room.Sweep(t.Context()))
	s.room.loaded = &cache{}
	_, err = page(begun.GetNextPageToken())
	wantFault(t, err, "PAGE_TOKEN_EXPIRED")
	rows, err := s.room.tables.items.Count(t.Context(), docstore.Range{})
	if must(t, err); rows != second.GetItems() {
		t.Errorf("%d rows are left, want those of the last model, %d", rows, second.GetItems())
	}
	models, err := s.server.ListRecommendationModels(t.Context(), &profilev1.ListRecommendationModelsRequest{})
	must(t, err)
	var states []profilev1.RecommendationModelState
	for _, m := range models.GetRecommendationModels() {
		states = append(states, m.GetState())
	}
	if len(states) != 2 || !slices.Contains(states, profilev1.RecommendationModelState_RECOMMENDATION_MODEL_STATE_SUPERSEDED) {
		t.Errorf("models are %v", states)
	}
}

// breaking gives out so many baskets and then fails as a store does that cannot
// be reached, a few times.
type breaking struct {
	Orders
	every int
	left  atomic.Int64
}

func (b *breaking) Baskets(ctx context.Context, span store.Span, before time.Time) iter.Seq2[*store.Basket, error] {
	return func(yield func(*store.Basket, error) bool) {
		n := 0
		for basket, err := range b.Orders.Baskets(ctx, span, before) {
			if n++; n > b.every && b.left.Add(-1) >= 0 {
				yield(nil, fault.New(fault.Unavailable, "STORE_UNAVAILABLE", "the store cannot be reached"))
				return
			}
			if !yield(basket, err) {
				return
			}
		}
	}
}

// TestTrainingGoesOn lets a training break off while it reads the customers; what
// it comes to is what one that did not break off comes to.
func TestTrainingGoesOn(t *testing.T) {
	rows := func(s *shop, m *profilev1.RecommendationModel) (all []item) {
		for doc, err := range s.room.tables.items.Scan(t.Context(), docstore.Within(m.GetName()[len(modelCollection):])) {
			must(t, err)
			doc.Meta = docstore.Meta{}
			all = append(all, *doc)
		}
		return all
	}
	s := open(t, onPebble(t), nil)
	grocer(s)
	s.room.bounds = bounds{customers: 7, cells: 10} // six parts, three blocks
	want := s.trains(nil)
	broken := &breaking{Orders: s.store.Orders, every: 15}
	broken.left.Store(2)
	s.room.deps.Orders = broken
	got := s.trains(nil)
	if broken.left.Load() >= 0 {
		t.Fatal("the training did not break off")
	}
	if a, b := rows(s, want), rows(s, got); len(a) != 5 || !reflect.DeepEqual(a, b) {
		t.Errorf("broken off %v\nat once %v", b, a)
	}
	if got.GetCustomers() != want.GetCustomers() || got.GetOrders() != want.GetOrders() || got.GetPairs() != want.GetPairs() {
		t.Errorf("broken off %v\nat once %v", got, want)
	}
	left, err := s.room.tables.parts.Count(t.Context(), docstore.Range{})
	if must(t, err); left != 0 {
		t.Errorf("%d staged parts are left", left)
	}
}

// TestPairsAgreeWithCountingThemAll compares the counts, made block by block from
// packed rows, with all pairs of all customers.
func TestPairsAgreeWithCountingThemAll(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		items := rapid.IntRange(1, 12).Draw(t, "items")
		list := rapid.SliceOfNDistinct(rapid.Int32Range(0, int32(items-1)), 0, items, rapid.ID[int32])
		type visitor struct{ bought, viewed []int32 }
		var all []visitor
		p := &part{}
		for range rapid.IntRange(0, 20).Draw(t, "customers") {
			v := visitor{list.Draw(t, "bought"), list.Draw(t, "viewed")}
			slices.Sort(v.bought)
			slices.Sort(v.viewed)
			all = append(all, v)
			p.Rows = appendRow(p.Rows, row{v.bought, make([]bool, len(v.bought)), v.viewed})
		}
		size := rapid.IntRange(1, items).Draw(t, "block")
		for low := 0; low < items; low += size {
			block := newCounts(low, min(low+size, items), items, true)
			if err := p.each(func(r *row) { block.add(r.bought, r.viewed) }); err != nil {
				t.Fatal(err)
			}
			for i := low; i < block.high; i++ {
				for j := range items {
					var bought, viewed uint32
					for _, v := range all {
						if slices.Contains(v.bought, int32(j)) {
							bought += one(slices.Contains(v.bought, int32(i)))
							viewed += one(slices.Contains(v.viewed, int32(i)))
						}
					}
					at := (i-low)*items + j
					if block.bought[at] != bought || block.viewed[at] != viewed {
						t.Fatalf("item %d with %d: counted %d and %d, are %d and %d", i, j, block.bought[at], block.viewed[at], bought, viewed)
					}
				}
			}
		}
	})
}

func one(yes bool) uint32 {
	if yes {
		return 1
	}
	return 0
}

func TestDamagedPartsAreRefused(t *testing.T) {
	whole := appendRow(nil, row{[]int32{1, 300}, []bool{true, false}, []int32{7}})
	for n := 1; n < len(whole); n++ {
		c := newCatalogue()
		if err := c.absorb(&part{Rows: whole[:n]}); err == nil {
			t.Errorf("%d of %d bytes were taken", n, len(whole))
		}
	}
	if _, ok := unpack([]byte{0x80}); ok {
		t.Error("half a neighbour was taken")
	}
}
