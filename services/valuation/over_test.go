package valuation

import (
	"context"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/emptypb"

	"github.com/kehuhq/kehu/pkg/docstore/pebblestore"
	"github.com/kehuhq/kehu/pkg/fault"
	"github.com/kehuhq/kehu/pkg/operation"
)

// TestOver: what an operation has written is needed until it is done.
func TestOver(t *testing.T) {
	engine, err := pebblestore.Open("db", pebblestore.Options{FS: vfs.NewMem()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = engine.Close() })
	m, err := operation.NewManager(t.Context(), engine, operation.Config{Service: "valuation"})
	if err != nil {
		t.Fatal(err)
	}
	err = operation.Register(m, "refresh", operation.Kind[*emptypb.Empty, int]{
		Run: func(context.Context, *operation.Run[*emptypb.Empty, int]) (proto.Message, error) { return nil, nil },
	})
	if err != nil {
		t.Fatal(err)
	}
	op, err := m.Start(t.Context(), "refresh", operation.Start{Request: &emptypb.Empty{}})
	if err != nil {
		t.Fatal(err)
	}
	want := func(name string, ended bool) {
		t.Helper()
		if got, err := over(m)(t.Context(), name); got != ended || err != nil {
			t.Errorf("%s is over: %v, %v; want %v", name, got, err, ended)
		}
	}
	want(op.GetName(), false)
	want("operations/valuation/removed", true)
	if err := m.Cancel(t.Context(), op.GetName()); err != nil {
		t.Fatal(err)
	}
	want(op.GetName(), true)
}

func TestConfigTellsAllThatIsWrong(t *testing.T) {
	if err := DefaultConfig().Validate(); err != nil {
		t.Fatal(err)
	}
	f, ok := fault.As(Config{Keep: time.Second}.Validate())
	if !ok || len(f.Violations) != 4 {
		t.Fatalf("got %v, want four violations", f)
	}
	if _, err := New(t.Context(), Config{}, Deps{}); fault.KindOf(err) != fault.InvalidArgument {
		t.Errorf("New: %v", err)
	}
}
