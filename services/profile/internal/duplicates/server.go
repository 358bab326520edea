package duplicates

import (
	"context"

	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"
	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/fault"
	"github.com/kehuhq/kehu/pkg/rpc/aip"
	"github.com/kehuhq/kehu/pkg/rpc/etag"

	"github.com/kehuhq/kehu/services/profile/internal/store"
)

// GetDuplicateCandidate returns one candidate.
func (d *Duplicates) GetDuplicateCandidate(ctx context.Context, r *profilev1.GetDuplicateCandidateRequest) (*profilev1.DuplicateCandidate, error) {
	c, err := d.candidate(ctx, r.GetName())
	if err != nil {
		return nil, err
	}
	return c.message(), nil
}

func (d *Duplicates) candidate(ctx context.Context, name string) (*candidate, error) {
	id, err := parseName("name", name, candidatePattern)
	if err != nil {
		return nil, err
	}
	return d.candidates.get(ctx, id)
}

// ListDuplicateCandidates lists the candidates of a state, the highest score first.
func (d *Duplicates) ListDuplicateCandidates(ctx context.Context, r *profilev1.ListDuplicateCandidatesRequest) (*profilev1.ListDuplicateCandidatesResponse, error) {
	bounds := within(stateOf(r.GetState()))
	var err error
	if bounds.After, bounds.Limit, err = aip.Place(r); err != nil {
		return nil, err
	}
	items, next, err := d.candidates.docs.Page(ctx, bounds)
	if err != nil {
		return nil, err
	}
	answer := &profilev1.ListDuplicateCandidatesResponse{}
	for _, c := range items {
		answer.DuplicateCandidates = append(answer.DuplicateCandidates, c.message())
	}
	answer.NextPageToken, err = aip.NextToken(next, r)
	return answer, err
}

// AcceptDuplicateCandidate merges the two. Where it breaks off behind the merge,
// accepting again finishes it: the merge is recognised by its request id.
func (d *Duplicates) AcceptDuplicateCandidate(ctx context.Context, r *profilev1.AcceptDuplicateCandidateRequest) (*profilev1.DuplicateCandidate, error) {
	c, err := d.candidate(ctx, r.GetName())
	if err != nil {
		return nil, err
	}
	if c.State == accepted {
		return c.message(), nil
	}
	if err := etag.Check(r.GetEtag(), c.Version); err != nil {
		return nil, err
	}
	if c.State != open {
		return nil, resolved(c)
	}
	survivor, merged, err := d.survivor(ctx, c, r.GetSurvivor())
	if err != nil {
		return nil, err
	}
	name := c.message().GetName()
	answer, err := d.merger.MergeCustomers(ctx, &profilev1.MergeCustomersRequest{
		Survivor: customerName(survivor), Merged: []string{customerName(merged)},
		Evidence:  []string{name},
		RequestId: name + "@" + c.Reopened, // another one after it was taken apart and proposed again
	})
	if err != nil {
		return nil, err
	}
	c, err = d.candidates.docs.Update(ctx, c.ID, func(c *candidate) error {
		c.State, c.ResolvedAt = accepted, pointer(d.instant())
		c.MergeRecord = answer.GetMergeRecord().GetName()
		return nil
	})
	if err != nil {
		return nil, err
	}
	return c.message(), nil
}

// survivor tells which of the two goes on: the one asked for, or else the one
// that was recorded first.
func (d *Duplicates) survivor(ctx context.Context, c *candidate, asked string) (survivor, merged string, err error) {
	if asked != "" {
		id, err := parseName("survivor", asked, customerPattern)
		switch {
		case err != nil:
			return "", "", err
		case id == c.First:
			return c.First, c.Second, nil
		case id == c.Second:
			return c.Second, c.First, nil
		}
		return "", "", fault.Invalid("survivor", "must be one of the two, %s or %s", customerName(c.First), customerName(c.Second))
	}
	both, err := d.customers.Views(ctx, []string{c.First, c.Second})
	if err != nil {
		return "", "", err
	}
	for i, id := range []string{c.First, c.Second} {
		if both[i] == nil {
			return "", "", store.CustomerNotFound(id)
		}
	}
	if both[1].CreatedAt.Before(both[0].CreatedAt) {
		return c.Second, c.First, nil
	}
	return c.First, c.Second, nil
}

// DismissDuplicateCandidate records that the two are different customers.
func (d *Duplicates) DismissDuplicateCandidate(ctx context.Context, r *profilev1.DismissDuplicateCandidateRequest) (*profilev1.DuplicateCandidate, error) {
	c, err := d.candidate(ctx, r.GetName())
	if err != nil {
		return nil, err
	}
	c, err = d.candidates.docs.Update(ctx, c.ID, func(c *candidate) error {
		if c.State == dismissed {
			return docstore.ErrUnchanged
		}
		if err := etag.Check(r.GetEtag(), c.Version); err != nil {
			return err
		}
		if c.State != open {
			return resolved(c)
		}
		c.State, c.ResolvedAt, c.ResolvedBits = dismissed, pointer(d.instant()), c.Bits
		return nil
	})
	if err != nil {
		return nil, err
	}
	return c.message(), nil
}

func resolved(c *candidate) *fault.Fault {
	return fault.New(fault.FailedPrecondition, "DUPLICATE_CANDIDATE_RESOLVED", "duplicate candidate %q was %s already", c.ID, c.State).
		With("state", string(c.State))
}
