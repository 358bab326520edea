package rule

import (
	"sort"
	"time"

	"github.com/kehuhq/kehu/services/segmentation/internal/facts"
)

// window is the orders of the time just past, as it moves on.
type window struct {
	orders   []facts.Order // the oldest first
	span     time.Duration
	currency string // counted are only orders in it; empty is all

	from, to int // orders[from:to] are within
	count    int64
	minor    int64 // their sum; of a currency only
}

// open sets the window to an instant: orders of less than span ago, the instant
// itself included and what comes later left out.
func (w *window) open(at time.Time) {
	w.count, w.minor = 0, 0
	w.to = sort.Search(len(w.orders), func(i int) bool { return w.orders[i].Time.After(at) })
	w.from = sort.Search(w.to, func(i int) bool { return w.orders[i].Time.Add(w.span).After(at) })
	for i := w.from; i < w.to; i++ {
		w.take(i, 1)
	}
}

func (w *window) take(i int, sign int64) {
	if w.currency != "" && w.orders[i].Net.Currency != w.currency {
		return
	}
	w.count += sign
	w.minor += sign * w.orders[i].Net.Minor
}

// step moves the window on to the next instant at which an order comes in or goes
// out; zero where there is none.
func (w *window) step() time.Time {
	var next time.Time
	if w.span <= 0 {
		return next
	}
	if w.from < len(w.orders) {
		next = w.orders[w.from].Time.Add(w.span)
	}
	if w.to < len(w.orders) {
		next = earlier(next, w.orders[w.to].Time)
	}
	if next.IsZero() {
		return next
	}
	for w.to < len(w.orders) && !w.orders[w.to].Time.After(next) {
		w.take(w.to, 1)
		w.to++
	}
	for w.from < w.to && !w.orders[w.from].Time.Add(w.span).After(next) {
		w.take(w.from, -1)
		w.from++
	}
	return next
}

// revenue is the sum in the currency's major unit.
func (w *window) revenue() float64 { return facts.Money{Currency: w.currency, Minor: w.minor}.Major() }

// lasts moves the window on until an answer about it is another, and returns that
// instant; zero where it stays.
func (w *window) lasts(answer func(*window) bool) time.Time {
	was := answer(w)
	for {
		next := w.step()
		if next.IsZero() || answer(w) != was {
			return next
		}
	}
}
