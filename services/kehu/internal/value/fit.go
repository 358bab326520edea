package value

import (
	"context"
	"fmt"

	"github.com/kehuhq/kehu/pkg/btyd"
	"github.com/kehuhq/kehu/pkg/fault"
)

func formatted(format string, args ...any) string { return fmt.Sprintf(format, args...) }

// Fit fits the named models in their order. A model that the data cannot support is
// in the result without parameters, with the reason as its warning. The error is
// that of ctx, or a defect.
func Fit(ctx context.Context, s *Sample, names []string, o btyd.Options) ([]Model, error) {
	models := make([]Model, 0, len(names))
	for _, name := range names {
		m, err := s.fit(ctx, name, o)
		if err != nil {
			f, refused := fault.As(err)
			if !refused || f.Kind != fault.FailedPrecondition {
				return nil, fmt.Errorf("fit %s: %w", name, err)
			}
			m = refusedModel(name, f)
		}
		models = append(models, m)
	}
	return models, nil
}

func (s *Sample) fit(ctx context.Context, name string, o btyd.Options) (Model, error) {
	var model btyd.Model
	var e *btyd.Estimate
	var err error
	switch name {
	case BGNBD:
		model, e, err = fitted(btyd.FitBGNBD(ctx, s.Cells, o))
	case MBGNBD:
		model, e, err = fitted(btyd.FitMBGNBD(ctx, s.Cells, o))
	case ParetoNBD:
		model, e, err = fitted(btyd.FitParetoNBD(ctx, s.Cells, o))
	case GammaGamma:
		return s.fitSpend(ctx, o)
	default:
		return Model{}, fmt.Errorf("no model is called %q", name)
	}
	if err != nil {
		return Model{}, err
	}
	m := newModel(name, e)
	predictor, err := btyd.NewPredictor(model)
	if err != nil {
		return Model{}, err
	}
	if m.Tracking, err = s.track(predictor); err != nil {
		return Model{}, err
	}
	if s.Held != nil {
		m.Holdout, err = s.holdout(predictor)
	}
	return m, err
}

// fitted is the answer of a fit, with the model as what all models are.
func fitted[M btyd.Model](m M, e *btyd.Estimate, err error) (btyd.Model, *btyd.Estimate, error) {
	return m, e, err
}

func (s *Sample) fitSpend(ctx context.Context, o btyd.Options) (Model, error) {
	if s.NoSpend != nil {
		return Model{}, s.NoSpend
	}
	model, e, err := btyd.FitGammaGamma(ctx, s.Spend, o)
	if err != nil {
		return Model{}, err
	}
	m := newModel(GammaGamma, e)
	m.Warnings = append(m.Warnings, s.Warnings...)
	correlation := s.Spend.Correlation()
	m.Correlation = &correlation
	if mean, err := model.PopulationMean(); err == nil { // otherwise a warning says why
		m.PopulationMean = &mean
	}
	return m, nil
}
