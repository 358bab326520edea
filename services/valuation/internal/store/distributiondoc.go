package store

import (
	"errors"

	"github.com/kehuhq/kehu/pkg/stat"

	"github.com/kehuhq/kehu/services/valuation/internal/domain"
)

type distributionDoc struct {
	Count     int64         `bson:"count"`
	Min       int64         `bson:"min"`
	Max       int64         `bson:"max"`
	Mean      float64       `bson:"mean"`
	Quantiles []quantileDoc `bson:"quantiles"`
	Bins      []binDoc      `bson:"bins"`
}

type quantileDoc struct {
	Percent       int     `bson:"percent"`
	Value         int64   `bson:"value"`
	RelativeError float64 `bson:"relative_error"`
}

type binDoc struct {
	Lower int64 `bson:"lower"`
	Upper int64 `bson:"upper"`
	Count int64 `bson:"count"`
}

type topShareDoc struct {
	Percent int     `bson:"percent"`
	Count   int64   `bson:"count"`
	Share   float64 `bson:"share"`
}

func newDistributionDoc(d *domain.Distribution) *distributionDoc {
	if d == nil {
		return nil
	}
	return &distributionDoc{
		d.Count, d.Min, d.Max, d.Mean,
		each(d.Quantiles, func(q stat.Quantile) quantileDoc { return quantileDoc(q) }),
		each(d.Bins, func(b stat.Bin) binDoc { return binDoc(b) }),
	}
}

func (d *distributionDoc) domain() *domain.Distribution {
	if d == nil {
		return nil
	}
	return &domain.Distribution{
		Count: d.Count, Min: d.Min, Max: d.Max, Mean: d.Mean,
		Quantiles: each(d.Quantiles, func(q quantileDoc) stat.Quantile { return stat.Quantile(q) }),
		Bins:      each(d.Bins, func(b binDoc) stat.Bin { return stat.Bin(b) }),
	}
}

// cohortsDoc is a cohort table. Its numbers are up to 3,660, in a document that
// every reader of a valuation loads: they are packed, which takes a quarter of
// the room that a list of numbers does.
type cohortsDoc struct {
	OmittedCohorts   int64       `bson:"omitted_cohorts"`
	OmittedCustomers int64       `bson:"omitted_customers"`
	Cohorts          []cohortDoc `bson:"cohorts"`
}

type cohortDoc struct {
	Month     string `bson:"month"`
	Customers int64  `bson:"customers"`
	Months    []byte `bson:"months"` // of each: unsigned varints active and revenue
}

func newCohortsDoc(t *domain.CohortTable) *cohortsDoc {
	if t == nil {
		return nil
	}
	return &cohortsDoc{t.OmittedCohorts, t.OmittedCustomers, each(t.Cohorts, func(c domain.Cohort) cohortDoc {
		doc := cohortDoc{Month: c.Month, Customers: c.Customers, Months: []byte{}}
		for i := range c.Active {
			doc.Months = appendInt(appendInt(doc.Months, c.Active[i]), c.Revenue[i])
		}
		return doc
	})}
}

var errCohorts = errors.New("stored document: the months of a cohort cannot be read")

func (d *cohortsDoc) domain() (*domain.CohortTable, error) {
	if d == nil {
		return nil, nil
	}
	var failed bool
	table := &domain.CohortTable{OmittedCohorts: d.OmittedCohorts, OmittedCustomers: d.OmittedCustomers}
	table.Cohorts = each(d.Cohorts, func(doc cohortDoc) domain.Cohort {
		c := domain.Cohort{Month: doc.Month, Customers: doc.Customers}
		r := reader{rest: doc.Months}
		for len(r.rest) > 0 && !r.failed {
			c.Active = append(c.Active, r.uint())
			c.Revenue = append(c.Revenue, r.uint())
		}
		failed = failed || r.failed
		return c
	})
	if failed {
		return nil, errCohorts
	}
	return table, nil
}
