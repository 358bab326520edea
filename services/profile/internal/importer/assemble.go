package importer

import (
	"context"

	"golang.org/x/sync/errgroup"
	"google.golang.org/protobuf/proto"

	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"
	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/fault"
	"github.com/kehuhq/kehu/pkg/operation"

	"github.com/kehuhq/kehu/services/profile/internal/app"
	"github.com/kehuhq/kehu/services/profile/internal/domain"
)

// assembly is the kind of operation that puts the items of orders together.
const assembly = "import"

// startAssembly starts the operation of an import that waits for it. Starting it
// again changes nothing.
func (i *Importer) startAssembly(ctx context.Context, f *file) error {
	_, err := i.operations.Start(ctx, assembly, operation.Start{
		ID: f.run(), Request: &profilev1.GetImportRequest{Name: importName(f.ID)},
	})
	return err
}

// assemble is the operation: it puts the staged lines together to orders, in
// batches, each followed by a version-checked write of the import's document that
// says how far it has come.
func (i *Importer) assemble(ctx context.Context, run *operation.Run[*profilev1.GetImportRequest, int64]) (proto.Message, error) {
	id, err := importID(run.Request.GetName())
	if err != nil {
		return nil, err
	}
	f, err := i.files.get(ctx, id)
	if err != nil {
		return nil, err
	}
	if f.run() != run.ID || f.State != assembling {
		return importProto(f), nil // ended, or begun anew, while this run waited
	}
	group, reading := errgroup.WithContext(ctx)
	next := make(chan *assembled)
	group.Go(func() error { return i.readOrders(reading, f.run(), f.Assembled, next) })
	group.Go(func() error {
		read := run.State
		for some := range next {
			if err := i.writeOrders(ctx, f, some); err != nil {
				return err
			}
			read += some.lines
			run.Progress(read, f.rows(), "assembling orders")
			if err := run.Checkpoint(ctx, read); err != nil {
				return err
			}
		}
		return nil
	})
	if err := group.Wait(); err != nil {
		return nil, err
	}
	if err := i.lines.purge(ctx, f.run()); err != nil {
		return nil, err
	}
	f.finish()
	if err := i.files.replace(ctx, f); err != nil {
		return nil, err
	}
	return importProto(f), nil
}

// assembled is orders put together, and the lines each was made of.
type assembled struct {
	orders   []domain.Order
	parts    [][]*line
	rejects  []*reject
	rejected int64 // rows, those whose rejects are stored already included
	lines    int64
	end      string // id of the last line
}

// Bounds of what is put together at a time.
const (
	maxOrders = 2000
	maxLines  = 5000
)

// readOrders puts the staged lines of a run together, from behind the one with
// the id given, and hands the orders on, several at a time.
func (i *Importer) readOrders(ctx context.Context, run, behind string, next chan<- *assembled) error {
	defer close(next)
	r := docstore.Within(docstore.ID(run))
	if behind != "" {
		r.After = &docstore.Position{ID: behind}
	}
	all, o := &assembled{}, &order{run: run}
	hand := func() error {
		select {
		case next <- all:
			all = &assembled{}
			return nil
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	for l, err := range i.lines.docs.Scan(ctx, r) {
		if err != nil {
			return err
		}
		if !o.holds(l) {
			all.close(o)
			o = &order{run: run}
			if len(all.orders) >= maxOrders || all.lines >= maxLines {
				if err := hand(); err != nil {
					return err
				}
			}
		}
		if err := i.addLine(ctx, o, l); err != nil {
			return err
		}
	}
	if all.close(o); all.lines == 0 {
		return nil
	}
	return hand()
}

// writeOrders records what was put together and says so in the import's document.
func (i *Importer) writeOrders(ctx context.Context, f *file, all *assembled) error {
	outcomes, err := i.recorder.RecordOrders(ctx, all.orders, domain.Source{Import: f.run(), ValidateOnly: f.DryRun})
	if err != nil {
		return err
	}
	next := f.clone()
	next.Counts.Rejected += all.rejected
	for n, out := range outcomes {
		switch out.Effect {
		case app.Created:
			next.Counts.Created++
		case app.Updated:
			next.Counts.Updated++
		case app.Unchanged:
			next.Counts.Unchanged++
		default:
			if passing(out.Fault) {
				return out.Fault
			}
			why := inColumn(out.Fault, orderColumn)
			for _, l := range all.parts[n] {
				all.rejects = append(all.rejects, newReject(f.run(), l.Row, why, l.value(why.Violations[0].Field)))
			}
			next.Counts.Rejected += int64(len(all.parts[n]))
		}
	}
	if err := i.rejects.put(ctx, all.rejects); err != nil {
		return err
	}
	next.Assembled = all.end
	if err := i.files.replace(ctx, next); err != nil {
		return err
	}
	*f = *next
	return nil
}

// settle finds what has become of an import whose operation was to end it.
func (i *Importer) settle(ctx context.Context, f *file) error {
	if f.State != assembling {
		return nil
	}
	op, err := i.operations.Get(ctx, operationName(f))
	if fault.KindOf(err) == fault.NotFound {
		return i.startAssembly(ctx, f) // a crash came between the two
	}
	if err != nil || op.GetError() == nil {
		return err
	}
	next := f.clone()
	next.fail(fault.New(fault.Aborted, "ASSEMBLY_FAILED", "putting the orders together failed: %s. Announce the file again to begin anew", op.GetError().GetMessage()))
	if err := i.files.replace(ctx, next); err != nil {
		return err
	}
	*f = *next
	return i.follow(ctx, f)
}
