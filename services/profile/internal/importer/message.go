package importer

import (
	"go.einride.tech/aip/resourcename"
	"google.golang.org/protobuf/types/known/timestamppb"

	apiv1 "github.com/kehuhq/kehu/gen/kehu/api/v1"
	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"
	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/fault"
	"github.com/kehuhq/kehu/pkg/rpc"
)

const namePattern = "imports/{import}"

func importName(id string) string { return resourcename.Sprint(namePattern, id) }

func importID(name string) (string, error) {
	var id string
	if err := resourcename.Sscan(name, namePattern, &id); err != nil || docstore.CheckID(id) != nil {
		return "", fault.Invalid("name", "must be imports/{import}, is %q", clip(name, 100))
	}
	return id, nil
}

func operationName(f *file) string { return "operations/profile/" + f.run() }

var protoKind = map[kind]profilev1.ImportKind{
	ofCustomers: profilev1.ImportKind_IMPORT_KIND_CUSTOMERS,
	ofOrders:    profilev1.ImportKind_IMPORT_KIND_ORDERS,

	ofEvents:     profilev1.ImportKind_IMPORT_KIND_EVENTS,
	ofConsents:   profilev1.ImportKind_IMPORT_KIND_CONSENTS,
	ofIdentities: profilev1.ImportKind_IMPORT_KIND_IDENTITIES,
}

var protoState = map[state]profilev1.ImportState{
	receiving:  profilev1.ImportState_IMPORT_STATE_RECEIVING,
	assembling: profilev1.ImportState_IMPORT_STATE_ASSEMBLING,
	done:       profilev1.ImportState_IMPORT_STATE_DONE,
	failed:     profilev1.ImportState_IMPORT_STATE_FAILED,
}

func importProto(f *file) *profilev1.Import {
	c := &f.Tally.Counts
	p := &profilev1.Import{
		Name: importName(f.ID), Kind: protoKind[f.Kind], FileSha256: f.SHA256, FileBytes: f.Bytes, FileName: f.Title,
		DefaultCurrencyCode: f.Currency, TimeZone: f.Zone, DryRun: f.DryRun,
		State: protoState[f.State], DurableBytes: f.Mark.Offset, Rows: f.rows(),
		Created: c.Created, Updated: c.Updated, Unchanged: c.Unchanged, Rejected: c.Rejected, Skipped: c.Blank + c.Totals,
		CreateTime: timestamppb.New(f.CreatedAt), UpdateTime: timestamppb.New(f.UpdatedAt),
	}
	p.Format, p.OrderMapping = formatProto(f.format()), mappingProto(f.Mapping)
	p.ColumnMapping = columnMappingProto(f.Columns)
	p.Refusals = f.Tally.refusalsProto()
	if f.Kind == ofOrders {
		p.Reconciliation = f.Tally.Reconciliation.proto()
		if last := f.Tally.LastOrder; !last.IsZero() {
			p.LastOrderTime = timestamppb.New(last)
		}
	}
	if f.assembles() {
		p.Operation = operationName(f)
	}
	for _, w := range f.Warnings {
		p.Warnings = append(p.Warnings, &apiv1.Warning{Reason: w.Reason, Message: w.Message})
	}
	if f.Failure != nil {
		p.Error = &apiv1.ItemStatus{
			Code: int32(rpc.Code(f.Failure.Kind)), Reason: f.Failure.Reason, Message: f.Failure.Message, Field: f.Failure.Field,
		}
	}
	return p
}

func ack(f *file) *profilev1.AppendImportResponse {
	return &profilev1.AppendImportResponse{
		DurableBytes: f.Mark.Offset, DurableRows: f.rows(), Rejected: f.Tally.Counts.Rejected, State: protoState[f.State],
	}
}
