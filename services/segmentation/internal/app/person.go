package app

import (
	"context"
	"slices"

	"github.com/kehuhq/kehu/services/segmentation/internal/criterion"
	"github.com/kehuhq/kehu/services/segmentation/internal/facts"
)

// Known is what is known of a customer.
type Known struct {
	Customer string
	Values   []criterion.Value
	Lists    []string // ids of the segments on whose lists the customer was put
}

// FactsOf tells what is known of some customers, of those of whom anything is.
func (a *App) FactsOf(ctx context.Context, customers []string) ([]Known, error) {
	found, err := a.facts.GetMany(ctx, customers, facts.AllParts)
	if err != nil {
		return nil, err
	}
	left, err := a.facts.LeftLists(ctx, customers)
	if err != nil {
		return nil, err
	}
	names := make([]string, len(facts.Fields))
	for i := range facts.Fields {
		names[i] = facts.Fields[i].Name
	}
	var known []Known
	for i, f := range found {
		if f == nil {
			if left[i] != nil { // a record that was merged into another
				known = append(known, Known{Customer: customers[i], Lists: ShownFacts(left[i])})
			}
			continue
		}
		asked := slices.Clone(names)
		for attribute := range f.Customer.Attributes {
			asked = append(asked, "attributes."+attribute)
		}
		slices.Sort(asked[len(names):])
		k := Known{Customer: customers[i], Values: Values(asked, f)}
		for _, list := range f.Lists {
			k.Lists = append(k.Lists, ShownFact(list))
		}
		known = append(known, k)
	}
	return known, nil
}
