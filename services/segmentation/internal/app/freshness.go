package app

import (
	"context"
	"slices"
	"time"

	"github.com/kehuhq/kehu/services/segmentation/internal/domain"
	"github.com/kehuhq/kehu/services/segmentation/internal/facts"
)

// Source is up to when the facts of one service are in.
type Source struct {
	Service string
	// SyncedTo is the instant before which everything that the service acknowledged is
	// in; zero where it was never read.
	SyncedTo time.Time
	// LastError is why it could not be read when last tried; empty where it could.
	LastError string
	// AsOf is of valuation's edition; zero of others, and without one.
	AsOf time.Time
}

// Sources tells up to when each service has been read.
type Sources func(context.Context) ([]Source, error)

// Freshness is how current the members of segments are.
type Freshness struct {
	sources   []Source
	evaluated time.Time
}

// Freshness reads how current everything is.
func (a *App) Freshness(ctx context.Context) (*Freshness, error) {
	state, err := a.standings.State(ctx)
	if err != nil {
		return nil, err
	}
	sources, err := a.sources(ctx)
	return &Freshness{sources, state.Evaluated}, err
}

// services are where the facts of each section come from.
var services = map[facts.Section]string{
	facts.FromProfile: "profile", facts.FromOrders: "profile", facts.FromValuation: "valuation",
	facts.FromFeedback: "feedback", facts.FromReferral: "referral",
}

// Services are those whom facts are from: profile always, which says whom there is.
func Services(reads []string) []string {
	asked := []string{"profile"}
	for _, name := range reads {
		if field, is := facts.Lookup(name); is {
			if service := services[field.Section]; !slices.Contains(asked, service) {
				asked = append(asked, service)
			}
		}
	}
	return asked
}

// Of is how current some services are.
func (f *Freshness) Of(services []string) []Source {
	of := make([]Source, len(services))
	for i, service := range services {
		of[i] = Source{Service: service, LastError: "this service was started without the address of " + service}
		for _, s := range f.sources {
			if s.Service == service {
				of[i] = s
			}
		}
	}
	return of
}

// AsOf is the as-of instant of the valuations among some sources; zero without any.
func AsOf(sources []Source) time.Time {
	for _, s := range sources {
		if s.Service == "valuation" {
			return s.AsOf
		}
	}
	return time.Time{}
}

// stood is the instant up to which everything was in a segment that stands still.
func (f *Freshness) stood(s *domain.Segment, sources []Source) time.Time {
	up := s.Formed.At
	for _, source := range sources {
		if synced := s.Formed.Synced[source.Service]; synced.Before(up) {
			up = synced
		}
	}
	return up
}

// Up is the instant up to which everything is in a segment's members; zero before they
// were first formed, and while a service that it asks about has not been read whole.
func (f *Freshness) Up(s *domain.Segment, sources []Source) time.Time {
	switch {
	case s.Formed.Generation == 0:
		return time.Time{}
	case s.State != domain.Published, s.Wanted, s.Failure != nil, s.Formed.Revision != s.Revision:
		return f.stood(s, sources)
	}
	up := f.evaluated
	for _, source := range sources {
		if source.SyncedTo.Before(up) {
			up = source.SyncedTo
		}
	}
	return up
}
