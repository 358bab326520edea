package events

import (
	"context"
	"errors"
	"iter"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/kehuhq/kehu/pkg/fault"

	"github.com/kehuhq/kehu/services/profile/internal/app"
	"github.com/kehuhq/kehu/services/profile/internal/domain"
)

// Customers is what taking in events needs of the customers; *app.App is one.
type Customers interface {
	// WithCustomers sees to it that customers exist while work is done.
	WithCustomers(ctx context.Context, ids iter.Seq[string], work func() error) error
	// ChangeCustomer reads a customer, lets change alter it, and writes it.
	ChangeCustomer(ctx context.Context, id string, how app.Change, change func(*domain.Customer) error) (domain.Customer, error)
	// CustomerWith is the customer who has an identifier, created where nobody has it.
	CustomerWith(ctx context.Context, by domain.Identifier) (id string, err error)
	// Known reports whether there is such a customer.
	Known(ctx context.Context, id string) (bool, error)
}

// OfCustomers tells which customers cannot be deleted for their events' sake.
func (s *Store) OfCustomers() app.Records {
	return app.Records{Reason: "CUSTOMER_HAS_EVENTS", What: "events", Any: func(ctx context.Context, id string) (bool, error) {
		if sent, err := s.Any(ctx, Customer(id)); sent || err != nil {
			return sent, err
		}
		links, _, err := s.VisitorsOf(ctx, id, nil, 1)
		return len(links) > 0, err
	}}
}

// Recorder takes events in. It is safe for concurrent use.
type Recorder struct {
	store      *Store
	customers  Customers
	attributes Attributes
	now        func() time.Time
}

// NewRecorder makes a recorder.
func NewRecorder(s *Store, customers Customers, attributes Attributes, clock func() time.Time) *Recorder {
	return &Recorder{store: s, customers: customers, attributes: attributes, now: clock}
}

// Item is one event to be taken in.
type Item struct {
	Event   Event
	Content Content
	// By identifies the sender where the id of the customer is not known.
	By *domain.Identifier
	// Fault is why the event cannot even be read; it is refused with that.
	Fault *fault.Fault
}

// Outcome is what became of an event.
type Outcome uint8

// The outcomes.
const (
	Refused Outcome = iota
	Accepted
	Duplicate
)

// Status is what became of an event, or why it was refused.
type Status struct {
	Outcome Outcome
	Fault   *fault.Fault // set when, and only when, Outcome is Refused
	Sender  Identity
	ID      string
	Remarks []*fault.Fault // what the event asked for beyond being kept and was not done
}

// Ingest takes in events, each by itself. The error is one of the call as a whole:
// then nobody knows what was taken in, and sending all of it again is safe.
func (r *Recorder) Ingest(ctx context.Context, items []Item, validateOnly bool) ([]Status, error) {
	return r.newIntake(items).run(ctx, validateOnly)
}

// Import is Ingest for the rows of a file, which have Marks. What they ask for beyond
// being kept is done in the order of the rows, so that it is the same however the file
// is cut. remarked is told what is remarked on before the events are written: only a
// row that is not there yet is remarked on.
func (r *Recorder) Import(ctx context.Context, items []Item, validateOnly bool, remarked func([]Status) error) ([]Status, error) {
	g := r.newIntake(items)
	g.remarked = remarked
	return g.run(ctx, validateOnly)
}

func (r *Recorder) newIntake(items []Item) *intake {
	return &intake{
		Recorder: r, items: items, statuses: make([]Status, len(items)), received: r.now(), newest: make(map[string]time.Time),
	}
}

func (g *intake) run(ctx context.Context, validateOnly bool) ([]Status, error) {
	items := g.items
	for i := range items {
		if f := g.check(i); f != nil {
			g.statuses[i] = Status{Fault: f}
		}
	}
	if !validateOnly {
		if err := g.findSenders(ctx); err != nil {
			return nil, err
		}
	}
	g.distinct()
	if validateOnly {
		return g.statuses, g.foresee(ctx)
	}
	if err := g.withhold(ctx); err != nil {
		return nil, err
	}
	return g.statuses, g.customers.WithCustomers(ctx, g.senders(), func() error {
		if err := g.act(ctx); err != nil {
			return err
		}
		if g.remarked != nil {
			if err := g.remarked(g.statuses); err != nil {
				return err
			}
		}
		return g.write(ctx)
	})
}

// foresee tells which events would be taken in. Of one whose sender is not looked up
// nobody knows whether it is there.
func (g *intake) foresee(ctx context.Context) error {
	asked := make([]*Event, len(g.open))
	for n, i := range g.open {
		asked[n] = &g.items[i].Event
	}
	there, err := g.store.Exist(ctx, asked)
	for n, i := range g.open {
		if err == nil && (!there[n] || g.items[i].By != nil) {
			g.statuses[i].Outcome = Accepted
		}
	}
	return err
}

// intake is one call of Ingest.
type intake struct {
	*Recorder
	items    []Item
	statuses []Status
	received time.Time
	open     []int                       // items that are neither refused nor a repetition
	types    map[string]domain.ValueType // of the company's own attributes, once asked for
	remarked func([]Status) error        // of an import, whose items are rows in their order
	newest   map[string]time.Time        // by customer: of the identify events acted on
}

// check settles one event and reports everything that is wrong with it.
func (g *intake) check(i int) *fault.Fault {
	item := &g.items[i]
	if item.Fault != nil {
		return item.Fault
	}
	e := &item.Event
	e.Received = g.received
	if e.Type == "" {
		e.Type = Named(e.Name)
	}
	var all []*fault.Fault
	if item.By != nil {
		normal, f := item.By.Normalize("")
		if f == nil {
			item.By = &normal
			e.Sender = Customer("-") // until it is looked up
		}
		all = append(all, moved(f, "identifier"))
	}
	if e.Sender == Customer(domain.Anonymous) {
		f := fault.Invalid("name", "must not be customer %q, under which orders without a known buyer are kept", domain.Anonymous)
		f.Reason = "CUSTOMER_ID_RESERVED"
		all = append(all, f)
	}
	f, _ := fault.As(e.Settle())
	content, _ := fault.As(e.SetContent(&item.Content))
	f, _ = fault.As(fault.Merge(append(all, f, content)...))
	return f
}

// moved is a fault about a look-up's field as one about a field of the event.
func moved(f *fault.Fault, to string) *fault.Fault {
	if f == nil {
		return nil
	}
	named := *f
	named.Violations = []fault.Violation{{Field: to, Description: f.Violations[0].Description}}
	named.Message = to + ": " + f.Violations[0].Description
	return &named
}

// findSenders looks up the customers who are known by an identifier.
func (g *intake) findSenders(ctx context.Context) error {
	found := map[domain.Identifier]string{}
	for i := range g.items {
		by := g.items[i].By
		if by == nil || g.statuses[i].Fault != nil {
			continue
		}
		if _, known := found[*by]; !known {
			id, err := g.customers.CustomerWith(ctx, *by)
			if err != nil {
				return err
			}
			found[*by] = id
		}
		g.items[i].Event.Sender = Customer(found[*by])
	}
	return nil
}

// distinct sorts out what is twice in the call: the first counts.
func (g *intake) distinct() {
	seen := make(map[string]struct{}, len(g.items))
	for i := range g.items {
		if g.statuses[i].Fault != nil {
			continue
		}
		e := &g.items[i].Event
		g.statuses[i] = Status{Outcome: Duplicate, Sender: e.Sender, ID: e.ID}
		id := documentID(e.Sender, e.ID)
		if by := g.items[i].By; by != nil {
			id += " " + by.Value // not looked up where the call only checks
		}
		if _, twice := seen[id]; !twice {
			seen[id] = struct{}{}
			g.open = append(g.open, i)
		}
	}
}

// senders yields the customers who sent what is to be written.
func (g *intake) senders() iter.Seq[string] {
	return func(yield func(string) bool) {
		for _, i := range g.open {
			if sender := g.items[i].Event.Sender; !sender.Visitor && !yield(sender.ID) {
				return
			}
		}
	}
}

// Events are written in parts, some at a time: while one waits for the disk,
// another is prepared.
const (
	partSize     = 1000
	partsAtATime = 4
)

func (g *intake) write(ctx context.Context) error {
	group, within := errgroup.WithContext(ctx)
	group.SetLimit(partsAtATime)
	for part := range slices.Chunk(g.open, partSize) {
		group.Go(func() error {
			events := make([]*Event, len(part))
			for n, i := range part {
				events[n] = &g.items[i].Event
			}
			fresh, err := g.store.Write(within, events)
			for n, i := range part {
				if err == nil && fresh[n] {
					g.statuses[i].Outcome = Accepted
				}
			}
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return err
	}
	return g.seen(ctx)
}

// seen remembers who did something, to be marked when there is time, or at once when
// they are too many.
func (g *intake) seen(ctx context.Context) error {
	who := make([]Identity, 0, len(g.open))
	for _, i := range g.open {
		if e := &g.items[i].Event; e.Type.Deed() {
			who = append(who, e.Sender)
		}
	}
	if g.store.unmarked.add(who...) {
		return g.Mark(ctx)
	}
	return nil
}

// act does what events ask for beyond being kept, in the order of their times.
// It comes before they are written: what is found written has been acted on, and
// an identify event that is sent again overwrites nothing that came after it.
func (g *intake) act(ctx context.Context) error {
	var acting []int
	var asked []*Event
	for _, i := range g.open {
		if e := &g.items[i].Event; !e.Sender.Visitor && (e.Type == Identify || e.Type == Alias) {
			acting, asked = append(acting, i), append(asked, e)
		}
	}
	if len(acting) == 0 {
		return nil
	}
	there, err := g.store.Exist(ctx, asked)
	if err != nil {
		return err
	}
	fresh := acting[:0]
	for n, i := range acting {
		if !there[n] {
			fresh = append(fresh, i)
		}
	}
	if g.remarked == nil {
		slices.SortStableFunc(fresh, func(a, b int) int {
			return g.items[a].Event.Time.Compare(g.items[b].Event.Time)
		})
	}
	for _, i := range fresh {
		if err := g.actOn(ctx, i); err != nil {
			return err
		}
	}
	return nil
}

func (g *intake) actOn(ctx context.Context, i int) error {
	e, remark := &g.items[i].Event, func(f *fault.Fault) {
		g.statuses[i].Remarks = append(g.statuses[i].Remarks, f)
	}
	if e.Type == Identify {
		remarks, err := g.learn(ctx, e, g.items[i].Content.Properties)
		if err != nil {
			return err
		}
		for _, f := range remarks {
			remark(f)
		}
	}
	if e.VisitorID == "" {
		return nil
	}
	f, err := g.link(ctx, e)
	if f != nil {
		remark(f)
	}
	return err
}

// link makes the visitor of an event its customer's. The fault says why not.
func (g *intake) link(ctx context.Context, e *Event) (*fault.Fault, error) {
	if e.Type == Alias {
		known, err := g.customers.Known(ctx, e.VisitorID)
		if err != nil {
			return nil, err
		}
		if known {
			return refuse("ALIAS_OF_CUSTOMER", "visitor",
				"%q is a customer: the records of two customers are merged by a person, not by an event", e.VisitorID), nil
		}
	}
	_, err := g.store.Bind(ctx, Link{Visitor: e.VisitorID, Customer: e.Sender.ID, At: g.received.UTC().Truncate(time.Millisecond), By: e.ID})
	var f *fault.Fault
	if errors.As(err, &f) && f.Kind == fault.FailedPrecondition {
		return f, nil
	}
	return nil, err
}
