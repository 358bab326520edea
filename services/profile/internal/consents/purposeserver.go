package consents

import (
	"context"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/emptypb"

	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"
	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/fault"
	"github.com/kehuhq/kehu/pkg/rpc/aip"
	"github.com/kehuhq/kehu/pkg/rpc/etag"
)

// changeable are the fields of a purpose that an update can name.
var changeable = []string{"display_name", "display_name_zh", "description", "description_zh", "legal_basis", "needs_consent"}

// GetPurpose returns one purpose.
func (s *Server) GetPurpose(ctx context.Context, r *profilev1.GetPurposeRequest) (*profilev1.Purpose, error) {
	var id string
	if err := aip.ParseName("name", r.GetName(), purposePattern, &id); err != nil {
		return nil, err
	}
	all, err := s.store.purposes(ctx, true)
	if err != nil {
		return nil, err
	}
	if all[id] == nil {
		return nil, purposeNotFound(id)
	}
	return all[id], nil
}

// ListPurposes lists the purposes.
func (s *Server) ListPurposes(ctx context.Context, r *profilev1.ListPurposesRequest) (*profilev1.ListPurposesResponse, error) {
	after, size, err := aip.Place(r)
	if err != nil {
		return nil, err
	}
	all, err := s.store.purposes(ctx, true)
	if err != nil {
		return nil, err
	}
	answer, last := &profilev1.ListPurposesResponse{}, ""
	for _, id := range sorted(all) {
		if after != nil && id <= after.ID {
			continue
		}
		if len(answer.Purposes) == size {
			answer.NextPageToken, err = aip.NextToken(&docstore.Position{ID: last}, r)
			return answer, err
		}
		answer.Purposes, last = append(answer.Purposes, all[id]), id
	}
	return answer, nil
}

// CreatePurpose declares a purpose.
func (s *Server) CreatePurpose(ctx context.Context, r *profilev1.CreatePurposeRequest) (*profilev1.Purpose, error) {
	id, given := r.GetPurposeId(), proto.Clone(r.GetPurpose()).(*profilev1.Purpose)
	if err := checkPurpose(given); err != nil {
		return nil, aip.Within("purpose", err)
	}
	key, err := aip.KeyOf(r)
	if err != nil {
		return nil, err
	}
	all, err := s.store.purposes(ctx, true)
	switch {
	case err != nil:
		return nil, err
	case builtIn[id] != nil:
		return nil, fault.New(fault.AlreadyExists, "PURPOSE_EXISTS", "purpose %q is one of those that there are to begin with", id)
	case all[id] == nil && len(all)-len(builtIn) >= maxPurposes:
		return nil, fault.New(fault.ResourceExhausted, "PURPOSES_FULL", "%d purposes have been declared already, the most there may be", maxPurposes)
	}
	doc := &purposeDoc{Meta: docstore.Meta{ID: docstore.ID(id)}, CreatedAt: s.store.now(), Request: key}
	if err := doc.set(given); err != nil {
		return nil, err
	}
	if err := s.store.declared.Insert(ctx, doc); err != nil {
		stored, again := s.store.declared.Get(ctx, docstore.ID(id))
		if again != nil {
			return nil, err
		}
		if err := key.Repeats(stored.Request, "purpose", aip.Name(purposePattern, id), "PURPOSE_EXISTS"); err != nil {
			return nil, err
		}
		return stored.purpose()
	}
	s.store.forget()
	return doc.purpose()
}

// UpdatePurpose changes the fields that the mask names.
func (s *Server) UpdatePurpose(ctx context.Context, r *profilev1.UpdatePurposeRequest) (*profilev1.Purpose, error) {
	var id string
	given := r.GetPurpose()
	if err := aip.ParseName("purpose.name", given.GetName(), purposePattern, &id); err != nil {
		return nil, err
	}
	fields, err := aip.Fields(r.GetUpdateMask(), given, changeable)
	if err != nil {
		return nil, err
	}
	changed, err := s.store.declared.Upsert(ctx, docstore.ID(id), func(doc *purposeDoc, exists bool) error {
		was := original(id)
		if exists {
			var err error
			if was, err = doc.purpose(); err != nil {
				return err
			}
		} else if was == nil {
			return purposeNotFound(id)
		}
		if err := etag.Check(given.GetEtag(), doc.Version); err != nil {
			return err
		}
		is := proto.Clone(was).(*profilev1.Purpose)
		aip.Take(is, given, fields)
		if err := checkPurpose(is); err != nil {
			return err
		}
		if was.GetNeedsConsent() && !is.GetNeedsConsent() {
			return fault.New(fault.FailedPrecondition, "PURPOSE_LOOSENED",
				"purpose %q needs consent, and what people were told of it stands: declare another purpose", id)
		}
		if !exists {
			doc.CreatedAt = s.store.now()
		}
		return doc.set(is)
	})
	if err != nil {
		return nil, aip.Within("purpose", err)
	}
	s.store.forget()
	return changed.purpose()
}

// DeletePurpose deletes a purpose that nobody has decided about.
func (s *Server) DeletePurpose(ctx context.Context, r *profilev1.DeletePurposeRequest) (*emptypb.Empty, error) {
	var id string
	if err := aip.ParseName("name", r.GetName(), purposePattern, &id); err != nil {
		return nil, err
	}
	if builtIn[id] != nil {
		return nil, fault.New(fault.FailedPrecondition, "PURPOSE_BUILT_IN", "purpose %q is one of those that there are to begin with and cannot be deleted", id)
	}
	doc, err := s.store.declared.Get(ctx, docstore.ID(id))
	if missing(err) {
		return nil, purposeNotFound(id)
	}
	if err != nil {
		return nil, err
	}
	if err := etag.Check(r.GetEtag(), doc.Version); err != nil {
		return nil, err
	}
	used, err := s.store.inUse(ctx, id)
	if err != nil {
		return nil, err
	}
	if used {
		return nil, fault.New(fault.FailedPrecondition, "PURPOSE_IN_USE", "customers have decided about purpose %q: it must stay, with what they decided", id)
	}
	if err := s.store.declared.Delete(ctx, docstore.ID(id), doc.Version); err != nil {
		return nil, err
	}
	s.store.forget()
	return &emptypb.Empty{}, nil
}
