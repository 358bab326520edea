// Package peers reads the facts of all customers: profile says who they are,
// valuation what their orders come to.
package peers

import (
	"context"
	"errors"
	"io"
	"iter"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	apiv1 "github.com/kehuhq/kehu/gen/kehu/api/v1"
	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"
	valuationv1 "github.com/kehuhq/kehu/gen/kehu/valuation/v1"

	"github.com/kehuhq/kehu/services/segmentation/internal/facts"
)

// Peers is the services that facts come from.
type Peers struct {
	customers  profilev1.CustomerServiceClient
	valuations valuationv1.ValuationServiceClient
	patience   time.Duration
}

// New makes a reader on connections to profile and valuation. A stream that is
// silent for longer than patience is given up.
func New(profile, valuation grpc.ClientConnInterface, patience time.Duration) *Peers {
	return &Peers{profilev1.NewCustomerServiceClient(profile), valuationv1.NewValuationServiceClient(valuation), patience}
}

// Edition is a refresh of the valuations. The zero Edition is none.
type Edition struct {
	Generation int64
	AsOf       time.Time
	Customers  int64 // valued
}

// ErrSuperseded says that an edition cannot be read any more, because there is a
// later one since long.
var ErrSuperseded = errors.New("the valuations have been superseded meanwhile")

// Edition returns the last refresh, the zero Edition where there has been none.
func (p *Peers) Edition(ctx context.Context) (Edition, error) {
	summary, err := p.valuations.GetValuationSummary(ctx, &valuationv1.GetValuationSummaryRequest{})
	if status.Code(err) == codes.NotFound {
		return Edition{}, nil
	}
	if err != nil {
		return Edition{}, err
	}
	return Edition{
		Generation: summary.GetGeneration(), AsOf: summary.GetAsOf().AsTime(), Customers: summary.GetCustomers(),
	}, nil
}

// Facts yields the facts of the customers behind one (empty: of all), in the
// order of their escaped ids, with the valuations of an edition. Valuations of
// customers that profile does not know are left out. The facts are valid until
// the iteration moves on.
//
// Besides the errors of the peers it yields ErrSuperseded, and faults:
// PEER_UNAVAILABLE where a stream falls silent, PEER_OUT_OF_ORDER.
func (p *Peers) Facts(ctx context.Context, edition Edition, after string) iter.Seq2[*facts.Facts, error] {
	return func(yield func(*facts.Facts, error) bool) {
		watch, stop := newWatch(ctx, p.patience)
		defer stop()
		customers := p.streamCustomers(watch, after)
		valuations := p.streamValuations(watch, edition, after)
		valuation, err := valuations.next()
		var facts facts.Facts
		for {
			var customer *profilev1.Customer
			if err == nil {
				customer, err = customers.next()
			}
			for err == nil && customer != nil && valuation != nil && valuations.last < customers.last {
				valuation, err = valuations.next()
			}
			if err != nil {
				yield(nil, err)
				return
			}
			if customer == nil {
				return
			}
			facts.Customer = customerFacts(customer)
			facts.AsOf = edition.AsOf
			facts.Valued = valuation != nil && valuations.last == customers.last
			valuationFacts(&facts, valuation)
			if !yield(&facts, nil) {
				return
			}
		}
	}
}

// purpose is what customers are read for.
const purpose = "purposes/segmentation"

// behind is the range of all customers behind one.
func behind(customer string) *apiv1.CustomerRange {
	if customer == "" {
		return nil
	}
	return &apiv1.CustomerRange{From: customer + `"`} // the lowest character in the order of ids
}

func (p *Peers) streamCustomers(w *watch, after string) *cursor[*profilev1.Customer] {
	c := &cursor[*profilev1.Customer]{watch: w, peer: "profile", id: customerID}
	stream, err := p.customers.StreamCustomers(w.ctx, &profilev1.StreamCustomersRequest{
		Range: behind(after), Purpose: purpose, // who objects to it is left out
	})
	c.receive = func() ([]*profilev1.Customer, error) {
		if err != nil {
			return nil, err
		}
		batch, err := stream.Recv()
		return batch.GetCustomers(), err
	}
	return c
}

func (p *Peers) streamValuations(w *watch, edition Edition, after string) *cursor[*valuationv1.Valuation] {
	c := &cursor[*valuationv1.Valuation]{watch: w, peer: "valuation", id: (*valuationv1.Valuation).GetCustomerId}
	if edition.Generation == 0 {
		c.receive = func() ([]*valuationv1.Valuation, error) { return nil, io.EOF }
		return c
	}
	stream, err := p.valuations.StreamValuations(w.ctx, &valuationv1.StreamValuationsRequest{
		Range: behind(after), Generation: edition.Generation,
	})
	c.receive = func() ([]*valuationv1.Valuation, error) {
		if err != nil {
			return nil, err
		}
		batch, err := stream.Recv()
		if status.Code(err) == codes.NotFound {
			err = ErrSuperseded
		}
		return batch.GetValuations(), err
	}
	return c
}
