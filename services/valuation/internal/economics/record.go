// Package economics is valuation's room for what a relationship is worth to both
// sides: benefits and costs of customers and segments as lines in money, and what
// they and the orders come to.
//
//	economic_lines  _id line  a benefit or cost
package economics

import (
	"time"

	"go.einride.tech/aip/resourcename"
	"google.golang.org/protobuf/types/known/timestamppb"

	apiv1 "github.com/kehuhq/kehu/gen/kehu/api/v1"
	valuationv1 "github.com/kehuhq/kehu/gen/kehu/valuation/v1"
	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/rpc/aip"
	"github.com/kehuhq/kehu/pkg/rpc/etag"
)

// Patterns of the resource names.
const (
	linePattern     = "economicLines/{line}"
	customerPattern = "customers/{customer}"
	segmentPattern  = "segments/{segment}"
)

// line is a line as it is stored.
type line struct {
	docstore.Meta `bson:",inline"`
	Customer      string                         `bson:"customer,omitempty"` // one of the two
	Segment       string                         `bson:"segment,omitempty"`
	Kind          valuationv1.EconomicKind       `bson:"kind"`
	Currency      string                         `bson:"currency"`
	Minor         int64                          `bson:"minor"`
	Recurrence    valuationv1.EconomicRecurrence `bson:"recurrence"`
	Start         string                         `bson:"start"`         // YYYY-MM-DD
	End           string                         `bson:"end,omitempty"` // YYYY-MM-DD, the last day
	Title         string                         `bson:"title,omitempty"`
	Evidence      string                         `bson:"evidence"`
	Request       aip.RequestKey                 `bson:"request"`
	CreatedAt     time.Time                      `bson:"created_at"`
}

// bySubject orders lines by whose they are, and then by their ids.
const bySubject = "by_subject"

func customerKey(id string) string {
	return docstore.Key(docstore.String("customer"), docstore.String(id))
}

func segmentKey(id string) string {
	return docstore.Key(docstore.String("segment"), docstore.String(id))
}

func schema() docstore.Schema[line] {
	return docstore.Schema[line]{Name: "economic_lines", Indexes: []docstore.Index[line]{
		{Name: bySubject, Key: func(l *line) string {
			if l.Customer != "" {
				return customerKey(l.Customer)
			}
			return segmentKey(l.Segment)
		}},
	}}
}

// subject is the range of all lines with a key of bySubject.
func subject(key string) docstore.Range {
	r := docstore.Only(key)
	r.Index = bySubject
	return r
}

// id is the line's own.
func (l *line) id() string { return docstore.ParseID(l.ID)[0] }

func (l *line) name() string { return resourcename.Sprint(linePattern, l.id()) }

// proto is the line as the API has it.
func (l *line) proto() *valuationv1.EconomicLine {
	m := &valuationv1.EconomicLine{
		Name: l.name(), Kind: l.Kind, Amount: &apiv1.Money{MinorUnits: l.Minor, CurrencyCode: l.Currency},
		Recurrence: l.Recurrence, StartDate: l.Start, EndDate: l.End, DisplayName: l.Title, Evidence: l.Evidence,
		CreateTime: timestamppb.New(l.CreatedAt), UpdateTime: timestamppb.New(l.UpdatedAt), Etag: etag.Of(l.Version),
	}
	if l.Customer != "" {
		m.Subject = &valuationv1.EconomicLine_Customer{Customer: resourcename.Sprint(customerPattern, l.Customer)}
	} else {
		m.Subject = &valuationv1.EconomicLine_Segment{Segment: resourcename.Sprint(segmentPattern, l.Segment)}
	}
	return m
}
