package app

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/erasure"
	"github.com/kehuhq/kehu/pkg/fault"
	"github.com/kehuhq/kehu/pkg/rpc/personaldata"

	"github.com/kehuhq/kehu/services/segmentation/internal/domain"
	"github.com/kehuhq/kehu/services/segmentation/internal/store"
)

// The records that the service keeps of a person.
var (
	InSegments = personaldata.Section{ID: "memberships", Title: "Segments the person is or was in", TitleZh: "所属分群"}
	Moved      = personaldata.Section{ID: "transitions", Title: "Segments the person entered and left", TitleZh: "进入与离开分群的记录"}
)

// Sections are all of them.
var Sections = []personaldata.Section{InSegments, Moved}

// anyPass marks an erasure for which every pass counts as begun before.
const anyPass = math.MaxInt64

// Erase removes the rows of some customers, of whom profile does not know any
// more, and returns how many of each section went since the first call for the
// erasure that the pseudonym names. Lists and their counts agree all the while.
//
// ERASURE_HELD_UP while a pass is not over that was begun before the last
// membership was removed: it may have read the person, or count the membership
// among those of the pass before. Those begun since cannot.
func (a *App) Erase(ctx context.Context, customers []string, pseudonym string, over Over) (map[string]int64, error) {
	begun, err := a.store.Erasures.Begin(ctx, pseudonym, func(context.Context) (int64, error) { return anyPass, nil })
	if err != nil {
		return nil, err
	}
	keys := make([]string, len(customers))
	for i, customer := range customers {
		keys[i] = rowKey(customer)
	}
	e := &eraser{App: a, keys: keys, pseudonym: pseudonym, before: begun.Mark}
	// Looked up before it is asked who is at work: where nobody is, nobody will be.
	members, moves, err := a.store.Members.Places(ctx)
	if err != nil {
		return nil, err
	}
	if err := e.look(ctx, over); err != nil {
		return nil, err
	}
	if err := e.eraseMembers(ctx, slices.DeleteFunc(members, e.isOpen)); err != nil {
		return nil, err
	}
	if err := e.eraseMoves(ctx, slices.DeleteFunc(moves, e.isOpen)); err != nil {
		return nil, err
	}
	if err := a.unname(ctx, customers); err != nil {
		return nil, err
	}
	for p := range e.open {
		if p.Generation <= e.before {
			return nil, erasure.HeldUp("a pass over segment %q that was begun before is not over", p.Segment)
		}
	}
	if err := a.store.Scrub(ctx); err != nil {
		return nil, err
	}
	return a.store.Erasures.Removed(ctx, pseudonym)
}

// eraser is one call of Erase.
type eraser struct {
	*App
	keys      []string // escaped ids of the customers
	pseudonym string
	before    int64                // generations up to it may have read the customers
	open      map[store.Place]bool // passes whose operation may write more, or publish
	hiding    []store.Place        // passes that hide somebody
}

func (e *eraser) isOpen(p store.Place) bool { return e.open[p] }

// look finds the passes that are open, and those that hide customers.
func (e *eraser) look(ctx context.Context, over Over) error {
	e.open = make(map[store.Place]bool)
	ended := make(map[string]bool) // by operation
	for p, err := range e.store.Passes.Kept(ctx) {
		if err != nil {
			return err
		}
		place := store.Place{Segment: p.Segment, Generation: p.Generation}
		if len(p.Hidden) > 0 {
			e.hiding = append(e.hiding, place)
		}
		if p.Published {
			continue
		}
		is, asked := ended[p.Operation]
		if !asked {
			if is, err = over(ctx, p.Operation); err != nil {
				return err
			}
			ended[p.Operation] = is
		}
		if !is {
			e.open[place] = true
		}
	}
	return nil
}

// eraseMembers hides the customers before it removes their rows: at no moment does
// a list lack somebody who is counted.
func (e *eraser) eraseMembers(ctx context.Context, places []store.Place) error {
	rows, err := e.store.Members.MembersOf(ctx, places, e.keys)
	if err != nil {
		return err
	}
	if len(rows) > 0 && e.before != anyPass {
		e.before = anyPass
		if err := e.store.Erasures.Mark(ctx, e.pseudonym, e.before); err != nil {
			return err
		}
	}
	of := make(map[store.Place][]string)
	for _, r := range rows {
		of[r.Place] = append(of[r.Place], r.Customer)
	}
	for place, customers := range of {
		if err := e.hide(ctx, place, customers); err != nil {
			return err
		}
		e.hiding = append(e.hiding, place)
	}
	err = e.store.Erasures.Remove(ctx, e.pseudonym, InSegments.ID, len(rows), func(ctx context.Context) error {
		return e.store.Members.EraseMembers(ctx, rows)
	})
	if err != nil {
		return err
	}
	for _, place := range e.hiding {
		if err := e.unhide(ctx, place); err != nil {
			return err
		}
	}
	if e.before != anyPass {
		return nil
	}
	if e.before, err = e.store.Generations.Last(ctx); err != nil {
		return err
	}
	return e.store.Erasures.Mark(ctx, e.pseudonym, e.before)
}

// hide takes customers out of the members of a pass that is not open. The pass is
// told first and says last whom it hides: a call that broke off is recognised by it.
func (e *eraser) hide(ctx context.Context, place store.Place, customers []string) error {
	if err := e.changePass(ctx, place, func(p *domain.Pass) bool { return p.Hide(customers) }); err != nil {
		return err
	}
	return e.changeFormed(ctx, place, func(f *domain.Formed) bool { return f.Hide(customers) })
}

func (e *eraser) unhide(ctx context.Context, place store.Place) error {
	if err := e.changeFormed(ctx, place, func(f *domain.Formed) bool { return f.Unhide(e.keys) }); err != nil {
		return err
	}
	return e.changePass(ctx, place, func(p *domain.Pass) bool { return p.Unhide(e.keys) })
}

// changePass changes a pass, unless change says that there is nothing to change.
func (e *eraser) changePass(ctx context.Context, place store.Place, change func(*domain.Pass) bool) error {
	return e.mark(ctx, domain.Pass{Segment: place.Segment, Generation: place.Generation}, change)
}

// changeFormed changes what a segment shows of a pass, where that is its current one.
func (e *eraser) changeFormed(ctx context.Context, place store.Place, change func(*domain.Formed) bool) error {
	_, err := e.store.Segments.Change(ctx, place.Segment, func(s *domain.Segment) error {
		if s.Formed.Generation != place.Generation || !change(&s.Formed) {
			return docstore.ErrUnchanged
		}
		return nil
	})
	if fault.KindOf(err) == fault.NotFound {
		return nil // what a deleted segment left
	}
	return err
}

func (e *eraser) eraseMoves(ctx context.Context, places []store.Place) error {
	rows, err := e.store.Members.MovesOf(ctx, places, e.keys)
	if err != nil {
		return err
	}
	return e.store.Erasures.Remove(ctx, e.pseudonym, Moved.ID, len(rows), func(ctx context.Context) error {
		return e.store.Members.EraseMoves(ctx, rows)
	})
}

// unname takes the customers out of what segments say of their last failure.
func (a *App) unname(ctx context.Context, customers []string) error {
	named := func(s *domain.Segment) (message string, is bool) {
		for _, customer := range customers {
			if s.Failure != nil {
				if message, is = strings.CutSuffix(s.Failure.Message, naming(customer)); is {
					return message, true
				}
			}
		}
		return "", false
	}
	for s, err := range a.store.Segments.All(ctx) {
		if err != nil {
			return err
		}
		if _, is := named(&s); !is {
			continue
		}
		_, err := a.store.Segments.Change(ctx, s.ID, func(s *domain.Segment) error {
			message, is := named(s)
			if !is {
				return docstore.ErrUnchanged
			}
			s.Failure.Message = message
			return nil
		})
		if err != nil && fault.KindOf(err) != fault.NotFound {
			return fmt.Errorf("take a customer out of a failure: %w", err)
		}
	}
	return nil
}
