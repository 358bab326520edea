package exporter

import (
	"context"

	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"
)

// ExcludedTrailer tells behind a file how many customers were left out of it since
// they do not allow the purpose.
const ExcludedTrailer = "kehu-excluded-without-consent"

// heed leaves out who does not allow the purpose of an export.
type heed struct {
	allowed  func(customer string) (bool, error)
	last     string // asked about last
	answer   bool
	excluded int64
}

// heeding begins to heed the purpose that a request names; where it names none
// nobody is left out.
func (s *Server) heeding(ctx context.Context, r *profilev1.DownloadExportRequest) (*heed, func(), error) {
	if r.GetPurpose() == "" {
		return &heed{allowed: func(string) (bool, error) { return true, nil }}, func() {}, nil
	}
	id, err := s.consents.PurposeIn(ctx, "purpose", r.GetPurpose())
	if err != nil {
		return nil, nil, err
	}
	allowed, stop, err := s.consents.Along(ctx, id, r.GetRange().GetFrom())
	return &heed{allowed: allowed}, stop, err
}

// allows reports whether a customer is to be in the export.
func (h *heed) allows(customer string) (yes bool, err error) {
	if customer == h.last {
		return h.answer, nil
	}
	if yes, err = h.allowed(customer); err != nil {
		return false, err
	}
	if h.last, h.answer = customer, yes; !yes {
		h.excluded++
	}
	return yes, nil
}
