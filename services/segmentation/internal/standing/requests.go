package standing

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/fault"
)

// The kinds of a request.
const (
	formRequest  = "form"
	eraseRequest = "erase"
)

// A request is what somebody waits for the worker to do.
type request struct {
	docstore.Meta `bson:",inline"`
	Kind          string    `bson:"kind"`
	At            time.Time `bson:"at"`
	Segments      []string  `bson:"segments,omitempty"` // to form; none are all
	Customers     []string  `bson:"customers,omitempty"`
	Pseudonym     string    `bson:"pseudonym,omitempty"`
	// Of one that is done:
	DoneAt  time.Time `bson:"done_at,omitempty"`
	Outcome outcome   `bson:"outcome"`
	Refused *refusal  `bson:"refused,omitempty"`
}

type outcome struct {
	Customers int64 `bson:"customers"`
	Entered   int64 `bson:"entered"`
	Left      int64 `bson:"left"`
}

// refusal is a fault as it is stored.
type refusal struct {
	Kind     uint8             `bson:"kind"`
	Reason   string            `bson:"reason"`
	Message  string            `bson:"message"`
	Metadata map[string]string `bson:"metadata,omitempty"`
}

func refusalOf(err error) *refusal {
	f, ok := fault.As(err)
	if !ok {
		f = fault.New(fault.Unavailable, "SEGMENTS_NOT_FORMED", "the segments could not be formed: %v", err)
	}
	return &refusal{uint8(f.Kind), f.Reason, f.Message, f.Metadata}
}

func (r *refusal) fault() error {
	f := fault.New(fault.Kind(r.Kind), r.Reason, "%s", r.Message)
	f.Metadata = r.Metadata
	return f
}

const (
	byPending = "pending" // what is not done, the longest wanted first
	byDone    = "done"    // what is done, the first done first
)

type requests struct {
	docs *docstore.Collection[request]
}

func openRequests(ctx context.Context, engine docstore.Engine, clock func() time.Time) (*requests, error) {
	docs, err := docstore.Open(ctx, engine, docstore.Schema[request]{
		Name: "requests",
		Indexes: []docstore.Index[request]{
			{Name: byPending, Key: func(r *request) string {
				if !r.DoneAt.IsZero() {
					return ""
				}
				return docstore.Key(docstore.Time(r.At))
			}},
			{Name: byDone, Key: func(r *request) string {
				if r.DoneAt.IsZero() {
					return ""
				}
				return docstore.Key(docstore.Time(r.DoneAt))
			}},
		},
	}, docstore.WithClock(clock))
	return &requests{docs}, err
}

func requestID(kind, id string) string { return docstore.ID(kind, id) }

// ask notes a request, if it is not there; one that was refused is wanted again, and
// so is an erasure, for more may have come.
func (s *requests) ask(ctx context.Context, wanted request) error {
	_, err := s.docs.Upsert(ctx, wanted.ID, func(r *request, exists bool) error {
		if exists && r.Refused == nil && (r.DoneAt.IsZero() || r.Kind != eraseRequest) {
			return docstore.ErrUnchanged
		}
		meta := r.Meta
		*r = wanted
		r.Meta = meta
		return nil
	})
	return err
}

// get returns a request, nil where there is none.
func (s *requests) get(ctx context.Context, id string) (*request, error) {
	r, err := s.docs.Get(ctx, id)
	if errors.Is(err, docstore.ErrNotFound) {
		return nil, nil
	}
	return r, err
}

// requestsAtOnce is how many requests are looked at in a round.
const requestsAtOnce = 200

// pending are the requests of a kind that are not done.
func (s *requests) pending(ctx context.Context, kind string) ([]*request, error) {
	found, _, err := s.docs.Page(ctx, docstore.Range{Index: byPending, Limit: requestsAtOnce})
	return slices.DeleteFunc(found, func(r *request) bool { return r.Kind != kind || !r.DoneAt.IsZero() }), err
}

// done notes what a request has come to.
func (s *requests) done(ctx context.Context, id string, at time.Time, came outcome, refused error) error {
	_, err := s.docs.Update(ctx, id, func(r *request) error {
		r.DoneAt, r.Outcome, r.Refused = at, came, nil
		if refused != nil {
			r.Refused = refusalOf(refused)
		}
		return nil
	})
	if errors.Is(err, docstore.ErrNotFound) {
		return nil
	}
	return err
}

// sweep removes what was done before a time.
func (s *requests) sweep(ctx context.Context, before time.Time) error {
	old, _, err := s.docs.Page(ctx, docstore.Range{Index: byDone, To: docstore.Key(docstore.Time(before)), Limit: requestsAtOnce})
	if err != nil {
		return err
	}
	for _, r := range old {
		if err := s.docs.Purge(ctx, docstore.Only(r.ID)); err != nil {
			return err
		}
	}
	return nil
}
