package standing

import (
	"bytes"
	"context"
	"slices"
	"time"

	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/fault"
	"github.com/kehuhq/kehu/pkg/vault"

	"github.com/kehuhq/kehu/services/segmentation/internal/criterion"
	"github.com/kehuhq/kehu/services/segmentation/internal/facts"
)

// seal seals values under the key of a customer.
type seal func(context.Context, vault.Box) ([]byte, error)

// evaluator asks the segments of a plan about one customer after another. It is for
// one goroutine.
type evaluator struct {
	plan    *plan
	at      time.Time
	forget  int64 // stays that ended before, in milliseconds, are not kept
	seal    seal
	asked   criterion.Case
	stands  *person
	belongs []bool
	errs    []error
	was     []int // the open stay in each segment, -1 without
}

func newEvaluator(p *plan, at time.Time, forget int64, seal seal) *evaluator {
	n := len(p.segments)
	e := &evaluator{plan: p, at: at, forget: forget, seal: seal, belongs: make([]bool, n), errs: make([]error, n), was: make([]int, n)}
	e.asked.At, e.asked.In = at, e.in
	return e
}

// in tells whether the customer is in a segment: as this evaluation has found it, or
// as it stands where it is not evaluated now.
func (e *evaluator) in(segment string) (bool, error) {
	born, known := e.plan.born[segment]
	if i, evaluated := e.plan.place[segment]; evaluated {
		if e.errs[i] != nil {
			return false, untold(segment)
		}
		return e.belongs[i], nil
	}
	if !known {
		return false, fault.New(fault.FailedPrecondition, "SEGMENT_NOT_FOUND", "it asks about segment %q, which does not exist", segment)
	}
	if slices.Contains(e.stands.failing, born) {
		return false, untold(segment)
	}
	return e.stands.find(born) >= 0, nil
}

func untold(segment string) error {
	return fault.New(fault.FailedPrecondition, "RULE_EVALUATION_FAILED", "it asks about segment %q, of which it cannot be told", segment)
}

// evaluate asks all segments about a customer, whose facts are nil where nothing is
// known any more: then it belongs to none. It returns when to look again, in
// milliseconds, 0 for never.
func (e *evaluator) evaluate(f *facts.Facts, stands *person) (due int64) {
	e.stands = stands
	e.asked.Facts = f
	for i := range e.plan.segments {
		s := &e.plan.segments[i]
		e.was[i] = stands.find(s.Born)
		e.belongs[i], e.errs[i] = false, nil
		if f == nil {
			continue
		}
		verdict, err := s.criterion.Evaluate(&e.asked)
		e.belongs[i], e.errs[i] = verdict.Belongs, err
		if until := millis(verdict.Until); until != 0 {
			until = max(until, e.at.UnixMilli()+1)
			if due == 0 || until < due {
				due = until
			}
		}
	}
	return due
}

// part collects what the evaluation of some customers has found.
type part struct {
	number    int64
	after     string // the last customer, by escaped id
	customers int64
	sheets    [][]*sheet // by place in the plan
	tallies   []tally    // by place in the plan
	changes   [][]change // of the rosters, by place in the plan
	persons   []docstore.Op[standingDoc]
	asOf      time.Time // of the latest valuation met
	limit     int64     // customers, at most
	size      int       // bytes, about
}

// A part is so large, at most.
const (
	partCustomers = 20_000
	partSize      = 24 << 20
)

func newPart(p *plan, number, limit int64) *part {
	return &part{number: number, limit: limit, sheets: make([][]*sheet, len(p.segments)), tallies: make([]tally, len(p.segments)), changes: make([][]change, len(p.segments))}
}

func (c *part) full() bool { return c.customers >= c.limit || c.size >= partSize }

// add compares what was found of a customer with where it stood, and notes the
// difference. everything tells that all segments were asked.
func (c *part) add(ctx context.Context, e *evaluator, generation int64, customer string, f *facts.Facts, cause facts.Cause, due int64, everything bool) error {
	c.customers++
	c.after = customer
	if f != nil && f.AsOf.After(c.asOf) {
		c.asOf = f.AsOf
	}
	stands := e.stands
	moved := false
	for i := range e.plan.segments {
		if kind, is := e.difference(i); is {
			moved = true
			if err := c.note(ctx, e, i, move{customer: customer, kind: kind, cause: cause}, generation, f); err != nil {
				return err
			}
		}
		if e.errs[i] != nil && c.tallies[i].Failure == nil {
			told := storedFailure(failureOf(e.errs[i]))
			c.tallies[i].Example, c.tallies[i].Failure = customer, told
		}
	}
	if !everything && stands.due != 0 && (due == 0 || stands.due < due) {
		due = stands.due // of a segment that was not asked
	}
	if !moved && due == stands.due {
		return nil
	}
	stands.bury(e.plan.living)
	stands.forget(e.forget)
	stands.due, stands.generation, stands.part = due, generation, c.number
	doc := stands.doc(customer)
	c.size += len(doc.Data) + 200
	c.persons = append(c.persons, docstore.Op[standingDoc]{Doc: doc, Expect: stands.version})
	return nil
}

// difference is what is other than before in a segment.
func (e *evaluator) difference(i int) (kind byte, is bool) {
	failing := len(e.stands.failing) > 0 && slices.Contains(e.stands.failing, e.plan.segments[i].Born)
	switch {
	case e.errs[i] != nil:
		return failed, !failing
	case failing:
		return recovered, true
	case e.belongs[i] && e.was[i] < 0:
		return entered, true
	case !e.belongs[i] && e.was[i] >= 0:
		return left, true
	}
	return 0, false
}

// note counts and writes a move, with the values that decided.
func (c *part) note(ctx context.Context, e *evaluator, i int, m move, generation int64, f *facts.Facts) error {
	t := &c.tallies[i]
	if m.kind == recovered {
		c.put(e, i, generation, m)
		t.Failing--
		t.Cleared = true
		again, is := e.difference(i)
		if !is {
			return nil
		}
		m.kind = again
	}
	switch m.kind {
	case failed:
		t.Failing++
	case entered:
		t.Entered++
	case left:
		t.Left++
	}
	if f != nil && m.kind != failed {
		s := &e.plan.segments[i]
		m.open = facts.Record(s.open, f)
		if own := facts.Record(s.own, f); !bytes.Equal(own, s.unknown) {
			var err error
			if m.sealed, err = e.seal(ctx, vault.Box{Subject: f.Customer.ID, Place: c.sheet(e, i, generation).place, Content: own}); err != nil {
				return err
			}
		}
	}
	c.put(e, i, generation, m)
	return nil
}

// sheet is the document for the next move of a segment.
func (c *part) sheet(e *evaluator, i int, generation int64) *sheet {
	sheets := c.sheets[i]
	if n := len(sheets); n == 0 || len(sheets[n-1].body) > maxMoves && n < docsOfPart {
		s := &sheet{number: c.number*docsOfPart + int64(n)}
		s.place = sealPlace(movesID(e.plan.segments[i].Segment, generation, s.number))
		sheets = append(sheets, s)
		c.sheets[i] = sheets
	}
	return sheets[len(sheets)-1]
}

// put writes a move, and makes it in where the customer stands.
func (c *part) put(e *evaluator, i int, generation int64, m move) {
	s := c.sheet(e, i, generation)
	if m.kind == entered || m.kind == left {
		c.changes[i] = append(c.changes[i], change{m.customer, m.kind == entered})
	}
	before := len(s.body)
	s.add(m.customer, m.kind, m.cause, m.values)
	c.size += len(s.body) - before
	e.stands.apply(m.kind, e.plan.segments[i].Born, point{generation, s.number, e.at.UnixMilli()})
}
