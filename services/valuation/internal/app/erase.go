package app

import (
	"context"
	"maps"
	"slices"

	"github.com/kehuhq/kehu/pkg/alias"
	"github.com/kehuhq/kehu/pkg/erasure"
	"github.com/kehuhq/kehu/pkg/rpc/personaldata"

	"github.com/kehuhq/kehu/services/valuation/internal/alerts"
	"github.com/kehuhq/kehu/services/valuation/internal/domain"
	"github.com/kehuhq/kehu/services/valuation/internal/store"
)

// The records that the service keeps of a person.
var (
	Valued  = personaldata.Section{ID: "valuations", Title: "What the person's orders come to", TitleZh: "客户价值"}
	Spooled = personaldata.Section{ID: "valuations_under_way", Title: "Orders added up for a valuation under way", TitleZh: "正在计算的客户价值"}
	Lined   = personaldata.Section{ID: "economic_lines", Title: "Benefits and costs of the relationship", TitleZh: "客户利益与成本"}
	Warned  = personaldata.Section{ID: "value_alerts", Title: "Warnings that the person's value is being lost", TitleZh: "价值流失预警"}
)

// Sections are all of them.
var Sections = []personaldata.Section{Valued, Spooled, Lined, Warned}

// Persons shows and erases what is kept of some customers.
type Persons struct {
	Store     *store.Store
	Sweeper   *Sweeper
	Customers *alias.Book
	Lines     Lines
	Alerts    *alerts.Room
}

// Lines are the benefits and costs that are kept of customers.
type Lines interface {
	LineIDs(ctx context.Context, customers []string) ([]string, error)
	EraseLines(ctx context.Context, ids []string) error
}

// Rows are the valuations of some customers in some generations, with where they
// stand.
func (p *Persons) Rows(ctx context.Context, generations []int64, customers []string) ([]store.Row, []*domain.Valuation, error) {
	var rows []store.Row
	var valuations []*domain.Valuation
	for _, generation := range generations {
		found, err := p.Store.Valuations.GetMany(ctx, generation, customers)
		if err != nil {
			return nil, nil, err
		}
		for i, v := range found {
			if v != nil {
				rows, valuations = append(rows, store.Row{Generation: generation, Customer: customers[i]}), append(valuations, v)
			}
		}
	}
	return rows, valuations, nil
}

// Erase removes what is kept of some customers, of whom profile does not know any
// more, and returns how many records of each section went since the first call
// for the erasure that the pseudonym names. Lists and their counts agree all the
// while.
//
// ERASURE_HELD_UP while a refresh is not over that was begun before the first
// call: it may have read their orders. Those begun since cannot have.
func (p *Persons) Erase(ctx context.Context, customers []string, pseudonym string) (map[string]int64, error) {
	begun, err := p.Store.Erasures.Begin(ctx, pseudonym, p.Store.Publication.Last)
	if err != nil {
		return nil, err
	}
	if err := p.Sweeper.Sweep(ctx); err != nil { // what refreshes that are over have left
		return nil, err
	}
	// Looked up before it is asked who is at work: of whom nobody is, nobody will be.
	valued, spooled, err := p.Store.Generations(ctx)
	if err != nil {
		return nil, err
	}
	refreshing, err := p.Store.Publication.Refreshing(ctx)
	if err != nil {
		return nil, err
	}
	open := slices.Collect(maps.Values(refreshing))
	isOpen := func(generation int64) bool { return slices.Contains(open, generation) }
	if err := p.eraseValuations(ctx, slices.DeleteFunc(valued, isOpen), customers, pseudonym); err != nil {
		return nil, err
	}
	if err := p.eraseSpools(ctx, slices.DeleteFunc(spooled, isOpen), customers, pseudonym); err != nil {
		return nil, err
	}
	if err := p.eraseLines(ctx, customers, pseudonym); err != nil {
		return nil, err
	}
	if err := p.eraseAlerts(ctx, customers, pseudonym); err != nil {
		return nil, err
	}
	if err := p.eraseRooms(ctx, customers, pseudonym); err != nil {
		return nil, err
	}
	p.Customers.Forget(customers...)
	if slices.ContainsFunc(open, func(generation int64) bool { return generation <= begun.Mark }) {
		return nil, erasure.HeldUp("a refresh of the valuations that was begun before is not over")
	}
	if err := p.Store.Scrub(ctx); err != nil {
		return nil, err
	}
	return p.Store.Erasures.Removed(ctx, pseudonym)
}

// eraseValuations hides the customers before it removes what is theirs: at no
// moment does a list lack somebody who is counted.
func (p *Persons) eraseValuations(ctx context.Context, generations []int64, customers []string, pseudonym string) error {
	rows, _, err := p.Rows(ctx, generations, customers)
	if err != nil {
		return err
	}
	if err := p.Store.Publication.Hide(ctx, rows); err != nil {
		return err
	}
	err = p.Store.Erasures.Remove(ctx, pseudonym, Valued.ID, len(rows), func(ctx context.Context) error {
		return p.Store.Valuations.Erase(ctx, rows)
	})
	if err != nil {
		return err
	}
	return p.Store.Publication.Unhide(ctx, customers)
}

// eraseAlerts removes alerts. What a refresh that is still at work raises is met
// by the call that is made when it is over.
func (p *Persons) eraseAlerts(ctx context.Context, customers []string, pseudonym string) error {
	found, err := p.Alerts.Count(ctx, customers)
	if err != nil {
		return err
	}
	return p.Store.Erasures.Remove(ctx, pseudonym, Warned.ID, found, func(ctx context.Context) error {
		return p.Alerts.Erase(ctx, customers)
	})
}

// eraseSpools removes spools that nobody needs any more.
func (p *Persons) eraseSpools(ctx context.Context, generations []int64, customers []string, pseudonym string) error {
	found := 0
	for _, generation := range generations {
		accounts, err := p.Store.Spool.Find(ctx, generation, customers)
		if err != nil {
			return err
		}
		found += len(accounts)
	}
	return p.Store.Erasures.Remove(ctx, pseudonym, Spooled.ID, found, func(ctx context.Context) error {
		for _, generation := range generations {
			if err := p.Store.Spool.Purge(ctx, generation); err != nil {
				return err
			}
		}
		return nil
	})
}

func (p *Persons) eraseLines(ctx context.Context, customers []string, pseudonym string) error {
	ids, err := p.Lines.LineIDs(ctx, customers)
	if err != nil {
		return err
	}
	return p.Store.Erasures.Remove(ctx, pseudonym, Lined.ID, len(ids), func(ctx context.Context) error {
		return p.Lines.EraseLines(ctx, ids)
	})
}
