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
	a, err := i.assembler(f)
	if err != nil {
		return nil, err
	}
	group, reading := errgroup.WithContext(ctx)
	next := make(chan *assembled)
	group.Go(func() error { return i.readOrders(reading, a, f.Assembled, next) })
	group.Go(func() error {
		read := run.State
		for some := range next {
			if err := i.writeOrders(ctx, f, a, some); err != nil {
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

// assembler makes ready for putting the orders of a file together.
func (i *Importer) assembler(f *file) (*assembler, error) {
	c, err := columnsOf(f.Header, f.layout(f.Found.Syntax))
	if err != nil {
		return nil, err
	}
	zone, err := f.zone()
	if err != nil {
		return nil, err
	}
	return &assembler{newOrderRows(c, f.Currency, zone, i.recorder.Pseudonym), c, f.run(), i.rejects}, nil
}

// assembled is orders put together, and the rows each was made of.
type assembled struct {
	orders  []domain.Order
	buyers  []buyer
	parts   [][]staged
	rejects []*reject
	tally   tally
	lines   int64  // rows
	end     string // id of the last line
}

func (all *assembled) refuse(r *reject) {
	all.rejects = append(all.rejects, r)
	all.tally.refuse(r, 1)
}

// Bounds of what is put together at a time.
const (
	maxOrders = 2000
	maxLines  = 5000
)

// readOrders puts the staged lines together, from behind the one with the id
// given, and hands the orders on, several at a time.
func (i *Importer) readOrders(ctx context.Context, a *assembler, behind string, next chan<- *assembled) error {
	defer close(next)
	r := docstore.Within(docstore.ID(a.run))
	if behind != "" {
		r.After = &docstore.Position{ID: behind}
	}
	all, o := &assembled{}, &order{}
	hand := func() error {
		select {
		case next <- all:
			all = &assembled{}
			return nil
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	for l, err := range i.lines.scan(ctx, r) {
		if err != nil {
			return err
		}
		if !o.holds(l) {
			a.close(all, o)
			o = &order{}
			if len(all.orders) >= maxOrders || all.lines >= maxLines {
				if err := hand(); err != nil {
					return err
				}
			}
		}
		if err := a.addLine(ctx, o, l); err != nil {
			return err
		}
	}
	if a.close(all, o); all.lines == 0 {
		return nil
	}
	return hand()
}

// writeOrders records what was put together and says so in the import's document.
func (i *Importer) writeOrders(ctx context.Context, f *file, a *assembler, all *assembled) error {
	outcomes, err := i.recorder.RecordOrders(ctx, all.orders, domain.Source{Import: f.run(), ValidateOnly: f.DryRun})
	if err != nil {
		return err
	}
	for n, out := range outcomes {
		if out.Effect != app.Refused {
			all.tally.Counts.effect(out.Effect)
			all.tally.order(&all.orders[n], all.buyers[n], a.rows.zone)
			continue
		}
		if passing(out.Fault) {
			return out.Fault
		}
		a.refuse(all, &order{rows: all.parts[n]}, &flaw{why: inColumn(out.Fault, orderColumn)})
	}
	if err := i.rejects.put(ctx, all.rejects); err != nil {
		return err
	}
	next := f.clone()
	next.Tally.add(&all.tally)
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
