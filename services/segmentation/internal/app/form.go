package app

import (
	"context"
	"time"

	"google.golang.org/grpc/codes"

	"github.com/kehuhq/kehu/pkg/fault"

	"github.com/kehuhq/kehu/services/segmentation/internal/criterion"
	"github.com/kehuhq/kehu/services/segmentation/internal/domain"
	"github.com/kehuhq/kehu/services/segmentation/internal/facts"
	"github.com/kehuhq/kehu/services/segmentation/internal/peers"
	"github.com/kehuhq/kehu/services/segmentation/internal/store"
)

// A batch of customers is evaluated, compared with the pass before, and written
// together when it has so many customers or members. Its end is a checkpoint.
const (
	batchCustomers = 2000
	batchMembers   = 20_000
	writeRows      = 10_000
)

// belonging says of a customer whether it belongs to a segment.
type belonging func(*criterion.Case) (bool, error)

// criterion makes a definition ready, or says why it cannot be used.
func (a *App) criterion(d domain.Definition, edition peers.Edition) (belonging, *domain.Failure) {
	if d.List || d.Partition != nil {
		return nil, unvalued()
	}
	if d.RFM != nil {
		if edition.Generation == 0 {
			return nil, unvalued()
		}
		selection := d.RFM.Select()
		return func(c *criterion.Case) (bool, error) { return selection.Has(c.Facts), nil }, nil
	}
	compiled, err := a.rules.Compile(d.Rule)
	if err != nil {
		failure := failureOf(err)
		return nil, &failure
	}
	if edition.Generation == 0 && (compiled.ReadsFrom(facts.FromValuation) || compiled.ReadsFrom(facts.FromOrders)) {
		return nil, unvalued()
	}
	return func(c *criterion.Case) (bool, error) {
		verdict, err := compiled.Evaluate(c)
		return verdict.Belongs, err
	}, nil
}

// unvalued is the failure of a definition over valuations where there are none:
// forming it would make everybody leave.
func unvalued() *domain.Failure {
	return &domain.Failure{
		Code: int32(codes.FailedPrecondition), Reason: "VALUATIONS_NOT_REFRESHED",
		Message: "the definition needs valuations and nothing has been valued yet; call RefreshValuations first",
	}
}

// batch is the customers since the last checkpoint.
type batch struct {
	customers int64
	size      int        // members, over all segments
	members   [][]string // by segment, escaped ids in their order
}

// form evaluates the segments for all customers behind the last checkpoint and
// writes the rows of the round.
func (r *run) form(ctx context.Context, criteria []belonging) error {
	round := r.state.Round
	b := batch{members: make([][]string, len(criteria))}
	at := r.now().UTC().Truncate(time.Millisecond)
	last := round.After
	for facts, err := range r.source.Facts(ctx, round.Edition, round.After) {
		if err != nil {
			return err
		}
		r.evaluate(&b, criteria, &criterion.Case{Facts: facts, At: at})
		last = facts.Customer.ID
		if b.customers >= r.batch || b.size >= batchMembers {
			if err := r.flush(ctx, &b, last, rowKey(last)); err != nil {
				return err
			}
		}
	}
	// The last batch reaches to the end: whoever was a member behind the last
	// customer has left.
	return r.flush(ctx, &b, last, "")
}

// evaluate asks every segment about a customer. One whose rule fails is out.
func (r *run) evaluate(b *batch, criteria []belonging, c *criterion.Case) {
	facts := c.Facts
	key := rowKey(facts.Customer.ID)
	for i := range r.state.Round.Segments {
		f := &r.state.Round.Segments[i]
		if f.Settled || f.Failure != nil {
			continue
		}
		belongs, err := criteria[i](c)
		switch {
		case err != nil:
			f.Failure = ruleFailure(err, facts.Customer.ID)
		case belongs:
			b.members[i] = append(b.members[i], key)
			b.size++
		}
	}
	b.customers++
}

// ruleFailure names the customer for whom a rule failed.
func ruleFailure(err error, customer string) *domain.Failure {
	failure := failureOf(err)
	if fault.ReasonOf(err) == "RULE_EVALUATION_FAILED" {
		failure.Message += naming(customer)
	}
	return &failure
}

// naming is what the message of a failure ends with that names a customer.
func naming(customer string) string { return " (of customer \"" + customer + "\")" }

// flush compares a batch with the pass before, up to and with the customer of a
// key, writes its rows and makes that durable. With an empty key it reaches to the
// end, and the round is ready to be published.
func (r *run) flush(ctx context.Context, b *batch, last, upTo string) error {
	round := r.state.Round
	formed := make([]Forming, len(round.Segments))
	copy(formed, round.Segments)
	var pending []store.Rows
	var before []store.Member
	size := 0
	for i := range formed {
		f := &formed[i]
		if f.Settled || f.Failure != nil {
			continue
		}
		var err error
		before = before[:0]
		if f.Base > 0 {
			before, err = r.store.Members.Between(ctx, before, f.Segment, f.Base, rowKey(round.After), upTo)
			if err != nil {
				return err
			}
		}
		rows := compare(f, round.Generation, before, b.members[i])
		pending = append(pending, rows)
		if size += len(rows.Members) + len(rows.Moves); size >= writeRows {
			if err := r.store.Members.Write(ctx, pending); err != nil {
				return err
			}
			pending, size = pending[:0], 0
		}
		b.members[i] = b.members[i][:0]
	}
	if err := r.store.Members.Write(ctx, pending); err != nil {
		return err
	}
	round.Segments, round.After = formed, last
	round.Customers += b.customers
	b.customers, b.size = 0, 0
	if upTo == "" {
		round.At = r.now()
	}
	r.journal.Progress(round.Customers, 0, evaluating)
	return r.checkpoint(ctx)
}

// compare makes the rows of a part of the customers from the members before and
// now, both in the order of their keys, and counts them.
func compare(f *Forming, generation int64, before []store.Member, now []string) store.Rows {
	rows := store.Rows{Segment: f.Segment, Generation: generation, Members: make([]store.Member, 0, len(now))}
	for len(before) > 0 || len(now) > 0 {
		switch {
		case len(now) == 0 || len(before) > 0 && before[0].Customer < now[0]:
			rows.Moves = append(rows.Moves, store.Move{Customer: before[0].Customer, Left: true})
			f.Left++
			before = before[1:]
		case len(before) == 0 || now[0] < before[0].Customer:
			rows.Moves = append(rows.Moves, store.Move{Customer: now[0]})
			rows.Members = append(rows.Members, store.Member{Customer: now[0], Since: generation})
			f.Entered++
			now = now[1:]
		default:
			rows.Members = append(rows.Members, before[0])
			before, now = before[1:], now[1:]
		}
	}
	f.Members += int64(len(rows.Members))
	return rows
}
