package standing

import (
	"context"
	"errors"
	"slices"

	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/rpc/personaldata"

	"github.com/kehuhq/kehu/services/segmentation/internal/facts"
)

// The records that are kept of a person.
var (
	Known      = personaldata.Section{ID: "facts", Title: "Facts for grouping the person", TitleZh: "分群所用的事实"}
	InSegments = personaldata.Section{ID: "memberships", Title: "Segments the person is or was in", TitleZh: "所属分群"}
	Moved      = personaldata.Section{ID: "transitions", Title: "Segments the person entered and left", TitleZh: "进入与离开分群的记录"}
)

// Sections are all of them.
var Sections = []personaldata.Section{Known, InSegments, Moved}

// erasing is the cause of what leaves for being erased, which is erased itself.
var erasing = facts.Cause{Kind: facts.Deleted, Detail: "erasure"}

// answerErasures executes the erasures that were asked for.
func (w *Worker) answerErasures(ctx context.Context) error {
	asked, err := w.requests.pending(ctx, eraseRequest)
	if err != nil {
		return err
	}
	for _, r := range asked {
		if err := w.erase(ctx, r); err != nil {
			return err
		}
	}
	return nil
}

// erase removes what is kept of some customers, in the end from the files too. The
// request does not name them any more before that.
func (w *Worker) erase(ctx context.Context, r *request) error {
	if len(r.Customers) > 0 {
		if err := w.eraseRecords(ctx, r); err != nil {
			return err
		}
		_, err := w.requests.docs.Update(ctx, r.ID, func(r *request) error {
			r.Customers = nil
			return nil
		})
		if err != nil {
			return err
		}
	}
	if err := w.engine.Scrub(ctx); err != nil {
		return err
	}
	return w.requests.done(ctx, r.ID, w.now(), outcome{}, nil)
}

// eraseRecords removes the records of some customers. They leave their segments first,
// by a pass like any other, so that no list has somebody who is not counted; then what
// tells of them is removed.
func (w *Worker) eraseRecords(ctx context.Context, r *request) error {
	keys := make([]string, len(r.Customers))
	for i, c := range r.Customers {
		keys[i] = docstore.ID(c)
	}
	slices.Sort(keys)
	keys = slices.Compact(keys)
	if err := w.eraseFacts(ctx, r); err != nil {
		return err
	}
	if err := w.leave(ctx, keys); err != nil {
		return err
	}
	persons, err := w.persons.get(ctx, keys)
	if err != nil {
		return err
	}
	forms, err := w.forms.all(ctx)
	if err != nil {
		return err
	}
	e := &eraser{w, r, keys, persons, forms}
	if err := e.eraseMoves(ctx); err != nil { // which are found by the stays
		return err
	}
	if err := e.eraseStays(ctx); err != nil {
		return err
	}
	return e.unname(ctx)
}

func (w *Worker) eraseFacts(ctx context.Context, r *request) error {
	known, err := w.facts.GetMany(ctx, r.Customers, 0)
	if err != nil {
		return err
	}
	found := len(slices.DeleteFunc(known, func(f *facts.Facts) bool { return f == nil }))
	err = w.erasures.Remove(ctx, r.Pseudonym, Known.ID, found, func(ctx context.Context) error {
		_, err := w.facts.Erase(ctx, r.Customers)
		return err
	})
	if err != nil || found > 0 {
		return err
	}
	_, err = w.facts.Erase(ctx, r.Customers) // what else names them
	return err
}

// leave lets customers of whom nothing is known leave all segments.
func (w *Worker) leave(ctx context.Context, keys []string) error {
	found, err := w.look(ctx)
	if err != nil {
		return err
	}
	found.keepAll()
	r, err := w.begin(ctx, duePass, found.plan(func(candidate) bool { return true }), found, 0)
	if err != nil {
		return err
	}
	causes := make(map[string]facts.Cause, len(keys))
	for _, key := range keys {
		causes[key] = erasing
	}
	if err := r.evaluateSome(ctx, keys, causes); err != nil {
		return err
	}
	return r.finish(ctx)
}

// keepAll adds the segments that are not kept up to date: whoever is erased leaves
// them too.
func (w *wanted) keepAll() {
	for i := range w.all {
		s := w.all[i]
		if w.forms[s.Born] == nil || slices.ContainsFunc(w.kept, func(c candidate) bool { return c.segment.ID == s.ID }) {
			continue
		}
		w.kept = append(w.kept, candidate{segment: s, criterion: nobody{}})
	}
}

// eraser is the erasure of some customers who are in no segment any more.
type eraser struct {
	*Worker
	request *request
	keys    []string // escaped ids, in order
	persons []person // of each
	forms   map[int64]*form
}

// docs are the documents of moves that may tell of the customers.
func (e *eraser) docs(ctx context.Context) ([]string, error) {
	named := make(map[string]bool)
	note := func(born, generation, number int64) {
		if f := e.forms[born]; f != nil && generation != 0 {
			named[movesID(f.Segment, generation, number)] = true
		}
	}
	for _, p := range e.persons {
		if p.forgetful {
			return e.allDocs(ctx)
		}
		for _, s := range p.stays {
			note(s.born, s.entered.generation, s.entered.number)
			note(s.born, s.left.generation, s.left.number)
		}
		for _, d := range p.doubts {
			note(d.born, d.generation, d.number)
		}
	}
	ids := make([]string, 0, len(named))
	for id := range named {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	return ids, nil
}

// allDocs are all documents of moves: for who has been in more segments than is kept.
func (e *eraser) allDocs(ctx context.Context) (ids []string, err error) {
	for entry, err := range e.moves.docs.ScanRaw(ctx, docstore.Range{}) {
		if err != nil {
			return nil, err
		}
		ids = append(ids, entry.ID)
	}
	return ids, nil
}

func (e *eraser) eraseMoves(ctx context.Context) error {
	ids, err := e.docs(ctx)
	if err != nil {
		return err
	}
	found := 0
	var telling []string
	for part := range slices.Chunk(ids, 20) {
		docs, err := e.moves.docs.GetMany(ctx, part)
		if err != nil {
			return err
		}
		for _, d := range docs {
			if d == nil {
				continue
			}
			id := d.ID
			removed, err := d.without(e.keys)
			if errors.Is(err, docstore.ErrUnchanged) {
				continue
			}
			if err != nil {
				return err
			}
			found, telling = found+removed, append(telling, id)
		}
	}
	remove := func(ctx context.Context) error {
		for _, id := range telling {
			_, err := e.moves.docs.Update(ctx, id, func(d *movesDoc) error {
				_, err := d.without(e.keys)
				return err
			})
			if err != nil && !errors.Is(err, docstore.ErrNotFound) {
				return err
			}
		}
		return nil
	}
	if found == 0 { // but there may be what does not count
		if err := remove(ctx); err != nil {
			return err
		}
	}
	return e.erasures.Remove(ctx, e.request.Pseudonym, Moved.ID, found, remove)
}

// eraseStays removes the customers from the rosters, where earlier lists still have
// them, and then where they stand.
func (e *eraser) eraseStays(ctx context.Context) error {
	found := 0
	for _, p := range e.persons {
		found += len(p.stays)
	}
	remove := func(ctx context.Context) error {
		for born := range e.forms {
			if err := e.eraseFromRoster(ctx, born); err != nil {
				return err
			}
		}
		if err := e.unhide(ctx); err != nil {
			return err
		}
		return e.Worker.persons.docs.Erase(ctx, e.keys...)
	}
	if found == 0 {
		if err := remove(ctx); err != nil {
			return err
		}
	}
	return e.erasures.Remove(ctx, e.request.Pseudonym, InSegments.ID, found, remove)
}
