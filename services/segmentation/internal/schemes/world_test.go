package schemes_test

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	longrunningpb "cloud.google.com/go/longrunning/autogen/longrunningpb"
	"github.com/cockroachdb/pebble/v2/vfs"
	"google.golang.org/protobuf/proto"

	segmentationv1 "github.com/kehuhq/kehu/gen/kehu/segmentation/v1"
	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/docstore/pebblestore"
	"github.com/kehuhq/kehu/pkg/fault"
	"github.com/kehuhq/kehu/pkg/operation"
	"github.com/kehuhq/kehu/pkg/vault/vaulttest"

	"github.com/kehuhq/kehu/services/segmentation/internal/criterion"
	"github.com/kehuhq/kehu/services/segmentation/internal/facts"
	"github.com/kehuhq/kehu/services/segmentation/internal/rule"
	"github.com/kehuhq/kehu/services/segmentation/internal/schemes"
)

var start = time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)

// clock goes on by a millisecond whenever it is looked at.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(time.Millisecond)
	return c.now
}

func (*clock) After(time.Duration) <-chan time.Time { return time.After(5 * time.Millisecond) }

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// shelf keeps segments in place of the service's own, which are above this room.
type shelf struct {
	mu     sync.Mutex
	put    map[string]schemes.Segment // as they are
	told   map[string]schemes.Segment // what they become
	serves func(run string) bool
	away   []string
	formed []string
	taken  map[string]bool // ids of other origin
	fail   func(what, id string) error
}

func newShelf() *shelf {
	return &shelf{put: make(map[string]schemes.Segment), told: make(map[string]schemes.Segment), taken: make(map[string]bool), fail: func(string, string) error { return nil }}
}

func (s *shelf) Check(_ context.Context, g schemes.Segment) error {
	if s.taken[g.ID] {
		return fault.New(fault.AlreadyExists, "SEGMENT_EXISTS", "segment %q is none of the scheme's", g.ID)
	}
	return s.fail("check", g.ID)
}

func (s *shelf) Tell(_ context.Context, g schemes.Segment) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.fail("tell", g.ID); err != nil {
		return err
	}
	s.turn()
	s.told[g.ID] = g
	s.turn()
	return nil
}

// turn gives the segments what they were told, where the run serves.
func (s *shelf) turn() {
	for id, g := range s.told {
		if s.serves(g.Run) {
			s.put[id] = g
			delete(s.told, id)
		}
	}
}

func (s *shelf) Labels(context.Context, string) (all []schemes.Segment, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.turn()
	for _, g := range s.put {
		all = append(all, g)
	}
	return all, s.fail("labels", "")
}

func (s *shelf) CheckWithdraw(_ context.Context, id string) error {
	return s.fail("check withdraw", id)
}

func (s *shelf) Withdraw(_ context.Context, g schemes.Segment) error {
	id := g.ID
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.fail("withdraw", id); err != nil {
		return err
	}
	if !slices.Contains(s.formed, id) {
		return fault.New(fault.Internal, "NOT_FORMED", "%s is put away before the others serve", id)
	}
	delete(s.put, id)
	s.away = append(s.away, id)
	return nil
}

func (s *shelf) Form(_ context.Context, _ string, ids []string, _ func(int64, int64, string)) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.fail("form", ""); err != nil {
		return err
	}
	s.formed = slices.Clone(ids)
	return nil
}

// world is the room with customers.
type world struct {
	testing.TB
	*schemes.Server
	clock      *clock
	facts      *facts.Store
	shelf      *shelf
	store      *schemes.Store
	operations *operation.Manager
}

func memory(t testing.TB) docstore.Engine {
	t.Helper()
	e, err := pebblestore.Open("db", pebblestore.Options{FS: vfs.NewMem(), Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = e.Close() })
	return e
}

func newWorld(t testing.TB, engine docstore.Engine) *world {
	t.Helper()
	w := &world{TB: t, clock: &clock{now: start}, shelf: newShelf()}
	var err error
	if w.facts, err = facts.Open(t.Context(), engine, vaulttest.On(t, engine), w.clock.Now); err != nil {
		t.Fatal(err)
	}
	if w.store, err = schemes.OpenStore(t.Context(), engine, w.clock.Now); err != nil {
		t.Fatal(err)
	}
	w.operations, err = operation.NewManager(t.Context(), engine, operation.Config{
		Service: "segmentation", MaxAttempts: 2, Clock: w.clock, Logger: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	w.shelf.serves = func(run string) bool {
		serves, err := w.store.Serves(context.WithoutCancel(t.Context()), run)
		if err != nil {
			t.Error(err)
		}
		return serves
	}
	rules, err := rule.NewCompiler(nil)
	if err != nil {
		t.Fatal(err)
	}
	w.Server, err = schemes.NewServer(schemes.Deps{
		Store: w.store, Facts: w.facts, Segments: w.shelf, Operations: w.operations, CatchUp: func(context.Context, string, []string) error { return nil },
		Compile: func(e string) (criterion.Criterion, error) { return rules.Compile(e) },
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	served := make(chan error, 1)
	go func() { served <- w.operations.Serve(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-served; err != nil {
			t.Error(err)
		}
	})
	return w
}

// done waits for an operation's end, whose pauses the clock makes pass.
func (w *world) done(o *longrunningpb.Operation, err error) (*longrunningpb.Operation, error) {
	w.Helper()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for limit := time.Now().Add(120 * time.Second); err == nil && !o.GetDone(); o, err = w.operations.Get(w.Context(), o.GetName()) {
		if time.Now().After(limit) {
			w.Fatalf("%s does not end", o.GetName())
		}
		w.clock.advance(time.Second)
		<-tick.C
	}
	return o, err
}

func must[T any](t testing.TB) func(T, error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func wantReason(t testing.TB, err error, reason string) {
	t.Helper()
	if fault.ReasonOf(err) != reason {
		t.Errorf("got %v (%s), want %s", err, fault.ReasonOf(err), reason)
	}
}

// people puts customers of three sorts into the facts: regulars in Guangdong, people of
// one order in Beijing, and visitors. shift makes their orders that much older.
func (w *world) people(n int, seed uint64) {
	w.Helper()
	random := rand.New(rand.NewPCG(seed, 1))
	var changes []facts.Change
	for i := range n {
		f := &facts.Facts{Customer: facts.Customer{ID: fmt.Sprintf("c%06d", i), Kind: "INDIVIDUAL", Channels: []string{"wechat"}}}
		now := w.clock.Now().Truncate(time.Millisecond)
		f.Customer.CreateTime = now.AddDate(-2, 0, 0)
		orders, gap, pay := 0, 0, 0.0
		switch {
		case i%10 < 3:
			orders, gap, pay, f.Customer.Region = 6+random.IntN(5), 20+random.IntN(10), 300, "广东"
			f.Feedback = facts.Feedback{Responses: 1, Satisfaction: 0.8 + 0.2*random.Float64(), LastResponseTime: now.AddDate(0, 0, -10)}
		case i%10 < 9:
			orders, gap, pay, f.Customer.Region = 1, 200+random.IntN(100), 50, "北京"
			f.Feedback = facts.Feedback{Responses: 1, Satisfaction: 0.3 + 0.4*random.Float64(), LastResponseTime: now.AddDate(0, 0, -150)}
		default:
			f.Customer.Region = "上海"
		}
		f.Customer.LastSeenTime = now.AddDate(0, 0, -random.IntN(60))
		at := now.AddDate(0, 0, -orders*gap)
		for range orders {
			minor := int64(pay*100) + random.Int64N(2000)
			f.Orders.Recent = append(f.Orders.Recent, facts.Order{Time: at, Net: facts.Money{Currency: "CNY", Minor: minor}})
			if len(f.Revenue) == 0 {
				f.Revenue = []facts.Money{{Currency: "CNY"}}
				f.Orders.FirstTime = at
			}
			f.Revenue[0].Minor += minor
			f.Orders.LastTime = at
			f.Orders.Count++
			f.Orders.Days++
			at = at.AddDate(0, 0, gap)
		}
		changes = append(changes, facts.Change{Customer: f.Customer.ID, Facts: f, Parts: facts.AllParts})
	}
	for chunk := range slices.Chunk(changes, 500) {
		if _, err := w.facts.Put(w.Context(), chunk); err != nil {
			w.Fatal(err)
		}
	}
}

// run carries a scheme out and returns the run.
func (w *world) run(id string) *segmentationv1.SchemeRun {
	w.Helper()
	o, err := w.done(w.CreateSchemeRun(w.Context(), &segmentationv1.CreateSchemeRunRequest{Parent: "schemes/" + id, Resamples: 10, Seed: 3}))
	if err != nil || o.GetError() != nil {
		w.Fatalf("run: %v %v", err, o.GetError())
	}
	m := new(segmentationv1.SchemeRun)
	if err := o.GetResponse().UnmarshalTo(m); err != nil {
		w.Fatal(err)
	}
	return m
}

// plan is a scheme of which nothing is missing.
func plan() *segmentationv1.Scheme {
	return &segmentationv1.Scheme{
		DisplayName: "Buyers",
		Objective: &segmentationv1.SchemeObjective{
			Objective: "more second orders", TargetMarket: "private customers", Constraints: []string{"two segments"}, Resources: []string{"one person"},
		},
		Method: &segmentationv1.SchemeMethod{Reason: "nobody knows the groups", Kind: &segmentationv1.SchemeMethod_Kmeans{Kmeans: &segmentationv1.KMeansMethod{
			KMin: 2, KMax: 3, Seed: 5, Starts: 3, LogVariables: []string{"revenue.CNY"},
		}}},
		Data: &segmentationv1.SchemeData{Sources: []string{"orders"}, TimeZone: "Asia/Shanghai"},
		Variables: &segmentationv1.SchemeVariables{
			Forming: []*segmentationv1.SchemeVariable{{Fact: "orders.days", Reason: "how often"}, {Fact: "revenue.CNY", Reason: "how much"}},
			Outside: []*segmentationv1.SchemeVariable{{Fact: "feedback.satisfaction"}, {Fact: "customer.region"}},
		},
	}
}

func (w *world) create(id string, m *segmentationv1.Scheme) *segmentationv1.Scheme {
	w.Helper()
	return must[*segmentationv1.Scheme](w)(w.CreateScheme(w.Context(), &segmentationv1.CreateSchemeRequest{Scheme: m, SchemeId: id}))
}

// target chooses the first label.
func (w *world) target(m *segmentationv1.SchemeRun) *segmentationv1.SchemeRun {
	w.Helper()
	return must[*segmentationv1.SchemeRun](w)(w.ChooseTargets(w.Context(), &segmentationv1.ChooseTargetsRequest{
		Name: m.GetName(), Positioning: "nearer than the market leader", Competitors: []string{"Big Shop"},
		Choices: []*segmentationv1.TargetChoice{{Label: m.GetSegmentation().GetLabels()[0].GetLabel(), Target: true, Reason: "most of them", Scores: []*segmentationv1.EnteredScore{
			{Criterion: segmentationv1.AttractivenessCriterion_ATTRACTIVENESS_CRITERION_FIT, Score: 4, Note: "we know them"},
		}}},
	}))
}

func (w *world) publish(name string, overrides ...*segmentationv1.GateOverride) (*segmentationv1.SchemeRun, error) {
	w.Helper()
	o, err := w.done(w.PublishSchemeRun(w.Context(), &segmentationv1.PublishSchemeRunRequest{Name: name, Overrides: overrides}))
	if err != nil {
		return nil, err
	}
	if o.GetError() != nil {
		return nil, fault.New(fault.Internal, "OPERATION_FAILED", "%s", o.GetError().GetMessage())
	}
	m := new(segmentationv1.SchemeRun)
	return m, o.GetResponse().UnmarshalTo(proto.Message(m))
}
