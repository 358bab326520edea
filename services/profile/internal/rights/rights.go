// Package rights gives a person a copy of all that is held about them, and erases
// it: in the rooms of this service, and in the other services.
package rights

import (
	"context"
	"errors"
	"iter"
	"time"

	"google.golang.org/protobuf/proto"

	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"
	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/operation"
	"github.com/kehuhq/kehu/pkg/rpc/personaldata"
	"github.com/kehuhq/kehu/pkg/vault"
)

const (
	eraseKind  = "erase-customer"
	exportKind = "export-customer"

	customerPattern = "customers/{customer}"
	receiptPattern  = "erasureReceipts/{receipt}"
	exportPattern   = "personalDataExports/{export}"

	own = "profile" // this service, as the receipt names it
)

// Records are one kind of records that this service keeps about persons.
type Records struct {
	personaldata.Section
	// Read yields those of a customer's own record, as the API shows them.
	Read func(ctx context.Context, customer string) iter.Seq2[proto.Message, error]
	// Erase removes them physically, or hands them to nobody under a pseudonym.
	// It may be repeated.
	Erase func(ctx context.Context, customer, pseudonym string) error
	// Stays is why they stay under a pseudonym; empty where they are removed.
	Stays string
}

// Customers are whom all this is about.
type Customers interface {
	Exist(ctx context.Context, ids []string) ([]bool, error)
	// Members are the ids of all records that are one customer with a record, the
	// one by whose name the customer goes first.
	Members(ctx context.Context, id string) ([]string, error)
}

// Deps is what the room is given.
type Deps struct {
	Engine     docstore.Engine
	Vault      *vault.Vault
	Operations *operation.Manager // not serving yet
	Customers  Customers
	// Records are all kinds that this service keeps.
	Records []Records
	// DeletedOrders are the orders' kind, for those who want them removed too.
	DeletedOrders Records
	// Subjects are the names, beside its id, under which the vault has keys of a
	// customer's own record.
	Subjects func(ctx context.Context, customer string) ([]string, error)
	// Delete removes a customer's own record, its identifiers and its key, after
	// the records of all kinds. It may be repeated.
	Delete func(ctx context.Context, customer string) error
	Peers  []Peer
	Clock  func() time.Time
}

// Server answers the RightsService.
type Server struct {
	profilev1.UnimplementedRightsServiceServer
	Deps
	erasures *erasures
	exports  *exports
}

// New opens the room's collections and registers its operations.
func New(ctx context.Context, d Deps) (*Server, error) {
	s := &Server{Deps: d}
	var errs [4]error
	s.erasures, errs[0] = openErasures(ctx, d.Engine, d.Clock)
	s.exports, errs[1] = openExports(ctx, d.Engine, d.Vault, d.Clock)
	s.Records = append(s.Records, s.exports.records())
	errs[2] = operation.Register(d.Operations, eraseKind, operation.Kind[*profilev1.ErasureReceipt, waiting]{Run: s.erase})
	errs[3] = operation.Register(d.Operations, exportKind, operation.Kind[*profilev1.PersonalDataExport, struct{}]{Run: s.export})
	return s, errors.Join(errs[:]...)
}

// now is in the precision of the store.
func (s *Server) now() time.Time { return s.Clock().UTC().Truncate(time.Millisecond) }

// Sweep takes up erasures whose operation has failed, and removes exports that
// have expired.
func (s *Server) Sweep(ctx context.Context) error {
	return errors.Join(s.takeUp(ctx), s.exports.expire(ctx, s.now()))
}
