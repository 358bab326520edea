package app

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/fault"

	"github.com/kehuhq/kehu/services/referral/internal/domain"
	"github.com/kehuhq/kehu/services/referral/internal/store"
)

// CreateCode gives an advocate a code of a programme that is active.
// CUSTOMER_UNKNOWN where profile does not know the advocate.
func (a *Programs) CreateCode(ctx context.Context, c *domain.Code) (*domain.Code, error) {
	defer a.gate.enter()()
	p, err := a.Program(ctx, c.Program)
	if err != nil {
		return nil, err
	}
	random := a.draw(p, "CreateCode", c.Request)
	for {
		if c.Code, err = domain.NewCode(random); err != nil {
			return nil, err
		}
		existing, err := a.Code(ctx, c.Program, c.Code)
		switch {
		case err == nil:
			repeats, err := c.Request.Repeats(existing.Request)
			if err != nil {
				return nil, err
			}
			if repeats {
				return existing, nil
			}
			continue // taken: one chance in 2⁴⁵ for each code there is
		case fault.KindOf(err) != fault.NotFound:
			return nil, err
		}
		if err := a.checkNewCode(ctx, p, c); err != nil {
			return nil, err
		}
		c.CreateTime = a.now()
		// What comes between here and above is drawn again: if it was this
		// request itself, the same code, which is then found.
		created, err := a.store.Codes.Insert(ctx, c)
		if !errors.Is(err, docstore.ErrConflict) {
			return created, err
		}
		random = a.draw(p, "CreateCode", c.Request)
	}
}

func (a *Programs) checkNewCode(ctx context.Context, p *domain.Program, c *domain.Code) error {
	if err := c.Check(a.now()); err != nil {
		return err
	}
	if err := p.CheckActive(); err != nil {
		return err
	}
	return a.checkKnown(ctx, "code.advocate_id", c.Advocate)
}

// checkKnown is the fault CUSTOMER_UNKNOWN for a customer profile does not know.
func (a *Programs) checkKnown(ctx context.Context, field, customer string) error {
	known, err := a.profile.CustomerKnown(ctx, customer)
	if err != nil || known {
		return err
	}
	f := fault.Invalid(field, "must be the id of a customer that profile knows; create the customer first")
	f.Reason = "CUSTOMER_UNKNOWN"
	return f
}

// Code returns a code, or the fault CODE_NOT_FOUND.
func (a *Programs) Code(ctx context.Context, program, code string) (*domain.Code, error) {
	return a.store.Codes.Get(ctx, store.Key(program, code))
}

// Codes lists the codes of a programme, or of one advocate in it: of all records
// of that customer, record by record.
func (a *Programs) Codes(ctx context.Context, program, advocate string, after *docstore.Position, size int) ([]*domain.Code, *docstore.Position, error) {
	if _, err := a.Program(ctx, program); err != nil {
		return nil, nil, err
	}
	if advocate == "" {
		r := store.CodesOf(program)
		r.After, r.Limit = after, size
		return a.store.Codes.Page(ctx, r)
	}
	var ranges []docstore.Range
	for _, member := range a.profile.Members(ctx, advocate) {
		ranges = append(ranges, store.CodesOfAdvocate(program, member))
	}
	slices.SortFunc(ranges, func(a, b docstore.Range) int { return strings.Compare(a.From, b.From) })
	return a.codesOfAll(ctx, ranges, after, size)
}

// codesOfAll is a page over several ranges of an index, one behind the other.
func (a *Programs) codesOfAll(ctx context.Context, ranges []docstore.Range, after *docstore.Position, size int) ([]*domain.Code, *docstore.Position, error) {
	var codes []*domain.Code
	for i, r := range ranges {
		if after != nil && after.Key >= r.To {
			continue
		}
		r.Limit = size - len(codes)
		if after != nil && after.Key >= r.From {
			r.After = after
		}
		found, next, err := a.store.Codes.Page(ctx, r)
		if err != nil {
			return nil, nil, err
		}
		codes = append(codes, found...)
		switch {
		case next != nil:
			return codes, next, nil
		case len(codes) == size && i+1 < len(ranges):
			return codes, &docstore.Position{Key: ranges[i+1].From}, nil
		}
	}
	return codes, nil, nil
}

// RevokeCode makes a code bring nothing any more.
func (a *Programs) RevokeCode(ctx context.Context, program, code string) (*domain.Code, error) {
	return a.store.Codes.Update(ctx, store.Key(program, code), func(c *domain.Code) error {
		if c.Revoked {
			return docstore.ErrUnchanged
		}
		c.Revoked = true
		return nil
	})
}
