package analysis

import (
	"context"
	"errors"
	"fmt"

	"google.golang.org/protobuf/proto"

	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"
	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/fault"
	"github.com/kehuhq/kehu/pkg/operation"
	"github.com/kehuhq/kehu/pkg/rpc"

	"github.com/kehuhq/kehu/services/profile/internal/facet"
	customerstore "github.com/kehuhq/kehu/services/profile/internal/store"
)

// kind names the operations, as they are stored.
const kind = "analysis"

type run = operation.Run[*profilev1.GetAnalysisRequest, int64]

// checkpointEvery is how many customers lie between two looks at whether the run
// may go on.
const checkpointEvery = 20_000

// execute is the operation. A run that breaks off begins anew, with lists of its
// own: figures of two halves of a base that changed in between would fit nothing.
func (s *Server) execute(ctx context.Context, r *run) (proto.Message, error) {
	id, err := analysisID("name", r.Request.GetName())
	if err != nil {
		return nil, err
	}
	doc, err := s.store.get(ctx, id)
	if err != nil {
		return nil, err
	}
	if doc.Operation != r.ID || doc.State != int32(profilev1.AnalysisState_ANALYSIS_STATE_RUNNING) {
		return doc.proto() // ended, or asked anew under the same id
	}
	own := runID(r.ID, r.Token())
	answer, err := s.compute(ctx, doc, r, own)
	if err != nil {
		if passing(ctx, err) {
			return nil, err
		}
		return nil, errors.Join(err, s.fail(context.WithoutCancel(ctx), doc, err))
	}
	raw, err := proto.Marshal(answer)
	if err != nil {
		return nil, err
	}
	ctx = context.WithoutCancel(ctx) // what is found is kept: an end is not broken off half-way
	doc, err = s.store.end(ctx, id, r.ID, func(d *analysisDoc) {
		d.State, d.Answer, d.Run, d.EndedAt = int32(profilev1.AnalysisState_ANALYSIS_STATE_DONE), raw, own, s.now()
	})
	if fault.KindOf(err) == fault.NotFound {
		return nil, errors.Join(err, s.store.purge(ctx, id, r.ID, "")) // deleted meanwhile
	}
	if err != nil {
		return nil, err
	}
	kept := own
	if doc.Run != own {
		kept = ""
	}
	if err := s.store.purge(ctx, id, r.ID, kept); err != nil {
		return nil, err
	}
	return doc.proto()
}

// fail records why an analysis was given up.
func (s *Server) fail(ctx context.Context, doc *analysisDoc, why error) error {
	raw, err := proto.Marshal(rpc.ItemStatus(why))
	if err != nil {
		return err
	}
	_, err = s.store.end(ctx, doc.ID, doc.Operation, func(d *analysisDoc) {
		d.State, d.Error, d.EndedAt = int32(profilev1.AnalysisState_ANALYSIS_STATE_FAILED), raw, s.now()
	})
	if err != nil && fault.KindOf(err) != fault.NotFound {
		return err
	}
	return s.store.purge(ctx, doc.ID, doc.Operation, "")
}

// passing reports an error with which a run ends and the operation does not.
func passing(ctx context.Context, err error) bool {
	switch fault.KindOf(err) {
	case fault.Unavailable, fault.DeadlineExceeded, fault.Aborted, fault.ResourceExhausted, fault.Cancelled:
		return true
	}
	return ctx.Err() != nil || errors.Is(err, docstore.ErrConflict)
}

// compute goes over the customers once.
func (s *Server) compute(ctx context.Context, doc *analysisDoc, r *run, own string) (*profilev1.Analysis, error) {
	asked, err := doc.proto()
	if err != nil {
		return nil, err
	}
	j, err := s.prepare(ctx, asked)
	if err != nil {
		return nil, err
	}
	people := &people{server: s, job: j}
	defer people.stop()
	if err := people.begin(ctx); err != nil {
		return nil, err
	}
	answer := &profilev1.Analysis{}
	if err := s.pass(ctx, people, s.store.lists(doc.ID, own), answer, r); err != nil {
		return nil, err
	}
	return answer, j.compute.answer(answer)
}

// pass takes in every customer of the population, and writes the lists.
func (s *Server) pass(ctx context.Context, people *people, lists *listWriter, answer *profilev1.Analysis, r *run) error {
	var met, cut int64
	j := people.job
	for p, err := range s.reader.Walk(ctx, customerstore.Span{}, j.needs(), j.frame.AsOf) {
		if err != nil {
			return err
		}
		if met++; met%checkpointEvery == 0 {
			r.Progress(met, 0, "customers")
			if err := r.Checkpoint(ctx, met); err != nil {
				return err
			}
		}
		subject := facet.Subject{Person: p}
		belongs, err := people.meet(ctx, &subject)
		if err != nil {
			return err
		}
		if !belongs {
			continue
		}
		answer.PopulationSize++
		if p.Cut {
			cut++
		}
		err = j.compute.add(ctx, &subject, func(list, value string, timeMS int64) { lists.put(p.Key, list, value, timeMS) })
		if err == nil && lists.full() {
			err = lists.flush(ctx)
		}
		if err != nil {
			return err
		}
	}
	r.Progress(met, met, "customers")
	if answer.ExcludedWithoutConsent = people.optedOut; people.optedOut > 0 {
		answer.Warnings = append(answer.Warnings, warning("CUSTOMERS_OPTED_OUT",
			fmt.Sprintf("%d customers do not allow analytics and were left out", people.optedOut)))
	}
	if cut > 0 {
		answer.Warnings = append(answer.Warnings, warning("EVENTS_CUT",
			fmt.Sprintf("of %d customers with very many events the oldest were left out", cut)))
	}
	return lists.flush(ctx)
}
