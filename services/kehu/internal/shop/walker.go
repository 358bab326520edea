package shop

import (
	"cmp"
	"math/rand/v2"
	"slices"
	"strconv"
	"time"
)

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
