package recommend

import (
	"fmt"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"

	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"
	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/vault"

	"github.com/kehuhq/kehu/services/profile/internal/events"
	"github.com/kehuhq/kehu/services/profile/internal/merging"
)

// watched opens a shop whose customers' events are kept.
func watched(t *testing.T, engine docstore.Engine) (*shop, *events.Store) {
	t.Helper()
	late := &lateEvents{}
	s := open(t, engine, late)
	return s, watching(t, s, engine, late)
}

// watching opens the events of a shop.
func watching(t testing.TB, s *shop, engine docstore.Engine, late *lateEvents) *events.Store {
	t.Helper()
	keyring, err := vault.NewKeyring()
	must(t, err)
	v, err := vault.New(t.Context(), onPebble(t), keyring)
	must(t, err)
	kept, err := events.OpenStore(t.Context(), engine, v, merging.NewFamilies(s.store.Customers), s.clock.Now)
	must(t, err)
	late.Watched = Watched{kept}
	return kept
}

// lateEvents are those of a store that is opened behind the room.
type lateEvents struct{ Watched }

func does(t testing.TB, kept *events.Store, s *shop, sender events.Identity, kind events.Type, at time.Time, c *events.Content) {
	t.Helper()
	e := &events.Event{Sender: sender, ID: bson.NewObjectID().Hex(), Type: kind, Original: at, Received: s.clock.Now()}
	must(t, e.SetContent(c))
	must(t, e.Settle())
	_, err := kept.Write(t.Context(), []*events.Event{e})
	must(t, err)
}

func looks(sku string) *events.Content {
	return &events.Content{Details: events.Details{Products: []events.Product{{SKU: sku}}}}
}

func searches(term string, results int64) *events.Content {
	return &events.Content{Details: events.Details{Search: &events.SearchDetails{Keyword: term, Results: &results}}}
}

func TestLooksCount(t *testing.T) {
	onEach(t, func(t *testing.T, engine docstore.Engine) {
		s, kept := watched(t, engine)
		for i := range 30 {
			if i < 10 { // those who look at the tent buy a stove, two of them the tent
				does(t, kept, s, events.Customer(id(i)), events.View, monday, looks("tent"))
				s.buys(id(i), monday, of("stove", ""))
				if i < 2 {
					s.buys(id(i), monday.AddDate(0, 0, 1), of("tent", ""))
				}
				continue
			}
			s.buys(id(i), monday, of("book", ""), of("tea", ""))
		}
		for i := range 4 {
			s.buys(fmt.Sprintf("t%d", i), monday, of("tent", ""))
		}
		m := s.trains(nil)
		if m.GetViews() != 10 {
			t.Errorf("got %v", m)
		}
		// A visitor who turns out to be a customer: the looks come along.
		s.known("guest")
		does(t, kept, s, events.Visitor("v"), events.View, monday, looks("tent"))
		_, err := kept.Bind(t.Context(), events.Link{Visitor: "v", Customer: "guest"})
		must(t, err)
		answer := s.suggestions("guest")
		got := answer.GetSuggestions()[0]
		if got.GetSku() != "stove" || got.GetReason().GetKind() != profilev1.SuggestionReasonKind_SUGGESTION_REASON_KIND_VIEWED ||
			got.GetReason().GetBecauseSku() != "tent" || got.GetReason().GetCustomers() != 10 || got.GetReason().GetOfCustomers() != 10 {
			t.Errorf("got %v", answer)
		}
		if m := s.trains(&profilev1.RecommendationPolicy{OrdersOnly: true}); m.GetViews() != 0 {
			t.Errorf("orders only: %v", m)
		}
		if answer := s.suggestions("guest"); !answer.GetPopularOnly() {
			t.Errorf("orders only: %v", answer)
		}
	})
}

func TestSearchesInVain(t *testing.T) {
	onEach(t, func(t *testing.T, engine docstore.Engine) {
		s, kept := watched(t, engine)
		grocer(s)
		ask := func(n int, term string, results int64, at time.Time) {
			does(t, kept, s, events.Customer(id(n)), events.Search, at, searches(term, results))
		}
		ask(1, "Vegan Cheese", 0, monday)
		ask(1, "vegan  cheese", 0, monday.Add(time.Hour))
		ask(2, "ｖｅｇａｎ cheese ", 0, monday.Add(2*time.Hour))
		ask(3, "vegan cheese", 12, monday.Add(3*time.Hour)) // not in vain
		ask(1, "豆浆", 0, monday)
		ask(2, "豆浆", 0, monday)
		ask(4, "豆浆", 0, monday)
		ask(5, "my own name", 0, monday) // one person's alone
		ask(5, "", 0, monday)
		m := s.trains(nil)
		var got []string
		token := ""
		for {
			answer, err := s.server.ListSearchGaps(t.Context(), &profilev1.ListSearchGapsRequest{PageSize: 1, PageToken: token})
			must(t, err)
			for _, g := range answer.GetSearchGaps() {
				got = append(got, fmt.Sprint(g.GetTerm(), " ", g.GetSearches(), " ", g.GetCustomers(), " ", g.GetLastSearchTime().AsTime().Sub(monday)))
			}
			if answer.GetTotalSize() != 2 || answer.GetPopulation() != 5 || answer.GetRecommendationModel() != m.GetName() {
				t.Errorf("got %v", answer)
			}
			if token = answer.GetNextPageToken(); token == "" {
				break
			}
			s.trains(nil) // the list is of the model that it began with
		}
		if want := []string{"豆浆 3 3 0s", "vegan cheese 3 2 2h0m0s"}; fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("got %q, want %q", got, want)
		}
	})
}

// TestNextCategory plants a chain: who buys a phone buys a case on the next day
// of purchase, and a charger after that.
func TestNextCategory(t *testing.T) {
	onEach(t, func(t *testing.T, engine docstore.Engine) {
		s, _ := watched(t, engine)
		for i := range 30 {
			next := "case"
			if i%10 == 0 {
				next = "charger"
			}
			s.buys(id(i), monday, of("p", "phone"))
			s.buys(id(i), monday.AddDate(0, 0, 5), of("c", next))
			s.buys(id(i), monday.AddDate(0, 0, 9), of("x", "charger"))
		}
		m := s.trains(nil)
		if m.GetCategories() != 3 {
			t.Errorf("got %v", m)
		}
		s.buys("new", monday, of("q", "phone"))
		all := s.suggestions("new").GetNextCategories()
		if len(all) != 1 || all[0].GetCategory() != "case" || all[0].GetBecauseCategory() != "phone" {
			t.Fatalf("got %v", all)
		}
		share := all[0].GetShare()
		if share.GetValue() != 0.9 || share.GetPopulation() != 30 || share.GetLow() < 0.7 || share.GetHigh() > 0.98 || share.GetMethod() != "wilson" {
			t.Errorf("got %v", share)
		}
		if want := 0.9 - 27.0/60; all[0].GetLift() != want {
			t.Errorf("lift %v, want %v", all[0].GetLift(), want)
		}
	})
}
