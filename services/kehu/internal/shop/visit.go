package shop

import (
	"fmt"
	"iter"
	"time"
)

// The kinds of event.
const (
	PageEvent     = "page"
	SearchEvent   = "search"
	ViewEvent     = "view"
	CartEvent     = "cart"
	PurchaseEvent = "purchase"
	SupportEvent  = "support"
	SocialEvent   = "social"
	IdentifyEvent = "identify" // says which customer the visitor is
)

// Event is something that somebody did on the shop's site.
type Event struct {
	ID       string
	Customer string // who did it; "" where the visitor is not known to be anybody
	Visitor  string // as whom he was seen, "" where he was signed in
	Kind     string
	Name     string // as Segment's specifications have it; the page's of a page
	Time     time.Time
	Path     string        // of a page
	Dwell    time.Duration // on a page
	SKU      string        // of a view, a cart
	OrderID  string        // of a purchase
	Keyword  string        // of a search
	Results  int           // of a search
	Topic    string        // of a contact with support
	FullName string        // of an identify: the trait name, "" for none
	Email    string        // likewise
	// Twice is an event that was sent two times, Late one that arrived behind all others.
	Twice, Late bool
}

// Steps are how far a visit can come: a page, a product, the cart, the checkout
// and the purchase. Every visit begins with the first and leaves none out.
const Steps = 5

// Visit is what somebody did in one go.
type Visit struct {
	Customer string // whose it is in truth, "" for somebody who never said
	Visitor  string // as whom it was made at least in part, "" for none
	Depth    int    // steps that it took; 0 is what happens between visits
	Events   []Event
}

const (
	trackedDays    = 150 // the site has told of visits for the shop's last so many days
	anonymousShare = 0.3 // of the buyers were anonymous before their first purchase of those days
	prospectShare  = 0.2
	strangerShare  = 0.1
	twiceShare     = 0.02
	lateShare      = 0.03
)

// TrackedFrom is when the site began to tell of visits.
func (s *Shop) TrackedFrom() time.Time {
	y, m, d := s.config.End.Date()
	from := time.Date(y, m, d-trackedDays, 0, 0, 0, 0, s.config.Zone)
	if from.Before(s.config.Start) {
		return s.config.Start
	}
	return from
}

// Visits yields every visit: those of customers, of prospects, who have signed up
// and bought nothing, and of strangers. A customer's come in the order of time.
func (s *Shop) Visits() iter.Seq[Visit] {
	return func(yield func(Visit) bool) {
		for c := range s.Customers() {
			for _, v := range s.visitsOf(c) {
				if !yield(v) {
					return
				}
			}
		}
		for i := range int(prospectShare * float64(s.config.Customers)) {
			for _, v := range s.prospectVisits(i) {
				if !yield(v) {
					return
				}
			}
		}
		for i := range int(strangerShare * float64(s.config.Customers)) {
			if !yield(s.strangerVisit(i)) {
				return
			}
		}
	}
}

// purchase is an order that a visit ended with.
type purchase struct {
	order Order
	lines []Line
}

func (s *Shop) visitsOf(c Customer) []Visit {
	from := s.TrackedFrom()
	var bought []purchase
	for o, lines := range s.Baskets(c) {
		if o.Status == Paid && !o.Time.Before(from) {
			bought = append(bought, purchase{o, lines})
		}
	}
	w := &walker{rng: s.rng(streamVisits, c.Index), customer: c.ID}
	if len(bought) > 0 && w.rng.Float64() < anonymousShare {
		w.visitor = fmt.Sprintf("V%08d", c.Index+1)
	}
	var visits []Visit
	for _, at := range w.times(from, s.config.End, c.FirstOrder, len(bought) > 0) {
		for len(bought) > 0 && bought[0].order.Time.Before(at.Add(time.Hour)) {
			visits, bought = w.buys(visits, bought[0], s.config.End), bought[1:]
		}
		visits = append(visits, w.browses(at))
	}
	for _, p := range bought {
		visits = w.buys(visits, p, s.config.End)
	}
	return visits
}

func (s *Shop) prospectVisits(i int) []Visit {
	rng := s.rng(streamProspect, i)
	w := &walker{rng: rng, customer: fmt.Sprintf("P%07d", i+1), visitor: fmt.Sprintf("VP%07d", i+1)}
	from := s.TrackedFrom()
	room := s.config.End.Add(-48 * time.Hour).Sub(from)
	var visits []Visit
	at := from
	if room > 0 {
		at = from.Add(time.Duration(rng.Float64() * float64(room))).Truncate(time.Second)
	}
	for range 1 + rng.IntN(2) {
		visits = append(visits, w.browses(at))
		at = at.Add(2*time.Hour + time.Duration(rng.IntN(20))*time.Hour)
	}
	last := &visits[len(visits)-1]
	signUp := w.event(IdentifyEvent, "", last.Events[len(last.Events)-1].Time.Add(20*time.Second))
	signUp.Customer, signUp.Email = w.customer, fmt.Sprintf("p%07d@example.com", i+1)
	signUp.FullName = choose(rng, surnames).han + choose(rng, femaleNames).han + choose(rng, femaleNames).han
	last.Events = append(last.Events, signUp)
	w.visitor = ""
	return visits
}

func (s *Shop) strangerVisit(i int) Visit {
	rng := s.rng(streamStranger, i)
	w := &walker{rng: rng, visitor: fmt.Sprintf("VS%07d", i+1)}
	from := s.TrackedFrom()
	room := max(s.config.End.Add(-2*time.Hour).Sub(from), time.Hour)
	return w.browses(from.Add(time.Duration(rng.Float64() * float64(room))).Truncate(time.Second))
}
