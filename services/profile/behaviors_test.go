package profile_test

import (
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"
	"github.com/kehuhq/kehu/pkg/docstore"
)

// behaves checks what is told of some, asked for by their ids and in a stream of all.
func (s *suite) behaves(t testing.TB, what string, want ...*profilev1.CustomerBehavior) {
	t.Helper()
	batch, err := s.updates.BatchGetBehaviors(t.Context(), &profilev1.BatchGetBehaviorsRequest{CustomerIds: []string{"nobody", "bob", "ann", "idle"}})
	must(t, err)
	same(t, what, batch, &profilev1.BatchGetBehaviorsResponse{Behaviors: want})
	streamed, err := drain(s.updates.StreamBehaviors(t.Context(), &profilev1.StreamBehaviorsRequest{}))
	must(t, err)
	var all profilev1.StreamBehaviorsResponse
	for _, m := range streamed {
		proto.Merge(&all, m)
	}
	same(t, what+", streamed", &all, &profilev1.StreamBehaviorsResponse{Behaviors: want})
}

// What somebody did is told of the customer whose it turned out to be.
func TestWhatCustomersLastDid(t *testing.T) {
	onEach(t, func(t *testing.T, e docstore.Engine) {
		s := serve(t, e)
		ago := func(hours int) time.Time { return now.Add(-time.Duration(hours) * time.Hour) }
		did := func(name, called string, when time.Time) *profilev1.Event {
			d := event(name, called)
			d.OriginalTime = at(when)
			return d
		}
		s.create(t, "idle", &profilev1.Customer{})
		s.ingest(t,
			did("customers/ann/events/1", "Product Viewed", ago(9)), did("customers/ann/events/2", "Product Viewed", ago(8)),
			did("visitors/v/events/1", "Products Searched", ago(5)), did("customers/bob/events/1", "Product Added", ago(3)),
			did("visitors/v/events/2", "Coupon Seen", ago(2)),
		)
		ann := &profilev1.CustomerBehavior{
			CustomerId: "ann", LastSeenTime: at(ago(8)), LastViewTime: at(ago(8)),
			Stage: profilev1.JourneyStage_JOURNEY_STAGE_CONSIDERATION, StageTime: at(ago(9)),
		}
		bob := &profilev1.CustomerBehavior{
			CustomerId: "bob", LastSeenTime: at(ago(3)), LastCartTime: at(ago(3)),
			Stage: profilev1.JourneyStage_JOURNEY_STAGE_DECISION, StageTime: at(ago(3)),
		}
		s.behaves(t, "by themselves", ann, bob)

		s.ingest(t, identify(t, "customers/ann/events/i", "visitors/v", nil))
		known := proto.CloneOf(ann)
		known.LastSeenTime, known.LastSearchTime = at(ago(2)), at(ago(5))
		s.behaves(t, "with a visitor", known, bob)

		s.merge(t, "bob", "ann")
		s.behaves(t, "merged", &profilev1.CustomerBehavior{
			CustomerId: "bob", LastSeenTime: at(ago(2)), LastViewTime: at(ago(8)), LastSearchTime: at(ago(5)), LastCartTime: at(ago(3)),
			Stage: profilev1.JourneyStage_JOURNEY_STAGE_DECISION, StageTime: at(ago(3)),
		})
		s.unmerge(t, "ann")
		_, err := s.events.UnlinkVisitor(t.Context(), &profilev1.UnlinkVisitorRequest{Name: "visitors/v"})
		must(t, err)
		s.behaves(t, "by themselves again", ann, bob)

		s.record(t, order("customers/ann/orders/1", 100))
		batch, err := s.updates.BatchGetBehaviors(t.Context(), &profilev1.BatchGetBehaviorsRequest{CustomerIds: []string{"ann"}})
		must(t, err)
		if got := batch.GetBehaviors()[0]; got.GetStage() != profilev1.JourneyStage_JOURNEY_STAGE_PURCHASE || !proto.Equal(got.GetLastSeenTime(), ann.GetLastSeenTime()) {
			t.Errorf("with an order: %v", got)
		}
	})
}

// Whose events came in is told, and whose visitors changed; it is told at the latest
// when the service ends.
func TestWhoWasSeenIsTold(t *testing.T) {
	onEach(t, func(t *testing.T, e docstore.Engine) {
		var later atomic.Int64
		clock := func() time.Time { return now.Add(time.Duration(later.Load())) }
		s, stop := startAt(t, e, clock)
		defer func() { stop() }()
		cursor := ""
		told := func(what string, want ...string) {
			t.Helper()
			stop()
			s, stop = startAt(t, e, clock)
			later.Add(int64(time.Minute))
			var ids []string
			ids, cursor = s.updated(t, cursor)
			equal(t, what, ids, want)
		}
		for _, id := range []string{"ann", "bob", "idle"} {
			s.create(t, id, &profilev1.Customer{})
		}
		told("from now on")
		s.ingest(t, event("customers/ann/events/1", "Product Viewed"), event("visitors/v/events/1", "Product Viewed"))
		told("events", "ann")
		s.ingest(t, identify(t, "customers/bob/events/i", "visitors/v", nil))
		told("a visitor recognised", "bob")
		s.ingest(t, event("visitors/v/events/2", "Product Viewed"), event("visitors/w/events/1", "Product Viewed"))
		told("events of a visitor", "bob")
		_, err := s.events.UnlinkVisitor(t.Context(), &profilev1.UnlinkVisitorRequest{Name: "visitors/v"})
		must(t, err)
		told("a visitor cut off", "bob")
		told("nothing")
	})
}
