package merging

import (
	"strings"

	"go.einride.tech/aip/resourcename"
	"google.golang.org/protobuf/types/known/timestamppb"

	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"
	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/fault"
	"github.com/kehuhq/kehu/pkg/ident"
	"github.com/kehuhq/kehu/pkg/rpc/page"
)

// Patterns of the resource names.
const (
	customerPattern = "customers/{customer}"
	mergePattern    = "mergeRecords/{merge}"
)

func customerName(id string) string { return resourcename.Sprint(customerPattern, id) }
func recordName(id string) string   { return resourcename.Sprint(mergePattern, id) }

func customerID(field, name string) (string, error) { return parseName(field, name, customerPattern) }
func mergeID(field, name string) (string, error)    { return parseName(field, name, mergePattern) }

func parseName(field, name, pattern string) (string, error) {
	var id string
	collection, _, _ := strings.Cut(pattern, "{")
	// The scanner would take "/customers/x" and full names too.
	if !strings.HasPrefix(name, collection) || resourcename.Sscan(name, pattern, &id) != nil {
		return "", fault.Invalid(field, "must have the form %s", pattern)
	}
	if f := ident.Check(field, id); f != nil {
		return "", f
	}
	return id, nil
}

// place is where the page begins, nil for the first, and its size.
func place(r page.Request) (*docstore.Position, int, error) {
	token, size, err := page.Of(r)
	if err != nil || token == (page.Token{}) {
		return nil, size, err
	}
	return &token.Position, size, nil
}

func nextToken(next *docstore.Position, r page.Request) (string, error) {
	if next == nil {
		return "", nil
	}
	return page.Token{Position: *next}.Encode(r)
}

var states = map[State]profilev1.MergeState{
	Pending:  profilev1.MergeState_MERGE_STATE_PENDING,
	GivenUp:  profilev1.MergeState_MERGE_STATE_PENDING,
	Merged:   profilev1.MergeState_MERGE_STATE_MERGED,
	Unmerged: profilev1.MergeState_MERGE_STATE_UNMERGED,
}

func recordProto(r *Record) *profilev1.MergeRecord {
	p := &profilev1.MergeRecord{
		Survivor: customerName(r.Survivor), State: states[r.State],
		Reason: r.Content.Reason, Evidence: r.Content.Evidence,
		Actor: r.Actor, Automatic: r.Automatic,
	}
	if r.ID != "" {
		p.Name = recordName(r.ID)
		p.CreateTime, p.UpdateTime = timestamppb.New(r.CreatedAt), timestamppb.New(r.UpdatedAt)
	}
	for _, part := range r.Parts {
		m := &profilev1.MergedCustomer{Customer: customerName(part.Customer)}
		if part.Cut {
			m.UnmergeTime, m.UnmergeActor = timestamppb.New(part.CutAt), part.CutBy
		}
		p.Merged = append(p.Merged, m)
	}
	return p
}

func linkProtos(links []Link) []*profilev1.MergeLink {
	all := make([]*profilev1.MergeLink, len(links))
	for i, l := range links {
		all[i] = &profilev1.MergeLink{
			CustomerId: l.Customer, IntoId: l.Into, MergeRecord: recordName(l.Merge), Linked: l.Linked,
		}
	}
	return all
}
