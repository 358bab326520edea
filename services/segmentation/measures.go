package segmentation

import (
	"context"
	"time"

	"github.com/kehuhq/kehu/services/segmentation/internal/kpis"
)

// openKpis opens what measures segments day by day.
func openKpis(ctx context.Context, cfg Config, deps Deps, p *parts) (*kpis.Meter, error) {
	zone, err := time.LoadLocation(cfg.TimeZone)
	if err != nil {
		return nil, err // Validate has tried it
	}
	measured, err := kpis.OpenStore(ctx, deps.Engine, deps.Clock)
	return &kpis.Meter{
		Store: measured, Segments: p.store.Segments, Members: segmentsOf{p.store.Segments, p.standings, p.criterion}, Facts: p.facts,
		Zone: zone, Clock: deps.Clock,
	}, err
}
