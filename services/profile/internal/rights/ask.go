package rights

import (
	"context"
	"errors"
	"slices"

	longrunningpb "cloud.google.com/go/longrunning/autogen/longrunningpb"
	"github.com/oklog/ulid/v2"
	"google.golang.org/protobuf/types/known/anypb"
	"google.golang.org/protobuf/types/known/timestamppb"

	apiv1 "github.com/kehuhq/kehu/gen/kehu/api/v1"
	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"
	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/fault"
	"github.com/kehuhq/kehu/pkg/operation"
	"github.com/kehuhq/kehu/pkg/rpc/aip"

	"github.com/kehuhq/kehu/services/profile/internal/domain"
)

// EraseCustomer writes down whom it is about and starts the erasure.
func (s *Server) EraseCustomer(ctx context.Context, r *profilev1.EraseCustomerRequest) (*longrunningpb.Operation, error) {
	var customer string
	if err := aip.ParseName("name", r.GetName(), customerPattern, &customer); err != nil {
		return nil, err
	}
	if customer == domain.Anonymous {
		return nil, fault.Invalid("name", "must be of a person: orders without a buyer are nobody's")
	}
	key, err := aip.KeyOf(r)
	if err != nil {
		return nil, err
	}
	id := key.NewID("EraseCustomer")
	if key.ID != "" && !r.GetValidateOnly() {
		if op, err := s.again(ctx, id, customer, r); fault.ReasonOf(err) != "ERASURE_RECEIPT_NOT_FOUND" {
			return op, err
		}
	}
	if running, err := s.erasures.of(ctx, customer); err != nil || running != nil {
		if err != nil {
			return nil, err
		}
		return s.start(ctx, docstore.ParseID(running.ID)[0])
	}
	ids, err := s.person(ctx, customer)
	if err != nil {
		return nil, err
	}
	receipt, err := s.begin(r, ids)
	if err != nil {
		return nil, err
	}
	if r.GetValidateOnly() {
		return s.preview(ctx, receipt, ids)
	}
	receipt.Name = aip.Name(receiptPattern, id)
	doc := &erasure{Meta: docstore.Meta{ID: docstore.ID(id)}, Customers: ids, CreatedAt: s.now()}
	if err := doc.write(receipt); err != nil {
		return nil, err
	}
	err = s.erasures.docs.Insert(ctx, doc)
	if errors.Is(err, docstore.ErrConflict) {
		return s.again(ctx, id, customer, r) // the same request, at the same moment
	}
	if err != nil {
		return nil, err
	}
	return s.start(ctx, id)
}

// person is all ids of a customer, who exists, that by which they go first.
func (s *Server) person(ctx context.Context, customer string) ([]string, error) {
	there, err := s.Customers.Exist(ctx, []string{customer})
	if err != nil {
		return nil, err
	}
	if !there[0] {
		return nil, fault.New(fault.NotFound, "CUSTOMER_NOT_FOUND", "there is no customer %q", customer)
	}
	return s.Customers.Members(ctx, customer)
}

// begin is the receipt of an erasure that is to be made.
func (s *Server) begin(r *profilev1.EraseCustomerRequest, ids []string) (*profilev1.ErasureReceipt, error) {
	subjects, err := s.subjects(ids)
	receipt := &profilev1.ErasureReceipt{
		State: profilev1.ErasureState_ERASURE_STATE_RUNNING, Subjects: subjects,
		Pseudonym: "erased-" + ulid.Make().String(), Customers: int32(len(ids)), Orders: treatment(r.GetOrders()), //nolint:gosec // at most a few thousand
		Basis: r.GetBasis(), CreateTime: timestamppb.New(s.now()), Services: []string{own},
	}
	for _, peer := range s.Peers {
		receipt.Services = append(receipt.Services, peer.Name)
	}
	return receipt, err
}

func treatment(o profilev1.ErasedOrders) profilev1.ErasedOrders {
	if o == profilev1.ErasedOrders_ERASED_ORDERS_UNSPECIFIED {
		return profilev1.ErasedOrders_ERASED_ORDERS_PSEUDONYMISE
	}
	return o
}

// again is the operation of an erasure that was asked for under the same key.
func (s *Server) again(ctx context.Context, id, customer string, r *profilev1.EraseCustomerRequest) (*longrunningpb.Operation, error) {
	_, receipt, err := s.erasures.get(ctx, id)
	if err != nil {
		return nil, err
	}
	subjects, err := s.subjects([]string{customer})
	if err != nil {
		return nil, err
	}
	if !slices.Contains(receipt.GetSubjects(), subjects[0]) || receipt.GetBasis() != r.GetBasis() || receipt.GetOrders() != treatment(r.GetOrders()) {
		return nil, fault.New(fault.AlreadyExists, "REQUEST_ID_REUSED", "the request_id was used for another erasure").With("erasure_receipt", receipt.GetName())
	}
	return s.start(ctx, id)
}

// preview is an operation that is done: it says what is held.
func (s *Server) preview(ctx context.Context, receipt *profilev1.ErasureReceipt, ids []string) (*longrunningpb.Operation, error) {
	held, err := s.held(ctx, ids)
	if err != nil {
		return nil, err
	}
	receipt.Pseudonym, receipt.State = "", profilev1.ErasureState_ERASURE_STATE_UNSPECIFIED
	for _, h := range held {
		receipt.Sections = append(receipt.Sections, &apiv1.ErasedSection{
			Service: h.GetService(), Section: h.GetSection(), Title: h.GetTitle(), TitleZh: h.GetTitleZh(), Erased: h.GetRecords(),
		})
	}
	response, err := anypb.New(receipt)
	return &longrunningpb.Operation{Done: true, Result: &longrunningpb.Operation_Response{Response: response}}, err
}

// start starts the operation of an erasure, anew where it has failed.
func (s *Server) start(ctx context.Context, id string) (*longrunningpb.Operation, error) {
	start := operation.Start{ID: "erase-" + id, Request: &profilev1.ErasureReceipt{Name: aip.Name(receiptPattern, id)}}
	op, err := s.Operations.Start(ctx, eraseKind, start)
	if err != nil || op.GetError() == nil {
		return op, err
	}
	if err := s.Operations.Delete(ctx, op.GetName()); err != nil && fault.KindOf(err) != fault.NotFound {
		return nil, err
	}
	return s.Operations.Start(ctx, eraseKind, start)
}

// takeUp starts again what is under way and has no operation that is.
func (s *Server) takeUp(ctx context.Context) error {
	for doc, err := range s.erasures.docs.Scan(ctx, docstore.Range{Index: underWay}) {
		if err != nil {
			return err
		}
		if _, err := s.start(ctx, docstore.ParseID(doc.ID)[0]); err != nil {
			return err
		}
	}
	return nil
}
