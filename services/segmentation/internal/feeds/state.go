package feeds

import (
	"context"
	"errors"
	"time"

	"google.golang.org/grpc/status"

	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/fault"
	"github.com/kehuhq/kehu/pkg/rpc"

	"github.com/kehuhq/kehu/services/segmentation/internal/peers"
)

// state is how far a service is followed, under its name.
type state struct {
	docstore.Meta `bson:",inline"`
	Cursor        string    `bson:"cursor,omitempty"`
	SyncedTo      time.Time `bson:"synced_to"` // of the cursor
	// Walking is that everything is being read anew; After is the customer behind
	// whom to go on. Whole is that this has once come to its end since the cursor began.
	Walking   bool      `bson:"walking,omitempty"`
	After     string    `bson:"after,omitempty"`
	WalkBegan time.Time `bson:"walk_began,omitempty"`
	Whole     bool      `bson:"whole,omitempty"`
	// ReadAt is when the last walk began that came to its end: what was acknowledged
	// before, it has met.
	ReadAt time.Time `bson:"read_at,omitempty"`
	// Met is that everybody whom profile tells of has once been met: from then on facts
	// may be late, but are nobody's silence. It is never taken back.
	Met bool `bson:"met,omitempty"`
	// Due is that everything is to be read anew: parts could not be read with a customer.
	Due bool `bson:"due,omitempty"`
	// Owing is that they have not been read since, walking or not. What the service
	// acknowledged before OwedFrom is in nevertheless: it is when that customer changed.
	Owing    bool      `bson:"owing,omitempty"`
	OwedFrom time.Time `bson:"owed_from,omitempty"`
	// Terms is what everybody's facts depended on when the last walk began.
	Terms string `bson:"terms,omitempty"`
	// Edition is the refresh of the valuations that is being read, or was.
	Edition int64     `bson:"edition,omitempty"`
	AsOf    time.Time `bson:"as_of,omitempty"`
	// Valued is the refresh that everybody was last read as of; 0 where there was none.
	Valued     int64     `bson:"valued,omitempty"`
	Error      string    `bson:"error,omitempty"`
	ErrorSince time.Time `bson:"error_since,omitempty"`
}

// syncedTo is the instant before which everything that was acknowledged is in the facts;
// zero before it was read whole.
func (s *state) syncedTo() time.Time {
	switch {
	case !s.Whole:
		return time.Time{}
	case s.Owing:
		return earlier(s.OwedFrom, later(s.SyncedTo, s.ReadAt))
	}
	return later(s.SyncedTo, s.ReadAt)
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

func later(a, b time.Time) time.Time {
	if a.Before(b) {
		return b
	}
	return a
}

// ended is the end of a walk: everybody has been read since it began.
func (s *state) ended() {
	s.Walking, s.Whole, s.After, s.ReadAt = false, true, "", s.WalkBegan
	if !s.Due {
		s.Owing, s.OwedFrom = false, time.Time{}
	}
}

func (s *state) edition() peers.Edition { return peers.Edition{Generation: s.Edition, AsOf: s.AsOf} }

// turn begins to read everybody as of another refresh of the valuations, or of none.
func (f *Feeds) turn(s *state, to peers.Edition) {
	f.anew(s)
	s.Edition, s.AsOf = to.Generation, to.AsOf
	if s.Edition == 0 {
		s.Valued = 0
	}
}

// Read tells whether what a service knows of everybody has ever been read: until then
// that nothing is known of a customer says nothing. Of valuation it is false before the
// first refresh too, and where the valuations have vanished; of feedback and referral
// it is true where they are no part of the installation, for then there is nothing to know.
func (f *Feeds) Read(ctx context.Context, service string) (bool, error) {
	if !f.reader.Has(service) {
		return service != peers.Valuation, nil
	}
	s, err := f.state(ctx, service)
	if err != nil {
		return false, err
	}
	switch service {
	case peers.Profile:
		return !s.ReadAt.IsZero(), nil
	case peers.Valuation:
		return s.Met && s.Edition != 0 && s.Valued != 0, nil
	}
	return s.Met, nil
}

// meet notes that everybody has been met, once that is so: profile has told who there
// is, and the service owes nothing of them.
func (f *Feeds) meet(ctx context.Context, s *state) error {
	if s.Met || s.Walking || s.Due || !s.Whole {
		return nil
	}
	everybody, err := f.Read(ctx, peers.Profile)
	s.Met = everybody
	return err
}

// State is how current the facts of a service are.
type State struct {
	Service    string
	Configured bool
	// SyncedTo tells that the facts hold everything acknowledged before; zero while
	// it has not been read whole yet.
	SyncedTo time.Time
	// AsOf is the instant of the refresh whose valuations are facts; zero of others.
	AsOf time.Time
	// Anew is that everything is being read anew, in the order of ids, and has come to
	// AnewAt; a state that is not configured or reached keeps what was.
	Anew   bool
	AnewAt string
	// Reason is why the service could not be asked last, e.g. PEER_UNAVAILABLE, since
	// when; empty if it could.
	Reason string
	Since  time.Time
}

// States tells how current the facts are, by service.
func (f *Feeds) States(ctx context.Context) ([]State, error) {
	all := make([]State, 0, len(Services))
	for _, service := range Services {
		s, err := f.state(ctx, service)
		if err != nil {
			return nil, err
		}
		told := State{Service: service, Configured: f.reader.Has(service), Anew: s.Walking, AnewAt: s.After, Reason: s.Error, Since: s.ErrorSince}
		told.SyncedTo = s.syncedTo()
		if service == peers.Valuation && s.Whole {
			told.AsOf = s.AsOf
		}
		all = append(all, told)
	}
	return all, nil
}

// Synced tells, for each service that is followed, the instant before which everything
// that it acknowledged is in the facts; none of one that was never read.
func (f *Feeds) Synced(ctx context.Context) (map[string]time.Time, error) {
	states, err := f.States(ctx)
	synced := make(map[string]time.Time)
	for _, s := range states {
		if s.Configured && !s.SyncedTo.IsZero() {
			synced[s.Service] = s.SyncedTo
		}
	}
	return synced, err
}

func (f *Feeds) state(ctx context.Context, service string) (*state, error) {
	s, err := f.states.Get(ctx, service)
	if errors.Is(err, docstore.ErrNotFound) {
		return &state{Meta: docstore.Meta{ID: service}}, nil
	}
	return s, err
}

// save writes how far a service is followed, if nobody has written it since it was read:
// another process that follows has come further then. WORKED_ELSEWHERE, Unavailable.
func (f *Feeds) save(ctx context.Context, s *state) error {
	s.Error, s.ErrorSince = "", time.Time{}
	write := f.states.Replace
	if s.Version == 0 {
		write = f.states.Insert
	}
	err := write(ctx, s)
	if errors.Is(err, docstore.ErrConflict) || errors.Is(err, docstore.ErrNotFound) {
		return fault.New(fault.Unavailable, "WORKED_ELSEWHERE", "another process follows %s meanwhile", s.ID)
	}
	return err
}

func (f *Feeds) write(ctx context.Context, service string, change func(*state)) error {
	_, err := f.states.Upsert(ctx, service, func(s *state, _ bool) error {
		change(s)
		return nil
	})
	return err
}

// note notes that a service could not be asked.
func (f *Feeds) note(ctx context.Context, service string, down *downError) error {
	reason := rpc.Reason(status.Convert(down.cause))
	if reason == "" {
		reason = "PEER_FAILED"
	}
	if f.log != nil {
		f.log.WarnContext(ctx, "facts could not be followed; they stay as they were", "service", service, "error", down.cause)
	}
	return f.write(ctx, service, func(s *state) {
		if s.Error == "" {
			s.ErrorSince = f.now().UTC()
		}
		s.Error = reason
	})
}

// owe notes that everything of a service has to be read anew, for it could not be
// read with a customer who changed, at the earliest when profile was read last.
func (f *Feeds) owe(ctx context.Context, service string) error {
	profile, err := f.state(ctx, peers.Profile)
	if err != nil {
		return err
	}
	from := profile.syncedTo()
	return f.write(ctx, service, func(s *state) {
		if !s.Owing || from.Before(s.OwedFrom) {
			s.Owing, s.OwedFrom = true, from
		}
		s.Due = true
	})
}
