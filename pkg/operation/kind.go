package operation

import (
	"context"
	"fmt"
	"regexp"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// Kind is what operations of one kind do. Request is the generated message type,
// e.g. *valuationv1.RefreshRequest; State is whatever BSON can encode and is
// empty before the first checkpoint.
type Kind[Request proto.Message, State any] struct {
	// Run does the work and returns the operation's response; nil is
	// google.protobuf.Empty. It ends soon after ctx does, and returns any error
	// of Checkpoint as it is.
	//
	// Faults and statuses of kind Unavailable, DeadlineExceeded, Aborted and
	// ResourceExhausted, and docstore.ErrConflict, are tried again from the last
	// checkpoint, Later as often as a run asks for it; any other error ends the
	// operation.
	Run func(ctx context.Context, run *Run[Request, State]) (proto.Message, error)
	// Metadata makes the operation's metadata. Without it the metadata is a
	// kehu.api.v1.Progress.
	Metadata func(Snapshot[Request, State]) proto.Message
}

// Snapshot is an operation as last written.
type Snapshot[Request proto.Message, State any] struct {
	Request    Request
	State      State
	Progress   Progress
	CreateTime time.Time
	EndTime    time.Time // zero until it is done
	CancelTime time.Time // when cancellation was asked for; zero if never
	Attempts   int       // claims since the state last changed
}

// kind is a Kind without its type parameters.
type kind struct {
	name        string
	requestName protoreflect.FullName
	newRequest  func() proto.Message
	run         func(l *lease, r *record) (proto.Message, error)
	metadata    func(r *record) (proto.Message, error)
}

var kindPattern = regexp.MustCompile(`^[a-z][a-z0-9-]{0,62}$`)

// Register adds a kind to m. The name is stored with every operation: it must
// keep its meaning. Kinds are registered before Serve.
func Register[Request proto.Message, State any](m *Manager, name string, k Kind[Request, State]) error {
	var zero Request
	switch {
	case !kindPattern.MatchString(name):
		return fmt.Errorf("operation kind %q: must match %s", name, kindPattern)
	case k.Run == nil:
		return fmt.Errorf("operation kind %q: Run is missing", name)
	case any(zero) == nil:
		return fmt.Errorf("operation kind %q: Request must be a generated message, not an interface", name)
	}
	newRequest := func() Request { return zero.ProtoReflect().Type().New().Interface().(Request) }
	return m.register(&kind{
		name:        name,
		requestName: zero.ProtoReflect().Descriptor().FullName(),
		newRequest:  func() proto.Message { return newRequest() },
		run: func(l *lease, r *record) (proto.Message, error) {
			run := &Run[Request, State]{ID: r.ID, Name: l.m.name(r.ID), Request: newRequest(), Attempt: r.Attempts, lease: l}
			if err := decode(r, run.Request, &run.State); err != nil {
				return nil, err
			}
			return k.Run(l.ctx, run)
		},
		metadata: func(r *record) (proto.Message, error) {
			if k.Metadata == nil {
				return r.Progress.Proto(), nil
			}
			s := Snapshot[Request, State]{
				Request: newRequest(), Progress: r.Progress,
				CreateTime: r.CreateTime, EndTime: r.EndTime, CancelTime: r.CancelTime, Attempts: r.Attempts,
			}
			if err := decode(r, s.Request, &s.State); err != nil {
				return nil, err
			}
			return k.Metadata(s), nil
		},
	})
}

// stateBox lets a State be any BSON value, not just a document.
type stateBox[State any] struct {
	State State `bson:"s"`
}

func decode[State any](r *record, request proto.Message, state *State) error {
	if err := proto.Unmarshal(r.Request, request); err != nil {
		return fmt.Errorf("operation %s: stored request: %w", r.ID, err)
	}
	if len(r.State) == 0 {
		return nil
	}
	var box stateBox[State]
	if err := bson.Unmarshal(r.State, &box); err != nil {
		return fmt.Errorf("operation %s: stored state: %w", r.ID, err)
	}
	*state = box.State
	return nil
}

// Run is one run of an operation, from the last checkpoint on.
type Run[Request proto.Message, State any] struct {
	ID      string // last segment of the name; keys the output: (ID, part)
	Name    string // operations/{service}/{id}
	Request Request
	State   State // of the last checkpoint; empty if there is none
	Attempt int   // 1 for the first since the state last changed

	lease *lease
}

// Checkpoint makes state durable and renews the lease. An error means that the
// run must return it at once: the lease was lost, cancellation was asked for, the
// process is stopping (then the state is kept and another process goes on), or
// the store failed.
func (r *Run[Request, State]) Checkpoint(ctx context.Context, state State) error {
	raw, err := bson.Marshal(stateBox[State]{state})
	if err != nil {
		return fmt.Errorf("operation %s: encode state: %w", r.ID, err)
	}
	if err := r.lease.checkpoint(ctx, raw); err != nil {
		return err
	}
	r.State = state
	return nil
}

// Progress tells how far the run has come. It may be called for every unit: it is
// written with the next checkpoint, and between checkpoints once a second at most.
func (r *Run[Request, State]) Progress(done, total int64, stage string) {
	r.lease.report(Progress{Stage: stage, Done: done, Total: total, UpdateTime: r.lease.m.now()})
}

// Token is the fencing token: it is larger in every later run of the operation.
func (r *Run[Request, State]) Token() int64 { return r.lease.token }
