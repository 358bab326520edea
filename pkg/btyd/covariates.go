package btyd

import (
	"context"
	"math"
	"slices"

	"github.com/kehuhq/kehu/pkg/fault"
)

// Terms are the covariates that move the rate of purchases and the way customers
// stop, by name; nil means all covariates of the cells, an empty slice none.
type Terms struct{ Rate, Dropout []string }

// Effect is the effect of a covariate on a parameter of a model:
//
//	α = α₀·exp(−γ'z)  for the rate: with γ > 0, a larger z buys more often;
//	β = β₀·exp(−γ'z)  for Pareto/NBD's dropout: with γ > 0, a larger z stops sooner;
//	a = a₀·exp(γ'z), b = b₀·exp(γ'z) for the dropout of BG/NBD and MBG/NBD, a γ each.
type Effect struct {
	Covariate   string
	Parameter   string  // alpha, beta, a or b
	Coefficient float64 // γ, per unit of the covariate
}

// CovariateModel is a purchase model whose parameters depend on covariates that do not
// change over time.
//
// P. Fader, B. Hardie, Incorporating time-invariant covariates into the Pareto/NBD and
// BG/NBD models (2007). For MBG/NBD the same is done as for BG/NBD.
type CovariateModel struct {
	Base       Model    // of a customer whose covariates are all 0
	Covariates []string // names, in the order in which For takes values
	Effects    []Effect
}

// FitCovariates fits the parameters of kind's model, such as ParetoNBD{}, and the
// effects of the cells' covariates on them. The estimate has the coefficients after
// the parameters, named rate.<covariate> and dropout.<covariate> (dropout_a. and
// dropout_b. for the beta-geometric models). Beyond what fits without covariates
// refuse it refuses a covariate that does not vary: COVARIATE_CONSTANT.
func FitCovariates(ctx context.Context, cells *Cells, kind Model, terms Terms, o Options) (CovariateModel, *Estimate, error) {
	o, err := o.withDefaults()
	if err != nil {
		return CovariateModel{}, nil, err
	}
	if kind == nil {
		return CovariateModel{}, nil, fault.Invalid("model", "must be given, such as ParetoNBD{}")
	}
	f := fitting{model: kind}
	if err := f.add(cells, terms); err != nil {
		return CovariateModel{}, nil, err
	}
	e, err := fit(ctx, cells, f, o)
	if err != nil {
		return CovariateModel{}, nil, err
	}
	values := e.Values()
	m := CovariateModel{Base: kind.with(values[:4]), Covariates: cells.Covariates()}
	for i, effect := range f.effects {
		m.Effects = append(m.Effects, Effect{
			Covariate: cells.names[effect.covariate], Parameter: kind.Names()[effect.parameter], Coefficient: values[4+i],
		})
	}
	return m, e, nil
}

// dropoutParameters are the parameters that dropout covariates move, with the sign of
// the effect and the prefix of its name.
func dropoutParameters(m Model) map[int]string {
	if _, exponential := m.(ParetoNBD); exponential {
		return map[int]string{3: "dropout."}
	}
	return map[int]string{2: "dropout_a.", 3: "dropout_b."}
}

// add adds the effects of terms.
func (f *fitting) add(cells *Cells, terms Terms) error {
	if terms.Rate == nil {
		terms.Rate = cells.names
	}
	if terms.Dropout == nil {
		terms.Dropout = cells.names
	}
	for _, name := range terms.Rate {
		if err := f.effect(cells, name, 1, "rate."); err != nil {
			return err
		}
	}
	dropout := dropoutParameters(f.model)
	for parameter := 2; parameter < 4; parameter++ {
		prefix, moved := dropout[parameter]
		if !moved {
			continue
		}
		for _, name := range terms.Dropout {
			if err := f.effect(cells, name, parameter, prefix); err != nil {
				return err
			}
		}
	}
	return nil
}

// effect adds one coefficient. Its unit is such that the covariate's largest value
// counts as 1.
func (f *fitting) effect(cells *Cells, name string, parameter int, prefix string) error {
	index := slices.Index(cells.names, name)
	if index < 0 {
		return fault.Invalid("terms", "must be among the covariates %q, got %q", cells.names, name)
	}
	size, varies := 0.0, false
	for _, z := range cells.values {
		size = math.Max(size, math.Abs(z[index]))
		varies = varies || z[index] != cells.values[0][index]
	}
	if !varies {
		return refuse(ReasonCovariateConstant, "the covariate %q is the same for all customers", name).With("covariate", name)
	}
	f.effects = append(f.effects, effect{parameter: parameter, covariate: index, sign: effectSign(f.model, parameter)})
	f.names = append(f.names, prefix+name)
	f.units = append(f.units, 1/size)
	return nil
}

// effectSign is −1 for the times alpha and beta, +1 for a and b.
func effectSign(m Model, parameter int) float64 {
	if name := m.Names()[parameter]; name == "a" || name == "b" {
		return 1
	}
	return -1
}

// For is the model of a customer with these covariates, in the order of the names.
func (m CovariateModel) For(covariates ...float64) (Model, error) {
	if m.Base == nil || len(covariates) != len(m.Covariates) {
		return nil, fault.Invalid("covariates", "must be the %d values of %q, got %d", len(m.Covariates), m.Covariates, len(covariates))
	}
	values := slices.Clone(m.Base.Values())
	for _, e := range m.Effects {
		covariate, parameter := slices.Index(m.Covariates, e.Covariate), slices.Index(m.Base.Names(), e.Parameter)
		if covariate < 0 || parameter < 0 {
			return nil, fault.Invalid("effects", "must name a covariate and a parameter of the model, got %q and %q", e.Covariate, e.Parameter)
		}
		values[parameter] *= math.Exp(effectSign(m.Base, parameter) * e.Coefficient * covariates[covariate])
	}
	model := m.Base.with(values)
	if err := model.check(); err != nil {
		return nil, err
	}
	return model, nil
}
