package app

import (
	"context"
	"time"

	"github.com/kehuhq/kehu/services/segmentation/internal/domain"
	"github.com/kehuhq/kehu/services/segmentation/internal/peers"
)

// Job is what a recomputation is to do.
type Job struct {
	Operation string   // its name
	Segments  []string // ids; empty is all that are published
	// Publish makes the segments published with their first good pass. Without
	// it drafts are left alone.
	Publish bool
}

// Journal keeps the state of a recomputation. An error of Checkpoint ends the run.
type Journal interface {
	Checkpoint(context.Context, State) error
	Progress(done, total int64, stage string)
}

// The stages of a recomputation, as its progress names them.
const (
	evaluating = "evaluating"
	publishing = "publishing"
)

// State is how far a recomputation has come. It goes in rounds: a segment that
// somebody else has published meanwhile is compared with the wrong pass, and goes
// into the next round.
type State struct {
	Round     *Round    `bson:"round,omitempty"`
	Rounds    int       `bson:"rounds"` // begun
	Again     []string  `bson:"again,omitempty"`
	Done      []Outcome `bson:"done,omitempty"`
	Customers int64     `bson:"customers"` // looked at in a round, at most
}

// Round is one pass over the customers, for several segments at once.
type Round struct {
	Generation int64         `bson:"generation"`
	Edition    peers.Edition `bson:"edition"`
	Segments   []Forming     `bson:"segments"`
	After      string        `bson:"after"` // the last customer whose rows are written
	Customers  int64         `bson:"customers"`
	// At is when publishing began, and the time of the passes; zero before.
	At time.Time `bson:"at,omitempty"`
}

// Forming is one segment in a round.
type Forming struct {
	Segment  string          `bson:"segment"`
	Born     int64           `bson:"born"`
	Revision int64           `bson:"revision"` // of the definition that is evaluated
	Base     int64           `bson:"base"`     // the pass that it is compared with; 0 is none
	Members  int64           `bson:"members"`
	Entered  int64           `bson:"entered"`
	Left     int64           `bson:"left"`
	Failure  *domain.Failure `bson:"failure,omitempty"`
	Settled  bool            `bson:"settled,omitempty"` // published, or given up
}

// Outcome is what became of a segment.
type Outcome struct {
	Segment string          `bson:"segment"`
	Entered int64           `bson:"entered"`
	Left    int64           `bson:"left"`
	Failure *domain.Failure `bson:"failure,omitempty"`
}

// Result is what a recomputation tells in the end.
type Result struct {
	Segments  []domain.Segment // those that still exist, in the order of the job
	Customers int64
	Entered   int64
	Left      int64
	// Failures are of the segments whose pass failed, by id.
	Failures map[string]domain.Failure
}
