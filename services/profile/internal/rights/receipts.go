package rights

import (
	"context"
	"errors"
	"slices"
	"time"

	"google.golang.org/protobuf/proto"

	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"
	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/fault"
	"github.com/kehuhq/kehu/pkg/rpc/aip"
)

// erasure is an erasure as it is stored. While it is under way it tells whom it is
// about; when it is done, nothing but the receipt is left.
type erasure struct {
	docstore.Meta `bson:",inline"`
	Customers     []string  `bson:"customers,omitempty"` // the one by whose name the person goes first
	CreatedAt     time.Time `bson:"created_at"`
	Receipt       []byte    `bson:"receipt"` // an ErasureReceipt
}

const (
	byCreated = "created" // the latest first
	underWay  = "open"    // those that are not done, the oldest first
)

// erasures keeps them.
type erasures struct {
	docs *docstore.Collection[erasure]
}

func openErasures(ctx context.Context, e docstore.Engine, clock func() time.Time) (*erasures, error) {
	docs, err := docstore.Open(ctx, e, docstore.Schema[erasure]{Name: "erasures", Indexes: []docstore.Index[erasure]{
		{Name: byCreated, Key: func(d *erasure) string { return docstore.Key(docstore.Desc(docstore.Time(d.CreatedAt))) }},
		{Name: underWay, Key: func(d *erasure) string {
			if len(d.Customers) == 0 {
				return ""
			}
			return docstore.Key(docstore.Time(d.CreatedAt))
		}},
	}}, docstore.WithClock(clock))
	return &erasures{docs}, err
}

// read is the receipt of an erasure as it stands.
func (d *erasure) read() (*profilev1.ErasureReceipt, error) {
	r := &profilev1.ErasureReceipt{}
	return r, proto.Unmarshal(d.Receipt, r)
}

func (d *erasure) write(r *profilev1.ErasureReceipt) (err error) {
	d.Receipt, err = proto.Marshal(r)
	return err
}

func (s *erasures) get(ctx context.Context, id string) (*erasure, *profilev1.ErasureReceipt, error) {
	doc, err := s.docs.Get(ctx, docstore.ID(id))
	if errors.Is(err, docstore.ErrNotFound) {
		return nil, nil, fault.New(fault.NotFound, "ERASURE_RECEIPT_NOT_FOUND", "there is no erasure receipt %q", id)
	}
	if err != nil {
		return nil, nil, err
	}
	r, err := doc.read()
	return doc, r, err
}

// change alters a receipt, and with it whom the erasure is about.
func (s *erasures) change(ctx context.Context, id string, change func(*erasure, *profilev1.ErasureReceipt) error) (*profilev1.ErasureReceipt, error) {
	var changed *profilev1.ErasureReceipt
	_, err := s.docs.Update(ctx, docstore.ID(id), func(d *erasure) error {
		r, err := d.read()
		if err != nil {
			return err
		}
		if err := change(d, r); err != nil {
			return err
		}
		changed = r
		return d.write(r)
	})
	return changed, err
}

// of is the erasure under way that is about a customer, nil where there is none.
// Those under way are few.
func (s *erasures) of(ctx context.Context, customer string) (*erasure, error) {
	for doc, err := range s.docs.Scan(ctx, docstore.Range{Index: underWay}) {
		if err != nil {
			return nil, err
		}
		if slices.Contains(doc.Customers, customer) {
			return doc, nil
		}
	}
	return nil, nil
}

func receiptID(field, name string) (id string, err error) {
	return id, aip.ParseName(field, name, receiptPattern, &id)
}

// GetErasureReceipt returns a receipt.
func (s *Server) GetErasureReceipt(ctx context.Context, r *profilev1.GetErasureReceiptRequest) (*profilev1.ErasureReceipt, error) {
	id, err := receiptID("name", r.GetName())
	if err != nil {
		return nil, err
	}
	_, receipt, err := s.erasures.get(ctx, id)
	return receipt, err
}

// ListErasureReceipts lists receipts, the latest first.
func (s *Server) ListErasureReceipts(ctx context.Context, r *profilev1.ListErasureReceiptsRequest) (*profilev1.ListErasureReceiptsResponse, error) {
	after, size, err := aip.Place(r)
	if err != nil {
		return nil, err
	}
	docs, next, err := s.erasures.docs.Page(ctx, docstore.Range{Index: byCreated, After: after, Limit: size})
	if err != nil {
		return nil, err
	}
	answer := &profilev1.ListErasureReceiptsResponse{}
	for _, doc := range docs {
		receipt, err := doc.read()
		if err != nil {
			return nil, err
		}
		answer.ErasureReceipts = append(answer.ErasureReceipts, receipt)
	}
	answer.NextPageToken, err = aip.NextToken(next, r)
	return answer, err
}
