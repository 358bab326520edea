// Package alerts warns of value that is being lost (价值流失预警). Refreshes raise
// alerts, bring their figures up to date and close what has recovered; people
// acknowledge and close them.
//
// There is one alert at most per customer and kind that is not closed: alerts of
// both are numbered, the next number is only taken when the last one is closed,
// and the store lets one writer have it.
package alerts

import (
	"context"
	"crypto/sha256"
	"encoding/base32"
	"fmt"
	"strings"
	"time"

	"github.com/kehuhq/kehu/pkg/docstore"

	"github.com/kehuhq/kehu/services/valuation/internal/domain"
)

// kind is of what an alert warns, in the numbers of the API.
type kind uint8

const (
	valueAtRisk kind = iota + 1
	valueFallen
)

// state is how far an alert has been dealt with, in the numbers of the API.
type state uint8

const (
	open state = iota + 1
	acknowledged
	closed
)

// Reasons for which the system closes, in the numbers of the API.
const (
	recovered uint8 = iota + 5
	merged
	notValued
)

// system is who closes when a refresh does.
const system = "system"

// mostNotes is how many notes an alert keeps.
const mostNotes = 100

// alert is an alert as it is stored.
type alert struct {
	docstore.Meta  `bson:",inline"`
	Customer       string    `bson:"customer"`
	Kind           kind      `bson:"kind"`
	State          state     `bson:"state"`
	Figures        figures   `bson:"figures"`
	Generation     int64     `bson:"generation"`
	LastGeneration int64     `bson:"last_generation"`
	CreatedAt      time.Time `bson:"created_at"`
	AcknowledgedBy string    `bson:"acknowledged_by,omitempty"`
	AcknowledgedAt time.Time `bson:"acknowledged_at,omitempty"`
	ClosedBy       string    `bson:"closed_by,omitempty"`
	ClosedAt       time.Time `bson:"closed_at,omitempty"`
	CloseReason    uint8     `bson:"close_reason,omitempty"`
	Notes          []note    `bson:"notes,omitempty"`
}

// figures are those of one refresh.
type figures struct {
	Currency    string   `bson:"currency"`
	AtRisk      int64    `bson:"at_risk"` // minor units: what is at stake, or has fallen
	Loss        float64  `bson:"loss"`    // 1 − P(alive)
	Churn       *float64 `bson:"churn,omitempty"`
	Residual    int64    `bson:"residual"`
	Before      *int64   `bson:"before,omitempty"` // residual value in the refresh before
	RecencyDays int64    `bson:"recency_days"`
	Orders      int64    `bson:"orders"`
	LastMS      int64    `bson:"last_ms"` // time of the last order
	Overdue     *float64 `bson:"overdue,omitempty"`
	OtherModels bool     `bson:"other_models,omitempty"` // than in the refresh before
}

type note struct {
	At     time.Time `bson:"at"`
	Author string    `bson:"author"`
	Text   string    `bson:"text"`
}

// The orders in which alerts are listed, the highest value at risk first.
const (
	byLive     = "by_live" // all that are not closed
	byState    = "by_state"
	byCustomer = "by_customer"
)

func schema() docstore.Schema[alert] {
	return docstore.Schema[alert]{
		Name: "alerts",
		Indexes: []docstore.Index[alert]{
			{Name: byLive, Key: func(a *alert) string {
				if a.State == closed {
					return ""
				}
				return docstore.Key(highest(a))
			}},
			{Name: byState, Key: func(a *alert) string { return docstore.Key(docstore.Int(int64(a.State)), highest(a)) }},
			{Name: byCustomer, Key: func(a *alert) string { return docstore.Key(customerPart(a.Customer), highest(a)) }},
		},
	}
}

func highest(a *alert) docstore.KeyPart { return docstore.Desc(docstore.Int(a.Figures.AtRisk)) }

func customerPart(customer string) docstore.KeyPart { return docstore.String(docstore.ID(customer)) }

// series is the first part of the ids of all alerts of a customer and kind. It
// is no name that one could read: alerts stand in addresses.
func series(customer string, k kind) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%d %s", k, customer))
	return strings.ToLower(base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(sum[:15]))
}

const episodeDigits = 6

// id is that of the alert of a series with a number, from 1.
func id(series string, episode int) string {
	return docstore.ID(series, fmt.Sprintf("%0*d", episodeDigits, episode))
}

// The id in a name has a hyphen where the store has its separator.
func nameOf(id string) string { return "alerts/" + strings.Replace(id, "!", "-", 1) }

func idOf(name string) string {
	return strings.Replace(strings.TrimPrefix(name, "alerts/"), "-", "!", 1)
}

func episodeOf(id string) (episode int) {
	if _, err := fmt.Sscanf(id[strings.IndexByte(id, '!')+1:], "%d", &episode); err != nil {
		return 0
	}
	return episode
}

// collection keeps the alerts.
type collection = docstore.Collection[alert]

// last is the last alert of a series, nil where there has been none.
func last(ctx context.Context, docs *collection, series string) (*alert, error) {
	r := docstore.Within(docstore.ID(series))
	r.Reverse, r.Limit = true, 1
	for a, err := range docs.Scan(ctx, r) {
		return a, err
	}
	return nil, nil
}

// figuresOf are the figures of a valuation whose prediction is made. before is
// the residual value in the refresh before, where it is known.
func figuresOf(k kind, currency string, v *domain.Valuation, before *int64) figures {
	p := &v.Prediction
	f := figures{
		Currency: currency, AtRisk: p.AtRisk.Minor, Loss: 1 - p.Alive.Value, Residual: p.Residual.Minor, Before: before,
		RecencyDays: v.RecencyDays, Orders: v.Orders, LastMS: v.LastMS,
		Churn: pointer(p.Churn), Overdue: pointer(p.Overdue),
	}
	if k == valueFallen && before != nil {
		f.AtRisk = max(0, *before-p.Residual.Minor)
	}
	return f
}

func pointer(f domain.Figure) *float64 {
	if !f.Known() {
		return nil
	}
	return &f.Value
}

// told reports whether a valuation has what an alert is about.
func told(v *domain.Valuation) bool {
	p := &v.Prediction
	return p.Made && p.Residual.Known() && p.AtRisk.Known() && p.Alive.Known()
}

// Personal data.

// OfCustomers returns the alerts of some customers.
func (r *Room) ofCustomers(ctx context.Context, customers []string) ([]*alert, error) {
	var found []*alert
	for _, customer := range customers {
		within := docstore.Within(docstore.Key(customerPart(customer)))
		within.Index = byCustomer
		for a, err := range r.docs.Scan(ctx, within) {
			if err != nil {
				return nil, err
			}
			found = append(found, a)
		}
	}
	return found, nil
}

// Count is how many alerts there are of some customers.
func (r *Room) Count(ctx context.Context, customers []string) (int, error) {
	found, err := r.ofCustomers(ctx, customers)
	return len(found), err
}

// Erase removes the alerts of some customers without a trace.
func (r *Room) Erase(ctx context.Context, customers []string) error {
	found, err := r.ofCustomers(ctx, customers)
	if err != nil {
		return err
	}
	ids := make([]string, len(found))
	for i, a := range found {
		ids[i] = a.ID
	}
	return r.docs.Erase(ctx, ids...)
}
