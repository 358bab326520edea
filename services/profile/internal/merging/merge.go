package merging

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/oklog/ulid/v2"

	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/fault"
	"github.com/kehuhq/kehu/pkg/rpc/aip"

	"github.com/kehuhq/kehu/services/profile/internal/domain"
	"github.com/kehuhq/kehu/services/profile/internal/store"
)

// A merge touches documents of several records, and no write spans two. So it
// goes in steps:
//
//  1. The journal notes what is to be done, as pending.
//  2. Each record that gives way is marked with the one it gives way to. A mark
//     is exclusive, and whoever has one takes in nobody.
//  3. The survivor lists them, if it has no mark itself. This one write is the
//     merge: a link holds when both sides tell of it.
//  4. The journal notes that it is done.
//
// What breaks off before 3 is taken back by the sweeper, after 3 it is finished.
// Steps 2 and 3 read the journal after the document they write, and the sweeper
// writes the journal and then the documents: whoever was held up for so long
// that the sweeper came finds either the document changed or the merge given up.

// Command is a merge that somebody asks for.
type Command struct {
	Survivor  string
	Merged    []string
	Reason    string
	Evidence  []string
	Actor     string
	Automatic bool
	Request   aip.RequestKey
}

// requestScope tells the keys of these calls from those of others.
const requestScope = "MergeCustomers"

// Merge makes records one customer. Its faults are those of the RPC.
func (m *Merger) Merge(ctx context.Context, c Command) (Record, error) {
	ctx, cancel := context.WithTimeout(ctx, grace/2)
	defer cancel()
	for tries := 0; ; tries++ {
		r, err := m.attempt(ctx, c)
		if fault.ReasonOf(err) != "MERGE_BUSY" || tries == patience {
			return r, err
		}
		if err := pause(ctx, tries); err != nil {
			return r, err
		}
	}
}

func (m *Merger) attempt(ctx context.Context, c Command) (Record, error) {
	if c.Request.ID != "" {
		if r, err := m.repeated(ctx, c); fault.ReasonOf(err) != "MERGE_RECORD_NOT_FOUND" {
			return r, err
		}
	}
	r, err := m.plan(ctx, c)
	if err != nil {
		return r, err
	}
	err = m.journal.begin(ctx, r)
	if errors.Is(err, docstore.ErrConflict) {
		return r, busy(r.ID) // the same request, at the same moment
	}
	if err != nil {
		return r, err
	}
	if err := m.join(ctx, r); err != nil {
		return r, err
	}
	return m.finish(ctx, r)
}

// repeated is what the same request has done before.
func (m *Merger) repeated(ctx context.Context, c Command) (Record, error) {
	r, err := m.journal.get(ctx, c.Request.NewID(requestScope))
	switch {
	case err != nil:
		return r, err
	case r.Request != c.Request:
		return r, c.Request.Repeats(r.Request, "merge_record", aip.Name(mergePattern, r.ID), "REQUEST_ID_REUSED")
	case r.State == Pending || r.State == GivenUp:
		return r, busy(r.ID)
	}
	return r, nil
}

// plan looks at the records, says what is wrong with the merge, and otherwise
// what is to be noted of it.
func (m *Merger) plan(ctx context.Context, c Command) (Record, error) {
	forest, links, err := m.customers.Kin(ctx, append([]string{c.Survivor}, c.Merged...))
	if err != nil {
		return Record{}, err
	}
	for _, id := range append([]string{c.Survivor}, c.Merged...) {
		if _, exists := links[id]; !exists {
			return Record{}, store.CustomerNotFound(id)
		}
	}
	root := forest.Root(c.Survivor)
	if err := m.free(ctx, root, links[root]); err != nil {
		return Record{}, err
	}
	records := links[root].Records()
	for i, id := range c.Merged {
		field := fmt.Sprintf("merged[%d]", i)
		switch {
		case slices.Contains(c.Merged[:i], id):
			return Record{}, fault.Invalid(field, "is named twice")
		case id == c.Survivor || id == root:
			return Record{}, refuse("MERGE_WITH_ITSELF", field, "is the survivor itself")
		case forest.Root(id) != id:
			return Record{}, refuse("CUSTOMER_MERGED", field, "belongs to customer %q already: merge that one", forest.Root(id)).
				With("customer", "customers/"+forest.Root(id))
		}
		if err := m.free(ctx, id, links[id]); err != nil {
			return Record{}, err
		}
		records += links[id].Records()
	}
	if records > domain.MaxRecords {
		return Record{}, tooLarge(records)
	}
	if c.Automatic {
		if err := m.checkVisitors(ctx, root, c.Merged); err != nil {
			return Record{}, err
		}
	}
	token, now := ulid.MustNewDefault(m.now()).String(), m.instant()
	r := Record{
		ID: token, Survivor: root, State: Pending, Token: token,
		Actor: c.Actor, Automatic: c.Automatic, Request: c.Request,
		Open: now, CreatedAt: now,
	}
	if c.Request.ID != "" {
		r.ID = c.Request.NewID(requestScope)
	}
	for _, id := range c.Merged {
		r.Parts = append(r.Parts, Part{Customer: id})
	}
	r.Content, err = m.seal(ctx, r, c)
	return r, err
}

// free reports as busy a root that is marked. Where that is left over from an
// unmerge which broke off, it is finished, so that the next look finds it free.
func (m *Merger) free(ctx context.Context, id string, l domain.Links) error {
	if l.Into == nil {
		return nil
	}
	r, err := m.journal.get(ctx, l.Into.Merge)
	if err == nil && r.Token == l.Into.Token && slices.Contains(r.cutting(), id) {
		if _, err := m.sever(ctx, r); err != nil {
			return err
		}
	}
	return recordBusy(id)
}

// checkVisitors refuses that a program makes one of two customers that are both
// identified: only a person may.
func (m *Merger) checkVisitors(ctx context.Context, root string, merged []string) error {
	views, err := m.customers.Views(ctx, append([]string{root}, merged...))
	if err != nil {
		return err
	}
	identified := 0
	for _, view := range views {
		if view != nil && len(view.Identifiers) > 0 {
			identified++
		}
	}
	if identified > 1 {
		return refuse("MERGE_NEEDS_PERSON", "automatic",
			"must not be set: more than one of these customers is identified, and whether they are the same is for a person to say")
	}
	return nil
}

// join takes the steps 2 and 3. Where one is refused, all is taken back. Where one
// fails, nobody knows whether it was taken: that is left to the sweeper.
func (m *Merger) join(ctx context.Context, r Record) error {
	for _, p := range r.Parts {
		if refused, err := m.mark(ctx, r, p.Customer); refused {
			return errors.Join(err, m.takeBack(ctx, r, false))
		} else if err != nil {
			return err
		}
	}
	brought, err := m.brought(ctx, r)
	if err != nil {
		return errors.Join(err, m.takeBack(ctx, r, false))
	}
	var refusal error
	err = m.customers.Relink(ctx, r.Survivor, func(l *domain.Links) error {
		refusal = nil
		if l.Lists(r.Token) {
			return docstore.ErrUnchanged
		}
		if refusal = m.admits(ctx, r, *l, brought); refusal != nil {
			return refusal
		}
		l.Merged = append(l.Merged, brought...)
		return nil
	})
	if refusal != nil || fault.ReasonOf(err) == "CUSTOMER_NOT_FOUND" {
		return errors.Join(err, m.takeBack(ctx, r, false))
	}
	return err
}

// mark marks a record as giving way, if it is a root that no other merge holds.
// refused says that it certainly has not.
func (m *Merger) mark(ctx context.Context, r Record, id string) (refused bool, err error) {
	var refusal error
	err = m.customers.Relink(ctx, id, func(l *domain.Links) error {
		refusal = nil
		switch {
		case l.Into == nil:
			refusal = m.stillPending(ctx, r)
		case l.Into.Token == r.Token:
			return docstore.ErrUnchanged
		default:
			refusal = recordBusy(id)
		}
		l.Into = &domain.Link{Customer: r.Survivor, Merge: r.ID, Token: r.Token}
		return refusal
	})
	return refusal != nil || fault.ReasonOf(err) == "CUSTOMER_NOT_FOUND", err
}

// brought counts what each marked record brings along; marked, it takes in no more.
func (m *Merger) brought(ctx context.Context, r Record) ([]domain.Branch, error) {
	ids := make([]string, len(r.Parts))
	for i, p := range r.Parts {
		ids[i] = p.Customer
	}
	_, links, err := m.customers.Kin(ctx, ids)
	if err != nil {
		return nil, err
	}
	branches := make([]domain.Branch, len(ids))
	for i, id := range ids {
		branches[i] = domain.Branch{Customer: id, Token: r.Token, Records: links[id].Records()}
	}
	return branches, nil
}

// admits reports why a survivor cannot take in others.
func (m *Merger) admits(ctx context.Context, r Record, l domain.Links, brought []domain.Branch) error {
	if l.Into != nil {
		return recordBusy(r.Survivor)
	}
	if records := l.Records() + (domain.Links{Merged: brought}).Records() - 1; records > domain.MaxRecords {
		return tooLarge(records)
	}
	return m.stillPending(ctx, r)
}

// stillPending reports as busy a merge that the sweeper has given up meanwhile.
func (m *Merger) stillPending(ctx context.Context, r Record) error {
	now, err := m.journal.get(ctx, r.ID)
	if err == nil && (now.Token != r.Token || now.State != Pending) {
		return busy(r.ID)
	}
	return err
}

// finish takes step 4.
func (m *Merger) finish(ctx context.Context, r Record) (Record, error) {
	return m.journal.update(ctx, r.ID, r.Token, func(r *Record) error {
		if r.State != Pending && r.State != GivenUp {
			return docstore.ErrUnchanged
		}
		r.State, r.Open = Merged, time.Time{}
		return nil
	})
}

func refuse(reason, field, format string, args ...any) *fault.Fault {
	f := fault.Invalid(field, format, args...)
	f.Kind, f.Reason = fault.FailedPrecondition, reason
	return f
}

func recordBusy(id string) *fault.Fault {
	return fault.New(fault.Aborted, "MERGE_BUSY", "customer %q is being merged or unmerged at this moment; try again", id).
		With("customer", "customers/"+id)
}

func tooLarge(records int) *fault.Fault {
	return fault.New(fault.FailedPrecondition, "MERGE_TOO_LARGE",
		"a customer has at most %d records, and would have %d", domain.MaxRecords, records)
}
