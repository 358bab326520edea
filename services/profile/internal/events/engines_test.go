package events

import (
	"context"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"go.uber.org/goleak"

	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/docstore/mongostore/mongotest"
	"github.com/kehuhq/kehu/pkg/docstore/pebblestore"
	"github.com/kehuhq/kehu/pkg/vault"

	"github.com/kehuhq/kehu/services/profile/internal/domain"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// onPebble returns an embedded engine in memory, closed when the test ends.
func onPebble(t testing.TB) docstore.Engine {
	t.Helper()
	e, err := pebblestore.Open("", pebblestore.Options{FS: vfs.NewMem(), MemTableBytes: 1 << 20})
	must(t, err)
	t.Cleanup(func() {
		if err := e.Close(); err != nil {
			t.Errorf("closing: %v", err)
		}
	})
	return e
}

// onEach runs a test on every engine. Without a MongoDB that half is skipped, and
// says so.
func onEach(t *testing.T, test func(*testing.T, docstore.Engine)) {
	t.Run("Pebble", func(t *testing.T) { test(t, onPebble(t)) })
	t.Run("MongoDB", func(t *testing.T) { test(t, mongotest.Open(t)) })
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// family is merges as a test declares them: the merged by survivor.
type family struct{ forest *domain.Forest }

func merged(by map[string][]string) family {
	records := map[string]domain.Links{}
	for root, given := range by {
		var links domain.Links
		for _, id := range given {
			links.Merged = append(links.Merged, domain.Branch{Customer: id, Token: "t"})
			records[id] = domain.Links{Into: &domain.Link{Customer: root, Token: "t"}}
		}
		records[root] = links
	}
	return family{domain.NewForest(records)}
}

func (f family) Members(_ context.Context, id string) (string, []string, error) {
	return f.forest.Root(id), f.forest.Members(id), nil
}

func (f family) Forest(context.Context) (*domain.Forest, error) { return f.forest, nil }

// openVault opens a vault that keeps its keys on an engine of its own.
func openVault(t testing.TB) *vault.Vault {
	t.Helper()
	keyring, err := vault.NewKeyring()
	must(t, err)
	v, err := vault.New(t.Context(), onPebble(t), keyring)
	must(t, err)
	return v
}
