package call

import (
	"context"
	"strings"
	"time"

	longrunning "cloud.google.com/go/longrunning/autogen/longrunningpb"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"

	apiv1 "github.com/kehuhq/kehu/gen/kehu/api/v1"
	"github.com/kehuhq/kehu/pkg/fault"
	"github.com/kehuhq/kehu/services/kehu/internal/progress"
)

const (
	lookEvery = time.Second      // how often progress is asked for
	patience  = 30 * time.Second // how long a server that cannot be reached is tried again
)

// Follow waits for the end of an operation, shows how far it has come, and
// returns its result. An interrupted wait leaves the operation at work.
func Follow(ctx context.Context, conn grpc.ClientConnInterface, o *longrunning.Operation, shown progress.Reporter) (proto.Message, error) {
	parts := strings.Split(o.GetName(), "/")
	if len(parts) < 3 {
		if o.GetDone() { // a trial
			return o.GetResponse().UnmarshalNew()
		}
		return nil, fault.New(fault.Internal, "OPERATION_UNNAMED", "the operation %q cannot be followed", o.GetName())
	}
	method := "/kehu." + parts[1] + ".v1.OperationService/WaitOperation"
	display := &display{reporter: shown}
	defer display.end()
	for reached := time.Now(); !o.GetDone(); {
		display.show(o)
		answer := &longrunning.Operation{}
		err := conn.Invoke(ctx, method, &longrunning.WaitOperationRequest{
			Name: o.GetName(), Timeout: durationpb.New(lookEvery),
		}, answer)
		switch {
		case err == nil:
			o, reached = answer, time.Now()
		case ctx.Err() != nil:
			return nil, ctx.Err()
		case status.Code(err) != codes.Unavailable || time.Since(reached) > patience:
			return nil, err
		default: // restarting, perhaps: operations survive that
			select {
			case <-ctx.Done():
				return nil, ctx.Err()
			case <-time.After(lookEvery):
			}
		}
	}
	display.show(o)
	if failed := o.GetError(); failed != nil {
		return nil, status.FromProto(failed).Err()
	}
	return o.GetResponse().UnmarshalNew()
}

// display shows each stage of an operation as a piece of work.
type display struct {
	reporter progress.Reporter
	name     string
	stage    *progress.Stage
}

func (d *display) show(o *longrunning.Operation) {
	var p apiv1.Progress
	if o.GetMetadata() == nil || o.GetMetadata().UnmarshalTo(&p) != nil || p.GetStage() == "" {
		return
	}
	if d.stage == nil || d.name != p.GetStage() {
		d.end()
		d.name, d.stage = p.GetStage(), d.reporter.Start(p.GetStage(), p.GetTotal(), progress.Count)
	}
	d.stage.Set(p.GetDone(), p.GetTotal())
}

func (d *display) end() {
	if d.stage != nil {
		d.stage.End()
	}
}
