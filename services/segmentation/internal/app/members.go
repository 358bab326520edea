package app

import (
	"context"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/fault"
	"github.com/kehuhq/kehu/pkg/rpc/page"

	"github.com/kehuhq/kehu/services/segmentation/internal/domain"
	"github.com/kehuhq/kehu/services/segmentation/internal/store"
)

// rowKey is a customer's id as rows name it, empty for none.
func rowKey(customer string) string {
	if customer == "" {
		return ""
	}
	return docstore.ID(customer)
}

func customerOf(key string) string { return docstore.ParseID(key)[0] }

// MembersPage is one page of the members of a pass.
type MembersPage struct {
	Members    []domain.Membership
	Total      int64 // of the pass
	Generation int64
	Next       *docstore.Position // nil at the end
}

// Members lists the members of a segment in the order of their escaped ids: of
// the current pass, or of that of the token. Faults: SEGMENT_NOT_FOUND,
// PAGE_TOKEN_EXPIRED where that pass was superseded too long ago.
func (a *App) Members(ctx context.Context, segment string, token page.Token, size int) (MembersPage, error) {
	pinned := int64(token.Generation)
	var after *docstore.Position
	if token != (page.Token{}) {
		after = &token.Position
	}
	l, err := a.listing(ctx, segment, pinned)
	for {
		if err != nil || l.generation == 0 {
			return MembersPage{}, err
		}
		rows, next, err := a.store.Members.Page(ctx, segment, l.generation, after, size)
		if err != nil {
			return MembersPage{}, err
		}
		// Where somebody is erased meanwhile it is read again, so that list and total agree.
		now, err := a.listing(ctx, segment, l.generation)
		if err != nil {
			return MembersPage{}, err
		}
		if now.total == l.total {
			rows = slices.DeleteFunc(rows, func(m store.Member) bool { return slices.Contains(l.hidden, m.Customer) })
			answer := MembersPage{Total: l.total, Generation: l.generation, Next: next}
			answer.Members, err = a.memberships(ctx, l.segment, l.generation, rows)
			return answer, err
		}
		l = now
	}
}

// listing is a pass whose members can be listed.
type listing struct {
	segment    domain.Segment
	generation int64
	total      int64
	hidden     []string
}

// listing is the pass of a generation, of 0 the current one, whose generation is 0
// before the first.
func (a *App) listing(ctx context.Context, segment string, generation int64) (listing, error) {
	s, err := a.store.Segments.Get(ctx, segment)
	if err != nil {
		return listing{}, err
	}
	if generation == 0 || generation == s.Formed.Generation {
		return listing{s, s.Formed.Generation, s.Formed.Members, s.Formed.Hidden}, nil
	}
	p, err := a.superseded(ctx, s, generation)
	if err != nil {
		return listing{}, err
	}
	return listing{s, generation, p.Members, p.Hidden}, nil
}

// superseded is an earlier pass of a segment, if it is still kept.
func (a *App) superseded(ctx context.Context, s domain.Segment, generation int64) (*domain.Pass, error) {
	p, err := a.store.Passes.Get(ctx, s.ID, generation)
	if err != nil {
		return nil, err
	}
	since := a.now().Add(-a.keep)
	if generation <= s.Born || p == nil || !p.Published || p.Purged || !p.SupersededAt.IsZero() && p.SupersededAt.Before(since) {
		f := fault.Invalid("page_token", "belongs to a pass superseded more than %s ago; start again without a token", a.keep)
		f.Reason = "PAGE_TOKEN_EXPIRED"
		return nil, f
	}
	return p, nil
}

// memberships gives rows the time of the pass with which each customer came in.
func (a *App) memberships(ctx context.Context, s domain.Segment, generation int64, rows []store.Member) ([]domain.Membership, error) {
	var generations []int64
	for _, m := range rows {
		if m.Since != s.Formed.Generation && !slices.Contains(generations, m.Since) {
			generations = append(generations, m.Since)
		}
	}
	times := map[int64]time.Time{s.Formed.Generation: s.Formed.At}
	passes, err := a.store.Passes.GetMany(ctx, s.ID, generations)
	if err != nil {
		return nil, err
	}
	for _, p := range passes {
		if p != nil {
			times[p.Generation] = p.At
		}
	}
	memberships := make([]domain.Membership, len(rows))
	for i, m := range rows {
		memberships[i] = domain.Membership{Customer: customerOf(m.Customer), Since: times[m.Since], Generation: generation}
	}
	return memberships, nil
}

// Membership returns a customer's membership. Faults: SEGMENT_NOT_FOUND,
// MEMBERSHIP_NOT_FOUND.
func (a *App) Membership(ctx context.Context, segment, customer string) (domain.Membership, error) {
	s, err := a.store.Segments.Get(ctx, segment)
	if err != nil {
		return domain.Membership{}, err
	}
	missing := fault.New(fault.NotFound, "MEMBERSHIP_NOT_FOUND", "customer %q is not in segment %q", customer, segment).
		With("segment", "segments/"+segment).With("customer", "customers/"+customer)
	if s.Formed.Generation == 0 {
		return domain.Membership{}, missing
	}
	found, err := a.store.Members.Get(ctx, segment, s.Formed.Generation, []string{rowKey(customer)})
	if err != nil {
		return domain.Membership{}, err
	}
	if found[0] == nil || slices.Contains(s.Formed.Hidden, rowKey(customer)) {
		return domain.Membership{}, missing
	}
	memberships, err := a.memberships(ctx, s, s.Formed.Generation, []store.Member{*found[0]})
	if err != nil {
		return domain.Membership{}, err
	}
	return memberships[0], nil
}

// segmentsAtOnce bounds how many segments are looked up at a time.
const segmentsAtOnce = 4

// SegmentsOf tells, for each of some customers, the ids of the published segments
// it is in, in their order. Each segment is read as of one pass.
func (a *App) SegmentsOf(ctx context.Context, customers []string) ([][]string, error) {
	unique := slices.Clone(customers)
	slices.Sort(unique)
	unique = slices.Compact(unique)
	keys := make([]string, len(unique))
	for i, customer := range unique {
		keys[i] = rowKey(customer)
	}
	var segments []domain.Segment
	for s, err := range a.store.Segments.All(ctx) {
		if err != nil {
			return nil, err
		}
		if s.State == domain.Published && s.Formed.Members > 0 {
			segments = append(segments, s)
		}
	}
	found := make([][]*store.Member, len(segments))
	group, groupCtx := errgroup.WithContext(ctx)
	group.SetLimit(segmentsAtOnce)
	for i, s := range segments {
		group.Go(func() (err error) {
			found[i], err = a.store.Members.Get(groupCtx, s.ID, s.Formed.Generation, keys)
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	of := make([][]string, len(customers))
	for i, customer := range customers {
		at, _ := slices.BinarySearch(unique, customer)
		for n, s := range segments {
			if found[n][at] != nil && !slices.Contains(s.Formed.Hidden, keys[at]) {
				of[i] = append(of[i], s.ID)
			}
		}
	}
	return of, nil
}
