package store

import (
	"context"
	"iter"
	"time"

	"github.com/kehuhq/kehu/pkg/docstore"

	"github.com/kehuhq/kehu/services/profile/internal/domain"
)

// Claim says whose an identifier is. The customer's own record is what counts:
// a claim that is pending is in doubt until that record has been looked at.
type Claim struct {
	// Key is the blind index of the identifier, which the store does not keep.
	Key      string
	Customer string
	// Pending is since when the claim is being made or given up; zero when the
	// customer's record agrees with it.
	Pending time.Time
	// Mark names the row of an import that has given the identifier, where one of
	// identities has; empty otherwise.
	Mark string
	// Version is the claim's; 0 where there is none.
	Version int64
}

// claim is a Claim as it is stored, under its key.
type claim struct {
	docstore.Meta `bson:",inline"`
	Customer      string     `bson:"customer"`
	Pending       *time.Time `bson:"pending,omitempty"`
	Mark          string     `bson:"mark,omitempty"`
}

// Identifiers keeps the claims.
type Identifiers struct {
	docs  *docstore.Collection[claim]
	blind Blinder
}

// Blinder names a value of a kind without telling it; *vault.Vault is one.
type Blinder interface {
	BlindIndex(kind, value string) (string, error)
}

func openIdentifiers(ctx context.Context, engine docstore.Engine, blind Blinder, clock func() time.Time) (*Identifiers, error) {
	docs, err := docstore.Open(ctx, engine, docstore.Schema[claim]{
		Name: "identifiers",
		Indexes: []docstore.Index[claim]{{Name: "pending", Key: func(c *claim) string {
			if c.Pending == nil {
				return ""
			}
			return docstore.Key(docstore.Time(*c.Pending))
		}}},
	}, docstore.WithClock(clock))
	return &Identifiers{docs, blind}, err
}

// Key is what an identifier is claimed under.
func (s *Identifiers) Key(i domain.Identifier) (string, error) {
	return s.blind.BlindIndex(docstore.ID("identifier", string(i.Type), i.Namespace), i.Value)
}

// Keys are those of identifiers, in their order.
func (s *Identifiers) Keys(identifiers []domain.Identifier) ([]string, error) {
	keys := make([]string, len(identifiers))
	for n, i := range identifiers {
		var err error
		if keys[n], err = s.Key(i); err != nil {
			return nil, err
		}
	}
	return keys, nil
}

// GetMany returns one claim per key, nil where nobody has its identifier.
func (s *Identifiers) GetMany(ctx context.Context, keys []string) ([]*Claim, error) {
	docs, err := s.docs.GetMany(ctx, keys)
	if err != nil {
		return nil, err
	}
	claims := make([]*Claim, len(docs))
	for i, doc := range docs {
		if doc != nil {
			claims[i] = doc.claim()
		}
	}
	return claims, nil
}

// Write stores each claim if the stored one still has its Version (0: if there
// is none), and returns one error per claim: docstore.ErrConflict or ErrNotFound
// where it has not. What was written holds its new version.
func (s *Identifiers) Write(ctx context.Context, claims []*Claim) ([]error, error) {
	ops := make([]docstore.Op[claim], len(claims))
	for i, c := range claims {
		doc := &claim{Meta: docstore.Meta{ID: c.Key, Version: c.Version}, Customer: c.Customer, Mark: c.Mark}
		if !c.Pending.IsZero() {
			doc.Pending = &c.Pending
		}
		ops[i] = docstore.Op[claim]{Doc: doc, Expect: c.Version}
	}
	errs, err := s.docs.Write(ctx, ops)
	if err != nil {
		return nil, err
	}
	for i, c := range claims {
		if errs[i] == nil {
			c.Version = ops[i].Doc.Version
		}
	}
	return errs, nil
}

// Delete frees the identifiers whose claims still have their Version, and returns
// the others, which somebody has written meanwhile.
func (s *Identifiers) Delete(ctx context.Context, claims []*Claim) (left []*Claim, err error) {
	ops := make([]docstore.Op[claim], len(claims))
	for i, c := range claims {
		ops[i] = docstore.Op[claim]{
			Doc: &claim{Meta: docstore.Meta{ID: c.Key}}, Expect: c.Version, Delete: true,
		}
	}
	errs, err := s.docs.Write(ctx, ops)
	if err != nil {
		return nil, err
	}
	for i, err := range errs {
		switch {
		case Lost(err):
			left = append(left, claims[i])
		case err != nil:
			return nil, err
		}
	}
	return left, nil
}

// Pending yields up to limit claims that have been pending since before a time,
// the oldest first.
func (s *Identifiers) Pending(ctx context.Context, before time.Time, limit int) iter.Seq2[*Claim, error] {
	r := docstore.Range{Index: "pending", To: docstore.Key(docstore.Time(before)), Limit: limit}
	return func(yield func(*Claim, error) bool) {
		for doc, err := range s.docs.Scan(ctx, r) {
			var c *Claim
			if err == nil {
				c = doc.claim()
			}
			if !yield(c, err) {
				return
			}
		}
	}
}

func (d *claim) claim() *Claim {
	c := &Claim{Key: d.ID, Customer: d.Customer, Mark: d.Mark, Version: d.Version}
	if d.Pending != nil {
		c.Pending = *d.Pending
	}
	return c
}
