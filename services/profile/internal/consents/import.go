package consents

import (
	"context"
	"errors"
	"slices"
	"strings"

	"google.golang.org/protobuf/proto"

	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"
	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/fault"
	"github.com/kehuhq/kehu/pkg/vault"
)

// Given is a decision from a row of a file, which its Actor names.
type Given struct {
	Customer string
	Purpose  string // its id, or what it is called in English or Chinese
	Decision
	Row int64
}

// Outcome is what became of a decision: it was made, or known already, or refused.
type Outcome struct {
	Made  bool
	Fault *fault.Fault // why it was refused; it names fields of a Consent, or purpose
}

// DecideMany records decisions of customers, who exist, each by itself. One that is
// known already changes nothing; one that the same row has made is made. The error
// is one of the call as a whole: recording all of it again is safe.
func (s *Store) DecideMany(ctx context.Context, given []Given, validateOnly bool) ([]Outcome, error) {
	b := &decisions{store: s, given: given, made: make([]decision, len(given)), outcomes: make([]Outcome, len(given)), of: map[string][]int{}}
	if err := b.read(ctx); err != nil {
		return nil, err
	}
	if !validateOnly {
		if err := b.seal(ctx); err != nil {
			return nil, err
		}
	}
	open := b.ids
	for tries := 0; len(open) > 0; tries++ {
		if tries == decideTries {
			return nil, fault.New(fault.Aborted, "CONSENT_BUSY", "others are recording the same consents at this moment; try again")
		}
		var err error
		if open, err = b.write(ctx, open, validateOnly); err != nil {
			return nil, err
		}
	}
	return b.outcomes, nil
}

// decideTries bounds how often a record is tried that others are changing.
const decideTries = 20

// decisions are those of one call.
type decisions struct {
	store    *Store
	given    []Given
	made     []decision
	outcomes []Outcome
	ids      []string         // of the records
	of       map[string][]int // their decisions
	boxes    []vault.Box
	boxed    []int
}

// read checks the decisions and sorts them by the record that each belongs to.
func (b *decisions) read(ctx context.Context) error {
	for i := range b.given {
		g := &b.given[i]
		id, err := b.store.purposeCalled(ctx, g.Purpose)
		var evidence *profilev1.ConsentEvidence
		if err == nil {
			b.made[i], evidence, err = b.store.unsealed(g.Customer, id, g.Decision)
		}
		if f, ok := fault.As(err); ok && f.Kind != fault.Internal && f.Kind != fault.Unavailable {
			b.outcomes[i].Fault = f
			continue
		}
		if err != nil {
			return err
		}
		b.made[i].Row = g.Row
		raw, err := proto.MarshalOptions{Deterministic: true}.Marshal(evidence)
		if err != nil {
			return err
		}
		if len(raw) > 0 {
			b.boxes, b.boxed = append(b.boxes, vault.Box{Subject: g.Customer, Place: place(id), Content: raw}), append(b.boxed, i)
		}
		record := docstore.ID(g.Customer, id)
		if b.of[record] == nil {
			b.ids = append(b.ids, record)
		}
		b.of[record] = append(b.of[record], i)
	}
	return nil
}

func (b *decisions) seal(ctx context.Context) error {
	sealed, err := b.store.vault.SealMany(ctx, b.boxes)
	for n, i := range b.boxed {
		if err == nil {
			b.made[i].Evidence = sealed[n]
		}
	}
	return err
}

// write adds the decisions to their records, and returns the records that somebody
// else has changed meanwhile.
func (b *decisions) write(ctx context.Context, ids []string, validateOnly bool) (lost []string, err error) {
	found, err := b.store.docs.GetMany(ctx, ids)
	if err != nil {
		return nil, err
	}
	var ops []docstore.Op[record]
	for n, id := range ids {
		r := found[n]
		if r == nil {
			r = &record{Meta: docstore.Meta{ID: id}}
		}
		changed := false
		for _, i := range b.of[id] {
			made, f := r.add(b.made[i])
			known := f == nil && !made
			b.outcomes[i] = Outcome{Made: made || known && r.has(b.made[i]), Fault: f}
			changed = changed || made
		}
		if changed && !validateOnly {
			ops = append(ops, docstore.Op[record]{Doc: r, Expect: r.Version})
		}
	}
	errs, err := b.store.docs.Write(ctx, ops)
	if err != nil {
		return nil, err
	}
	for n, err := range errs {
		switch {
		case err == nil:
		case errors.Is(err, docstore.ErrConflict), errors.Is(err, docstore.ErrNotFound):
			lost = append(lost, ops[n].Doc.ID)
		default:
			return nil, err
		}
	}
	return lost, nil
}

// add puts a decision in its place, unless it is there with the same evidence.
func (r *record) add(made decision) (added bool, full *fault.Fault) {
	at := len(r.Decisions)
	for i, d := range r.Decisions {
		if d.Mark == made.Mark && d.DecidedAt.Equal(made.DecidedAt) {
			return false, nil
		}
		if d.DecidedAt.After(made.DecidedAt) {
			at = min(at, i)
		}
	}
	if len(r.Decisions) >= maxDecisions {
		customer, purpose := r.ids()
		return false, fault.New(fault.ResourceExhausted, "CONSENT_HISTORY_FULL",
			"customer %q has decided about %q %d times, which is the most that is kept", customer, purpose, len(r.Decisions))
	}
	r.Decisions = slices.Insert(r.Decisions, at, made)
	return true, nil
}

// has reports whether a decision is there as the row of a file has made it.
func (r *record) has(made decision) bool {
	return slices.ContainsFunc(r.Decisions, func(d decision) bool {
		return made.Row > 0 && d.Row == made.Row && d.Actor == made.Actor && d.Mark == made.Mark && d.DecidedAt.Equal(made.DecidedAt)
	})
}

// purposeCalled is the id of a purpose, given that or what it is called. The fault
// is PURPOSE_NOT_FOUND, of the field purpose.
func (s *Store) purposeCalled(ctx context.Context, text string) (string, error) {
	for _, now := range []bool{false, true} {
		all, err := s.purposes(ctx, now)
		if err != nil {
			return "", err
		}
		if all[text] != nil {
			return text, nil
		}
		for _, id := range sorted(all) {
			if p := all[id]; text != "" && (strings.EqualFold(p.GetDisplayName(), text) || p.GetDisplayNameZh() == text) {
				return id, nil
			}
		}
	}
	f := fault.Invalid("purpose", "there is no purpose %.80q: ListPurposes tells which there are", text)
	f.Reason = "PURPOSE_NOT_FOUND"
	return "", f
}
