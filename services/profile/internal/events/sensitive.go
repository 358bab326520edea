package events

import (
	"context"
	"slices"

	"github.com/kehuhq/kehu/pkg/fault"
)

// sensitivePurpose is what a person allows who has sensitive data kept and shown.
const sensitivePurpose = "sensitive"

// Consents tell what is sensitive, and who allows that it be kept and shown.
type Consents interface {
	// SensitiveNames are the fields of a customer and the company's own attributes
	// that are sensitive.
	SensitiveNames(ctx context.Context) (map[string]bool, error)
	// Allowed reports of each customer whether a purpose is allowed.
	Allowed(ctx context.Context, customers []string, purpose string) ([]bool, error)
	// RequireIn refuses a customer who does not allow the purpose that a field of a
	// request names, where it names one.
	RequireIn(ctx context.Context, field, name, customer string) error
}

// Protect makes the store heed consents. It is to be called before any other.
func (s *Store) Protect(c Consents) { s.consents = c }

// withhold takes out of contents the traits that are sensitive where the person has
// not consented to their being kept and shown: those of a visitor who is nobody yet
// too. It tells of each event which it has taken out.
func (s *Store) withhold(ctx context.Context, events []*Event, contents []*Content) ([][]string, error) {
	taken := make([][]string, len(events))
	if s.consents == nil {
		return taken, nil
	}
	sensitive, err := s.consents.SensitiveNames(ctx)
	if err != nil {
		return nil, err
	}
	asked := map[Identity]bool{} // whether what is sensitive may stay
	for i, c := range contents {
		found := c.sensitive(sensitive)
		if len(found) == 0 {
			continue
		}
		sender := events[i].Sender
		may, known := asked[sender]
		if !known {
			if may, err = s.maySee(ctx, sender); err != nil {
				return nil, err
			}
			asked[sender] = may
		}
		if !may {
			taken[i] = found
			c.without(found)
		}
	}
	return taken, nil
}

// permit refuses to read for a purpose what an identity did who does not allow it.
// A visitor who is nobody yet has decided nothing.
func (s *Store) permit(ctx context.Context, purpose string, who Identity) error {
	if purpose == "" || s.consents == nil {
		return nil
	}
	customer := who.ID
	if who.Visitor {
		link, err := s.Link(ctx, who.ID)
		if err != nil {
			return err
		}
		customer = link.Customer
	}
	return s.consents.RequireIn(ctx, "purpose", purpose, customer)
}

// maySee reports whether an identity allows that what is sensitive be kept and shown.
func (s *Store) maySee(ctx context.Context, who Identity) (bool, error) {
	customer := who.ID
	if who.Visitor {
		link, err := s.Link(ctx, who.ID)
		if err != nil || link.Customer == "" {
			return false, err
		}
		customer = link.Customer
	}
	allowed, err := s.consents.Allowed(ctx, []string{customer}, sensitivePurpose)
	return err == nil && allowed[0], err
}

// sensitive are the traits of an event that are sensitive, by their own names or
// those in snake case.
func (c *Content) sensitive(names map[string]bool) (found []string) {
	for _, traits := range []map[string]any{c.Properties, c.traits()} {
		for name := range traits {
			if (names[name] || names[snakeCase(name)]) && !slices.Contains(found, name) {
				found = append(found, name)
			}
		}
	}
	slices.Sort(found)
	return found
}

// traits are those that came along in the context, as Segment's SDKs send them.
func (c *Content) traits() map[string]any {
	traits, _ := c.Context["traits"].(map[string]any)
	return traits
}

func (c *Content) without(names []string) {
	for _, name := range names {
		delete(c.Properties, name)
		delete(c.traits(), name)
	}
}

// withhold keeps what is sensitive from being stored without consent.
func (g *intake) withhold(ctx context.Context) error {
	events, contents := make([]*Event, len(g.open)), make([]*Content, len(g.open))
	for n, i := range g.open {
		events[n], contents[n] = &g.items[i].Event, &g.items[i].Content
	}
	taken, err := g.store.withhold(ctx, events, contents)
	if err != nil {
		return err
	}
	for n, i := range g.open {
		if len(taken[n]) == 0 {
			continue
		}
		if err := events[n].SetContent(contents[n]); err != nil {
			return err
		}
		for _, name := range taken[n] {
			f := fault.Invalid("properties."+clip(name), "was not kept: it is sensitive, and needs the person's consent first")
			f.Reason = "SENSITIVE_NEEDS_CONSENT"
			g.statuses[i].Remarks = append(g.statuses[i].Remarks, f)
		}
	}
	return nil
}
