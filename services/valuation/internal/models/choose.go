package models

import (
	"context"
	"fmt"
	"iter"
	"slices"

	"github.com/kehuhq/kehu/pkg/fault"

	"github.com/kehuhq/kehu/services/valuation/internal/domain"
	"github.com/kehuhq/kehu/services/valuation/internal/forecast"
)

// Need is what a refresh needs models for.
type Need struct {
	Operation  string
	Generation int64
	Named      []string // ids that the policy names
	Currency   string   // of the valuation
	AsOfDate   string
	Zone       string
	// Accounts are those of the refresh, for models to be fitted to.
	Accounts iter.Seq2[*domain.Account, error]
	Excluded int64 // customers who do not allow to be valued
}

// Choose says with which models a refresh predicts, and what is to be said of
// that: those that the policy names, or else the champions. What nobody is
// champion of is fitted to the refresh's own accounts, MBG/NBD and Gamma-Gamma,
// recorded, and made champion.
//
// Faults: MODEL_NOT_FOUND, MODEL_NOT_USABLE for models that the policy names.
func (r *Room) Choose(ctx context.Context, n Need) ([]string, []domain.Warning, error) {
	if len(n.Named) > 0 {
		_, err := r.Load(ctx, n.Named, n.Currency)
		return n.Named, nil, err
	}
	titles, err := r.titles(ctx)
	if err != nil {
		return nil, nil, err
	}
	there, err := r.there(ctx, titles)
	if err != nil {
		return nil, nil, err
	}
	held := func(role role, currency string) string {
		for _, t := range titles {
			if t.Role == role && t.Currency == currency && there[t.Model] {
				return t.Model
			}
		}
		return ""
	}
	ids := []string{held(purchases, ""), held(churn, ""), held(spend, n.Currency)}
	var missing []forecast.Kind
	if ids[0] == "" {
		missing = append(missing, forecast.MBGNBD)
	}
	if ids[2] == "" && n.Currency != "" {
		missing = append(missing, forecast.GammaGamma)
	}
	var warnings []domain.Warning
	if len(missing) > 0 {
		fitted, err := r.fitAccounts(ctx, n, missing)
		if err != nil {
			return nil, nil, err
		}
		for _, m := range fitted {
			if usable(m) != nil {
				warnings = append(warnings, unfit(m))
				continue
			}
			if err := r.crown(ctx, m, roles(m.Kind), func(id string) bool { return there[id] }); err != nil {
				return nil, nil, err
			}
			ids = append(ids, m.ID)
		}
	}
	var each []string
	for _, id := range ids {
		if id != "" && !slices.Contains(each, id) {
			each = append(each, id)
		}
	}
	return each, warnings, nil
}

// there tells which champions are there: one may have been deleted while it was
// being promoted.
func (r *Room) there(ctx context.Context, titles []title) (map[string]bool, error) {
	ids := make([]string, len(titles))
	for i, t := range titles {
		ids[i] = t.Model
	}
	exist, err := r.docs.Exist(ctx, ids)
	there := make(map[string]bool)
	for i := range exist {
		there[ids[i]] = exist[i]
	}
	return there, err
}

func unfit(m *model) domain.Warning {
	w := domain.Warning{Reason: "NOT_CONVERGED", Message: "the search for its parameters has not converged"}
	if m.Failure != nil {
		w = *m.Failure
	}
	w.Message = fmt.Sprintf("models/%s could not be fitted to the orders of the refresh: %s", m.ID, w.Message)
	return w
}

// fitAccounts fits models to the accounts of a refresh, and records the usable: the same
// however often it is done for the same generation.
func (r *Room) fitAccounts(ctx context.Context, n Need, kinds []forecast.Kind) ([]*model, error) {
	w, err := newWindow(n.AsOfDate, "", n.Zone, 0, r.now())
	if err != nil {
		return nil, err
	}
	s := newSample(w)
	s.excluded = n.Excluded
	start := w.calibration.Day
	for a, err := range n.Accounts {
		if err != nil {
			return nil, err
		}
		if err := s.add(a, 0); err != nil {
			return nil, err
		}
		start = min(start, w.calibration.Day-a.AgeDays)
	}
	s.firsts[start] = 1 // what is told of the sample begins there
	f := &fitter{sample: s, operation: n.Operation, suffix: fmt.Sprintf("refresh-%d", n.Generation), currency: n.Currency}
	var all []*model
	for _, kind := range kinds {
		m, err := f.fit(ctx, kind)
		if err != nil {
			return nil, err
		}
		// What could not be fitted is said by the refresh: the next one tries again.
		if usable(m) == nil {
			if err := r.record(ctx, m); err != nil {
				return nil, err
			}
		}
		all = append(all, m)
	}
	return all, nil
}

// usable is a fault where predictions cannot be made with a model.
func usable(m *model) error {
	switch {
	case m.Failure != nil:
		return fault.New(fault.FailedPrecondition, "MODEL_FAILED", "models/%s could not be fitted: %s", m.ID, m.Failure.Message)
	case !m.Converged:
		return fault.New(fault.FailedPrecondition, "MODEL_NOT_CONVERGED", "models/%s has not converged: its parameters are where the search ended, not an optimum", m.ID)
	case m.Kind == forecast.PoissonRegression:
		return fault.New(fault.FailedPrecondition, "MODEL_IS_BASELINE", "models/%s is the baseline that others are compared with: it knows nothing of customers who leave", m.ID)
	}
	return nil
}

// Load makes a set of models by their ids, for a valuation in a currency: of two
// models of purchases the first counts the orders and the second tells churn. A model
// of spend in another currency is refused: money of one says nothing of another.
func (r *Room) Load(ctx context.Context, ids []string, currency string) (forecast.Set, error) {
	var set forecast.Set
	for _, id := range ids {
		m, err := r.get(ctx, id)
		if err != nil {
			return set, err
		}
		if err := usable(m); err != nil {
			return set, err
		}
		own := m.forecasting()
		switch {
		case m.Kind == forecast.GammaGamma && set.Spend == nil:
			if currency != "" && own.Currency != currency {
				return set, fault.New(fault.FailedPrecondition, "MODEL_NOT_USABLE",
					"models/%s tells money in %s, and the valuation is in %s: name or fit a model in that", id, own.Currency, currency)
			}
			set.Spend = own
		case m.Kind == forecast.GammaGamma:
			return set, twice(id, "spend")
		case set.Purchases == nil:
			set.Purchases = own
		case set.Churn == nil && m.Kind != forecast.BGNBD:
			set.Churn = own
		case set.Churn == nil && set.Purchases.Kind != forecast.BGNBD: // BG/NBD tells no churn
			set.Purchases, set.Churn = own, set.Purchases
		default:
			return set, twice(id, "purchases")
		}
	}
	return set, nil
}

func twice(id, what string) error {
	return fault.New(fault.FailedPrecondition, "MODEL_NOT_USABLE", "models/%s is one model of %s too many", id, what)
}
