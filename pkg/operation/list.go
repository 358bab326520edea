package operation

import (
	"context"
	"regexp"
	"strings"

	"cloud.google.com/go/longrunning/autogen/longrunningpb"

	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/fault"
	"github.com/kehuhq/kehu/pkg/rpc/page"
)

// List returns a page of the operations, newest first. Name is the parent,
// operations/{service}. The filter is empty, or on `done`: "done = false".
func (m *Manager) List(ctx context.Context, r *longrunningpb.ListOperationsRequest) (*longrunningpb.ListOperationsResponse, error) {
	if r.GetName() != m.parent() {
		return nil, fault.Invalid("name", "must be %q", m.parent())
	}
	listed, err := filtered(r.GetFilter())
	if err != nil {
		return nil, err
	}
	token, size, err := page.Of(r)
	if err != nil {
		return nil, err
	}
	if token != (page.Token{}) {
		listed.After = &token.Position
	}
	listed.Limit = size
	records, next, err := m.records.Page(ctx, listed)
	if err != nil {
		return nil, err
	}
	response := new(longrunningpb.ListOperationsResponse)
	for _, record := range records {
		op, err := m.message(record)
		if err != nil {
			return nil, err
		}
		response.Operations = append(response.Operations, op)
	}
	if next != nil {
		response.NextPageToken, err = page.Token{Position: *next}.Encode(r)
	}
	return response, err
}

// onDone is what of AIP-160 a single boolean field can make use of: "done",
// "NOT done", "-done", "done = true", "done != true" and so on.
var (
	onDone = regexp.MustCompile(`^(NOT\s+|-)?done(?:\s*(!?=)\s*(true|false))?$`)
	field  = regexp.MustCompile(`^(?:NOT\s+|-)?([A-Za-z_][A-Za-z0-9_.]*)`)
)

// filtered is the range of an index that holds what the filter lets through.
func filtered(filter string) (docstore.Range, error) {
	filter = strings.TrimSpace(filter)
	if filter == "" {
		return docstore.Range{Index: byCreated}, nil
	}
	part := onDone.FindStringSubmatch(filter)
	if part == nil {
		f := fault.Invalid("filter", `must be on "done" alone, e.g. "done = false"`)
		if name := field.FindStringSubmatch(filter); name != nil && name[1] != "done" {
			f.Reason = "FIELD_NOT_FILTERABLE"
		}
		return docstore.Range{}, f
	}
	done := part[3] != "false"
	if part[2] == "!=" {
		done = !done
	}
	if part[1] != "" {
		done = !done
	}
	r := docstore.Within(docstore.Key(doneKey(done)))
	r.Index = byDone
	return r, nil
}
