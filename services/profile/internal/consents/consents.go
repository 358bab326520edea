// Package consents knows what customers' data may be used for: the purposes,
// what each customer has decided about them, and the proof.
package consents

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"
	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/fault"
	"github.com/kehuhq/kehu/pkg/updates"
	"github.com/kehuhq/kehu/pkg/vault"

	"github.com/kehuhq/kehu/services/profile/internal/domain"
	"github.com/kehuhq/kehu/services/profile/internal/sealed"
)

// maxDecisions is how many decisions of one customer about one purpose are kept.
const maxDecisions = 200

// byPurpose is the consents of a purpose in the order of their customers' escaped ids.
const byPurpose = "purpose"

// record is what a customer has decided about a purpose, under customer!purpose.
type record struct {
	docstore.Meta `bson:",inline"`
	Decisions     []decision `bson:"decisions"` // by the time of deciding
}

// decision stands open but for its evidence: whoever streams customers for a
// purpose reads it.
type decision struct {
	State      profilev1.ConsentState `bson:"state"`
	DecidedAt  time.Time              `bson:"decided_at"`
	ExpiresAt  time.Time              `bson:"expires_at,omitempty"`
	Actor      string                 `bson:"actor"`
	RecordedAt time.Time              `bson:"recorded_at"`
	Evidence   []byte                 `bson:"evidence,omitempty"` // sealed
	Mark       string                 `bson:"mark"`               // tells the same decision with the same evidence
	Row        int64                  `bson:"row,omitempty"`      // of the file that Actor names; 0 for others
}

func (r *record) ids() (customer, purpose string) {
	parts := docstore.ParseID(r.ID)
	return parts[0], parts[1]
}

// place is where evidence is kept, which opens nowhere else.
func place(purpose string) string { return "consents!" + purpose }

// Customers is what the room needs of customers.
type Customers interface {
	// Kin tells which records are one customer with each of the given ones. The
	// links are of those records that exist.
	Kin(ctx context.Context, ids []string) (*domain.Forest, map[string]domain.Links, error)
	// Forest tells which of all records are one customer.
	Forest(ctx context.Context) (*domain.Forest, error)
}

// Vault seals evidence and names it without telling it.
type Vault interface {
	sealed.Vault
	SealMany(ctx context.Context, boxes []vault.Box) ([][]byte, error)
	BlindIndex(kind, value string) (string, error)
}

// Store keeps purposes and consents. It is safe for concurrent use.
type Store struct {
	docs      *docstore.Collection[record]
	declared  *docstore.Collection[purposeDoc]
	customers Customers
	vault     Vault
	clock     func() time.Time
	held      heldPurposes
}

// Open opens the collections.
func Open(ctx context.Context, engine docstore.Engine, v Vault, customers Customers, clock func() time.Time) (*Store, error) {
	s := &Store{customers: customers, vault: v, clock: clock}
	var errs [2]error
	s.docs, errs[0] = docstore.Open(ctx, engine, docstore.Schema[record]{
		Name: "consents", Changes: true,
		Indexes: []docstore.Index[record]{{Name: byPurpose, Key: func(r *record) string {
			customer, purpose := r.ids()
			return docstore.Key(docstore.String(purpose), docstore.String(docstore.ID(customer)))
		}}},
	}, docstore.WithClock(clock))
	s.declared, errs[1] = docstore.Open(ctx, engine, docstore.Schema[purposeDoc]{Name: "purposes"}, docstore.WithClock(clock))
	return s, errors.Join(errs[:]...)
}

// Sweep removes tombstones made before a time.
func (s *Store) Sweep(ctx context.Context, before time.Time) error {
	_, consents := s.docs.Sweep(ctx, before)
	_, purposes := s.declared.Sweep(ctx, before)
	return errors.Join(consents, purposes)
}

// Updates tells who has decided anything.
func (s *Store) Updates() updates.Source {
	return updates.Of("consents", s.docs, updates.FirstPart[record])
}

func (s *Store) now() time.Time { return s.clock().UTC().Truncate(time.Millisecond) }

// Any reports whether a customer's record has consents.
func (s *Store) Any(ctx context.Context, customer string) (bool, error) {
	r := docstore.Within(docstore.ID(customer))
	r.Limit = 1
	for _, err := range s.docs.Scan(ctx, r) {
		return err == nil, err
	}
	return false, nil
}

// Decision is a decision to be recorded.
type Decision struct {
	State     profilev1.ConsentState
	DecidedAt time.Time // zero is now
	ExpiresAt time.Time // zero is never
	Evidence  *profilev1.ConsentEvidence
	Actor     string
}

// Decide records a decision of a customer's record, which exists, about a purpose,
// which exists; check sees the version first. The same decision again changes
// nothing.
func (s *Store) Decide(ctx context.Context, customer, purpose string, given Decision, check func(version int64) error) error {
	made, err := s.decision(ctx, customer, purpose, given)
	if err != nil {
		return err
	}
	_, err = s.docs.Upsert(ctx, docstore.ID(customer, purpose), func(r *record, _ bool) error {
		if err := check(r.Version); err != nil {
			return err
		}
		if n := len(r.Decisions); n > 0 && given.DecidedAt.IsZero() && r.Decisions[n-1].Mark == made.Mark {
			return docstore.ErrUnchanged // said once more
		}
		added, full := r.add(made)
		switch {
		case full != nil:
			return full
		case !added:
			return docstore.ErrUnchanged
		}
		return nil
	})
	return err
}

func (s *Store) decision(ctx context.Context, customer, purpose string, given Decision) (decision, error) {
	d, evidence, err := s.unsealed(customer, purpose, given)
	if err == nil {
		d.Evidence, err = sealed.Seal(ctx, s.vault, customer, place(purpose), evidence)
	}
	return d, err
}

// unsealed is a decision to be stored but for its evidence.
func (s *Store) unsealed(customer, purpose string, given Decision) (decision, *profilev1.ConsentEvidence, error) {
	now := s.now()
	d := decision{
		State: given.State, DecidedAt: given.DecidedAt.UTC().Truncate(time.Millisecond), Actor: given.Actor, RecordedAt: now,
	}
	if given.DecidedAt.IsZero() {
		d.DecidedAt = now
	}
	if !given.ExpiresAt.IsZero() {
		d.ExpiresAt = given.ExpiresAt.UTC().Truncate(time.Millisecond)
	}
	switch {
	case d.State == profilev1.ConsentState_CONSENT_STATE_UNSPECIFIED:
		return d, nil, fault.Invalid("decision.state", "must say whether consent is granted or withdrawn")
	case d.DecidedAt.After(now.Add(time.Minute)):
		return d, nil, fault.Invalid("decision.decide_time", "must not lie in the future")
	case !d.ExpiresAt.IsZero() && d.State == profilev1.ConsentState_CONSENT_STATE_WITHDRAWN:
		return d, nil, fault.Invalid("decision.expire_time", "must not be set: a withdrawal does not expire")
	case !d.ExpiresAt.IsZero() && !d.ExpiresAt.After(d.DecidedAt):
		return d, nil, fault.Invalid("decision.expire_time", "must be after decide_time")
	}
	evidence := given.Evidence
	if evidence == nil {
		evidence = &profilev1.ConsentEvidence{}
	}
	if f := checkEvidence(evidence); f != nil {
		return d, nil, f
	}
	var err error
	d.Mark, err = s.vault.BlindIndex("consent-evidence", fmt.Sprintf("%s\x00%s\x00%d\x00%d\x00%q\x00%q\x00%q\x00%q", customer, purpose, d.State, d.ExpiresAt.UnixMilli(),
		evidence.GetSource(), evidence.GetDocument(), evidence.GetTextVersion(), evidence.GetNote()))
	return d, evidence, err
}

// checkEvidence reports evidence that is too long or is no text.
func checkEvidence(e *profilev1.ConsentEvidence) error {
	var all []*fault.Fault
	for _, t := range []struct {
		field, text string
		most        int
	}{{"source", e.GetSource(), 256}, {"document", e.GetDocument(), 1024}, {"text_version", e.GetTextVersion(), 128}, {"note", e.GetNote(), 1024}} {
		switch field := "decision.evidence." + t.field; {
		case !utf8.ValidString(t.text):
			all = append(all, fault.Invalid(field, "must be valid UTF-8"))
		case utf8.RuneCountInString(t.text) > t.most:
			all = append(all, fault.Invalid(field, "must have at most %d characters, has %d", t.most, utf8.RuneCountInString(t.text)))
		case strings.ContainsRune(t.text, 0):
			all = append(all, fault.Invalid(field, "must hold no NUL"))
		}
	}
	return fault.Merge(all...)
}
