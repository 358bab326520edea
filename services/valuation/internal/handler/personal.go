package handler

import (
	"context"
	"iter"

	"google.golang.org/grpc"

	apiv1 "github.com/kehuhq/kehu/gen/kehu/api/v1"
	valuationv1 "github.com/kehuhq/kehu/gen/kehu/valuation/v1"
	"github.com/kehuhq/kehu/pkg/rpc/personaldata"

	"github.com/kehuhq/kehu/services/valuation/internal/app"
	"github.com/kehuhq/kehu/services/valuation/internal/domain"
)

// PersonalData implements PersonalDataService.
type PersonalData struct {
	Persons *app.Persons
	Lines   Lines
}

// Lines are the benefits and costs that are kept of customers.
type Lines interface {
	LinesOf(ctx context.Context, customers []string) iter.Seq2[*valuationv1.EconomicLine, error]
}

var _ valuationv1.PersonalDataServiceServer = (*PersonalData)(nil)

// ReadPersonalData sends a person's valuations, what refreshes under way have read
// of the person, and the benefits and costs that are kept.
func (h *PersonalData) ReadPersonalData(r *valuationv1.ReadPersonalDataRequest, stream grpc.ServerStreamingServer[apiv1.PersonalDataPart]) error {
	ctx, customers := stream.Context(), r.GetPerson().GetCustomerIds()
	valued, spooled, err := h.Persons.Store.Generations(ctx)
	if err != nil {
		return err
	}
	if err := personaldata.Send(app.Valued, h.valuations(ctx, valued, customers), stream.Send); err != nil {
		return err
	}
	if err := personaldata.Send(app.Spooled, h.accounts(ctx, spooled, customers), stream.Send); err != nil {
		return err
	}
	if err := personaldata.Send(app.Lined, h.Lines.LinesOf(ctx, customers), stream.Send); err != nil {
		return err
	}
	if err := personaldata.Send(app.Warned, h.Persons.Alerts.Messages(ctx, customers), stream.Send); err != nil {
		return err
	}
	return h.Persons.ReadRooms(ctx, customers, stream.Send)
}

func (h *PersonalData) valuations(ctx context.Context, generations []int64, customers []string) iter.Seq2[*valuationv1.Valuation, error] {
	return func(yield func(*valuationv1.Valuation, error) bool) {
		for _, generation := range generations {
			_, valuations, err := h.Persons.Rows(ctx, []int64{generation}, customers)
			if err != nil {
				yield(nil, err)
				return
			}
			to := protos{generation: generation}
			for _, v := range valuations {
				if !yield(to.valuation(v), nil) {
					return
				}
			}
		}
	}
}

// accounts are as valuations that are not scored yet.
func (h *PersonalData) accounts(ctx context.Context, generations []int64, customers []string) iter.Seq2[*valuationv1.Valuation, error] {
	return func(yield func(*valuationv1.Valuation, error) bool) {
		for _, generation := range generations {
			accounts, err := h.Persons.Store.Spool.Find(ctx, generation, customers)
			if err != nil {
				yield(nil, err)
				return
			}
			to := protos{generation: generation}
			for i := range accounts {
				if !yield(to.account(&accounts[i]), nil) {
					return
				}
			}
		}
	}
}

func (p protos) account(a *domain.Account) *valuationv1.Valuation {
	currency := ""
	if len(a.Purses) > 0 {
		currency = a.Purses[0].Currency
	}
	var v domain.Valuation
	a.Value(currency, domain.Scores{}, &v)
	m := p.valuation(&v)
	m.Rfm = nil
	return m
}

// ErasePersonalData erases a person's valuations.
func (h *PersonalData) ErasePersonalData(ctx context.Context, r *valuationv1.ErasePersonalDataRequest) (*valuationv1.ErasePersonalDataResponse, error) {
	erased, err := h.Persons.Erase(ctx, r.GetPerson().GetCustomerIds(), r.GetPseudonym())
	if err != nil {
		return nil, err
	}
	answer := &valuationv1.ErasePersonalDataResponse{}
	for _, section := range h.Persons.AllSections() {
		if n := erased[section.ID]; n > 0 {
			answer.Sections = append(answer.Sections, section.Erased("valuation", n, 0, ""))
		}
	}
	return answer, nil
}
