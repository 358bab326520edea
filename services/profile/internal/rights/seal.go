package rights

import (
	"context"
	"slices"

	"google.golang.org/protobuf/proto"

	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"
	"github.com/kehuhq/kehu/pkg/rpc/aip"
)

// Kinds of blind indexes: of ids of persons who were erased, and of receipts.
const (
	subjectIndex = "erased_customer"
	sealIndex    = "erasure_receipt"
)

// subjects are the blind indexes of customer ids.
func (s *Server) subjects(ids []string) ([]string, error) {
	all := make([]string, len(ids))
	for i, id := range ids {
		var err error
		if all[i], err = s.Vault.BlindIndex(subjectIndex, id); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// sealOf is the seal of a receipt: a keyed hash of all else that it says.
func (s *Server) sealOf(r *profilev1.ErasureReceipt) (string, error) {
	bare := proto.Clone(r).(*profilev1.ErasureReceipt)
	bare.Seal = ""
	raw, err := proto.MarshalOptions{Deterministic: true}.Marshal(bare)
	if err != nil {
		return "", err
	}
	return s.Vault.BlindIndex(sealIndex, string(raw))
}

// VerifyErasureReceipt checks a receipt against a customer id, and looks what is
// held about the customer now.
func (s *Server) VerifyErasureReceipt(ctx context.Context, r *profilev1.VerifyErasureReceiptRequest) (*profilev1.VerifyErasureReceiptResponse, error) {
	id, err := receiptID("name", r.GetName())
	if err != nil {
		return nil, err
	}
	var customer string
	if err := aip.ParseName("customer", r.GetCustomer(), customerPattern, &customer); err != nil {
		return nil, err
	}
	_, receipt, err := s.erasures.get(ctx, id)
	if err != nil {
		return nil, err
	}
	seal, err := s.sealOf(receipt)
	if err != nil {
		return nil, err
	}
	subjects, err := s.subjects([]string{customer})
	if err != nil {
		return nil, err
	}
	held, err := s.held(ctx, []string{customer})
	return &profilev1.VerifyErasureReceiptResponse{
		Authentic:  receipt.GetState() == profilev1.ErasureState_ERASURE_STATE_DONE && receipt.GetSeal() == seal,
		OfCustomer: slices.Contains(receipt.GetSubjects(), subjects[0]),
		Remaining:  held,
	}, err
}
