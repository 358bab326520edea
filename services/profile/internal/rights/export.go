package rights

import (
	"context"
	"errors"

	longrunningpb "cloud.google.com/go/longrunning/autogen/longrunningpb"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/emptypb"

	apiv1 "github.com/kehuhq/kehu/gen/kehu/api/v1"
	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"
	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/operation"
	"github.com/kehuhq/kehu/pkg/rpc/aip"
)

// ExportCustomer starts the gathering of all that is held about a person.
func (s *Server) ExportCustomer(ctx context.Context, r *profilev1.ExportCustomerRequest) (*longrunningpb.Operation, error) {
	var customer string
	if err := aip.ParseName("name", r.GetName(), customerPattern, &customer); err != nil {
		return nil, err
	}
	ids, err := s.person(ctx, customer)
	if err != nil {
		return nil, err
	}
	key, err := aip.KeyOf(r)
	if err != nil {
		return nil, err
	}
	id := key.NewID("ExportCustomer")
	doc := &exportDoc{Meta: docstore.Meta{ID: docstore.ID(id)}, Customer: ids[0], Request: key, CreatedAt: s.now()}
	err = s.exports.docs.Insert(ctx, doc)
	if errors.Is(err, docstore.ErrConflict) {
		stored, err := s.exports.get(ctx, id, s.now())
		if err != nil {
			return nil, err
		}
		if err := key.Repeats(stored.Request, "export", aip.Name(exportPattern, id), "PERSONAL_DATA_EXPORT_EXISTS"); err != nil {
			return nil, err
		}
	} else if err != nil {
		return nil, err
	}
	return s.Operations.Start(ctx, exportKind, operation.Start{
		ID: "export-" + id, Request: &profilev1.PersonalDataExport{Name: aip.Name(exportPattern, id)},
	})
}

// export gathers everything from the start each time that it is tried.
func (s *Server) export(ctx context.Context, run *operation.Run[*profilev1.PersonalDataExport, struct{}]) (proto.Message, error) {
	id, err := exportID("name", run.Request.GetName())
	if err != nil {
		return nil, err
	}
	doc, err := s.exports.get(ctx, id, s.now())
	if err != nil {
		return nil, err
	}
	ids, err := s.person(ctx, doc.Customer)
	if err != nil {
		return nil, err
	}
	if err := s.exports.parts.Purge(ctx, docstore.Within(doc.ID)); err != nil {
		return nil, err
	}
	var found sections
	number, records := 0, int64(0)
	err = s.gather(ctx, ids, func(service string, part *apiv1.PersonalDataPart) error {
		found.add(service, part)
		number, records = number+1, records+int64(len(part.GetRecords()))
		run.Progress(records, 0, "gathering "+service)
		return s.exports.put(ctx, doc, number, service, part)
	})
	if err != nil {
		return nil, err
	}
	doc, err = s.exports.docs.Update(ctx, doc.ID, func(d *exportDoc) error {
		d.CompletedAt, d.Sections = s.now(), nil
		for _, section := range found {
			raw, err := proto.Marshal(section)
			if err != nil {
				return err
			}
			d.Sections = append(d.Sections, raw)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	answer, err := doc.proto()
	if err == nil {
		answer.Customer = "" // operations are kept when the person has been erased
	}
	return answer, err
}

func exportID(field, name string) (id string, err error) {
	return id, aip.ParseName(field, name, exportPattern, &id)
}

// GetPersonalDataExport returns what an export holds.
func (s *Server) GetPersonalDataExport(ctx context.Context, r *profilev1.GetPersonalDataExportRequest) (*profilev1.PersonalDataExport, error) {
	id, err := exportID("name", r.GetName())
	if err != nil {
		return nil, err
	}
	doc, err := s.exports.get(ctx, id, s.now())
	if err != nil {
		return nil, err
	}
	return doc.proto()
}

// DeletePersonalDataExport removes an export.
func (s *Server) DeletePersonalDataExport(ctx context.Context, r *profilev1.DeletePersonalDataExportRequest) (*emptypb.Empty, error) {
	id, err := exportID("name", r.GetName())
	if err != nil {
		return nil, err
	}
	doc, err := s.exports.get(ctx, id, s.now())
	if err != nil {
		return nil, err
	}
	return &emptypb.Empty{}, s.exports.remove(ctx, doc.ID)
}
