package value

import (
	"context"
	"fmt"
	"io"

	"github.com/kehuhq/kehu/pkg/btyd"
	"github.com/kehuhq/kehu/pkg/fault"
	"github.com/kehuhq/kehu/services/kehu/internal/layout"
)

// Renewals is what the sBG model makes of a cohort of contracts.
type Renewals struct {
	Model
	Survivors    []int64   `json:"survivors"`
	Survival     []float64 `json:"survival"`  // S(0) = 1, S(1), …
	Retention    []float64 `json:"retention"` // r(1), r(2), …
	DiscountRate float64   `json:"discount_rate"`
	// Lifetime is the discounted expected lifetime of a new customer, in periods; nil
	// where a warning says why there is none.
	Lifetime *float64 `json:"del"`
	// Residual is the discounted expected residual lifetime after n−1 renewals.
	Residual []ResidualLifetime `json:"derl"`
}

// ResidualLifetime is what is to be expected of a customer before the nth renewal.
type ResidualLifetime struct {
	N    int     `json:"n"`
	DERL float64 `json:"derl"` // periods
}

// residualsShown is of how many renewals the residual lifetime is stated.
const residualsShown = 5

// FitRenewals fits the sBG model to how many customers were left in each period and
// projects it over so many periods. discountRate is that of a period. A refusal is
// the error.
func FitRenewals(ctx context.Context, survivors []int64, periods int, discountRate float64, o btyd.Options) (*Renewals, error) {
	m, e, err := btyd.FitSBG(ctx, survivors, o)
	if err != nil {
		return nil, err
	}
	r := &Renewals{Model: newModel(sbg, e), Survivors: survivors, DiscountRate: discountRate, Residual: []ResidualLifetime{}}
	if r.Survival, err = m.Survival(periods); err != nil {
		return nil, err
	}
	if r.Retention, err = m.Retention(periods); err != nil {
		return nil, err
	}
	return r, r.discount(m, discountRate)
}

// discount states the lifetimes, or warns why there are none.
func (r *Renewals) discount(m btyd.SBG, rate float64) error {
	lifetime, err := m.DiscountedLifetime(rate)
	if f, known := fault.As(err); known && f.Kind == fault.OutOfRange {
		r.Warnings = append(r.Warnings, Warning{f.Reason, f.Message})
		return nil
	}
	if err != nil {
		return err
	}
	r.Lifetime = &lifetime
	for n := 1; n <= residualsShown; n++ {
		derl, err := m.DiscountedResidualLifetime(n-1, rate)
		if err != nil {
			return err
		}
		r.Residual = append(r.Residual, ResidualLifetime{n, derl})
	}
	return nil
}

// WriteText prints it for a person.
func (r *Renewals) WriteText(w io.Writer, width int) error {
	p := &layout.Page{Width: width}
	p.Title("Retention by the sBG model")
	r.writeText(p, &File{})
	p.Heading("Survival and retention")
	rows := [][]string{{"period", "seen", "survival", "fitted", "retention"}}
	for t, s := range r.Survival {
		seen, retention := "", ""
		if t < len(r.Survivors) {
			seen = fmt.Sprint(r.Survivors[t])
		}
		if t > 0 {
			retention = fmt.Sprintf("%.4f", r.Retention[t-1])
		}
		rows = append(rows, []string{fmt.Sprint(t), seen, fmt.Sprintf("%.4f", s), fmt.Sprintf("%.1f", s*float64(r.Survivors[0])), retention})
	}
	p.Table(rows)
	if r.Lifetime != nil {
		r.writeLifetimes(p)
	}
	_, err := io.WriteString(w, p.String())
	return err
}

func (r *Renewals) writeLifetimes(p *layout.Page) {
	p.Heading(fmt.Sprintf("Discounted expected lifetime in periods, at %g a period", r.DiscountRate))
	facts := [][2]string{{"A new customer", fmt.Sprintf("%.4f, the first payment due now", *r.Lifetime)}}
	for _, at := range r.Residual {
		facts = append(facts, [2]string{fmt.Sprintf("After %d renewals", at.N-1), fmt.Sprintf("%.4f, the next payment due if renewed now", at.DERL)})
	}
	p.Facts(facts)
}
