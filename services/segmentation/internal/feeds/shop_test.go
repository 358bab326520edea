package feeds_test

import (
	"context"
	"slices"
	"strconv"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/kehuhq/kehu/pkg/docstore"

	"github.com/kehuhq/kehu/services/segmentation/internal/facts"
	"github.com/kehuhq/kehu/services/segmentation/internal/peers"
)

// lag is how far the feeds of the shop stay behind.
const lag = 10 * time.Second

// change is who changed when.
type change struct {
	at time.Time
	id string
}

// shop is the other services at once: what they keep by record, and what they tell.
type shop struct {
	now      time.Time
	city     map[string]string // by record
	orders   map[string]int64
	objects  map[string]bool
	into     map[string]string // merged records
	answers  map[string]int64
	brought  map[string]int64
	edition  peers.Edition
	values   map[string]int64 // by customer, of the edition
	terms    string
	down     map[string]bool
	absent   map[string]bool
	log      map[string][]change
	epoch    map[string]int
	asked    int
	asksAnew int // customers read in the order of ids
}

func newShop() *shop {
	return &shop{
		now: time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC), city: map[string]string{}, orders: map[string]int64{},
		objects: map[string]bool{}, into: map[string]string{}, answers: map[string]int64{}, brought: map[string]int64{},
		values: map[string]int64{}, down: map[string]bool{}, absent: map[string]bool{}, log: map[string][]change{}, epoch: map[string]int{},
	}
}

// tell notes that records changed at a service.
func (s *shop) tell(service string, ids ...string) {
	s.now = s.now.Add(time.Millisecond)
	for _, id := range ids {
		s.log[service] = append(s.log[service], change{s.now, id})
	}
}

func (s *shop) root(id string) string {
	for s.into[id] != "" {
		id = s.into[id]
	}
	return id
}

// records are those of a customer.
func (s *shop) records(customer string) (all []string) {
	for id := range s.city {
		if s.root(id) == customer {
			all = append(all, id)
		}
	}
	return all
}

func (s *shop) unless(service string) error {
	if s.down[service] {
		return status.Error(codes.Unavailable, "no route")
	}
	return nil
}

func (s *shop) Has(service string) bool { return !s.absent[service] }

func (s *shop) Updated(_ context.Context, service, cursor string) (peers.Updates, error) {
	if err := s.unless(service); err != nil {
		return peers.Updates{}, err
	}
	horizon := s.now.Add(-lag)
	told := peers.Updates{SyncedTo: horizon}
	from := -1
	if cursor != "" {
		epoch, at, _ := cut(cursor)
		if epoch != s.epoch[service] {
			return told, peers.ErrExpired
		}
		from = at
	}
	log := s.log[service]
	if from < 0 {
		from = 0
		for from < len(log) && !log[from].at.After(horizon) {
			from++
		}
		told.Next = join(s.epoch[service], from)
		return told, nil
	}
	const most = 3
	for from < len(log) && !log[from].at.After(horizon) && len(told.Customers) < most {
		if !slices.Contains(told.Customers, log[from].id) {
			told.Customers = append(told.Customers, log[from].id)
		}
		from++
	}
	told.Next, told.More = join(s.epoch[service], from), len(told.Customers) == most
	if told.More {
		told.SyncedTo = log[from-1].at
	}
	return told, nil
}

func join(epoch, at int) string { return strconv.Itoa(epoch) + "/" + strconv.Itoa(at) }

func cut(cursor string) (epoch, at int, err error) {
	for i := range cursor {
		if cursor[i] == '/' {
			epoch, err = strconv.Atoi(cursor[:i])
			at, _ = strconv.Atoi(cursor[i+1:])
		}
	}
	return epoch, at, err
}

func (s *shop) Attributes(context.Context) ([]facts.Attribute, error) {
	return nil, s.unless(peers.Profile)
}

func (s *shop) Terms(context.Context, []facts.Attribute) (string, error) {
	return s.terms, s.unless(peers.Profile)
}

func (s *shop) objecting(customer string) bool {
	return slices.ContainsFunc(s.records(customer), func(r string) bool { return s.objects[r] })
}

func (s *shop) known(customer string) peers.Known {
	s.asked++
	f := &facts.Facts{Customer: facts.Customer{ID: customer, City: s.city[customer]}}
	k := peers.Known{Facts: f}
	for _, record := range s.records(customer) {
		f.Orders.Count += s.orders[record]
		if record != customer {
			k.Merged = append(k.Merged, record)
		}
	}
	return k
}

func (s *shop) Customers(_ context.Context, ids []string, _ []facts.Attribute) (known []peers.Known, fates []peers.Fate, err error) {
	if err := s.unless(peers.Profile); err != nil {
		return nil, nil, err
	}
	met := map[string]bool{}
	for _, id := range ids {
		root := s.root(id)
		fate := peers.Fate{}
		switch {
		case s.city[id] == "":
			fate.Kind = facts.Deleted
		case s.objecting(root):
			fate.Kind = facts.Objected
		case root != id:
			fate = peers.Fate{Kind: facts.Merged, Into: root}
		}
		if fates = append(fates, fate); (fate.Kind == "" || fate.Kind == facts.Merged) && !met[root] {
			met[root] = true
			known = append(known, s.known(root))
		}
	}
	return known, fates, nil
}

func (s *shop) After(_ context.Context, after string, size int, _ []facts.Attribute) ([]peers.Known, error) {
	if err := s.unless(peers.Profile); err != nil {
		return nil, err
	}
	var known []peers.Known
	for _, id := range s.ids() {
		if (after == "" || docstore.ID(id) > docstore.ID(after)) && s.root(id) == id && !s.objecting(id) && len(known) < size {
			known = append(known, s.known(id))
			s.asksAnew++
		}
	}
	return known, nil
}

func (s *shop) ids() (ids []string) {
	for id := range s.city {
		ids = append(ids, id)
	}
	slices.SortFunc(ids, func(a, b string) int {
		if docstore.ID(a) < docstore.ID(b) {
			return -1
		}
		return 1
	})
	return ids
}

func (s *shop) Edition(context.Context) (peers.Edition, error) {
	return s.edition, s.unless(peers.Valuation)
}

func (s *shop) Valuations(_ context.Context, all []*facts.Facts, edition peers.Edition) error {
	if err := s.unless(peers.Valuation); err != nil {
		return err
	}
	if edition.Generation != s.edition.Generation {
		return peers.ErrSuperseded
	}
	for _, f := range all {
		f.AsOf, f.Edition = edition.AsOf, edition.Generation
		if f.Valued = s.values[f.Customer.ID] > 0; f.Valued {
			f.Value = facts.Value{Known: true, Historic: facts.Money{Currency: "EUR", Minor: s.values[f.Customer.ID]}}
		}
	}
	return nil
}

func (s *shop) ValuationsWithin(ctx context.Context, all []*facts.Facts, edition peers.Edition) error {
	return s.Valuations(ctx, all, edition)
}

func (s *shop) Feedback(_ context.Context, all []*facts.Facts, of peers.Of) error {
	return s.count(peers.Feedback, s.answers, all, of, func(f *facts.Facts, n int64) { f.Feedback.Responses = n })
}

func (s *shop) Referrals(_ context.Context, all []*facts.Facts, of peers.Of) error {
	return s.count(peers.Referral, s.brought, all, of, func(f *facts.Facts, n int64) { f.Referral.Invitations = n })
}

func (s *shop) count(service string, by map[string]int64, all []*facts.Facts, of peers.Of, set func(*facts.Facts, int64)) error {
	if err := s.unless(service); err != nil {
		return err
	}
	for _, f := range all {
		n, met := int64(0), map[string]bool{}
		for _, record := range append([]string{f.Customer.ID}, of(f.Customer.ID)...) {
			if !met[record] {
				met[record] = true
				n += by[record]
			}
		}
		set(f, n)
	}
	return nil
}

// Members and Root make the shop the book of merges.
func (s *shop) Members(_ context.Context, id string) []string {
	return append([]string{s.root(id)}, s.records(s.root(id))...)
}

func (s *shop) Root(_ context.Context, id string) string { return s.root(id) }
