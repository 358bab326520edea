package leads

import (
	"bytes"
	"context"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"
	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/docstore/pebblestore"
	"github.com/kehuhq/kehu/pkg/fault"
	"github.com/kehuhq/kehu/pkg/vault/vaulttest"
)

// frail makes customers, but not while it is down.
type frail struct {
	down bool
	made map[string]*profilev1.Customer
}

func (f *frail) GetCustomer(context.Context, *profilev1.GetCustomerRequest) (*profilev1.Customer, error) {
	return &profilev1.Customer{}, nil
}

func (f *frail) CreateCustomer(_ context.Context, r *profilev1.CreateCustomerRequest) (*profilev1.Customer, error) {
	if f.down {
		return nil, fault.New(fault.Unavailable, "STORE_UNAVAILABLE", "down")
	}
	f.made[r.GetCustomerId()] = r.GetCustomer()
	return r.GetCustomer(), nil
}

func TestTheSweepFinishesAConversion(t *testing.T) {
	ctx := t.Context()
	engine, err := pebblestore.Open("", pebblestore.Options{FS: vfs.NewMem(), MemTableBytes: 1 << 20})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = engine.Close() })
	now := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	customers := &frail{down: true, made: make(map[string]*profilev1.Customer)}
	s, err := New(ctx, Deps{Engine: engine, Vault: vaulttest.On(t, engine), Customers: customers, Clock: func() time.Time { return now }})
	if err != nil {
		t.Fatal(err)
	}
	_, err = s.CreateLead(ctx, &profilev1.CreateLeadRequest{LeadId: "a", Lead: &profilev1.Lead{
		Owner: "ann", Prospect: &profilev1.Prospect{DisplayName: "Canary Bird"}, Notes: "Canary Song",
	}})
	if err != nil {
		t.Fatal(err)
	}
	_, err = s.CloseLead(ctx, &profilev1.CloseLeadRequest{Name: "leads/a", Outcome: profilev1.LeadState_LEAD_STATE_WON, StageReason: "x", Author: "ann"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err = s.ConvertLead(ctx, &profilev1.ConvertLeadRequest{Name: "leads/a"}); fault.KindOf(err) != fault.Unavailable {
		t.Fatalf("converted while customers are down: %v", err)
	}
	customers.down = false
	for _, minutes := range []int{0, 2, 0} {
		now = now.Add(time.Duration(minutes) * time.Minute)
		if err := s.Sweep(ctx); err != nil {
			t.Fatal(err)
		}
		l, err := s.GetLead(ctx, &profilev1.GetLeadRequest{Name: "leads/a"})
		if err != nil {
			t.Fatal(err)
		}
		if done := now.Minute() == 2; done != (l.GetCustomer() != "") || done != (len(customers.made) == 1) {
			t.Errorf("after %v: customer %q, made %v", now, l.GetCustomer(), customers.made)
		}
	}
	for entry, err := range s.docs.ScanRaw(ctx, docstore.Range{}) {
		if err != nil {
			t.Fatal(err)
		}
		if bytes.Contains(entry.Doc, []byte("Canary")) {
			t.Errorf("what describes the prospect is readable: %s", entry.Doc)
		}
	}
}
