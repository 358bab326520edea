package app_test

import (
	"context"
	"errors"
	"iter"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"go.mongodb.org/mongo-driver/v2/bson"
	"go.uber.org/goleak"

	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/docstore/mongostore/mongotest"
	"github.com/kehuhq/kehu/pkg/docstore/pebblestore"
	"github.com/kehuhq/kehu/pkg/fault"
	"github.com/kehuhq/kehu/pkg/vault/vaulttest"

	"github.com/kehuhq/kehu/services/referral/internal/app"
	"github.com/kehuhq/kehu/services/referral/internal/domain"
	"github.com/kehuhq/kehu/services/referral/internal/store"
)

func TestMain(m *testing.M) {
	code := m.Run()
	if err := goleak.Find(goleak.IgnoreAnyFunction("os/exec.(*Cmd).watchCtx")); code == 0 && err != nil {
		println(err.Error())
		code = 1
	}
	os.Exit(code)
}

type fataler interface {
	Helper()
	Fatal(...any)
	Fatalf(string, ...any)
}

func must(t fataler, err error) {
	t.Helper()
	if err != nil {
		t.Fatalf("%v", err)
	}
}

func wantReason(t fataler, err error, kind fault.Kind, reason string) {
	t.Helper()
	if fault.KindOf(err) != kind || fault.ReasonOf(err) != reason {
		t.Fatalf("got %v (%s), want %s", err, fault.ReasonOf(err), reason)
	}
}

// onBothEngines runs a test on each engine.
func onBothEngines(t *testing.T, test func(t *testing.T, e docstore.Engine)) {
	t.Run("Pebble", func(t *testing.T) {
		e := memory(t)
		defer end(t, e)
		test(t, e)
	})
	t.Run("MongoDB", func(t *testing.T) { test(t, mongotest.Open(t)) })
}

func memory(t fataler) docstore.Engine {
	e, err := pebblestore.Open("referral", pebblestore.Options{FS: vfs.NewMem(), CacheBytes: 1 << 20, MemTableBytes: 1 << 20})
	must(t, err)
	return e
}

func end(t fataler, e docstore.Engine) {
	t.Helper()
	must(t, e.Close())
}

// epoch is when the tests take place.
var epoch = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// world is one process on a store, and what lies around it.
type world struct {
	*app.Programs
	ledger *app.Ledger
	store  *store.Store
	around *surroundings
}

// surroundings outlive a process.
type surroundings struct {
	engine  docstore.Engine
	profile *fakeProfile
	clock   atomic.Int64 // ms after epoch
}

func (s *surroundings) now() time.Time {
	return epoch.Add(time.Duration(s.clock.Load()) * time.Millisecond)
}

func (s *surroundings) advance(d time.Duration) { s.clock.Add(d.Milliseconds()) }

func around(e docstore.Engine) *surroundings {
	return &surroundings{engine: e, profile: &fakeProfile{orders: map[string]domain.Order{}}}
}

// start begins a process on an engine, which may be a failing view of the
// surroundings' own.
func (s *surroundings) start(t fataler, e docstore.Engine) *world {
	t.Helper()
	collections, err := store.Open(context.Background(), e, s.now)
	must(t, err)
	w := &world{store: collections, around: s}
	w.Programs, w.ledger = app.New(collections, vaulttest.On(t, e), s.profile, s.now, zeros{})
	return w
}

// zeros makes secrets, and so what is derived from request ids, the same in
// every run. Codes and referrals in these tests have request ids.
type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

// fakeProfile knows customers whose ids do not begin with "stranger".
type fakeProfile struct {
	mu     sync.Mutex
	down   bool
	asked  func()                  // called before a customer is known
	orders map[string]domain.Order // by customer/order
}

func (p *fakeProfile) CustomerKnown(_ context.Context, id string) (bool, error) {
	p.mu.Lock()
	asked := p.asked
	p.mu.Unlock()
	if asked != nil {
		asked()
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.down {
		return false, fault.New(fault.Unavailable, "PEER_UNAVAILABLE", "profile is unavailable")
	}
	return len(id) < 8 || id[:8] != "stranger", nil
}

func (p *fakeProfile) Order(_ context.Context, customer, order string) (*domain.Order, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.down {
		return nil, fault.New(fault.Unavailable, "PEER_UNAVAILABLE", "profile is unavailable")
	}
	o, ok := p.orders[customer+"/"+order]
	if !ok {
		return nil, nil
	}
	return &o, nil
}

// Members is as if whoever begins with "twin" had been merged into "ann".
func (p *fakeProfile) Members(_ context.Context, id string) []string {
	if strings.HasPrefix(id, "twin") || id == "ann" {
		return []string{"ann", "twin-1", "twin-2"}
	}
	return []string{id}
}

func (p *fakeProfile) paid(customer, order string, at time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.orders[customer+"/"+order] = domain.Order{ID: order, Time: at, Paid: true}
}

// dying is a view of an engine by a process that dies at its n-th write: before
// or after the write is performed, and nothing comes through from then on.
type dying struct {
	docstore.Engine
	performed bool // the last write is
	left      atomic.Int64
	dead      atomic.Bool
}

var errDead = errors.New("the process is dead")

func dyingAt(e docstore.Engine, n int, performed bool) *dying {
	d := &dying{Engine: e, performed: performed}
	d.left.Store(int64(n))
	return d
}

func (d *dying) Table(ctx context.Context, layout docstore.Layout) (docstore.Table, error) {
	table, err := d.Engine.Table(ctx, layout)
	return &dyingTable{table, d}, err
}

type dyingTable struct {
	docstore.Table
	of *dying
}

func (t *dyingTable) Get(ctx context.Context, id string) (bson.Raw, error) {
	if t.of.dead.Load() {
		return nil, errDead
	}
	return t.Table.Get(ctx, id)
}

func (t *dyingTable) GetMany(ctx context.Context, ids []string) ([]bson.Raw, error) {
	if t.of.dead.Load() {
		return nil, errDead
	}
	return t.Table.GetMany(ctx, ids)
}

func (t *dyingTable) Scan(ctx context.Context, r docstore.Range) iter.Seq2[docstore.Entry, error] {
	if t.of.dead.Load() {
		return func(yield func(docstore.Entry, error) bool) { yield(docstore.Entry{}, errDead) }
	}
	return t.Table.Scan(ctx, r)
}

func (t *dyingTable) Write(ctx context.Context, writes []docstore.Write) (errs []error, err error) {
	dead := t.of.write(func() { errs, err = t.Table.Write(ctx, writes) })
	return errs, errors.Join(dead, err)
}

func (t *dyingTable) Erase(ctx context.Context, ids []string) (err error) {
	dead := t.of.write(func() { err = t.Table.Erase(ctx, ids) })
	return errors.Join(dead, err)
}

func (t *dyingTable) Count(ctx context.Context, r docstore.Range) (int64, error) {
	if t.of.dead.Load() {
		return 0, errDead
	}
	return t.Table.Count(ctx, r)
}

func (d *dying) Scrub(ctx context.Context) (err error) {
	dead := d.write(func() { err = d.Engine.Scrub(ctx) })
	return errors.Join(dead, err)
}

// write performs a write unless it is the last, or comes after it.
func (d *dying) write(perform func()) error {
	if d.dead.Load() {
		return errDead
	}
	last := d.left.Add(-1) <= 0
	if last {
		d.dead.Store(true)
	}
	if !last || d.performed {
		perform()
	}
	if last {
		return errDead
	}
	return nil
}

// meddled is a view of an engine by a process that, just before its n-th write,
// stands still while something else happens.
type meddled struct {
	docstore.Engine
	left   atomic.Int64
	meddle func()
}

func meddledAt(e docstore.Engine, n int, meddle func()) *meddled {
	m := &meddled{Engine: e, meddle: meddle}
	m.left.Store(int64(n))
	return m
}

func (m *meddled) Table(ctx context.Context, layout docstore.Layout) (docstore.Table, error) {
	table, err := m.Engine.Table(ctx, layout)
	return &meddledTable{table, m}, err
}

type meddledTable struct {
	docstore.Table
	of *meddled
}

func (t *meddledTable) Erase(ctx context.Context, ids []string) error {
	if t.of.left.Add(-1) == 0 {
		t.of.meddle()
	}
	return t.Table.Erase(ctx, ids)
}

func (t *meddledTable) Write(ctx context.Context, writes []docstore.Write) ([]error, error) {
	if t.of.left.Add(-1) == 0 {
		t.of.meddle()
	}
	return t.Table.Write(ctx, writes)
}
