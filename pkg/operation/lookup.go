package operation

import (
	"context"
	"errors"
	"strings"

	"cloud.google.com/go/longrunning/autogen/longrunningpb"
	"google.golang.org/genproto/googleapis/rpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/anypb"
	"google.golang.org/protobuf/types/known/timestamppb"

	apiv1 "github.com/kehuhq/kehu/gen/kehu/api/v1"
	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/fault"
)

func (m *Manager) name(id string) string { return m.parent() + "/" + id }

func (m *Manager) parent() string { return "operations/" + m.cfg.Service }

// parse returns the id of a name.
func (m *Manager) parse(name string) (string, error) {
	id, ok := strings.CutPrefix(name, m.parent()+"/")
	if !ok || !idPattern.MatchString(id) {
		return "", fault.Invalid("name", "must be %s/{id}", m.parent())
	}
	return id, nil
}

func (m *Manager) record(ctx context.Context, id string) (*record, error) {
	r, err := m.records.Get(ctx, id)
	if errors.Is(err, docstore.ErrNotFound) {
		return nil, m.notFound(id)
	}
	return r, err
}

func (m *Manager) notFound(id string) error {
	return fault.New(fault.NotFound, "OPERATION_NOT_FOUND", "%s does not exist, or has expired", m.name(id)).With("operation", m.name(id))
}

// Get returns an operation.
func (m *Manager) Get(ctx context.Context, name string) (*longrunningpb.Operation, error) {
	id, err := m.parse(name)
	if err != nil {
		return nil, err
	}
	r, err := m.record(ctx, id)
	if err != nil {
		return nil, err
	}
	return m.message(r)
}

// message is what callers see of a record.
func (m *Manager) message(r *record) (*longrunningpb.Operation, error) {
	op := &longrunningpb.Operation{Name: m.name(r.ID), Done: r.done()}
	if k := m.kind(r.Kind); k != nil {
		metadata, err := k.metadata(r)
		if err != nil {
			return nil, err
		}
		if op.Metadata, err = anypb.New(metadata); err != nil {
			return nil, err
		}
	}
	switch {
	case !r.done():
	case len(r.Response) > 0:
		response := new(anypb.Any)
		if err := proto.Unmarshal(r.Response, response); err != nil {
			return nil, err
		}
		op.Result = &longrunningpb.Operation_Response{Response: response}
	default:
		failure := new(status.Status)
		if err := proto.Unmarshal(r.Failure, failure); err != nil {
			return nil, err
		}
		op.Result = &longrunningpb.Operation_Error{Error: failure}
	}
	return op, nil
}

// Proto is p as an API message.
func (p Progress) Proto() *apiv1.Progress {
	message := &apiv1.Progress{Stage: p.Stage, Done: p.Done, Total: p.Total}
	if !p.UpdateTime.IsZero() {
		message.UpdateTime = timestamppb.New(p.UpdateTime)
	}
	return message
}

// Cancel asks an operation to stop: at once where it is not running, otherwise
// through its context and at its next checkpoint. What it has written stays. An
// operation that is done stays as it is, without an error.
func (m *Manager) Cancel(ctx context.Context, name string) error {
	id, err := m.parse(name)
	if err != nil {
		return err
	}
	_, err = m.records.Update(ctx, id, func(r *record) error {
		if r.done() || !r.CancelTime.IsZero() {
			return docstore.ErrUnchanged
		}
		r.CancelTime = m.now()
		if r.Owner == "" {
			m.fail(r, errCancelled)
		}
		return nil
	})
	switch {
	case errors.Is(err, docstore.ErrNotFound):
		return m.notFound(id)
	case err != nil:
		return err
	}
	m.mu.Lock()
	if l := m.leases[id]; l != nil {
		l.stop(errCancelled)
	}
	m.mu.Unlock()
	m.changes.notify(id)
	return nil
}

// Delete removes an operation that is done. One that is not has to be cancelled
// first: fault FailedPrecondition, OPERATION_NOT_DONE.
func (m *Manager) Delete(ctx context.Context, name string) error {
	id, err := m.parse(name)
	if err != nil {
		return err
	}
	r, err := m.record(ctx, id)
	if err != nil {
		return err
	}
	if !r.done() {
		return fault.New(fault.FailedPrecondition, "OPERATION_NOT_DONE", "%s is not done: cancel it first", name).With("operation", name)
	}
	// Done is for ever, so the only conflict is that it was deleted meanwhile.
	err = m.records.Delete(ctx, id, r.Version)
	if errors.Is(err, docstore.ErrConflict) || errors.Is(err, docstore.ErrNotFound) {
		return m.notFound(id)
	}
	m.changes.notify(id)
	return err
}
