package suite

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"

	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/rpc"
)

// Layouts opens every table of a service on engine, which creates what is
// missing, and returns their layouts by name.
func Layouts(ctx context.Context, service string, engine docstore.Engine) ([]docstore.Layout, error) {
	all := builders(defaultServices())
	at := slices.IndexFunc(all, func(b builder) bool { return b.name == service })
	if at < 0 {
		return nil, fmt.Errorf("there is no service %q; there are %s", service, strings.Join(Names, ", "))
	}
	_, nobody, err := rpc.Pipe(PipeConfig()) // the service is only opened: it calls no peer
	if err != nil {
		return nil, err
	}
	defer func() { _ = nobody.Close() }()
	seen := &witness{Engine: engine}
	svc, err := all[at].new(ctx, seen, nobody, slog.Default())
	if err != nil {
		return nil, err
	}
	slices.SortFunc(seen.layouts, func(a, b docstore.Layout) int { return strings.Compare(a.Name, b.Name) })
	return seen.layouts, svc.Close()
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
