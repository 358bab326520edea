package importer

import (
	"cmp"
	"context"
	"strings"
	"time"

	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"
	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/fault"
	"github.com/kehuhq/kehu/pkg/rpc/page"

	"github.com/kehuhq/kehu/services/profile/internal/domain"
	"github.com/kehuhq/kehu/services/profile/internal/mapping"
)

// CreateImport announces a file. An import that failed is begun anew: the rows it
// took in stay, and are then found as they are.
func (i *Importer) CreateImport(ctx context.Context, r *profilev1.CreateImportRequest) (*profilev1.Import, error) {
	f, err := announced(r.GetImport())
	if err != nil {
		return nil, err
	}
	f.CreatedAt = i.now().UTC().Truncate(time.Millisecond)
	stored, err := i.files.docs.Upsert(ctx, f.ID, func(stored *file, exists bool) error {
		switch {
		case !exists:
			meta := stored.Meta
			*stored = *f
			stored.Meta = meta
		case stored.State == failed:
			restart(stored)
		default:
			return docstore.ErrUnchanged
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	if err := i.files.open(ctx, stored); err != nil {
		return nil, err
	}
	if err := i.settle(ctx, stored); err != nil {
		return nil, err
	}
	return importProto(stored), nil
}

// restart begins an import anew.
func restart(f *file) {
	*f = file{
		Meta: f.Meta, Kind: f.Kind, SHA256: f.SHA256, Bytes: f.Bytes, Title: f.Title,
		Currency: f.Currency, Zone: f.Zone, DryRun: f.DryRun, Format: f.Format, Mapping: f.Mapping, Columns: f.Columns,
		CreatedAt: f.CreatedAt, Attempt: f.Attempt + 1, State: receiving,
	}
}

func announced(p *profilev1.Import) (*file, error) {
	f := &file{
		SHA256: p.GetFileSha256(), Bytes: p.GetFileBytes(), Title: strings.ToValidUTF8(p.GetFileName(), "\uFFFD"),
		Currency: p.GetDefaultCurrencyCode(), Zone: p.GetTimeZone(), DryRun: p.GetDryRun(),
		Attempt: 1, State: receiving,
	}
	var err error
	if f.Kind, err = kindFrom("import.kind", p.GetKind()); err != nil {
		return nil, err
	}
	if f.Format, err = formatFrom("import.format", p.GetFormat()); err != nil {
		return nil, err
	}
	if p.GetOrderMapping() != nil {
		if f.Kind != ofOrders {
			return nil, fault.Invalid("import.order_mapping", "must be unset where the rows are no orders")
		}
		if f.Mapping, err = mappingFrom("import.order_mapping", p.GetOrderMapping()); err != nil {
			return nil, err
		}
	}
	if f.Columns, err = f.columnMapping("import.column_mapping", p.GetColumnMapping()); err != nil {
		return nil, err
	}
	err = f.settings("import.", f.Mapping)
	f.ID = idOf(f)
	return f, err
}

// settings settles zone and currency: what the caller gives goes before what the
// mapping has. path is that of the fields.
func (f *file) settings(path string, m *mapping.Mapping) error {
	var faults []*fault.Fault
	if f.Currency != "" {
		faults = append(faults, domain.CheckCurrency(path+"default_currency_code", f.Currency))
	}
	if f.Zone != "" && !mapping.KnownZone(f.Zone) {
		faults = append(faults, fault.Invalid(path+"time_zone", "must be an IANA time zone such as Asia/Shanghai, is %q", clip(f.Zone, 64)))
	}
	if m != nil {
		f.Zone, f.Currency = cmp.Or(f.Zone, m.Zone), cmp.Or(f.Currency, m.Currency)
	}
	if f.Columns != nil {
		f.Zone = cmp.Or(f.Zone, f.Columns.Zone)
	}
	f.Zone = cmp.Or(f.Zone, "UTC")
	return fault.Merge(faults...)
}

// GetImport returns an import.
func (i *Importer) GetImport(ctx context.Context, r *profilev1.GetImportRequest) (*profilev1.Import, error) {
	f, err := i.named(ctx, r.GetName())
	if err != nil {
		return nil, err
	}
	if err := i.settle(ctx, f); err != nil {
		return nil, err
	}
	return importProto(f), nil
}

func (i *Importer) named(ctx context.Context, name string) (*file, error) {
	id, err := importID(name)
	if err != nil {
		return nil, err
	}
	return i.files.get(ctx, id)
}

// ListImports lists the imports, newest first.
func (i *Importer) ListImports(ctx context.Context, r *profilev1.ListImportsRequest) (*profilev1.ListImportsResponse, error) {
	token, size, err := page.Of(r)
	if err != nil {
		return nil, err
	}
	within := docstore.Range{Index: byCreated, Limit: size}
	if token != (page.Token{}) {
		within.After = &token.Position
	}
	found, next, err := i.files.page(ctx, within)
	if err != nil {
		return nil, err
	}
	answer := &profilev1.ListImportsResponse{Imports: make([]*profilev1.Import, len(found))}
	for n, f := range found {
		answer.Imports[n] = importProto(f)
	}
	if next != nil {
		answer.NextPageToken, err = page.Token{Position: *next}.Encode(r)
	}
	return answer, err
}
