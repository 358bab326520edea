package leads

import (
	"context"
	"errors"
	"time"

	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"
	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/fault"
	"github.com/kehuhq/kehu/pkg/rpc/aip"
)

// conversionGrace is how long a conversion has before the sweep finishes it.
const conversionGrace = time.Minute

// ConvertLead makes a customer of a won lead, or names the one it became.
//
// The lead says first which customer it becomes, then the customer is made under
// that very id, then the lead says that it is done. What breaks off in between is
// finished by the same call again, or by Sweep.
func (s *Server) ConvertLead(ctx context.Context, r *profilev1.ConvertLeadRequest) (*profilev1.Lead, error) {
	id, err := leadID("name", r.GetName())
	if err != nil {
		return nil, err
	}
	target, err := s.target(ctx, r)
	if err != nil {
		return nil, err
	}
	_, err = s.change(ctx, id, false, func(doc *record, l *profilev1.Lead) (bool, error) {
		if l.GetState() != profilev1.LeadState_LEAD_STATE_WON {
			return false, fault.New(fault.FailedPrecondition, "LEAD_NOT_WON", "only a won lead is converted: close it as WON first")
		}
		return s.decide(doc, l, id, target)
	})
	if err != nil {
		return nil, err
	}
	if err := s.finish(ctx, id); err != nil {
		return nil, err
	}
	if r.GetOrder() != "" {
		return s.shown(ctx)(s.noteOrder(ctx, id, r.GetOrder()))
	}
	return s.shown(ctx)(s.get(ctx, id))
}

// target is the id of the customer that the caller names, if any. It must exist,
// and so must the order, which names its customer as well.
func (s *Server) target(ctx context.Context, r *profilev1.ConvertLeadRequest) (customer string, err error) {
	if r.GetOrder() != "" {
		var order string
		if err := aip.ParseName("order", r.GetOrder(), orderPattern, &customer, &order); err != nil {
			return "", err
		}
		if _, err := s.orders.GetOrder(ctx, &profilev1.GetOrderRequest{Name: r.GetOrder()}); err != nil {
			return "", err
		}
	}
	if r.GetCustomer() == "" {
		return customer, nil
	}
	var named string
	if err := aip.ParseName("customer", r.GetCustomer(), customerPattern, &named); err != nil {
		return "", err
	}
	if customer != "" && customer != named {
		return "", fault.Invalid("order", "must be an order of %s", r.GetCustomer())
	}
	_, err = s.customers.GetCustomer(ctx, &profilev1.GetCustomerRequest{Name: r.GetCustomer()})
	return named, err
}

// decide settles which customer a lead becomes.
func (s *Server) decide(doc *record, l *profilev1.Lead, id, target string) (bool, error) {
	if doc.converted() {
		if target != "" && target != doc.Conversion.Customer {
			return false, errConverted(aip.Name(customerPattern, doc.Conversion.Customer))
		}
		return false, nil
	}
	doc.Conversion = &conversion{Customer: target, Since: s.now()}
	switch {
	case target != "":
		doc.Conversion.Done = true
	case doc.Customer != "":
		doc.Conversion.Customer, doc.Conversion.Done = doc.Customer, true
	case l.GetProspect().GetDisplayName() == "" && len(l.GetProspect().GetIdentifiers()) == 0:
		return false, fault.New(fault.FailedPrecondition, "PROSPECT_UNKNOWN", "the lead has neither a customer nor a prospect with a name or an identifier: name the customer")
	default:
		doc.Conversion.Customer = aip.RequestKey{ID: id}.NewID("ConvertLead")
	}
	if doc.Conversion.Done {
		l.Customer = aip.Name(customerPattern, doc.Conversion.Customer)
	}
	return true, nil
}

// finish makes the customer that a lead has decided to become. A prospect who
// cannot be made a customer, since an identifier of his is another's, leaves the
// lead as it was.
func (s *Server) finish(ctx context.Context, id string) error {
	doc, err := s.docs.Get(ctx, docstore.ID(id))
	if err != nil {
		return found(err, id)
	}
	if doc.Conversion == nil || doc.Conversion.Done {
		return nil
	}
	l, err := open(ctx, s.vault, doc)
	if err != nil {
		return err
	}
	refusal := s.makeCustomer(ctx, id, doc.Conversion.Customer, l.GetProspect())
	if refusal != nil && !final(refusal) {
		return refusal
	}
	_, err = s.change(ctx, id, false, func(now *record, l *profilev1.Lead) (bool, error) {
		switch {
		case now.Conversion == nil || now.Conversion.Done:
			return false, nil
		case refusal != nil:
			now.Conversion = nil
		default:
			now.Conversion.Done = true
			l.Customer = aip.Name(customerPattern, now.Conversion.Customer)
		}
		return true, nil
	})
	return errors.Join(refusal, err)
}

// makeCustomer makes a customer of a prospect, under an id that only this lead draws.
func (s *Server) makeCustomer(ctx context.Context, lead, customer string, p *profilev1.Prospect) error {
	_, err := s.customers.CreateCustomer(ctx, &profilev1.CreateCustomerRequest{
		CustomerId: customer,
		Customer: &profilev1.Customer{
			Kind: p.GetKind(), DisplayName: p.GetDisplayName(), Identifiers: p.GetIdentifiers(),
			Acquisition: profilev1.Acquisition_ACQUISITION_SALES,
		},
		RequestId: "lead " + lead,
	})
	if fault.ReasonOf(err) == "REQUEST_ID_REUSED" {
		return nil // made before, and the prospect changed since
	}
	return aip.Within("lead.prospect", err)
}

// final reports an error that trying again cannot mend.
func final(err error) bool {
	switch fault.KindOf(err) {
	case fault.InvalidArgument, fault.AlreadyExists, fault.FailedPrecondition:
		return true
	}
	return false
}

// noteOrder keeps the order that came of a lead.
func (s *Server) noteOrder(ctx context.Context, id, order string) (*profilev1.Lead, error) {
	return s.change(ctx, id, false, func(_ *record, l *profilev1.Lead) (bool, error) {
		changed := l.GetClosing().GetOrder() != order
		l.Closing.Order = order
		return changed, nil
	})
}

// Sweep finishes conversions that broke off more than a minute ago.
func (s *Server) Sweep(ctx context.Context) error {
	var ids []string
	r := docstore.Range{Index: converting, To: docstore.Key(docstore.Time(s.now().Add(-conversionGrace))), Limit: 1000}
	for doc, err := range s.docs.Scan(ctx, r) {
		if err != nil {
			return err
		}
		ids = append(ids, docstore.ParseID(doc.ID)[0])
	}
	var errs []error
	for _, id := range ids {
		if err := s.finish(ctx, id); err != nil && !final(err) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}
