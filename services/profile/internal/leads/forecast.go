package leads

import (
	"cmp"
	"context"
	"math"
	"slices"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	apiv1 "github.com/kehuhq/kehu/gen/kehu/api/v1"
	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"
	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/fault"
	"github.com/kehuhq/kehu/pkg/rpc/aip"
)

const (
	forecastMonths = 12
	forecastLevel  = 0.9
	forecastMethod = "independent_bernoulli_normal"
	lowestLevel    = 0.5
)

// sum adds up leads of one currency, each won or lost by itself.
type sum struct {
	leads              int64
	pipeline           int64 // Σ v
	expected, variance float64
}

// add adds a lead of value v with the chance p. It fails where the sum no longer
// fits 64 bits.
func (s *sum) add(v int64, p float64) error {
	if s.pipeline > math.MaxInt64-v {
		return fault.New(fault.OutOfRange, "SUM_TOO_LARGE", "the values of the leads add up to more than 2^63 minor units: ask for fewer months, or one owner")
	}
	s.leads++
	s.pipeline += v
	s.expected += p * float64(v)
	s.variance += p * (1 - p) * float64(v) * float64(v)
	return nil
}

func (s *sum) message(currency string, z float64) *profilev1.ForecastSum {
	money := func(x float64) *apiv1.Money {
		minor := int64(math.Round(min(max(x, 0), float64(s.pipeline))))
		if minor < 0 || minor > s.pipeline { // float64 has 53 bits
			minor = s.pipeline
		}
		return &apiv1.Money{MinorUnits: minor, CurrencyCode: currency}
	}
	half := z * math.Sqrt(s.variance)
	return &profilev1.ForecastSum{
		CurrencyCode: currency, Leads: s.leads,
		Pipeline: &apiv1.Money{MinorUnits: s.pipeline, CurrencyCode: currency},
		Expected: money(s.expected), Low: money(s.expected - half), High: money(s.expected + half),
	}
}

// sums are those of the currencies.
type sums map[string]*sum

func (all sums) add(currency string, v int64, p float64) error {
	if all[currency] == nil {
		all[currency] = &sum{}
	}
	return all[currency].add(v, p)
}

func (all sums) messages(z float64) []*profilev1.ForecastSum {
	list := make([]*profilev1.ForecastSum, 0, len(all))
	for currency, s := range all {
		list = append(list, s.message(currency, z))
	}
	slices.SortFunc(list, func(a, b *profilev1.ForecastSum) int { return cmp.Compare(a.GetCurrencyCode(), b.GetCurrencyCode()) })
	return list
}

// ForecastLeads sums up the open leads by month and currency.
func (s *Server) ForecastLeads(ctx context.Context, r *profilev1.ForecastLeadsRequest) (*profilev1.LeadForecast, error) {
	zone, err := aip.Zone("time_zone", r.GetTimeZone())
	if err != nil {
		return nil, err
	}
	level, err := levelOf(r.GetLevel(), forecastLevel)
	if err != nil {
		return nil, err
	}
	now := s.now()
	from, to, err := months(r, now.In(zone))
	if err != nil {
		return nil, err
	}
	chances, err := s.odds.chances(ctx)
	if err != nil {
		return nil, err
	}
	f := &profilev1.LeadForecast{
		Probabilities: chances[:], AsOf: timestamppb.New(now), TimeZone: zone.String(), Level: level, Method: forecastMethod,
	}
	if err := s.sumUp(ctx, f, r.GetOwner(), from, to, chances, math.Sqrt2*math.Erfinv(level)); err != nil {
		return nil, err
	}
	return f, s.outside(ctx, f, r.GetOwner(), now.In(zone).Format(time.DateOnly))
}

// sumUp streams the open leads to be decided from a day up to another.
func (s *Server) sumUp(ctx context.Context, f *profilev1.LeadForecast, owner, from, to string, c *chances, z float64) error {
	byMonth, totals := make(map[string]sums), make(sums)
	for r, err := range s.docs.Scan(ctx, openLeads(owner, from, to)) {
		if err != nil {
			return err
		}
		f.Leads++
		if r.Currency == "" {
			f.LeadsWithoutValue++
			continue
		}
		month := r.CloseDate[:len("2006-01")]
		if byMonth[month] == nil {
			byMonth[month] = make(sums)
		}
		p := c.of(r.Stage).GetValue()
		if err := byMonth[month].add(r.Currency, r.ValueMinor, p); err != nil {
			return err
		}
		if err := totals.add(r.Currency, r.ValueMinor, p); err != nil {
			return err
		}
	}
	for month, sums := range byMonth {
		f.Months = append(f.Months, &profilev1.ForecastMonth{Month: month, Sums: sums.messages(z)})
	}
	slices.SortFunc(f.Months, func(a, b *profilev1.ForecastMonth) int { return cmp.Compare(a.GetMonth(), b.GetMonth()) })
	f.Totals = totals.messages(z)
	return nil
}

// outside counts the open leads that have no day, or one that has passed.
func (s *Server) outside(ctx context.Context, f *profilev1.LeadForecast, owner, today string) (err error) {
	if f.OverdueLeads, err = s.docs.Count(ctx, openLeads(owner, "", today)); err != nil {
		return err
	}
	f.LeadsWithoutDate, err = s.docs.Count(ctx, openLeads(owner, noDate, ""))
	return err
}

// openLeads is the range of the open leads, of one owner or all, by close date.
func openLeads(owner, from, to string) docstore.Range {
	parts := []docstore.KeyPart{number(profilev1.LeadState_LEAD_STATE_OPEN)}
	index := byClose
	if owner != "" {
		index, parts = byOwner, append([]docstore.KeyPart{docstore.String(owner)}, parts...)
	}
	return dated(index, parts, from, to)
}

// dated is the range of the leads with a prefix of their key, whose close date
// lies from a day up to another; without either of them also those without a date.
func dated(index string, prefix []docstore.KeyPart, from, to string) docstore.Range {
	r := docstore.Within(docstore.Key(prefix...))
	r.Index = index
	key := func(day string) string { return docstore.Key(append(slices.Clone(prefix), docstore.String(day))...) }
	if from != "" {
		r.From = key(from)
	}
	switch {
	case to != "":
		r.To = key(to)
	case from != "" && from != noDate:
		r.To = key(noDate)
	}
	if r.From > r.To {
		r.To = r.From // nothing lies between
	}
	return r
}

// months are the first day asked for and the one behind the last.
func months(r *profilev1.ForecastLeadsRequest, now time.Time) (from, to string, err error) {
	begin := time.Date(now.Year(), now.Month(), 1, 0, 0, 0, 0, time.UTC)
	if d := r.GetFrom(); d != nil {
		if d.GetYear() < 1 || d.GetYear() > 9990 || d.GetMonth() < 1 || d.GetMonth() > 12 {
			return "", "", fault.Invalid("from", "must have a year from 1 to 9990 and a month from 1 to 12")
		}
		begin = time.Date(int(d.GetYear()), time.Month(d.GetMonth()), 1, 0, 0, 0, 0, time.UTC)
	}
	count := cmp.Or(int(r.GetMonths()), forecastMonths)
	return begin.Format(time.DateOnly), begin.AddDate(0, count, 0).Format(time.DateOnly), nil
}

// levelOf is the level asked for, or the usual one.
func levelOf(asked, usual float64) (float64, error) {
	if asked == 0 {
		return usual, nil
	}
	if math.IsNaN(asked) || asked < lowestLevel || asked >= 1 {
		return 0, fault.Invalid("level", "must be a fraction from 0.5 to 0.999 such as 0.9")
	}
	return asked, nil
}
