package attributes

import (
	"context"
	"errors"
	"time"

	"cloud.google.com/go/longrunning/autogen/longrunningpb"
	"google.golang.org/protobuf/proto"

	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"
	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/fault"
	"github.com/kehuhq/kehu/pkg/operation"
	"github.com/kehuhq/kehu/pkg/rpc/aip"
	"github.com/kehuhq/kehu/pkg/rpc/etag"
)

// changeable are the fields that an update can name.
var changeable = []string{
	"display_name", "description", "type", "unit", "allowed_values", "pattern", "min", "max", "sensitivity", "purpose", "deprecated",
}

// Purposes knows what data may be kept for.
type Purposes interface {
	// CheckPurpose reports a name, which stands in a field, that is no purpose's.
	CheckPurpose(ctx context.Context, field, name string) error
}

// Server is the AttributeDefinitionService. It is safe for concurrent use.
type Server struct {
	profilev1.UnimplementedAttributeDefinitionServiceServer
	store      *Store
	purposes   Purposes
	operations *operation.Manager
	customers  Customers
}

// NewServer makes the service, and registers its kind of operation.
func NewServer(s *Store, purposes Purposes, customers Customers, operations *operation.Manager) (*Server, error) {
	server := &Server{store: s, purposes: purposes, operations: operations, customers: customers}
	return server, operation.Register(operations, deletion,
		operation.Kind[*profilev1.DeleteAttributeDefinitionRequest, string]{Run: server.delete})
}

func idIn(field, name string) (id string, err error) {
	return id, aip.ParseName(field, name, pattern, &id)
}

// GetAttributeDefinition returns one definition.
func (s *Server) GetAttributeDefinition(ctx context.Context, r *profilev1.GetAttributeDefinitionRequest) (*profilev1.AttributeDefinition, error) {
	id, err := idIn("name", r.GetName())
	if err != nil {
		return nil, err
	}
	found, err := s.store.get(ctx, id)
	if err != nil {
		return nil, err
	}
	return found.proto()
}

func (r *record) proto() (*profilev1.AttributeDefinition, error) {
	d, err := r.definition()
	if err != nil {
		return nil, err
	}
	return d.proto, nil
}

// ListAttributeDefinitions lists the definitions.
func (s *Server) ListAttributeDefinitions(ctx context.Context, r *profilev1.ListAttributeDefinitionsRequest) (*profilev1.ListAttributeDefinitionsResponse, error) {
	after, size, err := aip.Place(r)
	if err != nil {
		return nil, err
	}
	found, next, err := s.store.docs.Page(ctx, docstore.Range{After: after, Limit: size})
	if err != nil {
		return nil, err
	}
	answer := &profilev1.ListAttributeDefinitionsResponse{}
	for _, one := range found {
		d, err := one.proto()
		if err != nil {
			return nil, err
		}
		answer.AttributeDefinitions = append(answer.AttributeDefinitions, d)
	}
	answer.NextPageToken, err = aip.NextToken(next, r)
	return answer, err
}

// CreateAttributeDefinition defines an attribute.
func (s *Server) CreateAttributeDefinition(ctx context.Context, r *profilev1.CreateAttributeDefinitionRequest) (*profilev1.AttributeDefinition, error) {
	id := r.GetAttributeDefinitionId()
	if err := s.check(ctx, id, r.GetAttributeDefinition()); err != nil {
		return nil, aip.Within("attribute_definition", err)
	}
	key, err := aip.KeyOf(r)
	if err != nil {
		return nil, err
	}
	count, err := s.store.docs.Count(ctx, docstore.Range{})
	if err != nil {
		return nil, err
	}
	if count >= maxDefinitions {
		return nil, fault.New(fault.ResourceExhausted, "ATTRIBUTE_DEFINITIONS_FULL", "there are %d attribute definitions already, the most there may be", count)
	}
	made := &record{Meta: docstore.Meta{ID: docstore.ID(id)}, CreatedAt: s.store.now().UTC().Truncate(time.Millisecond), Request: key}
	if err := made.set(r.GetAttributeDefinition()); err != nil {
		return nil, err
	}
	err = s.store.docs.Insert(ctx, made)
	if errors.Is(err, docstore.ErrConflict) {
		if made, err = s.store.get(ctx, id); err == nil {
			err = key.Repeats(made.Request, "attribute definition", aip.Name(pattern, id), "ATTRIBUTE_DEFINITION_EXISTS")
		}
	}
	if err != nil {
		return nil, err
	}
	s.store.forget()
	return made.proto()
}

func (s *Server) check(ctx context.Context, id string, d *profilev1.AttributeDefinition) error {
	if _, err := compile(id, d); err != nil {
		return err
	}
	if d.GetPurpose() == "" {
		return nil
	}
	return s.purposes.CheckPurpose(ctx, "purpose", d.GetPurpose())
}

// UpdateAttributeDefinition changes the fields that the mask names.
func (s *Server) UpdateAttributeDefinition(ctx context.Context, r *profilev1.UpdateAttributeDefinitionRequest) (*profilev1.AttributeDefinition, error) {
	given := r.GetAttributeDefinition()
	id, err := idIn("attribute_definition.name", given.GetName())
	if err != nil {
		return nil, err
	}
	fields, err := aip.Fields(r.GetUpdateMask(), given, changeable)
	if err != nil {
		return nil, err
	}
	changed, err := s.store.docs.Update(ctx, docstore.ID(id), func(stored *record) error {
		if err := etag.Check(given.GetEtag(), stored.Version); err != nil {
			return err
		}
		was, err := stored.proto()
		if err != nil {
			return err
		}
		is := proto.Clone(was).(*profilev1.AttributeDefinition)
		aip.Take(is, given, fields)
		if is.GetType() != was.GetType() || is.GetUnit() != was.GetUnit() {
			return fault.New(fault.FailedPrecondition, "ATTRIBUTE_TYPE_FIXED",
				"the type and unit of attribute %q cannot change: define another attribute, and deprecate this one", id)
		}
		if err := s.check(ctx, id, is); err != nil {
			return err
		}
		if proto.Equal(is, was) {
			return docstore.ErrUnchanged
		}
		return stored.set(is)
	})
	if errors.Is(err, docstore.ErrNotFound) {
		return nil, notFound(id)
	}
	if err != nil {
		return nil, aip.Within("attribute_definition", err)
	}
	s.store.forget()
	return changed.proto()
}

// DeleteAttributeDefinition starts the deletion of a definition and its values.
func (s *Server) DeleteAttributeDefinition(ctx context.Context, r *profilev1.DeleteAttributeDefinitionRequest) (*longrunningpb.Operation, error) {
	id, err := idIn("name", r.GetName())
	if err != nil {
		return nil, err
	}
	found, err := s.store.get(ctx, id)
	if err != nil {
		return nil, err
	}
	if err := etag.Check(r.GetEtag(), found.Version); err != nil {
		return nil, err
	}
	return s.operations.Start(ctx, deletion, operation.Start{Request: &profilev1.DeleteAttributeDefinitionRequest{Name: r.GetName()}})
}
