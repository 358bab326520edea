package exchange

import (
	"context"
	"fmt"
	"strings"
	"time"

	"google.golang.org/genproto/googleapis/type/date"
	"google.golang.org/protobuf/types/known/emptypb"
	"google.golang.org/protobuf/types/known/timestamppb"

	apiv1 "github.com/kehuhq/kehu/gen/kehu/api/v1"
	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"
	"github.com/kehuhq/kehu/pkg/fault"
	"github.com/kehuhq/kehu/pkg/rpc"
	"github.com/kehuhq/kehu/pkg/rpc/aip"

	"github.com/kehuhq/kehu/services/profile/internal/domain"
)

// Server answers the ExchangeRateService.
type Server struct {
	profilev1.UnimplementedExchangeRateServiceServer
	rates *Rates
	now   func() time.Time
}

// NewServer makes the ExchangeRateService.
func NewServer(rates *Rates, clock func() time.Time) *Server {
	return &Server{rates: rates, now: clock}
}

const collection = "exchangeRates/"

// GetExchangeRate returns one rate.
func (s *Server) GetExchangeRate(ctx context.Context, r *profilev1.GetExchangeRateRequest) (*profilev1.ExchangeRate, error) {
	from, to, start, err := parseName(r.GetName())
	if err != nil {
		return nil, err
	}
	rate, err := s.rates.Get(ctx, from, to, start)
	if err != nil {
		return nil, err
	}
	return rateProto(rate), nil
}

// DeleteExchangeRate removes one.
func (s *Server) DeleteExchangeRate(ctx context.Context, r *profilev1.DeleteExchangeRateRequest) (*emptypb.Empty, error) {
	from, to, start, err := parseName(r.GetName())
	if err != nil {
		return nil, err
	}
	return &emptypb.Empty{}, s.rates.Delete(ctx, from, to, start)
}

// ListExchangeRates lists rates by pair and day.
func (s *Server) ListExchangeRates(ctx context.Context, r *profilev1.ListExchangeRatesRequest) (*profilev1.ListExchangeRatesResponse, error) {
	if r.GetToCurrencyCode() != "" && r.GetFromCurrencyCode() == "" {
		return nil, fault.Invalid("from_currency_code", "must be given with to_currency_code")
	}
	after, size, err := aip.Place(r)
	if err != nil {
		return nil, err
	}
	rates, next, err := s.rates.Page(ctx, r.GetFromCurrencyCode(), r.GetToCurrencyCode(), after, size)
	if err != nil {
		return nil, err
	}
	answer := &profilev1.ListExchangeRatesResponse{}
	for _, rate := range rates {
		answer.ExchangeRates = append(answer.ExchangeRates, rateProto(rate))
	}
	answer.NextPageToken, err = aip.NextToken(next, r)
	return answer, err
}

// BatchSetExchangeRates states rates, each by itself.
func (s *Server) BatchSetExchangeRates(ctx context.Context, r *profilev1.BatchSetExchangeRatesRequest) (*profilev1.BatchSetExchangeRatesResponse, error) {
	answer := &profilev1.BatchSetExchangeRatesResponse{}
	first := make(map[string]int)
	for i, p := range r.GetExchangeRates() {
		rate := rateFrom(p)
		err := rate.Check()
		if name := rateName(rate); err == nil {
			if at, twice := first[name]; twice {
				f := fault.Invalid("start_date", "is that of item %d of the request, of the same currencies", at)
				f.Reason = "DUPLICATE_IN_REQUEST"
				err = f
			} else {
				first[name] = i
				err = checkName(p.GetName(), name)
			}
		}
		if err == nil && !r.GetValidateOnly() {
			err = s.rates.Set(ctx, rate)
		}
		if f, ok := fault.As(err); err != nil && (!ok || f.Kind == fault.Internal) {
			return nil, err
		}
		answer.Statuses = append(answer.Statuses, rpc.ItemStatus(err))
	}
	return answer, nil
}

// ConvertMoney converts one amount.
func (s *Server) ConvertMoney(ctx context.Context, r *profilev1.ConvertMoneyRequest) (*profilev1.ConvertMoneyResponse, error) {
	at := s.now()
	if r.GetTime() != nil {
		if err := r.GetTime().CheckValid(); err != nil {
			return nil, fault.Invalid("time", "must be an instant between the years 1 and 9999")
		}
		at = r.GetTime().AsTime()
	}
	from, to := r.GetAmount().GetCurrencyCode(), r.GetCurrencyCode()
	err := fault.Merge(domain.CheckCurrency("amount.currency_code", from), domain.CheckCurrency("currency_code", to))
	if err != nil {
		return nil, err
	}
	table, err := s.rates.Into(ctx, to)
	if err != nil {
		return nil, err
	}
	minor, err := table.Convert(r.GetAmount().GetMinorUnits(), from, at.UnixMilli())
	if err != nil {
		return nil, err
	}
	answer := &profilev1.ConvertMoneyResponse{Amount: &apiv1.Money{MinorUnits: minor, CurrencyCode: to}}
	if from != to {
		used, err := table.at(from, at.UnixMilli())
		if err != nil {
			return nil, err
		}
		answer.ExchangeRate = rateProto(used.rate)
	}
	return answer, nil
}

func rateName(r Rate) string { return fmt.Sprintf("%s%s-%s-%s", collection, r.From, r.To, r.Start) }

// parseName reads exchangeRates/USD-CNY-2026-03-01.
func parseName(name string) (from, to, start string, err error) {
	id, ours := strings.CutPrefix(name, collection)
	parts := strings.SplitN(id, "-", 3)
	if !ours || len(parts) != 3 || len(parts[0]) != 3 || len(parts[1]) != 3 || len(parts[2]) != len(time.DateOnly) {
		return "", "", "", fault.Invalid("name", "must have the form exchangeRates/USD-CNY-2026-03-01")
	}
	return parts[0], parts[1], parts[2], nil
}

// checkName holds a name that was given against what the rate says.
func checkName(given, name string) error {
	if given != "" && given != name {
		return fault.Invalid("name", "must be empty or %q, as the currencies and the day have it, is %q", name, given)
	}
	return nil
}

func rateFrom(p *profilev1.ExchangeRate) Rate {
	d := p.GetStartDate()
	return Rate{
		From: p.GetFromCurrencyCode(), To: p.GetToCurrencyCode(), Value: p.GetRate(), Source: p.GetSource(),
		Start: fmt.Sprintf("%04d-%02d-%02d", d.GetYear(), d.GetMonth(), d.GetDay()),
	}
}

func rateProto(r Rate) *profilev1.ExchangeRate {
	p := &profilev1.ExchangeRate{
		Name: rateName(r), FromCurrencyCode: r.From, ToCurrencyCode: r.To, Rate: r.Value, Source: r.Source,
		UpdateTime: timestamppb.New(r.UpdatedAt),
	}
	if start, err := time.Parse(time.DateOnly, r.Start); err == nil {
		p.StartDate = &date.Date{Year: int32(start.Year()), Month: int32(start.Month()), Day: int32(start.Day())}
	}
	return p
}
