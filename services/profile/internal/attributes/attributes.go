// Package attributes knows what the attributes of the company's own mean, and
// judges the values that are written to customers.
package attributes

import (
	"context"
	"errors"
	"time"

	"google.golang.org/protobuf/proto"

	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"
	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/fault"
	"github.com/kehuhq/kehu/pkg/rpc/aip"
)

const pattern = "attributeDefinitions/{attribute_definition}"

// maxDefinitions is how many there may be: each process holds them all.
const maxDefinitions = 1000

// record is a definition as it is stored, under its id.
type record struct {
	docstore.Meta `bson:",inline"`
	Content       []byte         `bson:"content"` // the AttributeDefinition, serialised
	CreatedAt     time.Time      `bson:"created_at"`
	Request       aip.RequestKey `bson:"request"`
}

// Store keeps the definitions. It is safe for concurrent use.
type Store struct {
	docs *docstore.Collection[record]
	now  func() time.Time
	held held
}

// Open opens the collection.
func Open(ctx context.Context, engine docstore.Engine, clock func() time.Time) (*Store, error) {
	docs, err := docstore.Open(ctx, engine, docstore.Schema[record]{Name: "attribute_definitions"}, docstore.WithClock(clock))
	return &Store{docs: docs, now: clock}, err
}

// Sweep removes tombstones made before a time.
func (s *Store) Sweep(ctx context.Context, before time.Time) error {
	_, err := s.docs.Sweep(ctx, before)
	return err
}

func (s *Store) get(ctx context.Context, id string) (*record, error) {
	r, err := s.docs.Get(ctx, docstore.ID(id))
	if errors.Is(err, docstore.ErrNotFound) {
		return nil, notFound(id)
	}
	return r, err
}

func notFound(id string) *fault.Fault {
	return fault.New(fault.NotFound, "ATTRIBUTE_DEFINITION_NOT_FOUND", "there is no attribute definition %q", id)
}

// set puts a definition into the record.
func (r *record) set(d *profilev1.AttributeDefinition) error {
	kept := proto.Clone(d).(*profilev1.AttributeDefinition)
	kept.Name, kept.Etag, kept.CreateTime, kept.UpdateTime = "", "", nil, nil
	var err error
	r.Content, err = proto.MarshalOptions{Deterministic: true}.Marshal(kept)
	return err
}
