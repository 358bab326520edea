package handler

import (
	"context"
	"fmt"
	"time"

	"google.golang.org/grpc"

	segmentationv1 "github.com/kehuhq/kehu/gen/kehu/segmentation/v1"
	"github.com/kehuhq/kehu/pkg/docstore"

	"github.com/kehuhq/kehu/services/segmentation/internal/app"
	"github.com/kehuhq/kehu/services/segmentation/internal/criterion"
	"github.com/kehuhq/kehu/services/segmentation/internal/domain"
	"github.com/kehuhq/kehu/services/segmentation/internal/standing"
)

// readsOfPage bounds how often a page of transitions of one kind is read on: it may be
// shorter than was asked for.
const readsOfPage = 20

// ListTransitions lists who entered and left, newest first.
func (h *Segments) ListTransitions(ctx context.Context, r *segmentationv1.ListTransitionsRequest) (*segmentationv1.ListTransitionsResponse, error) {
	segment, err := segmentID("parent", r.GetParent())
	if err != nil {
		return nil, err
	}
	after, size, err := place(r)
	if err != nil {
		return nil, err
	}
	var moves []standing.Move
	for range readsOfPage {
		found, err := h.standings.Moves(ctx, segment, after, size-len(moves))
		if err != nil {
			return nil, err
		}
		after = found.Next
		for _, m := range found.Moves {
			if is(r.GetKind(), &m) {
				moves = append(moves, m)
			}
		}
		if after == nil || len(moves) == size {
			break
		}
	}
	answer := &segmentationv1.ListTransitionsResponse{}
	if answer.Transitions, err = h.transitions(ctx, moves); err != nil {
		return nil, err
	}
	answer.NextPageToken, err = nextToken(after, r)
	return answer, err
}

// is tells whether a move is of a kind, if one is given.
func is(kind segmentationv1.TransitionKind, m *standing.Move) bool {
	return kind == 0 || (kind == segmentationv1.TransitionKind_TRANSITION_KIND_LEFT) == m.Left
}

func (h *Segments) transitions(ctx context.Context, moves []standing.Move) ([]*segmentationv1.Transition, error) {
	return transitionProtos(ctx, h.app.Recorded(), moves)
}

func transitionProtos(ctx context.Context, recorded *app.Recorded, moves []standing.Move) ([]*segmentationv1.Transition, error) {
	values, err := recorded.Of(ctx, moves)
	if err != nil {
		return nil, err
	}
	transitions := make([]*segmentationv1.Transition, len(moves))
	for i := range moves {
		transitions[i] = transitionProto(&moves[i], values[i])
	}
	return transitions, nil
}

const causePrefix = "TRANSITION_CAUSE_KIND_"

func transitionProto(m *standing.Move, values []criterion.Value) *segmentationv1.Transition {
	kind := segmentationv1.TransitionKind_TRANSITION_KIND_ENTERED
	if m.Left {
		kind = segmentationv1.TransitionKind_TRANSITION_KIND_LEFT
	}
	return &segmentationv1.Transition{
		Name: transitionName(m), CustomerId: m.Customer, Kind: kind, TransitionTime: timestamp(m.At), Generation: m.Generation,
		Cause: &segmentationv1.TransitionCause{
			Kind:   segmentationv1.TransitionCauseKind(segmentationv1.TransitionCauseKind_value[causePrefix+m.Cause.Kind]),
			Detail: app.ShownFact(m.Cause.Detail),
		},
		Values: valueProtos(values), Revision: m.Revision,
	}
}

// transitionName tells transitions apart: of one pass and customer there is one.
func transitionName(m *standing.Move) string {
	return fmt.Sprintf("%s/transitions/%d-%s", segmentName(m.Segment), m.Generation, m.Customer)
}

// How often a watch looks for more, and after what silence it gives a sign of life.
const (
	watchInterval = 500 * time.Millisecond
	heartbeat     = 10 * time.Second
	movesAtOnce   = 1000
)

// WatchTransitions sends who entered and left, and goes on with who does.
func (h *Memberships) WatchTransitions(r *segmentationv1.WatchTransitionsRequest, stream grpc.ServerStreamingServer[segmentationv1.WatchTransitionsResponse]) error {
	ctx := stream.Context()
	of, err := h.watched(ctx, r.GetParent())
	if err != nil {
		return err
	}
	cursor := r.GetCursor()
	if cursor == "" && !r.GetFromBeginning() {
		if cursor, err = h.standings.Head(ctx); err != nil {
			return err
		}
	}
	sent := time.Time{} // the first answer goes out at once: it tells where the stream begins
	for {
		batch, err := h.standings.Feed(ctx, cursor, movesAtOnce)
		if err != nil {
			return err
		}
		cursor = batch.Cursor
		var moves []standing.Move
		for _, m := range batch.Moves {
			if (of == "" || m.Segment == of) && is(r.GetKind(), &m) {
				moves = append(moves, m)
			}
		}
		if len(moves) > 0 || time.Since(sent) >= heartbeat {
			answer := &segmentationv1.WatchTransitionsResponse{Cursor: cursor, CaughtUp: !batch.More}
			if answer.Transitions, err = h.transitions(ctx, moves); err != nil {
				return err
			}
			if err := stream.Send(answer); err != nil {
				return err
			}
			sent = time.Now()
		}
		if batch.More {
			continue
		}
		select {
		case <-ctx.Done():
			return docstore.Fault(ctx.Err())
		case <-time.After(watchInterval):
		}
	}
}

// watched is the segment whose transitions are watched, empty for all.
func (h *Memberships) watched(ctx context.Context, parent string) (string, error) {
	if parent == "segments/-" {
		return "", nil
	}
	id, err := segmentID("parent", parent)
	if err != nil {
		return "", err
	}
	_, err = h.store.Get(ctx, id)
	return id, err
}

func membershipProto(segment string, m domain.Membership) *segmentationv1.Membership {
	return &segmentationv1.Membership{
		Name: membershipName(segment, m.Customer), CustomerId: m.Customer,
		Since: timestamp(m.Since), Generation: m.Generation,
	}
}
