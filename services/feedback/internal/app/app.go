// Package app holds what takes more than one collection or service: the steps of
// a survey, recording answers of known customers, and counting them.
package app

import (
	"time"

	"github.com/kehuhq/kehu/services/feedback/internal/peer"
	"github.com/kehuhq/kehu/services/feedback/internal/store"
)

// App is the use cases of the service.
type App struct {
	store        *store.Store
	profile      *peer.Profile
	segmentation *peer.Segmentation
	clock        func() time.Time
}

// New puts the use cases on a store and peers.
func New(s *store.Store, p *peer.Profile, g *peer.Segmentation, clock func() time.Time) *App {
	return &App{store: s, profile: p, segmentation: g, clock: clock}
}

// now is the time as documents keep it.
func (a *App) now() time.Time { return a.clock().UTC().Truncate(time.Millisecond) }
