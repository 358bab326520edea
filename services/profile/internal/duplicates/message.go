package duplicates

import (
	"cmp"
	"slices"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"
	"github.com/kehuhq/kehu/pkg/rpc/aip"
	"github.com/kehuhq/kehu/pkg/rpc/etag"

	"github.com/kehuhq/kehu/services/profile/internal/duplicates/comparison"
)

// Patterns of the resource names.
const (
	candidatePattern = "duplicateCandidates/{duplicate_candidate}"
	customerPattern  = "customers/{customer}"
)

func customerName(id string) string { return aip.Name(customerPattern, id) }

// parseName is the id in a name, which stands in a field.
func parseName(field, name, pattern string) (id string, err error) {
	err = aip.ParseName(field, name, pattern, &id)
	return id, err
}

var states = map[state]profilev1.DuplicateState{
	open:      profilev1.DuplicateState_DUPLICATE_STATE_OPEN,
	accepted:  profilev1.DuplicateState_DUPLICATE_STATE_ACCEPTED,
	dismissed: profilev1.DuplicateState_DUPLICATE_STATE_DISMISSED,
}

func stateOf(p profilev1.DuplicateState) state {
	for s, known := range states {
		if known == p {
			return s
		}
	}
	return open
}

func (c *candidate) message() *profilev1.DuplicateCandidate {
	p := &profilev1.DuplicateCandidate{
		Name:      aip.Name(candidatePattern, c.ID),
		Customers: []string{customerName(c.First), customerName(c.Second)},
		Score:     c.Score, Weight: c.Bits, PriorWeight: c.Prior,
		State:      states[c.State],
		CreateTime: timestamppb.New(c.CreatedAt), CompareTime: timestamppb.New(c.ComparedAt),
		PopulationSize: c.Population,
	}
	if c.Version > 0 {
		p.Etag = etag.Of(c.Version)
	}
	if c.ResolvedAt != nil {
		p.ResolveTime = timestamppb.New(*c.ResolvedAt)
	}
	p.MergeRecord = c.MergeRecord
	for _, r := range c.Reasons {
		reason := &profilev1.DuplicateReason{Field: string(r.Field), Level: string(r.Level), Weight: r.Bits}
		if w, ok := comparison.Lookup(r.Field, r.Level); ok {
			reason.TextEn, reason.TextZh = w.En, w.Zh
		}
		p.Reasons = append(p.Reasons, reason)
	}
	return p
}

func skippedProtos(all map[string]skipped) []*profilev1.SkippedBlocks {
	var protos []*profilev1.SkippedBlocks
	for kind, s := range all {
		protos = append(protos, &profilev1.SkippedBlocks{Key: kind, Blocks: s.Blocks, Customers: s.Customers, Largest: s.Largest})
	}
	slices.SortFunc(protos, func(a, b *profilev1.SkippedBlocks) int { return cmp.Compare(a.GetKey(), b.GetKey()) })
	return protos
}

func pointer(t time.Time) *time.Time { return &t }
