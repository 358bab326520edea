package standing

import (
	"context"
	"crypto/rand"
	"errors"
	"log/slog"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/erasure"
	"github.com/kehuhq/kehu/pkg/fault"
)

// Parts are what a worker works with.
type Parts struct {
	Standings   *Standings
	Engine      docstore.Engine
	Facts       Facts
	Touched     Touched
	Feeds       Feeds
	Criteria    Criteria
	Generations Generations
	Erasures    *erasure.Journal
	Log         *slog.Logger
}

// Worker keeps the standings up to date. Of several on one store one works at a time.
type Worker struct {
	*Standings
	engine      docstore.Engine
	facts       Facts
	queue       Touched
	feeds       Feeds
	criteria    Criteria
	generations Generations
	erasures    *erasure.Journal
	log         *slog.Logger
	holder      string
	// partCustomers is how many customers a part of a pass has, at most.
	partCustomers int64
	working       sync.Mutex // one round at a time
	state         *state     // as stored last by the round
	customers     int64      // whom the last pass over everybody has asked
	swept         time.Time
	wake          chan struct{}
	news          news
	meters        meters
}

// NewWorker makes a worker. It does nothing until Serve or Round.
func NewWorker(p Parts) *Worker {
	return &Worker{
		Standings: p.Standings, engine: p.Engine, facts: p.Facts, queue: p.Touched, feeds: p.Feeds, criteria: p.Criteria,
		generations: p.Generations, erasures: p.Erasures, log: p.Log,
		holder: rand.Text(), partCustomers: partCustomers, wake: make(chan struct{}, 1),
		news: news{changed: make(chan struct{})}, meters: unmeasured(),
	}
}

// news lets others wait until a round is over.
type news struct {
	mu      sync.Mutex
	changed chan struct{}
}

func (n *news) wait() <-chan struct{} {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.changed
}

func (n *news) tell() {
	n.mu.Lock()
	defer n.mu.Unlock()
	close(n.changed)
	n.changed = make(chan struct{})
}

// Wake lets the worker begin a round at once.
func (w *Worker) Wake() {
	select {
	case w.wake <- struct{}{}:
	default:
	}
}

// How often Serve begins a round, and the longest pause after failures.
const (
	roundInterval = 2 * time.Second
	maxPause      = time.Minute
)

// Serve works until ctx ends, round after round, and lets another process begin then.
func (w *Worker) Serve(ctx context.Context) error {
	pause := time.Duration(0)
	for {
		err := w.Round(ctx)
		switch {
		case ctx.Err() != nil:
			return w.stop(ctx)
		case err == nil, fault.ReasonOf(err) == reasonElsewhere:
			pause = roundInterval
		default:
			pause = min(max(2*pause, roundInterval), maxPause)
			w.log.ErrorContext(ctx, "keeping segments up to date failed", slog.Any("error", err), slog.Duration("again_in", pause))
		}
		timer := time.NewTimer(pause)
		select {
		case <-ctx.Done():
		case <-w.wake:
		case <-timer.C:
		}
		timer.Stop()
	}
}

// stopTimeout is how long letting go of the lease may take.
const stopTimeout = 5 * time.Second

func (w *Worker) stop(ctx context.Context) error {
	w.working.Lock()
	defer w.working.Unlock()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopTimeout)
	defer cancel()
	return w.states.release(ctx, w.holder)
}

// reasonElsewhere is of a round that another process does.
const reasonElsewhere = "WORKED_ELSEWHERE"

// Round brings everything up to date once: it follows the feeds, evaluates who was
// touched, forms what was defined anew, does what was asked for, and removes what
// nobody can read any more. WORKED_ELSEWHERE, Unavailable, where another process has
// the lease.
func (w *Worker) Round(ctx context.Context) (err error) {
	w.working.Lock()
	defer w.working.Unlock()
	defer w.news.tell()
	defer func(ctx context.Context) { w.meters.round(ctx, err) }(ctx)
	held, err := w.states.acquire(ctx, w.holder, w.now(), w.cfg.Lease)
	if err != nil {
		return err
	}
	if held == nil {
		return fault.New(fault.Unavailable, reasonElsewhere, "another process keeps the segments up to date")
	}
	w.state = held
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	group, groupCtx := errgroup.WithContext(ctx)
	group.Go(func() error { return w.renew(groupCtx, held.Epoch) })
	group.Go(func() error {
		defer cancel()
		return w.round(groupCtx)
	})
	return group.Wait()
}

// Held tells, from within a round, whether the work is still this worker's: an error says
// that another has taken over, which may have come further.
func (w *Worker) Held(ctx context.Context) error {
	now, err := w.states.get(ctx)
	if err == nil && (w.state == nil || now.Epoch != w.state.Epoch) {
		err = errLost
	}
	return err
}

// renew holds the lease while a round lasts.
func (w *Worker) renew(ctx context.Context, epoch int64) error {
	ticker := time.NewTicker(w.cfg.Lease / 3)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
		_, err := w.states.change(ctx, epoch, func(s *state) error {
			s.Until = w.now().Add(w.cfg.Lease)
			return nil
		})
		if errors.Is(err, errLost) {
			return err
		}
	}
}

// checkpoint writes how far the work has come, if it is still this worker's.
func (w *Worker) checkpoint(ctx context.Context, change func(*state)) error {
	got, err := w.states.change(ctx, w.state.Epoch, func(s *state) error {
		change(s)
		s.Until = w.now().Add(w.cfg.Lease)
		return nil
	})
	if err == nil {
		w.state = got
	}
	return err
}

func (w *Worker) round(ctx context.Context) error {
	if w.state.Pass != nil {
		if err := w.goOn(ctx); err != nil {
			return err
		}
	}
	// A feed that fails keeps nobody from being evaluated by what is known.
	following := w.follow(ctx)
	if err := w.answerForms(ctx); err != nil {
		return errors.Join(following, err)
	}
	if _, err := w.due(ctx); err != nil {
		return errors.Join(following, err)
	}
	if _, err := w.define(ctx, nil); err != nil {
		return errors.Join(following, err)
	}
	if err := w.answerErasures(ctx); err != nil {
		return errors.Join(following, err)
	}
	return errors.Join(following, w.sweep(ctx))
}

// maxSteps bounds how long a round follows the feeds before it evaluates.
const maxSteps = 100

func (w *Worker) follow(ctx context.Context) error {
	for range maxSteps {
		more, err := w.feeds.Follow(ctx)
		if err != nil {
			return err
		}
		if !more {
			return nil
		}
	}
	w.Wake()
	return nil
}
