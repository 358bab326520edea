package profile_test

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"
	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/fault"

	"github.com/kehuhq/kehu/services/profile/internal/roomtest"
)

// brittle is an engine that breaks once, with the write that comes when left is 0.
type brittle struct {
	docstore.Engine
	left atomic.Int64
}

func (b *brittle) Table(ctx context.Context, layout docstore.Layout) (docstore.Table, error) {
	t, err := b.Engine.Table(ctx, layout)
	return brittleTable{t, b}, err
}

func (b *brittle) breaks() error {
	if b.left.Add(-1) == 0 {
		return fault.New(fault.Unavailable, "STORE_UNAVAILABLE", "it broke")
	}
	return nil
}

type brittleTable struct {
	docstore.Table
	of *brittle
}

func (t brittleTable) Write(ctx context.Context, writes []docstore.Write) ([]error, error) {
	if err := t.of.breaks(); err != nil {
		return nil, err
	}
	return t.Table.Write(ctx, writes)
}

func (t brittleTable) Purge(ctx context.Context, r docstore.Range) error {
	if err := t.of.breaks(); err != nil {
		return err
	}
	return t.Table.Purge(ctx, r)
}

func (t brittleTable) Erase(ctx context.Context, ids []string) error {
	if err := t.of.breaks(); err != nil {
		return err
	}
	return t.Table.Erase(ctx, ids)
}

// An erasure that breaks off at any write goes on from there and comes to the same
// end.
func TestErasureThatBreaksOff(t *testing.T) {
	for at := int64(1); at <= 52; at += 3 {
		t.Run(fmt.Sprint(at), func(t *testing.T) {
			t.Parallel()
			engine := &brittle{Engine: onPebble(t)}
			r := roomsAt(roomtest.Serve(t, engine, func() time.Time { return now }))
			r.fill(t, "person-p", "13800138001")
			r.fill(t, "person-q", "13800138002")
			ok[*profilev1.MergeCustomersResponse](t)(r.merges.MergeCustomers(t.Context(), &profilev1.MergeCustomersRequest{
				Survivor: "customers/person-p", Merged: []string{"customers/person-q"},
			}))
			engine.left.Store(at)
			asked := &profilev1.EraseCustomerRequest{Name: "customers/person-p", Basis: "x", RequestId: "once"}
			op, err := r.rights.EraseCustomer(t.Context(), asked)
			for range 3 {
				if err != nil {
					op, err = r.rights.EraseCustomer(t.Context(), asked)
				}
			}
			var receipt profilev1.ErasureReceipt
			must(t, r.wait(t, op, err).GetResponse().UnmarshalTo(&receipt))
			if engine.left.Load() > 0 {
				t.Errorf("nothing broke: %d writes were left", engine.left.Load())
			}
			for _, id := range []string{"person-p", "person-q"} {
				if v := r.verified(t, receipt.GetName(), id); !v.GetAuthentic() || !v.GetOfCustomer() || len(v.GetRemaining()) > 0 {
					t.Errorf("%s: %v", id, v)
				}
			}
			total, left := int64(0), map[string]int64{}
			for _, o := range ok[*profilev1.ListOrdersResponse](t)(r.orders.ListOrders(t.Context(), &profilev1.ListOrdersRequest{Parent: "customers/anonymous"})).GetOrders() {
				total += o.GetAmount().GetMinorUnits()
			}
			for _, s := range receipt.GetSections() {
				left[s.GetSection()] = s.GetErased() + s.GetPseudonymised()
			}
			if total != 3000 || left["orders"] != 4 || left["events"] != 4 || left["customers"] != 2 {
				t.Errorf("orders of %d stay; the receipt counts %v", total, left)
			}
		})
	}
}
