package models

import (
	"cmp"
	"context"
	"iter"
	"maps"
	"slices"
	"time"

	"github.com/kehuhq/kehu/pkg/btyd"
	"github.com/kehuhq/kehu/pkg/fault"
	"github.com/kehuhq/kehu/pkg/money"

	"github.com/kehuhq/kehu/services/valuation/internal/domain"
	"github.com/kehuhq/kehu/services/valuation/internal/forecast"
)

// window is the days of a fit.
type window struct {
	calibration domain.AsOf   // the last day of the orders to fit to
	holdout     domain.AsOf   // the last day of the hold-out; as calibration without one
	splits      []domain.AsOf // where the baseline's own training may be split, the earliest first
	zone        string
	unitDays    float64
}

// newWindow resolves the dates of a request. Faults name its fields.
func newWindow(calibrationEnd, holdoutEnd, zone string, unitDays int32, now time.Time) (window, error) {
	w := window{zone: cmp.Or(zone, "UTC"), unitDays: float64(cmp.Or(unitDays, 7))}
	var err error
	if w.calibration, err = asOf("calibration_end_date", calibrationEnd, w.zone, now); err != nil {
		return w, err
	}
	w.holdout = w.calibration
	if holdoutEnd == "" {
		return w, nil
	}
	if w.holdout, err = asOf("holdout_end_date", holdoutEnd, w.zone, now); err != nil {
		return w, err
	}
	days := w.holdout.Day - w.calibration.Day
	if days <= 0 {
		return w, fault.Invalid("holdout_end_date", "must be after calibration_end_date, %s, is %s", calibrationEnd, holdoutEnd)
	}
	// The baseline learns from a time split of the calibration: as long as that on
	// which it is tested, or half so long where few customers are known by then.
	for _, span := range []int64{days, (days + 1) / 2} {
		if inner := w.calibration.Day - span; inner >= 0 {
			split, err := asOf("calibration_end_date", domain.Date(inner), w.zone, now)
			if err != nil {
				return w, err
			}
			w.splits = append(w.splits, split)
		}
	}
	return w, nil
}

// asOf is the end of a day of the request.
func asOf(field, date, zone string, now time.Time) (domain.AsOf, error) {
	p := domain.Policy{AsOfDate: date, Zone: zone}
	err := p.Normalize(now)
	if f, is := fault.As(err); is && len(f.Violations) > 0 {
		v := f.Violations[0]
		if v.Field == "policy.time_zone" {
			field = "time_zone"
		}
		return domain.AsOf{}, fault.Invalid(field, "%s", v.Description)
	}
	if err != nil {
		return domain.AsOf{}, err
	}
	return p.AsOf()
}

func (w *window) holds() bool { return w.holdout.Day > w.calibration.Day }

// alike is customers with the same history, and what they did afterwards.
type alike struct {
	repeats, last, age int32 // days with an order behind the first; days from the first to the last, and to the end
	then               int32 // days with an order in the span that follows
}

func (a alike) compare(b alike) int {
	return cmp.Or(cmp.Compare(a.repeats, b.repeats), cmp.Compare(a.age, b.age), cmp.Compare(a.last, b.last), cmp.Compare(a.then, b.then))
}

func (a alike) facts() forecast.Facts {
	return forecast.Facts{Repeats: int64(a.repeats), AgeDays: int64(a.age), RecencyDays: int64(a.age - a.last)}
}

// cells counts customers who are alike.
type cells map[alike]int64

// sorted yields them in one order, so that sums are the same each time.
func (c cells) sorted() iter.Seq2[alike, int64] {
	keys := slices.SortedFunc(maps.Keys(c), alike.compare)
	return func(yield func(alike, int64) bool) {
		for _, k := range keys {
			if !yield(k, c[k]) {
				return
			}
		}
	}
}

// sample is what is counted of histories. Its size is that of the distinct
// histories, whatever the number of customers.
type sample struct {
	window     window
	calibrated cells   // as of the end of the calibration; then: the hold-out
	trained    []cells // as of each split; then: up to the end of the calibration
	spend      map[string]*btyd.SpendCells
	orders     map[string]int64 // in each currency
	firsts     map[int64]int64  // customers by the day of the first order
	repeated   map[int64]int64  // days with an order behind a customer's first, by the day
	excluded   int64
}

func newSample(w window) *sample {
	s := &sample{
		window: w, calibrated: cells{}, spend: map[string]*btyd.SpendCells{}, orders: map[string]int64{},
		firsts: map[int64]int64{}, repeated: map[int64]int64{},
	}
	for range w.splits {
		s.trained = append(s.trained, cells{})
	}
	return s
}

// Histories is where purchase histories come from, in the order of customer ids.
type Histories interface {
	After(ctx context.Context, customer string, before time.Time, currency string) iter.Seq2[*domain.History, error]
}

// progressEvery is how many customers lie between two words on how far it is.
const progressEvery = 10_000

// read streams all histories into the sample.
func (s *sample) read(ctx context.Context, histories Histories, progress func(customers int64)) error {
	calibration, holdout := domain.NewBookkeeper(s.window.calibration), domain.NewBookkeeper(s.window.holdout)
	var splits []*domain.Bookkeeper
	for _, at := range s.window.splits {
		splits = append(splits, domain.NewBookkeeper(at))
	}
	var a, after, before domain.Account
	var read int64
	for h, err := range histories.After(ctx, "", s.window.holdout.Time(), "") {
		if err != nil {
			return err
		}
		s.excluded += h.Excluded
		if h.Customer == "" {
			continue
		}
		if read++; read%progressEvery == 0 {
			progress(read)
			calibration.Counted.Reset()
			holdout.Counted.Reset()
			for _, b := range splits {
				b.Counted.Reset()
			}
		}
		counts, err := calibration.Account(h, &a)
		if err != nil {
			return err
		}
		if !counts {
			continue
		}
		then := a.Days
		if s.window.holds() {
			if _, err := holdout.Account(h, &after); err != nil {
				return err
			}
			then = after.Days
		}
		for i, b := range splits {
			known, err := b.Account(h, &before)
			if err != nil {
				return err
			}
			if known {
				s.trained[i][likeOf(&before, a.Days-before.Days)]++
			}
		}
		if err := s.add(&a, then-a.Days); err != nil {
			return err
		}
		s.track(h, &a)
	}
	return nil
}

func likeOf(a *domain.Account, then int64) alike {
	h := forecast.FactsOf(a, "").History(1) // in days
	return alike{repeats: int32(h.X), last: int32(h.Tx), age: int32(h.T), then: int32(then)}
}

// add counts a customer as of the end of the calibration.
func (s *sample) add(a *domain.Account, then int64) error {
	s.calibrated[likeOf(a, then)]++
	for i := range a.Purses {
		p := &a.Purses[i]
		s.orders[p.Currency] += p.Orders
		if p.RepeatDays == 0 {
			continue
		}
		if s.spend[p.Currency] == nil {
			s.spend[p.Currency] = &btyd.SpendCells{}
		}
		if err := s.spend[p.Currency].Add(int(p.RepeatDays), major(p.RepeatRevenue, p.Currency)/float64(p.RepeatDays), 1); err != nil {
			return err
		}
	}
	return nil
}

// major is an amount in major units, in which models of spend are.
func major(minor int64, currency string) float64 {
	decimals, _ := money.Decimals(currency)
	v := float64(minor)
	for range decimals {
		v /= 10
	}
	return v
}

// track counts the days on which a customer ordered.
func (s *sample) track(h *domain.History, a *domain.Account) {
	calendar := s.window.holdout.Calendar
	first := calendar.Day(a.FirstMS)
	s.firsts[first]++
	var days []int64
	for _, at := range h.TimeMS {
		if day := calendar.Day(at); at < s.window.holdout.EndMS && day != first {
			days = append(days, day)
		}
	}
	slices.Sort(days)
	for _, day := range slices.Compact(days) {
		s.repeated[day]++
	}
}

// customers and those of them who have ordered again.
func (s *sample) customers() (all, repeat int64) {
	for k, n := range s.calibrated {
		all += n
		if k.repeats > 0 {
			repeat += n
		}
	}
	return all, repeat
}

// purchases are the cells to fit models of purchases to.
func (s *sample) purchases() (*btyd.Cells, error) {
	into := btyd.NewCells()
	for k, n := range s.calibrated.sorted() {
		if err := into.Add(k.facts().History(s.window.unitDays), float64(n)); err != nil {
			return nil, err
		}
	}
	return into, nil
}

// currency is the one in which most orders are, of several the first by its code.
func (s *sample) currency() (commonest string) {
	for _, code := range slices.Sorted(maps.Keys(s.orders)) {
		if s.orders[code] > s.orders[commonest] {
			commonest = code
		}
	}
	return commonest
}

// start is the day of the first order, the end of the calibration where there is none.
func (s *sample) start() int64 {
	day := s.window.calibration.Day
	for first := range s.firsts {
		day = min(day, first)
	}
	return day
}
