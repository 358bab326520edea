package facts

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/kehuhq/kehu/pkg/docstore"
)

// workSize is the most customers of one piece of work.
const workSize = 1000

// pendingLife is how long facts can still be written for work that is pending:
// twice what bounds a write, for one may be made a second time.
const pendingLife = 2 * docstore.ChangesLag

// Touched is who is to be looked at again, as pieces of work in the order in
// which they came up. It is safe for concurrent use.
type Touched struct {
	docs *docstore.Collection[work]
	now  func() time.Time
}

// Work is some customers and why they are to be looked at again.
type Work struct {
	ID        string
	Customers []string // up to 1,000
	Cause     Cause
}

type work struct {
	docstore.Meta `bson:",inline"`
	Kind          string   `bson:"kind"`
	Detail        string   `bson:"detail,omitempty"`
	Customers     []string `bson:"customers"`
	// Pending is work whose facts are being written. It becomes due when they are
	// or, should that never be told, when no write can be under way any more.
	Pending bool `bson:"pending,omitempty"`
}

func openTouched(ctx context.Context, engine docstore.Engine, clock func() time.Time) (*Touched, error) {
	docs, err := docstore.Open(ctx, engine, docstore.Schema[work]{Name: "touched"}, docstore.WithClock(clock))
	return &Touched{docs, clock}, err
}

// Add notes customers that are due now.
func (t *Touched) Add(ctx context.Context, cause Cause, customers []string) error {
	_, err := t.add(ctx, map[Cause][]string{cause: customers}, false)
	return err
}

// add notes customers by cause, of one cause up to workSize in one document.
func (t *Touched) add(ctx context.Context, by map[Cause][]string, pending bool) ([]*work, error) {
	var added []*work
	for cause, customers := range by {
		for part := range slices.Chunk(customers, workSize) {
			added = append(added, &work{
				Meta: docstore.Meta{ID: t.newID()}, Kind: cause.Kind, Detail: cause.Detail, Customers: part, Pending: pending,
			})
		}
	}
	errs, err := t.write(ctx, added)
	return added, errors.Join(append(errs, err)...)
}

func (t *Touched) newID() string {
	return docstore.Key(docstore.Time(t.now())) + "!" + rand.Text()
}

func (t *Touched) write(ctx context.Context, all []*work) ([]error, error) {
	ops := make([]docstore.Op[work], len(all))
	for i, w := range all {
		ops[i] = docstore.Op[work]{Doc: w, Expect: w.Version} // 0, Absent, of new work
	}
	return t.docs.Write(ctx, ops)
}

// ready makes pending work due. Work that is gone was taken meanwhile, maybe
// before the facts were written, and comes up once more.
func (t *Touched) ready(ctx context.Context, all []*work) error {
	for _, w := range all {
		w.Pending = false
	}
	errs, err := t.write(ctx, all)
	if err != nil {
		return err
	}
	for i, err := range errs {
		if errors.Is(err, docstore.ErrConflict) || errors.Is(err, docstore.ErrNotFound) {
			err = t.Add(ctx, Cause{all[i].Kind, all[i].Detail}, all[i].Customers)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// Take returns the oldest n pieces of work that are due.
func (t *Touched) Take(ctx context.Context, n int) ([]Work, error) {
	var taken []Work
	for w, err := range t.docs.Scan(ctx, docstore.Range{}) {
		if err != nil {
			return nil, err
		}
		if len(taken) == n {
			break
		}
		if !w.Pending || t.now().Sub(w.UpdatedAt) > pendingLife {
			taken = append(taken, Work{w.ID, w.Customers, Cause{w.Kind, w.Detail}})
		}
	}
	return taken, nil
}

// Done removes work that was taken.
func (t *Touched) Done(ctx context.Context, ids []string) error {
	for _, id := range ids {
		if err := t.docs.Purge(ctx, docstore.Only(id)); err != nil {
			return err
		}
	}
	return nil
}

// forget takes customers out of all work. Work with nobody left goes.
func (t *Touched) forget(ctx context.Context, customers []string) error {
	named := func(c string) bool { return slices.Contains(customers, c) }
	var old []string
	for w, err := range t.docs.Scan(ctx, docstore.Range{}) {
		if err != nil {
			return err
		}
		if !slices.ContainsFunc(w.Customers, named) {
			continue
		}
		old = append(old, w.ID)
		left := slices.DeleteFunc(slices.Clone(w.Customers), named)
		if len(left) == 0 {
			continue
		}
		id := w.ID + rand.Text() // right behind the one it replaces
		copied := &work{Meta: docstore.Meta{ID: id}, Kind: w.Kind, Detail: w.Detail, Customers: left, Pending: w.Pending}
		if err := t.docs.Insert(ctx, copied); err != nil {
			return fmt.Errorf("touched: %w", err)
		}
	}
	return t.docs.Erase(ctx, old...) // nothing is erased from under a scan
}
