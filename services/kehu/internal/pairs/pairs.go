// Package pairs shows customers that may be recorded twice, to people.
package pairs

import (
	"context"
	"fmt"
	"strings"

	"cloud.google.com/go/longrunning/autogen/longrunningpb"
	"google.golang.org/grpc"

	apiv1 "github.com/kehuhq/kehu/gen/kehu/api/v1"
	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"
	"github.com/kehuhq/kehu/services/kehu/internal/layout"
	"github.com/kehuhq/kehu/services/kehu/internal/progress"
)

// Find has all customers compared and waits for the end. A minScore of 0 is the
// server's default.
func Find(ctx context.Context, conn grpc.ClientConnInterface, minScore float64, report progress.Reporter) (*profilev1.FindDuplicateCandidatesResponse, error) {
	op, err := profilev1.NewDuplicateServiceClient(conn).FindDuplicateCandidates(ctx, &profilev1.FindDuplicateCandidatesRequest{MinScore: minScore})
	if err != nil {
		return nil, err
	}
	watched, err := profilev1.NewOperationServiceClient(conn).WatchOperation(ctx, &longrunningpb.GetOperationRequest{Name: op.GetName()})
	if err != nil {
		return nil, err
	}
	stages := stages{report: report}
	defer stages.end()
	for !op.GetDone() {
		if op, err = watched.Recv(); err != nil {
			return nil, err
		}
		now := &apiv1.Progress{}
		if op.GetMetadata().MessageIs(now) && op.GetMetadata().UnmarshalTo(now) == nil {
			stages.set(now)
		}
	}
	if op.GetError() != nil {
		return nil, fmt.Errorf("the search failed: %s", op.GetError().GetMessage())
	}
	found := &profilev1.FindDuplicateCandidatesResponse{}
	return found, op.GetResponse().UnmarshalTo(found)
}

// stages shows the progress of an operation, stage by stage.
type stages struct {
	report progress.Reporter
	name   string
	stage  *progress.Stage
}

func (s *stages) set(now *apiv1.Progress) {
	if now.GetStage() == "" {
		return
	}
	if now.GetStage() != s.name {
		s.end()
		s.name, s.stage = now.GetStage(), s.report.Start(now.GetStage(), now.GetTotal(), progress.Count)
	}
	s.stage.Set(now.GetDone(), now.GetTotal())
}

func (s *stages) end() {
	if s.stage != nil {
		s.stage.End()
		s.stage = nil
	}
}

// List returns up to limit candidates of a state, the best first.
func List(ctx context.Context, conn grpc.ClientConnInterface, state profilev1.DuplicateState, limit int) ([]*profilev1.DuplicateCandidate, error) {
	var all []*profilev1.DuplicateCandidate
	request := &profilev1.ListDuplicateCandidatesRequest{State: state}
	for len(all) < limit {
		request.PageSize = int32(min(limit-len(all), 1000))
		page, err := profilev1.NewDuplicateServiceClient(conn).ListDuplicateCandidates(ctx, request)
		if err != nil {
			return nil, err
		}
		all = append(all, page.GetDuplicateCandidates()...)
		if request.PageToken = page.GetNextPageToken(); request.PageToken == "" {
			break
		}
	}
	return all, nil
}

// Write sets candidates with the names of the customers and the reasons, in a
// language, zh or en.
func Write(ctx context.Context, conn grpc.ClientConnInterface, p *layout.Page, lang string, all []*profilev1.DuplicateCandidate) error {
	names, err := displayNames(ctx, conn, all)
	if err != nil {
		return err
	}
	for _, c := range all {
		p.Heading(fmt.Sprintf("%s  %.1f%%", c.GetName(), 100*c.GetScore()))
		for _, customer := range c.GetCustomers() {
			p.Item(strings.TrimSpace(customer + "  " + names[customer]))
		}
		rows := [][]string{}
		for _, r := range c.GetReasons() {
			text := r.GetTextEn()
			if lang == "zh" {
				text = r.GetTextZh()
			}
			rows = append(rows, []string{text, fmt.Sprintf("%+.1f", r.GetWeight())})
		}
		p.Table(rows)
	}
	return nil
}

// displayNames are those of the customers in candidates, as they are now.
func displayNames(ctx context.Context, conn grpc.ClientConnInterface, all []*profilev1.DuplicateCandidate) (map[string]string, error) {
	names := map[string]string{}
	for len(all) > 0 {
		some := all[:min(len(all), 400)]
		all = all[len(some):]
		request := &profilev1.BatchGetCustomersRequest{}
		asked := map[string]bool{}
		for _, c := range some {
			for _, customer := range c.GetCustomers() {
				if !asked[customer] {
					asked[customer] = true
					request.Names = append(request.Names, customer)
				}
			}
		}
		answer, err := profilev1.NewCustomerServiceClient(conn).BatchGetCustomers(ctx, request)
		if err != nil {
			return nil, err
		}
		for _, c := range answer.GetCustomers() {
			names[c.GetName()] = c.GetDisplayName()
		}
	}
	return names, nil
}
