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
	patience     time.Duration // see New
	clock        func() time.Time
}

// New puts the use cases on a store and peers. patience is how long an answer may
// take to be stored once profile has been asked about its customer.
func New(s *store.Store, p *peer.Profile, g *peer.Segmentation, patience time.Duration, clock func() time.Time) *App {
	return &App{store: s, profile: p, segmentation: g, patience: patience, clock: clock}
}

// now is the time as documents keep it.
func (a *App) now() time.Time { return a.clock().UTC().Truncate(time.Millisecond) }
