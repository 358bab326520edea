package app

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/kehuhq/kehu/pkg/docstore"

	"github.com/kehuhq/kehu/services/valuation/internal/alerts"
	"github.com/kehuhq/kehu/services/valuation/internal/domain"
	"github.com/kehuhq/kehu/services/valuation/internal/models"
	"github.com/kehuhq/kehu/services/valuation/internal/store"
)

// nobodyMerged knows every id as a customer of its own.
type nobodyMerged struct{ alerts.Customers }

// regulars order at rates of their own and leave after some order, so that models
// can be fitted to them.
type regulars struct {
	customers int
	life      *life
}

func (c regulars) After(_ context.Context, customer string, _ time.Time, _ string) iter.Seq2[*domain.History, error] {
	return func(yield func(*domain.History, error) bool) {
		for i := range c.customers {
			h := c.history(i)
			if h.Customer <= customer {
				continue
			}
			if _, ok := c.life.call(); !ok {
				yield(nil, errGone)
				return
			}
			if !yield(h, nil) {
				return
			}
		}
	}
}

func (c regulars) history(i int) *domain.History {
	random := rand.New(rand.NewPCG(1, uint64(i)))
	h := &domain.History{Customer: fmt.Sprintf("r%04d", i), Codes: []string{"CNY"}}
	const day = 86_400_000
	at := today.UnixMilli() - (30+random.Int64N(600))*day
	rate, leaves, basket := 0.01+0.08*random.Float64()*random.Float64(), 0.05+0.5*random.Float64()*random.Float64(), 2000+8000*random.Float64()
	for at < today.UnixMilli() {
		h.TimeMS = append(h.TimeMS, at)
		h.Net = append(h.Net, int64(basket*(0.5+random.Float64())))
		h.Cost = append(h.Cost, domain.Unknown)
		if random.Float64() < leaves {
			break
		}
		at += int64(random.ExpFloat64() / rate * day)
	}
	return h
}

// predicting runs a refresh that predicts and warns, in a process that may die.
func predicting(t testing.TB, e docstore.Engine, j *journal, c regulars, l *life) error {
	t.Helper()
	s, err := store.Open(t.Context(), mortal{e, l}, frozen)
	if err != nil {
		t.Fatal(err)
	}
	fitted, err := models.New(t.Context(), mortal{e, l}, frozen)
	if err != nil {
		t.Fatal(err)
	}
	warned, err := alerts.New(t.Context(), mortal{e, l}, s.Valuations, nobodyMerged{}, frozen)
	if err != nil {
		t.Fatal(err)
	}
	c.life = l
	r := NewRefresh(s, c)
	r.chunk, r.Models, r.Alerts = 3, fitted, warned
	own := policy
	own.Prediction.MarginRate = 0.4
	if err := own.Normalize(today); err != nil {
		t.Fatal(err)
	}
	_, err = r.Run(t.Context(), operationName, own, j.last(), j.in(l))
	return err
}

// TestResumedPredictionsAreTheSame: wherever the process dies, fitting included,
// models, predictions and sums are those of a run that was not interrupted.
func TestResumedPredictionsAreTheSame(t *testing.T) {
	people := regulars{customers: 240}
	undisturbed, j := openPebble(t), &journal{}
	if err := predicting(t, undisturbed, j, people, immortal()); err != nil {
		t.Fatal(err)
	}
	if want := []string{reading, fitting, scoring, writing, warning}; !slices.Equal(j.stages, want) {
		t.Errorf("the stages are %v, want %v", j.stages, want)
	}
	want := read(t, openStore(t, undisturbed))
	p := want.summary.Predictions
	if p == nil || len(p.Models) == 0 || p.Sums.Customers != want.summary.Customers {
		t.Fatalf("predictions are %+v", p)
	}
	var sums domain.PredictionSums
	for _, v := range want.valuations {
		sums.Add(&v.Prediction)
	}
	if sums.Residual != p.Sums.Residual || sums.AtRisk != p.Sums.AtRisk || sums.Churned != p.Sums.Churned {
		t.Errorf("the valuations come to %+v, the summary says %+v", sums, p.Sums)
	}
	for _, first := range []int{200, 400, 600, 650, 700, 705, 710, 715, 720, 750, 800, 900, 1000, 1200} {
		e, j := openPebble(t), &journal{}
		for _, left := range []int{first, first / 2, 40} {
			if err := predicting(t, e, j, people, &life{left: left, lost: left%3 == 0}); err != nil && !errors.Is(err, errGone) {
				t.Fatalf("a life of %d calls: %v", left, err)
			}
		}
		if err := predicting(t, e, j, people, immortal()); err != nil {
			t.Fatal(err)
		}
		if got := read(t, openStore(t, e)); !reflect.DeepEqual(got, want) {
			t.Fatalf("after a life of %d calls: got %+v, want %+v", first, got.summary, want.summary)
		}
	}
}
