package standing

import (
	"context"
	"time"

	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/erasure"
)

// Formed is what forming segments has come to.
type Formed struct {
	Customers int64 // who were asked about
	Entered   int64
	Left      int64
}

// pollInterval is how often it is looked whether another process has done what was asked.
const pollInterval = 300 * time.Millisecond

// Form asks everybody about some segments, none are all, from facts that hold
// everything acknowledged before the call, and returns when the segments show it, or
// why they cannot. Segments that are neither published nor wanted are left alone. id
// names the call: made again, after a crash, it waits for what was asked for the first
// time. progress is told how many of how many customers have been asked; it may be nil.
func (w *Worker) Form(ctx context.Context, id string, segments []string, progress func(done, total int64)) (Formed, error) {
	key := requestID(formRequest, id)
	if err := w.requests.ask(ctx, request{Meta: metaOf(key), Kind: formRequest, At: w.now(), Segments: segments}); err != nil {
		return Formed{}, err
	}
	w.Wake()
	for {
		news := w.news.wait()
		r, err := w.requests.get(ctx, key)
		switch {
		case err != nil:
			return Formed{}, err
		case r == nil, !r.DoneAt.IsZero() && r.Refused == nil:
			if r == nil {
				return Formed{}, nil // done so long ago that it was swept
			}
			return Formed(r.Outcome), nil
		case !r.DoneAt.IsZero():
			return Formed{}, r.Refused.fault()
		}
		if err := w.tell(ctx, progress); err != nil {
			return Formed{}, err
		}
		if err := pauseFor(ctx, news); err != nil {
			return Formed{}, err
		}
	}
}

func (w *Worker) tell(ctx context.Context, progress func(done, total int64)) error {
	if progress == nil {
		return nil
	}
	s, err := w.states.get(ctx)
	if err == nil && s.Pass != nil && s.Pass.Kind == definitionPass {
		progress(s.Pass.Customers, max(s.Pass.Total, s.Pass.Customers))
	}
	return err
}

func pauseFor(ctx context.Context, news <-chan struct{}) error {
	timer := time.NewTimer(pollInterval)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return docstore.Fault(ctx.Err())
	case <-news:
	case <-timer.C:
	}
	return nil
}

// erasePatience is how long Erase waits before it lets the caller ask again.
const erasePatience = 10 * time.Second

// Erase removes what is kept of some customers, of whom profile does not know any
// more, and returns how many records of each section went since the first call for the
// erasure that the pseudonym names. Lists and their counts agree all the while.
// ERASURE_HELD_UP where the worker does not come to it in time.
func (w *Worker) Erase(ctx context.Context, customers []string, pseudonym string) (map[string]int64, error) {
	if err := w.AskToErase(ctx, customers, pseudonym); err != nil {
		return nil, err
	}
	w.Wake()
	key := requestID(eraseRequest, pseudonym)
	patience := time.NewTimer(erasePatience)
	defer patience.Stop()
	for {
		news := w.news.wait()
		r, err := w.requests.get(ctx, key)
		if err != nil {
			return nil, err
		}
		if r == nil || !r.DoneAt.IsZero() {
			return w.erasures.Removed(ctx, pseudonym)
		}
		poll := time.NewTimer(pollInterval)
		select {
		case <-ctx.Done():
			poll.Stop()
			return nil, docstore.Fault(ctx.Err())
		case <-patience.C:
			poll.Stop()
			return nil, erasure.HeldUp("the work under way is not over")
		case <-news:
		case <-poll.C:
		}
		poll.Stop()
	}
}

// AskToErase asks for an erasure without waiting for it.
func (w *Worker) AskToErase(ctx context.Context, customers []string, pseudonym string) error {
	if _, err := w.erasures.Begin(ctx, pseudonym, erasure.Unmarked); err != nil {
		return err
	}
	return w.requests.ask(ctx, request{
		Meta: metaOf(requestID(eraseRequest, pseudonym)), Kind: eraseRequest, At: w.now(), Customers: customers, Pseudonym: pseudonym,
	})
}

func metaOf(id string) docstore.Meta { return docstore.Meta{ID: id} }

// State is how far the worker has come.
type State struct {
	// Evaluated is the instant up to which everybody stands where the facts put them.
	Evaluated time.Time
	// Generation is that of the last pass.
	Generation int64
	// Done and Total are of the pass under way, 0 without.
	Done, Total int64
}

// State tells how far the worker has come, whichever process it is.
func (s *Standings) State(ctx context.Context) (State, error) {
	w, err := s.states.get(ctx)
	if err != nil {
		return State{}, err
	}
	told := State{Evaluated: w.Evaluated, Generation: w.Generation}
	if w.Pass != nil {
		told.Done, told.Total = w.Pass.Customers, max(w.Pass.Total, w.Pass.Customers)
	}
	return told, nil
}
