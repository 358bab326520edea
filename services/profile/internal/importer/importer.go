// Package importer takes in files of customers, orders, identifiers, events and
// consents. It implements
// profile's ImportService.
//
// A file is sent in chunks and cut into batches of whole rows. Each batch is
// recorded, what it refuses is stored, and then one version-checked write of the
// import's document says how far the file is durable. A crash in between is
// repaired by sending the same bytes again: a record remembers the import and
// the row that wrote it, so that a repeated step counts as it did the first
// time. The rows of a file that has one per item are staged, sorted by the
// store, and put together to orders by an operation once the whole file is
// there.
package importer

import (
	"context"
	"errors"
	"iter"
	"time"

	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"
	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/operation"
	"github.com/kehuhq/kehu/pkg/vault"

	"github.com/kehuhq/kehu/services/profile/internal/app"
	"github.com/kehuhq/kehu/services/profile/internal/domain"
)

// Recorder records what is read from a file; *app.App is one. A step taken again
// for the same source and row must have the outcome it had the first time.
type Recorder interface {
	RecordOrders(ctx context.Context, orders []domain.Order, src domain.Source) ([]app.Outcome, error)
	// Pseudonym is the id of a customer of whom only an identifier is known.
	Pseudonym(of domain.Identifier) (string, error)
	UpsertCustomers(ctx context.Context, customers []domain.Customer, src domain.Source) ([]app.Outcome, error)
	AddIdentifiers(ctx context.Context, given []app.Identity, src domain.Source) ([]app.Outcome, error)
	// WithCustomersFrom sees to it that customers exist while work is done.
	WithCustomersFrom(ctx context.Context, src domain.Source, ids iter.Seq[string], work func() error) error
}

// Deps is what the importer is given.
type Deps struct {
	Engine     docstore.Engine
	Vault      *vault.Vault // seals what is kept of rows
	Recorder   Recorder
	Events     Events
	Consents   Consents
	Operations *operation.Manager // not serving yet: New registers its kind of operation
	Clock      func() time.Time
	// Types tells the types of the attributes that customers can have; none when nil.
	Types func(context.Context) (map[string]domain.ValueType, error)
}

// Importer is profile's ImportService. It is safe for concurrent use.
type Importer struct {
	profilev1.UnimplementedImportServiceServer

	files      files
	rejects    rejects
	lines      lines
	keys       keys
	recorder   Recorder
	events     Events
	consents   Consents
	operations *operation.Manager
	now        func() time.Time
	types      func(context.Context) (map[string]domain.ValueType, error)
}

// New opens the importer's collections and registers its operations.
func New(ctx context.Context, deps Deps) (*Importer, error) {
	i := &Importer{recorder: deps.Recorder, events: deps.Events, consents: deps.Consents, operations: deps.Operations, now: deps.Clock, types: deps.Types}
	var errs [5]error
	i.files, errs[0] = openFiles(ctx, deps.Engine, deps.Vault, deps.Clock)
	i.rejects, errs[1] = openRejects(ctx, deps.Engine, deps.Vault, deps.Clock)
	i.lines, errs[2] = openLines(ctx, deps.Engine, deps.Vault, deps.Clock)
	i.keys, errs[3] = openKeys(ctx, deps.Engine, deps.Clock)
	errs[4] = operation.Register(deps.Operations, assembly, operation.Kind[*profilev1.GetImportRequest, int64]{Run: i.assemble})
	return i, errors.Join(errs[:]...)
}

// parser reads a file on from where it is durable.
func (i *Importer) parser(ctx context.Context, f *file) (*parser, error) {
	var types map[string]domain.ValueType
	if i.types != nil && f.Kind == ofCustomers {
		var err error
		if types, err = i.types(ctx); err != nil {
			return nil, err
		}
	}
	return newParser(f, i.now(), i.recorder.Pseudonym, types)
}
