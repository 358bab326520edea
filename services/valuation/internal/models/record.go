// Package models keeps fitted models as records: what they were fitted to, how
// well they predicted what was held out, and with which of them predictions are
// made.
package models

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/fault"

	"github.com/kehuhq/kehu/services/valuation/internal/domain"
	"github.com/kehuhq/kehu/services/valuation/internal/forecast"
)

// role is what a champion predicts, in the numbers of the API.
type role uint8

const (
	purchases role = iota + 1
	churn
	spend
)

// model is a model as it is stored. What was fitted never changes.
type model struct {
	docstore.Meta `bson:",inline"`
	Kind          forecast.Kind    `bson:"kind"`
	Operation     string           `bson:"operation"`
	Data          data             `bson:"data"`
	Parameters    []parameter      `bson:"parameters,omitempty"`
	LogCovariance [][]float64      `bson:"log_covariance,omitempty"`
	LogLikelihood float64          `bson:"log_likelihood"`
	Gradient      float64          `bson:"gradient"`
	Iterations    int64            `bson:"iterations"`
	Converged     bool             `bson:"converged"`
	Warnings      []domain.Warning `bson:"warnings,omitempty"`
	Failure       *domain.Warning  `bson:"failure,omitempty"`
	Holdout       *holdout         `bson:"holdout,omitempty"`
	CreatedAt     time.Time        `bson:"created_at"`
	PromotedAt    time.Time        `bson:"promoted_at,omitempty"`
}

// data is what a model was fitted to.
type data struct {
	Start           string  `bson:"start"`
	CalibrationEnd  string  `bson:"calibration_end"`
	HoldoutEnd      string  `bson:"holdout_end,omitempty"`
	Zone            string  `bson:"zone"`
	UnitDays        float64 `bson:"unit_days"`
	Currency        string  `bson:"currency,omitempty"`
	Customers       int64   `bson:"customers"`
	RepeatBuyers    int64   `bson:"repeat_buyers"`
	WithoutConsent  int64   `bson:"without_consent"`
	WithoutSpending int64   `bson:"without_spending,omitempty"`
}

// parameter is an estimate. What cannot be told is nil.
type parameter struct {
	Name     string   `bson:"name"`
	Value    float64  `bson:"value"`
	Error    *float64 `bson:"error,omitempty"`
	Lower    *float64 `bson:"lower,omitempty"`
	Upper    *float64 `bson:"upper,omitempty"`
	Level    float64  `bson:"level"`
	Interval string   `bson:"interval"`
}

// holdout is how a model predicted what it had not seen.
type holdout struct {
	Scores         scores   `bson:"scores"`
	Classes        []class  `bson:"classes"`
	Tracking       []period `bson:"tracking,omitempty"`
	Baseline       string   `bson:"baseline,omitempty"` // id
	BaselineScores *scores  `bson:"baseline_scores,omitempty"`
}

// champions is the one document that says who predicts.
type champions struct {
	docstore.Meta `bson:",inline"`
	Titles        []title `bson:"titles"`
}

// title is one model's being the champion of a role, of spend in a currency.
type title struct {
	Role     role      `bson:"role"`
	Currency string    `bson:"currency,omitempty"`
	Model    string    `bson:"model"`
	Since    time.Time `bson:"since"`
}

const championsID = "current"

// The orders in which models are listed.
const (
	byCreation = "by_creation" // the newest first
	byKind     = "by_kind"
)

// Room is the models.
type Room struct {
	docs      *docstore.Collection[model]
	champions *docstore.Collection[champions]
	now       func() time.Time
}

// New opens the room's collections.
func New(ctx context.Context, engine docstore.Engine, clock func() time.Time) (*Room, error) {
	newest := func(m *model) docstore.KeyPart { return docstore.Desc(docstore.Time(m.CreatedAt)) }
	docs, err := docstore.Open(ctx, engine, docstore.Schema[model]{
		Name: "models",
		Indexes: []docstore.Index[model]{
			{Name: byCreation, Key: func(m *model) string { return docstore.Key(newest(m)) }},
			{Name: byKind, Key: func(m *model) string { return docstore.Key(docstore.Int(int64(m.Kind)), newest(m)) }},
		},
	}, docstore.WithClock(clock))
	titles, errTitles := docstore.Open(ctx, engine, docstore.Schema[champions]{Name: "champions"}, docstore.WithClock(clock))
	now := func() time.Time { return clock().UTC().Truncate(time.Millisecond) }
	return &Room{docs, titles, now}, errors.Join(err, errTitles)
}

func notFound(id string) error {
	return fault.New(fault.NotFound, "MODEL_NOT_FOUND", "there is no model \"models/%s\"", id)
}

func (r *Room) get(ctx context.Context, id string) (*model, error) {
	m, err := r.docs.Get(ctx, docstore.ID(id))
	if errors.Is(err, docstore.ErrNotFound) {
		return nil, notFound(id)
	}
	return m, err
}

// record stores a model. One that is there already stays: a run that is resumed
// fits the same again.
func (r *Room) record(ctx context.Context, m *model) error {
	m.CreatedAt = r.now()
	err := r.docs.Insert(ctx, m)
	if errors.Is(err, docstore.ErrConflict) {
		return nil
	}
	return err
}

// titles are the champions.
func (r *Room) titles(ctx context.Context) ([]title, error) {
	c, err := r.champions.Get(ctx, championsID)
	if errors.Is(err, docstore.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return c.Titles, nil
}

// titlesOf are those that a model holds.
func titlesOf(all []title, id string) (held []title) {
	for _, t := range all {
		if t.Model == id {
			held = append(held, t)
		}
	}
	return held
}

// roles are what a kind of model can be the champion of.
func roles(k forecast.Kind) []role {
	switch k {
	case forecast.BGNBD:
		return []role{purchases}
	case forecast.MBGNBD, forecast.ParetoNBD:
		return []role{purchases, churn}
	case forecast.GammaGamma:
		return []role{spend}
	default:
		return nil
	}
}

// crown makes a model the champion of some roles, by one write, save of those
// whose champion stays. Then it notes on the models concerned when that was, so
// that they are known as retired later.
func (r *Room) crown(ctx context.Context, m *model, of []role, stays func(id string) bool) error {
	now := r.now()
	var before []title
	_, err := r.champions.Upsert(ctx, championsID, func(c *champions, _ bool) error {
		before = slices.Clone(c.Titles)
		for _, role := range of {
			t := title{Role: role, Model: m.ID, Since: now}
			if role == spend {
				t.Currency = m.Data.Currency
			}
			i := slices.IndexFunc(c.Titles, func(held title) bool { return held.Role == t.Role && held.Currency == t.Currency })
			switch {
			case i < 0:
				c.Titles = append(c.Titles, t)
			case c.Titles[i].Model != t.Model && !stays(c.Titles[i].Model):
				c.Titles[i] = t
			}
		}
		if slices.Equal(before, c.Titles) {
			return docstore.ErrUnchanged
		}
		return nil
	})
	if err != nil {
		return err
	}
	for _, t := range append(before, title{Model: m.ID, Since: now}) {
		_, err := r.docs.Update(ctx, t.Model, func(held *model) error {
			if !held.PromotedAt.Before(t.Since) {
				return docstore.ErrUnchanged
			}
			held.PromotedAt = t.Since
			return nil
		})
		if err != nil && !errors.Is(err, docstore.ErrNotFound) {
			return err
		}
	}
	return nil
}

// forecasting is the model as predictions are made with it.
func (m *model) forecasting() *forecast.Model {
	f := &forecast.Model{ID: m.ID, Kind: m.Kind, LogCovariance: m.LogCovariance, UnitDays: m.Data.UnitDays, Currency: m.Data.Currency}
	for _, p := range m.Parameters {
		f.Parameters = append(f.Parameters, p.Value)
	}
	return f
}
