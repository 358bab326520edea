package findings

import (
	"fmt"
	"strings"

	"google.golang.org/protobuf/proto"

	apiv1 "github.com/kehuhq/kehu/gen/kehu/api/v1"
	valuationv1 "github.com/kehuhq/kehu/gen/kehu/valuation/v1"
	"github.com/kehuhq/kehu/services/kehu/internal/money"
)

// name is the last word of an enum's value in lower case, e.g. "mbg-nbd".
func name(value fmt.Stringer, prefix string) string {
	return strings.ReplaceAll(strings.ToLower(strings.TrimPrefix(value.String(), prefix)), "_", "-")
}

func id(resource string) string { return resource[strings.IndexByte(resource, '/')+1:] }

// Models is a list of fitted models; answer is what it was made of.
func Models(all []*valuationv1.Model, answer proto.Message) *Finding {
	f := &Finding{
		Title:  "Models",
		Header: []string{"model", "state", "held out", "predicted", "MAE", "beats the baseline"},
		Answer: answer,
	}
	for _, m := range all {
		row := []any{id(m.GetName()), name(m.GetState(), "MODEL_STATE_"), nil, nil, nil, nil}
		if h := m.GetHoldout(); h != nil {
			row[2], row[3], row[4] = fixed(h.GetActual(), 0), fixed(h.GetPredicted(), 0), fixed(h.GetMeanAbsoluteError(), 4)
			if h.BeatsBaselineMae != nil {
				row[5] = yes(h.GetBeatsBaselineMae() && h.GetBeatsBaselineRmse())
			}
		}
		if m.GetFailure() != nil {
			f.Notes = append(f.Notes, fmt.Sprintf("%s: %s (%s)", id(m.GetName()), m.GetFailure().GetMessage(), m.GetFailure().GetReason()))
		}
		f.Rows = append(f.Rows, row)
	}
	if len(all) == 0 {
		f.Notes = append(f.Notes, "none yet: kehu models fit, or kehu value refresh, which fits its own")
	}
	return f
}

func yes(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}

func fixed(v float64, decimals int) string { return fmt.Sprintf("%.*f", decimals, v) }

// Model is one model with its calibration, in a language, "zh" or "en".
func Model(d *valuationv1.ModelDiagnosis, lang string) *Finding {
	m := d.GetModel()
	f := &Finding{
		Title: fmt.Sprintf("%s: %s, %s to %s, %d customers", id(m.GetName()), name(m.GetState(), "MODEL_STATE_"),
			m.GetData().GetCalibrationStartDate(), m.GetData().GetCalibrationEndDate(), m.GetData().GetCustomers()),
		Header: []string{"parameter", "estimate", "standard error", "lower", "upper"},
		Answer: d,
	}
	for _, p := range m.GetParameters() {
		f.Rows = append(f.Rows, []any{p.GetName(), significant(&p.Value), significant(p.StandardError), significant(p.Lower), significant(p.Upper)})
	}
	if len(m.GetParameters()) > 0 {
		f.Notes = append(f.Notes, fmt.Sprintf("log-likelihood %.3f, gradient %.1g; intervals of %.0f %% by %s",
			m.GetLogLikelihood(), m.GetGradient(), 100*m.GetParameters()[0].GetLevel(), m.GetParameters()[0].GetMethod()))
	}
	for _, c := range d.GetClasses() {
		more := ""
		if c.GetOrMore() {
			more = " or more"
		}
		f.Notes = append(f.Notes, fmt.Sprintf("%d%s repeat orders: %d customers made %.3f each in the hold-out, expected were %.3f",
			c.GetRepeatOrders(), more, c.GetCustomers(), c.GetActual(), c.GetPredicted()))
	}
	for _, r := range d.GetReadings() {
		f.Notes = append(f.Notes, reading(r, lang))
	}
	for _, w := range m.GetWarnings() {
		f.Notes = append(f.Notes, w.GetMessage()+" ("+w.GetReason()+")")
	}
	return f
}

func significant(v *float64) any {
	if v == nil {
		return nil
	}
	return fmt.Sprintf("%.5g", *v)
}

func reading(r *valuationv1.Reading, lang string) string {
	if lang == "zh" {
		return r.GetZh()
	}
	return r.GetEn()
}

// Alerts is a list of alerts, in a language.
func Alerts(all []*valuationv1.Alert, answer proto.Message, lang string) *Finding {
	f := &Finding{
		Title:  "Value that is being lost 价值流失预警",
		Header: []string{"alert", "customer", "kind", "state", "at risk", "P(left)", "residual value"},
		Answer: answer,
	}
	for i, a := range all {
		f.Rows = append(f.Rows, []any{
			id(a.GetName()), a.GetCustomerId(), name(a.GetKind(), "ALERT_KIND_"), name(a.GetState(), "ALERT_STATE_"),
			a.GetValueAtRisk(), Share(a.GetLossProbability()), a.GetResidualValue(),
		})
		if i > 0 {
			continue
		}
		for _, r := range append(a.GetReasons(), a.GetAdvice()...) {
			f.Notes = append(f.Notes, a.GetCustomerId()+": "+reading(r, lang))
		}
	}
	if len(all) == 0 {
		f.Notes = append(f.Notes, "none: refreshes raise them")
	}
	return f
}

// Predictions is what a refresh expects of the whole base.
func Predictions(s *valuationv1.ValuationSummary) *Finding {
	p := s.GetPredictions()
	f := &Finding{
		Title:  "What is to come, as of " + s.GetPolicy().GetAsOfDate(),
		Header: []string{"", "expected"},
		Answer: s,
	}
	if p == nil {
		f.Notes = []string{"the refresh made no predictions"}
		return f
	}
	policy := p.GetPolicy()
	f.Rows = [][]any{
		{"customers with a prediction", p.GetCustomers()},
		{fmt.Sprintf("of them lost by the churn definition (%s)", name(policy.GetChurnDefinition(), "CHURN_DEFINITION_")), p.GetChurnedCustomers()},
		{fmt.Sprintf("orders within %d days", policy.GetHorizonDays()), fixed(p.GetExpectedOrders(), 0)},
		{fmt.Sprintf("residual value within %d days%s", policy.GetValueHorizonDays(), currencyOf(p.GetResidualValue())), amount(p.GetResidualValue())},
		{"at risk" + currencyOf(p.GetValueAtRisk()), amount(p.GetValueAtRisk())},
	}
	if p.MarginRate != nil {
		f.Notes = append(f.Notes, fmt.Sprintf("margin %.1f %% of revenue (%s), discounted by %.1f %% a year", 100*p.GetMarginRate(), strings.ToLower(p.GetMarginSource()), 100*policy.GetAnnualDiscountRate()))
	}
	if len(policy.GetModels()) > 0 {
		f.Notes = append(f.Notes, "by "+strings.Join(policy.GetModels(), ", "))
	}
	f.warn(p.GetWarnings())
	return f
}

func amount(m *apiv1.Money) any {
	if m == nil {
		return nil
	}
	return money.Format(m)
}

func currencyOf(m *apiv1.Money) string {
	if m == nil {
		return ""
	}
	return ", " + m.GetCurrencyCode()
}

// Aggregate is what some customers are worth together.
func Aggregate(a *valuationv1.ValuationAggregate) *Finding {
	f := &Finding{
		Title:  "What they are worth together, as of " + a.GetAsOf().AsTime().Format("2006-01-02 15:04 UTC"),
		Header: []string{"", "value", "lower", "upper"},
		Rows:   [][]any{{"customers", a.GetCustomers(), nil, nil}, {"orders", a.GetOrders(), nil, nil}},
		Answer: a,
	}
	for _, r := range a.GetRevenue() {
		f.Rows = append(f.Rows, []any{"revenue" + currencyOf(r), amount(r), nil, nil})
	}
	if h := a.GetHistoricValue(); h != nil {
		f.Rows = append(f.Rows, []any{"historic value" + currencyOf(h), amount(h), nil, nil})
	}
	if r := a.GetResidual(); r != nil {
		f.Rows = append(f.Rows, []any{"residual value" + currencyOf(r.GetValue()), amount(r.GetValue()), amount(r.GetLower()), amount(r.GetUpper())},
			[]any{"at risk" + currencyOf(a.GetValueAtRisk()), amount(a.GetValueAtRisk()), nil, nil})
		f.Notes = append(f.Notes, fmt.Sprintf("interval of %.0f %%: %s; deviations in minor units: %.0f of what customers buy, %.0f of the parameters",
			100*r.GetLevel(), r.GetMethod(), r.GetSamplingDeviation(), r.GetParameterDeviation()))
	}
	if n := a.GetCustomersWithoutValuation(); n > 0 {
		f.Notes = append(f.Notes, fmt.Sprintf("%d asked for have no valuation", n))
	}
	f.warn(a.GetWarnings())
	return f
}
