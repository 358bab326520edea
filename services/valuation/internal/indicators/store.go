package indicators

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/fault"

	"github.com/kehuhq/kehu/services/valuation/internal/base"
	"github.com/kehuhq/kehu/services/valuation/internal/domain"
	"github.com/kehuhq/kehu/services/valuation/internal/facts"
	"github.com/kehuhq/kehu/services/valuation/internal/ranks"
)

// All is the group of all customers.
const All = "all"

// Snapshot is the indicators of a group as of a date.
type Snapshot struct {
	docstore.Meta `bson:",inline"`
	Group         string      `bson:"group"`
	NameEN        string      `bson:"name_en,omitempty"`
	NameZH        string      `bson:"name_zh,omitempty"`
	Date          string      `bson:"date"`
	AsOf          time.Time   `bson:"as_of"`
	Zone          string      `bson:"time_zone"`
	Currency      string      `bson:"currency"`
	Generation    int64       `bson:"generation"`
	Sums          Sums        `bson:"sums"`
	AllCustomers  int64       `bson:"all_customers"`
	AllQualified  int64       `bson:"all_qualified"`
	Sources       []statusDoc `bson:"sources"`
}

type statusDoc struct {
	Kind    string    `bson:"kind"`
	Peer    string    `bson:"peer"`
	Reason  string    `bson:"reason,omitempty"`
	Time    time.Time `bson:"time,omitempty"`
	Records int64     `bson:"records,omitempty"`
}

// scales is how figures were distributed when the last snapshot was taken.
type scales struct {
	docstore.Meta `bson:",inline"`
	Generation    int64     `bson:"generation"`
	Date          string    `bson:"date"`
	Zone          string    `bson:"time_zone"`
	Currency      string    `bson:"currency"`
	Customers     int64     `bson:"customers"`
	Qualified     int64     `bson:"qualified"`
	Revenue       []byte    `bson:"revenue"`   // minor units, see package ranks
	Referrals     []byte    `bson:"referrals"` // qualified ones
	TakenAt       time.Time `bson:"taken_at"`
}

const currentID = "current"

// byGroup orders the snapshots by group and date.
const byGroup = "by_group"

// Store keeps the snapshots.
type Store struct {
	docs   *docstore.Collection[Snapshot]
	scales *docstore.Collection[scales]
	now    func() time.Time
}

// OpenStore opens the collections.
func OpenStore(ctx context.Context, engine docstore.Engine, clock func() time.Time) (*Store, error) {
	docs, err := docstore.Open(ctx, engine, docstore.Schema[Snapshot]{
		Name: "indicators",
		Indexes: []docstore.Index[Snapshot]{{Name: byGroup, Key: func(s *Snapshot) string {
			return docstore.Key(docstore.String(s.Group), docstore.String(s.Date))
		}}},
	}, docstore.WithClock(clock))
	kept, errScales := docstore.Open(ctx, engine, docstore.Schema[scales]{Name: "indicator_scales"}, docstore.WithClock(clock))
	return &Store{docs, kept, clock}, errors.Join(err, errScales)
}

// put stores the snapshots of a date in place of those there are, and removes the
// groups that there are no more. Snapshots of a later refresh stay.
func (s *Store) put(ctx context.Context, date string, generation int64, snapshots []*Snapshot) error {
	for _, snapshot := range snapshots {
		_, err := s.docs.Upsert(ctx, docstore.ID(date, snapshot.Group), func(d *Snapshot, exists bool) error {
			if exists && d.Generation > generation {
				return docstore.ErrUnchanged
			}
			meta := d.Meta
			*d = *snapshot
			d.Meta = meta
			return nil
		})
		if err != nil {
			return err
		}
	}
	for d, err := range s.docs.Scan(ctx, docstore.Within(docstore.ID(date))) {
		if err != nil {
			return err
		}
		if d.Generation >= generation {
			continue
		}
		err := s.docs.Delete(ctx, d.ID, d.Version)
		if err != nil && !errors.Is(err, docstore.ErrNotFound) && !errors.Is(err, docstore.ErrConflict) {
			return err
		}
	}
	return nil
}

// putScales stores the distributions, unless those of a later refresh are there.
func (s *Store) putScales(ctx context.Context, of scales) error {
	_, err := s.scales.Upsert(ctx, currentID, func(d *scales, exists bool) error {
		if exists && d.Generation > of.Generation {
			return docstore.ErrUnchanged
		}
		meta := d.Meta
		*d = of
		d.Meta = meta
		return nil
	})
	return err
}

// Latest is the date of the latest snapshot, or the fault INDICATORS_NOT_TAKEN.
func (s *Store) Latest(ctx context.Context) (string, error) {
	return s.end(ctx, All, true)
}

// end is the date of a group's last snapshot, or first.
func (s *Store) end(ctx context.Context, group string, last bool) (string, error) {
	r := docstore.Within(docstore.Key(docstore.String(group)))
	r.Index, r.Reverse, r.Limit = byGroup, last, 1
	for d, err := range s.docs.Scan(ctx, r) {
		if err != nil {
			return "", err
		}
		return d.Date, nil
	}
	if group == All {
		return "", notTaken()
	}
	return "", fault.New(fault.NotFound, "INDICATORS_NOT_TAKEN", "no snapshot has been taken of group %q", group)
}

func notTaken() error {
	return fault.New(fault.NotFound, "INDICATORS_NOT_TAKEN", "no snapshot has been taken yet; it is after the first refresh")
}

// On lists the snapshots of a date by group.
func (s *Store) On(ctx context.Context, date string, after *docstore.Position, size int) ([]*Snapshot, *docstore.Position, error) {
	r := docstore.Within(docstore.ID(date))
	r.After, r.Limit = after, size
	return s.docs.Page(ctx, r)
}

// Of are the last snapshots of a group from one date to another, so many at most,
// in the order of their dates.
func (s *Store) Of(ctx context.Context, group, from, to string, most int) ([]*Snapshot, error) {
	r := docstore.Within(docstore.Key(docstore.String(group)))
	r.Index, r.Reverse, r.Limit = byGroup, true, most
	r.From = docstore.Key(docstore.String(group), docstore.String(from))
	r.To = docstore.PrefixEnd(docstore.Key(docstore.String(group), docstore.String(to)))
	var found []*Snapshot
	for d, err := range s.docs.Scan(ctx, r) {
		if err != nil {
			return nil, err
		}
		found = append(found, d)
	}
	slices.Reverse(found)
	return found, nil
}

// LastIn is the last snapshot of a group from one date to another, nil where there
// is none.
func (s *Store) LastIn(ctx context.Context, group, from, to string) (*Snapshot, error) {
	found, err := s.Of(ctx, group, from, to, 1)
	if err != nil || len(found) == 0 {
		return nil, err
	}
	return found[0], nil
}

// Scales are the distributions of the last snapshot.
type Scales struct {
	Population base.Population
	Qualified  int64 // referrals, over all customers
	Revenue    *ranks.Scale
	Referrals  *ranks.Scale
}

// Scales returns the distributions of the last snapshot, or the fault
// INDICATORS_NOT_TAKEN.
func (s *Store) Scales(ctx context.Context) (Scales, error) {
	d, err := s.scales.Get(ctx, currentID)
	if errors.Is(err, docstore.ErrNotFound) {
		return Scales{}, notTaken()
	}
	if err != nil {
		return Scales{}, err
	}
	policy := domain.Policy{AsOfDate: d.Date, Zone: d.Zone}
	asOf, err := policy.AsOf()
	revenue, errRevenue := ranks.Parse(d.Revenue)
	referrals, errReferrals := ranks.Parse(d.Referrals)
	return Scales{
		Population: base.Population{
			Generation: d.Generation, AsOf: asOf, Date: d.Date, Zone: d.Zone, Currency: d.Currency, Customers: d.Customers,
		},
		Qualified: d.Qualified, Revenue: revenue, Referrals: referrals,
	}, errors.Join(err, errRevenue, errReferrals)
}

func newStatusDocs(all []facts.Status) []statusDoc {
	docs := make([]statusDoc, len(all))
	for i, s := range all {
		docs[i] = statusDoc{string(s.Kind), s.Peer, s.Reason, s.Time, s.Records}
	}
	return docs
}

// Statuses say how current the facts of other services were.
func (s *Snapshot) Statuses() []facts.Status {
	all := make([]facts.Status, len(s.Sources))
	for i, d := range s.Sources {
		all[i] = facts.Status{Kind: facts.Kind(d.Kind), Peer: d.Peer, Reason: d.Reason, Time: d.Time, Records: d.Records}
	}
	return all
}
