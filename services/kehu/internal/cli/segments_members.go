package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/timestamppb"

	segmentationv1 "github.com/kehuhq/kehu/gen/kehu/segmentation/v1"
	"github.com/kehuhq/kehu/services/kehu/internal/findings"
)

// memberFlags are those of commands about who is in a segment.
type memberFlags struct {
	tellFlags
	asOf, kind, cursor string
	all, follow        bool
	limit              int
}

func newSegmentMembers() []*cobra.Command {
	f := &memberFlags{}
	members := f.command("members SEGMENT", "List who is in a segment, and since when", 1, f.members)
	members.Flags().BoolVar(&f.all, "all", false, "write all, as they come: an id and a time a line, or JSON lines")
	f.streaming(members, func() bool { return f.all }, f.streamMembers)
	transitions := f.command("transitions SEGMENT", "List who entered and left a segment, newest first, and why", 1, f.transitions)
	transitions.Flags().BoolVar(&f.follow, "follow", false, "write what comes, of this segment or of all (-), until interrupted")
	transitions.Flags().StringVar(&f.cursor, "cursor", "", "with --follow: begin behind this, as written to standard error at the end")
	transitions.Flags().StringVar(&f.kind, "kind", "", "only entered, or only left")
	f.streaming(transitions, func() bool { return f.follow }, f.followTransitions)
	for _, c := range []*cobra.Command{members, transitions} {
		c.Flags().IntVar(&f.limit, "limit", 50, "most to list")
	}
	explain := f.command("explain SEGMENT CUSTOMER", "Say why a customer is in a segment or is not, and what would have to change", 2, f.explain)
	explain.Flags().StringVar(&f.asOf, "at", "", "a past instant, e.g. 2026-06-01T00:00:00Z (default: now)")
	add := f.command("add SEGMENT CUSTOMER…", "Put customers on the list that defines a segment", 2, f.change(false))
	remove := f.command("remove SEGMENT CUSTOMER…", "Take customers off the list that defines a segment", 2, f.change(true))
	for _, c := range []*cobra.Command{add, remove} {
		c.Args = cobra.MinimumNArgs(2)
	}
	return []*cobra.Command{members, transitions, explain, add, remove}
}

func (f *memberFlags) streamMembers(ctx context.Context, conn grpc.ClientConnInterface, args []string) error {
	stream, err := segmentationv1.NewMembershipServiceClient(conn).StreamMemberships(ctx, &segmentationv1.StreamMembershipsRequest{Parent: named("segments/", args[0])})
	if err != nil {
		return err
	}
	for {
		batch, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		for _, m := range batch.GetMemberships() {
			if err := f.line(m, m.GetCustomerId()+"\t"+m.GetSince().AsTime().Format(time.RFC3339)); err != nil {
				return err
			}
		}
	}
}

func (f *memberFlags) transitionKind() (segmentationv1.TransitionKind, error) {
	if f.kind == "" {
		return 0, nil
	}
	err := oneOf("kind", f.kind, "entered", "left")
	return segmentationv1.TransitionKind(segmentationv1.TransitionKind_value["TRANSITION_KIND_"+upper(f.kind)]), err
}

func (f *memberFlags) followTransitions(ctx context.Context, conn grpc.ClientConnInterface, args []string) error {
	kind, err := f.transitionKind()
	if err != nil {
		return err
	}
	stream, err := segmentationv1.NewMembershipServiceClient(conn).WatchTransitions(ctx, &segmentationv1.WatchTransitionsRequest{
		Parent: named("segments/", args[0]), Cursor: f.cursor, Kind: kind,
	})
	if err != nil {
		return err
	}
	return follow(ctx, f.cursor, stream.Recv, func(batch *segmentationv1.WatchTransitionsResponse) error {
		for _, t := range batch.GetTransitions() {
			if err := f.line(t, findings.TransitionLine(t, f.lang)); err != nil {
				return err
			}
		}
		return nil
	})
}

func (f *memberFlags) members(ctx context.Context, conn grpc.ClientConnInterface, args []string) (*findings.Finding, error) {
	if f.limit < 1 || f.limit > 1000 {
		return nil, usageError{fmt.Errorf("--limit must be from 1 to 1000, is %d; --all has no limit", f.limit)}
	}
	answer, err := segmentationv1.NewSegmentServiceClient(conn).ListMemberships(ctx, &segmentationv1.ListMembershipsRequest{
		Parent: named("segments/", args[0]), PageSize: int32(f.limit),
	})
	if err != nil {
		return nil, err
	}
	return findings.Members(args[0], answer), nil
}

func (f *memberFlags) transitions(ctx context.Context, conn grpc.ClientConnInterface, args []string) (*findings.Finding, error) {
	if f.limit < 1 || f.limit > 1000 {
		return nil, usageError{fmt.Errorf("--limit must be from 1 to 1000, is %d", f.limit)}
	}
	if args[0] == "-" {
		return nil, usageError{errors.New("transitions of all segments (-) are written as they come: add --follow")}
	}
	kind, err := f.transitionKind()
	if err != nil {
		return nil, err
	}
	answer, err := segmentationv1.NewSegmentServiceClient(conn).ListTransitions(ctx, &segmentationv1.ListTransitionsRequest{
		Parent: named("segments/", args[0]), PageSize: int32(f.limit), Kind: kind,
	})
	if err != nil {
		return nil, err
	}
	return findings.Transitions(args[0], answer, f.lang), nil
}

func (f *memberFlags) explain(ctx context.Context, conn grpc.ClientConnInterface, args []string) (*findings.Finding, error) {
	request := &segmentationv1.ExplainMembershipRequest{Name: named("segments/", args[0]) + "/memberships/" + strings.TrimPrefix(args[1], "customers/")}
	if f.asOf != "" {
		at, err := time.Parse(time.RFC3339, f.asOf)
		if err != nil {
			return nil, usageError{fmt.Errorf("--at must be a time such as 2026-06-01T00:00:00Z, is %q", f.asOf)}
		}
		request.AsOf = timestamppb.New(at)
	}
	e, err := segmentationv1.NewMembershipServiceClient(conn).ExplainMembership(ctx, request)
	if err != nil {
		return nil, err
	}
	return findings.Explanation(args[0], e, f.lang), nil
}

func (f *memberFlags) change(remove bool) func(context.Context, grpc.ClientConnInterface, []string) (*findings.Finding, error) {
	return func(ctx context.Context, conn grpc.ClientConnInterface, args []string) (*findings.Finding, error) {
		client, name := segmentationv1.NewMembershipServiceClient(conn), named("segments/", args[0])
		var ids []string
		for _, given := range args[1:] {
			ids = append(ids, strings.TrimPrefix(given, "customers/"))
		}
		if remove {
			answer, err := client.RemoveMembers(ctx, &segmentationv1.RemoveMembersRequest{Name: name, CustomerIds: ids})
			return findings.Listed(ids, answer.GetResults(), answer), err
		}
		answer, err := client.AddMembers(ctx, &segmentationv1.AddMembersRequest{Name: name, CustomerIds: ids})
		return findings.Listed(ids, answer.GetResults(), answer), err
	}
}
