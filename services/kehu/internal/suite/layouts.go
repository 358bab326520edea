package suite

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"

	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/docstore/engines"
	"github.com/kehuhq/kehu/pkg/rpc"
	"github.com/kehuhq/kehu/pkg/vault"
)

// Layouts opens every table of a store on engine, which creates what is missing,
// and returns their layouts by name. The store is one of StoresOf.
func Layouts(ctx context.Context, store string, engine docstore.Engine) ([]docstore.Layout, error) {
	seen := &witness{Engine: engine}
	for _, b := range builders(defaultServices()) {
		var err error
		switch {
		case store == b.name:
			err = openOnly(ctx, b, seen)
		case b.seals && store == engines.Keys(b.name):
			err = vault.Prepare(ctx, seen)
		default:
			continue
		}
		slices.SortFunc(seen.layouts, func(a, b docstore.Layout) int { return strings.Compare(a.Name, b.Name) })
		return seen.layouts, err
	}
	return nil, fmt.Errorf("there is no store %q; the services are %s", store, strings.Join(Names, ", "))
}

// openOnly opens a service on an engine and closes it again: it calls no peer and
// seals nothing.
func openOnly(ctx context.Context, b builder, engine docstore.Engine) (err error) {
	_, nobody, err := rpc.Pipe(PipeConfig())
	if err != nil {
		return err
	}
	defer func() { _ = nobody.Close() }()
	svc, err := b.new(ctx, deps{engine: engine, vault: &vault.Vault{}, peers: nobody, log: slog.Default()})
	if err != nil {
		return err
	}
	return svc.Close()
}

// witness notes which tables are opened.
type witness struct {
	docstore.Engine
	layouts []docstore.Layout
}

func (w *witness) Table(ctx context.Context, layout docstore.Layout) (docstore.Table, error) {
	w.layouts = append(w.layouts, layout)
	return w.Engine.Table(ctx, layout)
}
