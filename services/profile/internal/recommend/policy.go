package recommend

import (
	"time"

	"github.com/kehuhq/kehu/pkg/fault"
)

// Policy is how a model is trained. Its zero values are filled in by settle.
type Policy struct {
	AsOf            time.Time `bson:"as_of"`
	Zone            string    `bson:"zone"`
	Smoothing       float64   `bson:"smoothing"`
	MinBuyers       int64     `bson:"min_buyers"`
	MaxItems        int       `bson:"max_items"`
	Neighbours      int       `bson:"neighbours"`
	ConsumableShare float64   `bson:"consumable_share"`
	OrdersOnly      bool      `bson:"orders_only"`
	MinSearchers    int64     `bson:"min_searchers"`
}

// Defaults of a policy.
const (
	DefaultSmoothing       = 10
	DefaultMinBuyers       = 5
	DefaultMaxItems        = 10_000
	DefaultNeighbours      = 50
	DefaultConsumableShare = 0.05
	DefaultMinSearchers    = 2
)

// settle fills in what was left open, but for smoothing and the share of
// consumables, whose zero has a meaning.
func (p *Policy) settle(now time.Time) error {
	if p.AsOf.IsZero() {
		p.AsOf = now
	}
	p.AsOf = p.AsOf.UTC().Truncate(time.Millisecond)
	if p.Zone == "" {
		p.Zone = "UTC"
	}
	setDefault(&p.MinBuyers, DefaultMinBuyers)
	setDefault(&p.MaxItems, DefaultMaxItems)
	setDefault(&p.Neighbours, DefaultNeighbours)
	setDefault(&p.MinSearchers, DefaultMinSearchers)
	_, err := p.location()
	return err
}

func (p *Policy) location() (*time.Location, error) {
	zone, err := time.LoadLocation(p.Zone)
	if err != nil || p.Zone == "Local" {
		return nil, fault.Invalid("policy.time_zone", "must be an IANA time zone, e.g. \"Asia/Shanghai\", is %q", p.Zone)
	}
	return zone, nil
}

func setDefault[T int | int64](v *T, value T) {
	if *v == 0 {
		*v = value
	}
}

// Bounds of what training keeps in memory and of what one customer may count for.
const (
	maxCatalogue  = 500_000 // different items, before the rare ones are left out
	maxHistory    = 500     // items of one customer, those bought last
	maxCategories = 500     // categories
	maxTerms      = 100_000 // different search terms
	partBytes     = 1 << 20 // of names in a staged part, beyond which it holds fewer customers
)

// bounds are what training holds at a time.
type bounds struct {
	customers int // between two checkpoints
	cells     int // counts of pairs, 4 bytes each
}

var defaultBounds = bounds{customers: 2000, cells: 16 << 20}
