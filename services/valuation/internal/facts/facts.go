// Package facts keeps copies of what other services know of customers: how
// satisfied they are, whom they brought, and whether they buy at list price.
// Analyses read the copies, so that they agree with each other and go on while a
// service is away.
//
//	fact_books  _id kind                              which copy is read
//	facts       _id kind!copy!customer                satisfaction and prices
//	fact_edges  _id copy!advocate!referee             who brought whom
package facts

import (
	"context"
	"iter"
	"time"
)

// Kind is what facts are about.
type Kind string

// The kinds, as they are stored.
const (
	Satisfaction Kind = "satisfaction"
	Referrals    Kind = "referrals"
	Prices       Kind = "prices"
)

// Kinds are all, in the order in which they are shown.
var Kinds = []Kind{Satisfaction, Referrals, Prices}

// Fact is what a service knows of one customer.
type Fact struct {
	Customer string
	// Value is the last answer as a share of its scale, or the share of orders with
	// a known list price on which nothing was off: 0 to 1.
	Value float64
	Count int64 // answers, or orders with a known list price
	AtMS  int64 // time of the last answer; 0 of prices
}

// Edge is a customer whom an advocate brought.
type Edge struct {
	Advocate, Referee string
	SignUpMS          int64
	QualifyMS         int64 // 0 where the referee has not qualified
}

// Qualified reports whether the referee has.
func (e Edge) Qualified() bool { return e.QualifyMS != 0 }

// Batch is some facts or edges. Reading goes on behind After.
type Batch struct {
	Facts []Fact
	Edges []Edge
	After string // a customer id, the last of which all is in this and earlier batches
}

// Source is where facts of a kind come from.
type Source struct {
	Kind Kind
	Peer string
	// Read yields what was known before an instant, of customers behind one. It is
	// nil where there is no such service.
	Read func(ctx context.Context, after string, before time.Time) iter.Seq2[Batch, error]
}

// Why facts are missing or old.
const (
	NotConfigured = "PEER_NOT_CONFIGURED"
	Unavailable   = "PEER_UNAVAILABLE"
	Stale         = "STALE"
	NoAnswer      = "NO_ANSWER"
	NoListPrice   = "NO_LIST_PRICE"
)

// Status is how current the facts of a kind are.
type Status struct {
	Kind    Kind
	Peer    string
	Reason  string // empty where they are current
	Time    time.Time
	Records int64
}

// Figure is a number that may not be known.
type Figure struct {
	Known  bool
	Value  float64
	Reason string // why it is not known, or STALE beside one that is
}

// View is the copies that an analysis reads.
type View struct {
	copies   map[Kind]int64 // 0 and left out: none
	Statuses []Status       // in the order of Kinds
}

// Status is that of a kind.
func (v View) Status(kind Kind) Status {
	for _, s := range v.Statuses {
		if s.Kind == kind {
			return s
		}
	}
	return Status{Kind: kind, Reason: NotConfigured}
}

// Has reports whether there are facts of a kind to read.
func (v View) Has(kind Kind) bool { return v.copies[kind] != 0 }

// missing is the figure of a kind of which there are none to read.
func (v View) missing(kind Kind) Figure { return Figure{Reason: v.Status(kind).Reason} }

// known is a figure of a kind.
func (v View) known(kind Kind, value float64) Figure {
	return Figure{Known: true, Value: value, Reason: v.Status(kind).Reason}
}
