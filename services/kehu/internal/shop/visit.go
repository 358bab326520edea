package shop

import (
	"cmp"
	"fmt"
	"iter"
	"math/rand/v2"
	"slices"
	"strconv"
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

// times are when a customer comes without buying.
func (w *walker) times(from, end, first time.Time, active bool) []time.Time {
	more := 0.3
	if active {
		more = 0.55
	}
	if early := first.AddDate(0, 0, -14); early.After(from) {
		from = early
	}
	var all []time.Time
	for room := end.Add(-2 * time.Hour).Sub(from); room > 0 && len(all) < 12 && w.rng.Float64() < more; {
		all = append(all, from.Add(time.Duration(w.rng.Float64()*float64(room))).Truncate(time.Second))
	}
	slices.SortFunc(all, time.Time.Compare)
	return all
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

// walker makes one person's visits.
type walker struct {
	rng      *rand.Rand
	customer string
	visitor  string // "" from when he is known
	events   int
}

// event is the person's next one.
func (w *walker) event(kind, name string, at time.Time) Event {
	w.events++
	e := Event{
		ID: cmp.Or(w.customer, w.visitor) + "-" + strconv.Itoa(w.events), Kind: kind, Name: name, Time: at, Visitor: w.visitor,
		Twice: w.rng.Float64() < twiceShare, Late: w.rng.Float64() < lateShare,
	}
	if w.visitor == "" {
		e.Customer = w.customer
	}
	return e
}

// browses is a visit without a purchase.
func (w *walker) browses(at time.Time) Visit {
	depth := 1
	for _, further := range []float64{0.6, 0.4, 0.35} {
		if w.rng.Float64() >= further {
			break
		}
		depth++
	}
	looked := make([]string, 1+w.rng.IntN(2))
	shelf := w.rng.IntN(len(shelves))
	for i := range looked {
		looked[i] = catalogue[shelf*shelfSize+w.rng.IntN(shelfSize)].SKU
	}
	v := Visit{Customer: w.customer, Visitor: w.visitor, Depth: depth, Events: w.walk(depth, looked)}
	for i := range v.Events {
		v.Events[i].Time = at
		at = at.Add(w.pause())
	}
	return v
}

// buys adds the visit that an order came of, and what the buyer told of it later.
func (w *walker) buys(visits []Visit, p purchase, end time.Time) []Visit {
	var skus []string
	for _, l := range p.lines {
		if len(skus) < 3 {
			skus = append(skus, l.Product.SKU)
		}
	}
	v := Visit{Customer: w.customer, Visitor: w.visitor, Depth: Steps}
	v.Events = w.walk(3, skus)
	if w.visitor != "" {
		known := w.event(IdentifyEvent, "", time.Time{})
		known.Customer = w.customer
		v.Events, w.visitor = append(v.Events, known), ""
	}
	v.Events = append(v.Events, w.event(CartEvent, "Checkout Started", time.Time{}))
	done := w.event(PurchaseEvent, "Order Completed", time.Time{})
	done.OrderID = p.order.ID
	v.Events = append(v.Events, done)
	at := p.order.Time
	for i := len(v.Events) - 1; i >= 0; i-- {
		v.Events[i].Time = at
		at = at.Add(-w.pause())
	}
	return append(append(visits, v), w.afterwards(p, end)...)
}

func (w *walker) pause() time.Duration { return time.Duration(15+w.rng.IntN(90)) * time.Second }

var topics = []string{"delivery 物流", "refund 退款", "how to use 使用方法", "invoice 发票"}

// afterwards is that a buyer asks for help, or reviews what he bought.
func (w *walker) afterwards(p purchase, end time.Time) []Visit {
	var all []Visit
	later := func(kind, name string) {
		at := p.order.Time.Add(time.Duration(24+w.rng.IntN(300)) * time.Hour)
		if at.Before(end) {
			all = append(all, Visit{Customer: w.customer, Events: []Event{w.event(kind, name, at)}})
		}
	}
	if w.rng.Float64() < 0.08 {
		later(SupportEvent, "Live Chat Conversation Started")
		if len(all) > 0 {
			all[0].Events[0].Topic = choose(w.rng, topics)
		}
	}
	if w.rng.Float64() < 0.06 {
		later(SocialEvent, "Product Reviewed")
	}
	return all
}

// vainTerms are searched for in vain, the first ones most.
var vainTerms = []string{"露营灯串", "无糖月饼", "电动滑板车", "婴儿防晒衣", "宠物推车", "冷萃壶", "wireless doorbell", "空气循环扇"}

// foundTerms are searched for with results.
var foundTerms = []string{"咖啡豆", "猫粮", "羽绒服", "耳机", "瑜伽垫", "保温杯", "尿不湿", "绿茶"}

// walk is the events of a visit as far as a step, without times: at least a page,
// and at most the cart, or with 4 the checkout.
func (w *walker) walk(depth int, skus []string) []Event {
	home := w.event(PageEvent, "Home", time.Time{})
	home.Path, home.Dwell = "/", time.Duration(3+w.rng.IntN(60))*time.Second
	events := []Event{home}
	if w.rng.Float64() < 0.35 {
		if w.rng.Float64() < 0.15 {
			events = append(events, w.search(choose(w.rng, vainTerms), 0))
		}
		if w.rng.Float64() < 0.8 {
			events = append(events, w.search(choose(w.rng, foundTerms), 3+w.rng.IntN(40)))
		}
	}
	for _, step := range []struct {
		depth      int
		kind, name string
	}{{2, ViewEvent, "Product Viewed"}, {3, CartEvent, "Product Added"}} {
		for i, sku := range skus {
			if depth < step.depth || depth == step.depth && step.depth == 3 && i > 0 && w.rng.Float64() < 0.5 {
				break
			}
			e := w.event(step.kind, step.name, time.Time{})
			e.SKU = sku
			events = append(events, e)
		}
	}
	if depth >= 4 {
		events = append(events, w.event(CartEvent, "Checkout Started", time.Time{}))
	}
	return events
}

func (w *walker) search(term string, results int) Event {
	e := w.event(SearchEvent, "Products Searched", time.Time{})
	e.Keyword, e.Results = term, results
	return e
}
