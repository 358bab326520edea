package importer

import (
	"context"
	"crypto/sha256"
	"encoding/base32"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/fault"
	"github.com/kehuhq/kehu/pkg/vault"

	"github.com/kehuhq/kehu/services/profile/internal/mapping"
	"github.com/kehuhq/kehu/services/profile/internal/sheet"
)

// state is where an import stands.
type state string

const (
	receiving  state = "receiving"
	assembling state = "assembling"
	done       state = "done"
	failed     state = "failed"
)

// kind is what the rows of a file are.
type kind string

const (
	ofCustomers  kind = "customers"
	ofOrders     kind = "orders"
	ofEvents     kind = "events"
	ofConsents   kind = "consents"
	ofIdentities kind = "identities"
)

// file is the import of one file, as it is stored.
type file struct {
	docstore.Meta `bson:",inline"`

	Kind     kind   `bson:"kind"`
	SHA256   string `bson:"file_sha256"`
	Bytes    int64  `bson:"file_bytes"`
	Title    string `bson:"file_name"`
	Currency string `bson:"currency,omitempty"`
	Zone     string `bson:"zone"`
	DryRun   bool   `bson:"dry_run,omitempty"`

	// Format is how the file was said to be written, Found how it is. Mapping is
	// nil for customers, and for orders in our own format.
	Format  sheet.Format     `bson:"format"`
	Found   sheet.Format     `bson:"found"`
	Mapping *mapping.Mapping `bson:"mapping,omitempty"`
	// Columns says how anything but orders is read; nil takes our own titles.
	Columns *mapping.Columns `bson:"columns,omitempty"`

	CreatedAt time.Time `bson:"created_at"`
	// Attempt counts how often the import was begun: one that failed is begun
	// anew when the file is announced again.
	Attempt int   `bson:"attempt"`
	State   state `bson:"state"`

	// What is durable: everything before Mark. Header is empty until it is read.
	Mark   sheet.Mark `bson:"mark"`
	Header []string   `bson:"header,omitempty"`

	Tally    tally     `bson:"tally"`
	Sealed   []byte    `bson:"sealed,omitempty"` // fromRows
	Warnings []warning `bson:"warnings,omitempty"`
	// Assembled is the id of the staged line up to which orders were put together.
	Assembled string   `bson:"assembled,omitempty"`
	Failure   *failure `bson:"failure,omitempty"`
}

type warning struct {
	Reason  string `bson:"reason"`
	Message string `bson:"message"`
}

// failure is why an import was given up.
type failure struct {
	Kind    fault.Kind `bson:"kind"`
	Reason  string     `bson:"reason"`
	Message string     `bson:"message"`
	Field   string     `bson:"field,omitempty"`
}

// run names this attempt at the import: what it stages and refuses is kept under
// it, and the records it writes remember it. Another attempt may be sent other
// bytes, so that its rows are not the same.
func (f *file) run() string {
	if f.Attempt <= 1 {
		return f.ID
	}
	return fmt.Sprintf("%s.%d", f.ID, f.Attempt)
}

// rows is how many rows were read, without the header.
func (f *file) rows() int64 { return max(f.Mark.Rows-1, 0) }

// layout is the columns that a file of this kind can have in a syntax.
func (f *file) layout(syntax sheet.Syntax) layout {
	l, ok := layouts[f.Kind]
	if !ok {
		l = orderLayout(f.Mapping)
	}
	l = l.mapped(f.Columns)
	if syntax == sheet.JSONLines {
		return l.inJSON()
	}
	return l
}

// format is how the file is written, as far as it is known by now.
func (f *file) format() sheet.Format {
	if f.Mark.Offset > 0 {
		return f.Found
	}
	return f.Format
}

// zone is that in which times and months are read.
func (f *file) zone() (*time.Location, error) {
	zone, err := time.LoadLocation(f.Zone)
	if err != nil {
		return nil, fault.Invalid("import.time_zone", "is not known here: %q", f.Zone)
	}
	return zone, nil
}

// assembles reports whether an operation puts orders together, once the whole
// file is there.
func (f *file) assembles() bool {
	if f.Kind != ofOrders || f.State == receiving {
		return false
	}
	c, err := columnsOf(f.Header, f.layout(f.Found.Syntax))
	return err == nil && c.itemLevel()
}

// fail gives the import up.
func (f *file) fail(why *fault.Fault) {
	f.State = failed
	f.Failure = &failure{Kind: why.Kind, Reason: why.Reason, Message: why.Message}
	if len(why.Violations) > 0 {
		f.Failure.Field = why.Violations[0].Field
	}
}

// clone is a copy that shares nothing that changes.
func (f *file) clone() *file {
	c := *f
	c.Warnings, c.Tally = slices.Clone(f.Warnings), f.Tally.clone()
	return &c
}

// idOf is made from the file's content and the settings, so that the same file
// announced again is the same import.
func idOf(f *file) string {
	settings := fmt.Appendf(nil, "%s\x00%s\x00%d\x00%s\x00%s\x00%t", f.Kind, f.SHA256, f.Bytes, f.Currency, f.Zone, f.DryRun)
	settings = fmt.Appendf(settings, "\x00%s\x00%s\x00%s", f.Format.Encoding, f.Format.Delimiter, f.Mapping.Key())
	if f.Format.Syntax == sheet.JSONLines {
		settings = append(settings, "\x00json"...)
	}
	settings = append(settings, f.Columns.Key()...)
	sum := sha256.Sum256(settings)
	return strings.ToLower(base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(sum[:15]))
}

// files keeps the imports. Those that wait for an operation are in an index, so
// that what a crash left is found.
type files struct {
	docs  *docstore.Collection[file]
	vault *vault.Vault
}

// fromRows is what an import holds of its rows: refusals quote them, and the state
// of a digest has the last bytes before it.
type fromRows struct {
	Refusals []refusal `bson:"refusals,omitempty"`
	Digest   []byte    `bson:"digest,omitempty"`
}

// sealed is an import as it is stored.
func (s files) sealed(ctx context.Context, f *file) (*file, error) {
	stored := *f
	stored.Sealed, stored.Mark.Digest = nil, nil
	held := fromRows{f.Tally.Refusals, f.Mark.Digest}
	if len(held.Refusals) == 0 && len(held.Digest) == 0 {
		return &stored, nil
	}
	sealed, err := sealRows(ctx, s.vault, ofRejects, []string{docstore.ID(f.run())}, []any{held})
	if err != nil {
		return nil, err
	}
	stored.Sealed = sealed[0]
	return &stored, nil
}

// open opens what is stored.
func (s files) open(ctx context.Context, f *file) error {
	if len(f.Sealed) == 0 {
		return nil
	}
	var held fromRows
	err := openRow(ctx, s.vault, ofRejects, docstore.ID(f.run()), f.Sealed, &held)
	f.Tally.Refusals, f.Mark.Digest = held.Refusals, held.Digest
	return err
}

const (
	byCreated = "created"
	byOpen    = "open" // those not at their end, by state and last change
)

func openFiles(ctx context.Context, e docstore.Engine, v *vault.Vault, clock func() time.Time) (files, error) {
	docs, err := docstore.Open(ctx, e, docstore.Schema[file]{
		Name: "imports",
		Indexes: []docstore.Index[file]{
			{Name: byCreated, Key: func(f *file) string {
				return docstore.Key(docstore.Desc(docstore.Time(f.CreatedAt)))
			}},
			{Name: byOpen, Key: func(f *file) string {
				if f.State == done || f.State == failed {
					return ""
				}
				return docstore.Key(docstore.String(string(f.State)), docstore.Time(f.UpdatedAt))
			}},
		},
	}, docstore.WithClock(clock))
	return files{docs, v}, err
}

// get returns an import, or a NotFound fault IMPORT_NOT_FOUND.
func (s files) get(ctx context.Context, id string) (*file, error) {
	f, err := s.docs.Get(ctx, id)
	if errors.Is(err, docstore.ErrNotFound) {
		return nil, fault.New(fault.NotFound, "IMPORT_NOT_FOUND", "there is no import imports/%s", id)
	}
	if err != nil {
		return nil, err
	}
	return f, s.open(ctx, f)
}

// page lists imports.
func (s files) page(ctx context.Context, within docstore.Range) ([]*file, *docstore.Position, error) {
	found, next, err := s.docs.Page(ctx, within)
	for _, f := range found {
		err = errors.Join(err, s.open(ctx, f))
	}
	return found, next, err
}

// replace stores the import if nobody else has moved it meanwhile, or returns an
// Aborted fault IMPORT_BUSY.
func (s files) replace(ctx context.Context, f *file) error {
	stored, err := s.sealed(ctx, f)
	if err != nil {
		return err
	}
	err = s.docs.Replace(ctx, stored)
	f.Meta = stored.Meta
	if errors.Is(err, docstore.ErrConflict) || errors.Is(err, docstore.ErrNotFound) {
		return fault.New(fault.Aborted, "IMPORT_BUSY",
			"somebody else is sending this file: read the import again and go on at its durable_bytes").Because(err)
	}
	return err
}
