package importer_test

import (
	"log/slog"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"
	"github.com/kehuhq/kehu/pkg/operation"
	"github.com/kehuhq/kehu/pkg/vault/vaulttest"

	"github.com/kehuhq/kehu/services/profile/internal/app"
	"github.com/kehuhq/kehu/services/profile/internal/importer"
	"github.com/kehuhq/kehu/services/profile/internal/store"
)

// An import that nobody goes on with is given up, and what it staged removed; one
// that moves is left alone.
func TestAbandonedImports(t *testing.T) {
	engine := memory(t, vfs.NewMem())
	t.Cleanup(func() {
		if err := engine.Close(); err != nil {
			t.Error(err)
		}
	})
	var now atomic.Int64
	now.Store(time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC).UnixMilli())
	clock := func() time.Time { return time.UnixMilli(now.Load()).UTC() }
	s, err := store.Open(t.Context(), engine, vaulttest.On(t, engine), clock)
	if err != nil {
		t.Fatal(err)
	}
	manager, err := operation.NewManager(t.Context(), engine, operation.Config{Service: "profile", Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	i, err := importer.New(t.Context(), importer.Deps{Engine: engine, Vault: vaulttest.On(t, engine), Recorder: app.New(s, clock), Operations: manager, Clock: clock})
	if err != nil {
		t.Fatal(err)
	}
	begin := func(f csvFile) *profilev1.Import {
		announced, err := i.CreateImport(t.Context(), &profilev1.CreateImportRequest{Import: f.Import})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := i.AppendImport(t.Context(), &profilev1.AppendImportRequest{Name: announced.GetName(), Data: f.data[:len(f.data)-1]}); err != nil {
			t.Fatal(err)
		}
		return announced
	}
	old := begin(orders(itemHead + "o1,c1,2025-03-15,s1,1,10.00,,,CNY,,,\no2,c1,2025-03-15,s1,1,1,,,CNY,,,\n"))
	now.Add((29 * 24 * time.Hour).Milliseconds())
	young := begin(orders(small))
	sweep := func(day int) {
		now.Store(time.Date(2026, 3, 1+day, 0, 0, 0, 0, time.UTC).UnixMilli())
		if err := i.Sweep(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	got := func(of *profilev1.Import) *profilev1.Import {
		found, err := i.GetImport(t.Context(), &profilev1.GetImportRequest{Name: of.GetName()})
		if err != nil {
			t.Fatal(err)
		}
		return found
	}
	if sweep(29); got(old).GetState() != profilev1.ImportState_IMPORT_STATE_RECEIVING {
		t.Errorf("import of 29 days ago: %v", got(old))
	}
	sweep(31)
	if f := got(old); f.GetState() != profilev1.ImportState_IMPORT_STATE_FAILED || f.GetError().GetReason() != "IMPORT_ABANDONED" {
		t.Errorf("import of 31 days ago: %v", f)
	}
	if f := got(young); f.GetState() != profilev1.ImportState_IMPORT_STATE_RECEIVING {
		t.Errorf("import of two days ago: %v", f)
	}
	keepsNothing(t, engine)
}
