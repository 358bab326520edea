package operation

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime/debug"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/anypb"
	"google.golang.org/protobuf/types/known/emptypb"

	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/fault"
	"github.com/kehuhq/kehu/pkg/rpc"
)

// concludeTimeout bounds the last write of a run. If it fails, the lease runs out
// and the operation is run again from its last checkpoint.
const concludeTimeout = 10 * time.Second

// runSafely turns a panic of the run into its error: it must not take the other
// operations down with it.
func runSafely(k *kind, l *lease, r *record) (response []byte, err error) {
	defer func() {
		if v := recover(); v != nil {
			response, err = nil, &panicked{v, debug.Stack()}
		}
	}()
	message, err := k.run(l, r)
	if err != nil {
		return nil, err
	}
	return packResponse(message)
}

func packResponse(message proto.Message) ([]byte, error) {
	if message == nil {
		message = &emptypb.Empty{}
	}
	packed, err := anypb.New(message)
	if err != nil {
		return nil, fmt.Errorf("encode the response: %w", err)
	}
	return proto.Marshal(packed)
}

// conclude records how a run ended: done, to be tried again, or given up to
// another process. A lease that is lost writes nothing.
func (m *Manager) conclude(l *lease, response []byte, err error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(l.ctx), concludeTimeout)
	defer cancel()
	cause := context.Cause(l.ctx)
	var change func(*record)
	switch {
	case err == nil:
		change = func(r *record) { m.succeed(r, response) }
	case errors.Is(cause, errReleased): // with its last checkpoint
		return
	case errors.Is(cause, errCancelled):
		change = func(r *record) { m.fail(r, errCancelled) }
	case l.ctx.Err() != nil: // Serve was stopped, or the lease ran out or was lost
		change = func(r *record) { release(r, m.now()) }
	case isLater(err):
		change = func(r *record) { m.postpone(r, err) }
	case retryable(err):
		m.cfg.Logger.WarnContext(ctx, "operation attempt failed", "operation", m.name(l.id), "error", err)
		change = func(r *record) { m.retry(r, err) }
	default:
		if fault.KindOf(err) == fault.Internal {
			m.cfg.Logger.ErrorContext(ctx, "operation failed", "operation", m.name(l.id), "error", err)
		}
		change = func(r *record) { m.fail(r, err) }
	}
	switch err := l.commit(ctx, change); {
	case errors.Is(err, docstore.ErrTooLarge):
		// Running it again would not make the response smaller.
		if err = l.commit(ctx, func(r *record) { m.fail(r, err) }); err == nil {
			return
		}
		fallthrough
	case err != nil:
		m.cfg.Logger.WarnContext(ctx, "the end of an operation's run was not recorded", "operation", m.name(l.id), "error", err)
	}
}

func (m *Manager) succeed(r *record, response []byte) {
	r.Response, r.Failure = response, nil
	m.finish(r)
}

func (m *Manager) fail(r *record, err error) {
	r.Failure = encodeStatus(err)
	m.finish(r)
}

// retry puts the operation off, or fails it when it has had its attempts.
func (m *Manager) retry(r *record, err error) {
	switch {
	case !r.CancelTime.IsZero():
		m.fail(r, errCancelled)
		return
	case r.Attempts >= m.cfg.MaxAttempts:
		m.fail(r, err)
		return
	}
	r.Failure = encodeStatus(err)
	r.Owner = ""
	r.DueAt = m.now().Add(pause(r.Attempts))
}

// abandon fails an operation whose runs never lived to report how they ended.
func (m *Manager) abandon(r *record) {
	if len(r.Failure) == 0 {
		r.Failure = encodeStatus(errAbandoned)
	}
	m.finish(r)
}

func (m *Manager) finish(r *record) {
	r.Owner = ""
	r.EndTime = m.now()
	r.ExpireTime = r.EndTime.Add(m.cfg.Retention)
}

// maxPause is the longest pause of an operation.
const maxPause = time.Minute

// pause before the attempt after the n-th: 1 s, 2 s, 4 s … 1 min, of which a random
// part up to the half is left out, so that operations that failed together do not
// come back together.
func pause(n int) time.Duration {
	d := min(time.Second<<min(max(n-1, 0), 6), maxPause)
	return d/2 + time.Duration(rand.Int64N(int64(d/2)+1))
}

// encodeStatus keeps the error as the status that callers will see. What it wraps
// was logged and is not kept.
func encodeStatus(err error) []byte {
	b, invalid := proto.Marshal(rpc.Status(err).Proto())
	if invalid != nil { // a status made of invalid UTF-8: "internal error" stands for it
		b, _ = proto.Marshal(rpc.Status(invalid).Proto())
	}
	return b
}
