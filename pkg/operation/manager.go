package operation

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"regexp"
	"sync"
	"time"

	"github.com/oklog/ulid/v2"

	"github.com/kehuhq/kehu/pkg/docstore"
)

// Config of a Manager. Zero values take the defaults.
type Config struct {
	// Service is the middle part of the names: operations/{service}/{id}. Required.
	Service string
	// Lease is how long a silent run keeps its operation: after a crash another
	// process goes on this much later. Default 30 s.
	Lease time.Duration
	// Poll is how often the store is asked for work, and for changes made by other
	// processes. Default 1 s.
	Poll time.Duration
	// Parallel is how many operations run at a time in this process. Default 2.
	Parallel int
	// MaxAttempts bounds the runs without a change of state in between, after
	// which an operation fails. Default 10; the pauses between them, 1 s doubling
	// up to 1 min, then come to about 4 minutes.
	MaxAttempts int
	// Retention is how long a finished operation can be read. Default 7 days.
	Retention time.Duration
	Clock     Clock
	Logger    *slog.Logger
}

var servicePattern = regexp.MustCompile(`^[a-z][a-z0-9-]{0,62}$`)

func (c Config) withDefaults() (Config, error) {
	var errs []error
	if !servicePattern.MatchString(c.Service) {
		errs = append(errs, fmt.Errorf("field Service is %q: must match %s", c.Service, servicePattern))
	}
	if c.Lease < 0 || c.Poll < 0 || c.Parallel < 0 || c.MaxAttempts < 0 || c.Retention < 0 {
		errs = append(errs, errors.New("fields Lease, Poll, Parallel, MaxAttempts and Retention must not be negative"))
	}
	setDefault(&c.Lease, 30*time.Second)
	setDefault(&c.Poll, time.Second)
	setDefault(&c.Parallel, 2)
	setDefault(&c.MaxAttempts, 10)
	setDefault(&c.Retention, 7*24*time.Hour)
	if c.Clock == nil {
		c.Clock = systemClock{}
	}
	if c.Logger == nil {
		c.Logger = slog.Default()
	}
	return c, errors.Join(errs...)
}

func setDefault[T comparable](v *T, value T) {
	var zero T
	if *v == zero {
		*v = value
	}
}

// Manager keeps the operations of one service. Several, in several processes, may
// share a store. It is safe for concurrent use.
type Manager struct {
	cfg     Config
	owner   string
	records *docstore.Collection[record]
	changes hub
	wake    chan struct{} // there may be work

	closing   chan struct{} // closed when Close begins
	closeOnce sync.Once

	mu      sync.Mutex
	kinds   []*kind
	leases  map[string]*lease // of the runs in this process
	stopped chan struct{}     // closed when Serve has returned; nil before it began
	abort   context.CancelFunc
}

// NewManager opens the operations of a service on its store.
func NewManager(ctx context.Context, engine docstore.Engine, cfg Config) (*Manager, error) {
	cfg, err := cfg.withDefaults()
	if err != nil {
		return nil, fmt.Errorf("operation config: %w", err)
	}
	records, err := docstore.Open(ctx, engine, schema(), docstore.WithClock(cfg.Clock.Now))
	if err != nil {
		return nil, err
	}
	host, err := os.Hostname()
	if err != nil {
		host = "unknown-host"
	}
	return &Manager{
		cfg:     cfg,
		owner:   host + "/" + ulid.Make().String(),
		records: records,
		wake:    make(chan struct{}, 1),
		closing: make(chan struct{}),
		leases:  make(map[string]*lease),
	}, nil
}

func (m *Manager) register(k *kind) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.stopped != nil {
		return fmt.Errorf("operation kind %q: registered after Serve", k.name)
	}
	for _, other := range m.kinds {
		if other.name == k.name {
			return fmt.Errorf("operation kind %q: registered twice", k.name)
		}
	}
	m.kinds = append(m.kinds, k)
	return nil
}

// kind returns the kind of that name, nil if this process does not know it.
func (m *Manager) kind(name string) *kind {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, k := range m.kinds {
		if k.name == name {
			return k
		}
	}
	return nil
}

// now is in milliseconds, the precision of the store.
func (m *Manager) now() time.Time {
	return m.cfg.Clock.Now().UTC().Truncate(time.Millisecond)
}

// Close stops the workers: nothing more is claimed, and running operations give up
// their lease at the next checkpoint, so that another process goes on at once.
// When ctx ends, their contexts are cancelled, and they go on from the last
// checkpoint. Close returns when no run is left; the store may be closed then.
func (m *Manager) Close(ctx context.Context) error {
	m.closeOnce.Do(func() { close(m.closing) })
	m.mu.Lock()
	stopped, abort := m.stopped, m.abort
	m.mu.Unlock()
	if stopped == nil {
		return nil
	}
	select {
	case <-stopped:
		return nil
	case <-ctx.Done():
		abort()
		<-stopped
		return ctx.Err()
	}
}

func (m *Manager) isClosing() bool {
	select {
	case <-m.closing:
		return true
	default:
		return false
	}
}
