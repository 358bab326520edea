package standing

import (
	"context"
	"errors"
	"time"

	"github.com/kehuhq/kehu/pkg/docstore"
)

// errLost says that another worker has taken over.
var errLost = errors.New("another worker has taken over")

// state is the worker's: who it is, and how far it has come. There is one.
type state struct {
	docstore.Meta `bson:",inline"`
	Holder        string    `bson:"holder,omitempty"` // the process that works
	Until         time.Time `bson:"until"`            // for how long without saying so again
	Epoch         int64     `bson:"epoch"`            // counts the holders; each checks it is its own
	// Generation is that of the last pass that is over.
	Generation int64 `bson:"generation"`
	// Evaluated is the instant up to which everybody has been evaluated.
	Evaluated time.Time `bson:"evaluated,omitempty"`
	// Purged is the last generation whose moves have been removed.
	Purged int64 `bson:"purged,omitempty"`
	Pass   *pass `bson:"pass,omitempty"`
}

// The kinds of a pass.
const (
	duePass        = "due"        // over those whom a change, or the time, has touched
	definitionPass = "definition" // over everybody, for some segments
)

// pass is a pass under way.
type pass struct {
	Generation int64     `bson:"generation"`
	Kind       string    `bson:"kind"`
	At         time.Time `bson:"at"` // the instant that is evaluated
	Scope      []scope   `bson:"scope"`
	// After is the last customer of the parts that are counted, by escaped id, and
	// Before the one before the last of these parts. Of a pass over everybody.
	After  string `bson:"after"`
	Before string `bson:"before"`
	// Part is the last part that is counted, Docs its moves.
	Part      int64     `bson:"part"`
	Docs      []string  `bson:"docs,omitempty"`
	Tallies   []tally   `bson:"tallies,omitempty"`
	Customers int64     `bson:"customers"`
	Total     int64     `bson:"total"` // about
	AsOf      time.Time `bson:"as_of,omitempty"`
	// Synced is up to when each service had been read when the pass began.
	Synced map[string]time.Time `bson:"synced,omitempty"`
	// Ended tells that all parts are counted, and the segments are to show the pass.
	Ended bool `bson:"ended,omitempty"`
}

// scope is a segment in a pass.
type scope struct {
	Segment  string `bson:"segment"`
	Born     int64  `bson:"born"`
	Revision int64  `bson:"revision"`
	// Mixed tells that not everybody of the pass was asked this revision.
	Mixed bool `bson:"mixed,omitempty"`
}

// tally counts what a pass has found of a segment.
type tally struct {
	Segment string   `bson:"segment"`
	Born    int64    `bson:"born"`
	Entered int64    `bson:"entered"`
	Left    int64    `bson:"left"`
	Failing int64    `bson:"failing"` // more than before
	Example string   `bson:"example,omitempty"`
	Failure *failure `bson:"failure,omitempty"`
	Cleared bool     `bson:"cleared,omitempty"` // somebody can be told of again
}

func (t *tally) add(more tally) {
	t.Entered += more.Entered
	t.Left += more.Left
	t.Failing += more.Failing
	t.Cleared = t.Cleared || more.Cleared
	if more.Failure != nil {
		t.Example, t.Failure = more.Example, more.Failure
	}
}

const workerID = "worker"

type states struct {
	docs *docstore.Collection[state]
}

func openStates(ctx context.Context, engine docstore.Engine, clock func() time.Time) (*states, error) {
	docs, err := docstore.Open(ctx, engine, docstore.Schema[state]{Name: "workers"}, docstore.WithClock(clock))
	return &states{docs}, err
}

func (s *states) get(ctx context.Context) (*state, error) {
	found, err := s.docs.Get(ctx, workerID)
	if errors.Is(err, docstore.ErrNotFound) {
		return &state{}, nil
	}
	return found, err
}

// acquire takes the lease, if nobody else holds it. It returns nil where somebody does.
// One that lasts for longer than any does is of a clock that was set back since: it
// would be waited for as long as that. Clocks may differ by a lease.
func (s *states) acquire(ctx context.Context, holder string, now time.Time, lease time.Duration) (*state, error) {
	held := false
	got, err := s.docs.Upsert(ctx, workerID, func(w *state, _ bool) error {
		held = w.Holder != "" && w.Holder != holder && w.Until.After(now) && !w.Until.After(now.Add(2*lease))
		if held {
			return docstore.ErrUnchanged
		}
		if w.Holder != holder {
			w.Holder = holder
			w.Epoch++
		}
		w.Until = now.Add(lease)
		return nil
	})
	if err != nil || held {
		return nil, err
	}
	return got, nil
}

// change writes the state of a holder whose epoch it still is.
func (s *states) change(ctx context.Context, epoch int64, change func(*state) error) (*state, error) {
	got, err := s.docs.Update(ctx, workerID, func(w *state) error {
		if w.Epoch != epoch {
			return errLost
		}
		return change(w)
	})
	if errors.Is(err, docstore.ErrNotFound) {
		return nil, errLost
	}
	return got, err
}

// release lets another process begin at once. The holder may not know that it is: where
// it was stopped as it took the lease.
func (s *states) release(ctx context.Context, holder string) error {
	_, err := s.docs.Update(ctx, workerID, func(w *state) error {
		if w.Holder != holder {
			return docstore.ErrUnchanged
		}
		w.Holder, w.Until = "", time.Time{}
		return nil
	})
	if errors.Is(err, docstore.ErrNotFound) {
		return nil
	}
	return err
}
