package merging

import (
	"context"

	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"
	"github.com/kehuhq/kehu/pkg/rpc/aip"

	"github.com/kehuhq/kehu/services/profile/internal/sealed"
)

// Patterns of the resource names.
const (
	customerPattern = "customers/{customer}"
	mergePattern    = "mergeRecords/{merge}"
)

func customerID(field, name string) (id string, err error) {
	err = aip.ParseName(field, name, customerPattern, &id)
	return id, err
}

func mergeID(field, name string) (id string, err error) {
	err = aip.ParseName(field, name, mergePattern, &id)
	return id, err
}

var states = map[State]profilev1.MergeState{
	Pending:  profilev1.MergeState_MERGE_STATE_PENDING,
	GivenUp:  profilev1.MergeState_MERGE_STATE_PENDING,
	Merged:   profilev1.MergeState_MERGE_STATE_MERGED,
	Unmerged: profilev1.MergeState_MERGE_STATE_UNMERGED,
}

// seal seals what a command says about the merge.
func (m *Merger) seal(ctx context.Context, r Record, c Command) ([]byte, error) {
	content := &profilev1.MergeRecord{Reason: c.Reason, Evidence: c.Evidence}
	return sealed.Seal(ctx, m.vault, r.Survivor, place(r), content)
}

func place(r Record) string { return "merges!" + r.ID }

// proto is a record as the API shows it.
func (m *Merger) proto(ctx context.Context, r Record) (*profilev1.MergeRecord, error) {
	p := &profilev1.MergeRecord{}
	if err := sealed.Open(ctx, m.vault, r.Survivor, place(r), r.Content, p); err != nil {
		return nil, err
	}
	p.Survivor, p.State = aip.Name(customerPattern, r.Survivor), states[r.State]
	p.Actor, p.Automatic = r.Actor, r.Automatic
	if !r.UpdatedAt.IsZero() { // not of a trial
		p.Name = aip.Name(mergePattern, r.ID)
		p.CreateTime, p.UpdateTime = aip.Timestamp(r.CreatedAt), aip.Timestamp(r.UpdatedAt)
	}
	for _, part := range r.Parts {
		one := &profilev1.MergedCustomer{Customer: aip.Name(customerPattern, part.Customer)}
		if part.Cut {
			one.UnmergeTime, one.UnmergeActor = aip.Timestamp(part.CutAt), part.CutBy
		}
		p.Merged = append(p.Merged, one)
	}
	return p, nil
}

func linkProtos(links []Link) []*profilev1.MergeLink {
	all := make([]*profilev1.MergeLink, len(links))
	for i, l := range links {
		all[i] = &profilev1.MergeLink{
			CustomerId: l.Customer, IntoId: l.Into, MergeRecord: aip.Name(mergePattern, l.Merge), Linked: l.Linked,
		}
	}
	return all
}
