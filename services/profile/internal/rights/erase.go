package rights

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	longrunningpb "cloud.google.com/go/longrunning/autogen/longrunningpb"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	apiv1 "github.com/kehuhq/kehu/gen/kehu/api/v1"
	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"
	"github.com/kehuhq/kehu/pkg/fault"
	"github.com/kehuhq/kehu/pkg/operation"
)

// An erasure is a run of steps that can each be done again:
//
//  1. What this service holds is counted, for the receipt.
//  2. The records of all kinds are erased, then the customers themselves with
//     their keys. Operations that may have read them before are waited for, and
//     it is done once more.
//  3. The other services erase what they hold. One that is down, or held up by
//     work of its own, is waited for.
//  4. Every service is asked what it holds now. Where that is something, the steps
//     before are done once more.
//  5. The ids are struck out of the receipt, which is sealed, and the files are
//     rewritten.

type erasing struct {
	*Server
	run *eraseRun
	id  string
	ids []string // of the person

	receipt *profilev1.ErasureReceipt
}

type eraseRun = operation.Run[*profilev1.ErasureReceipt, waiting]

// waiting is what a run has come to.
type waiting struct {
	Cleared bool     `bson:"cleared"` // what this service holds is erased, but for what For bring back
	For     []string `bson:"for"`     // names of operations
	Checks  int      `bson:"checks"`  // that have found something
}

func (s *Server) erase(ctx context.Context, run *eraseRun) (proto.Message, error) {
	id, err := receiptID("name", run.Request.GetName())
	if err != nil {
		return nil, err
	}
	doc, receipt, err := s.erasures.get(ctx, id)
	if err != nil {
		return nil, err
	}
	e := &erasing{s, run, id, doc.Customers, receipt}
	if receipt.GetState() != profilev1.ErasureState_ERASURE_STATE_DONE {
		for _, step := range []func(context.Context) error{e.count, e.clear, e.others, e.check, e.close} {
			if err := step(ctx); err != nil {
				return nil, err
			}
		}
	}
	run.Progress(0, 0, "rewriting files")
	return e.receipt, s.Engine.Scrub(ctx)
}

// count notes what this service holds before any of it is erased.
func (e *erasing) count(ctx context.Context) error {
	if len(e.receipt.GetSections()) > 0 {
		return nil
	}
	e.run.Progress(0, 0, "looking")
	var all sections
	for _, kind := range e.Records {
		n := int64(0)
		for _, err := range kind.ofAll(ctx, e.ids) {
			if err != nil {
				return err
			}
			n++
		}
		if n > 0 {
			all = append(all, &profilev1.PersonalDataSection{Section: kind.ID, Records: n})
		}
	}
	return e.note(ctx, func(r *profilev1.ErasureReceipt) {
		for _, one := range all {
			kind := e.kind(one.GetSection())
			if kind.Stays == "" {
				r.Sections = append(r.Sections, kind.Erased(own, one.GetRecords(), 0, ""))
			} else {
				r.Sections = append(r.Sections, kind.Erased(own, 0, one.GetRecords(), kind.Stays))
			}
		}
	})
}

// kind is what is to be done with records of a kind.
func (e *erasing) kind(section string) Records {
	if section == e.DeletedOrders.ID && e.receipt.GetOrders() == profilev1.ErasedOrders_ERASED_ORDERS_DELETE {
		return e.DeletedOrders
	}
	return e.Records[slices.IndexFunc(e.Records, func(r Records) bool { return r.ID == section })]
}

func (e *erasing) note(ctx context.Context, change func(*profilev1.ErasureReceipt)) error {
	changed, err := e.erasures.change(ctx, e.id, func(_ *erasure, r *profilev1.ErasureReceipt) error {
		change(r)
		return nil
	})
	if err == nil {
		e.receipt = changed
	}
	return err
}

// clear erases all that this service holds, and once more what operations that
// were running then have brought back.
func (e *erasing) clear(ctx context.Context) (err error) {
	state := &e.run.State
	if !state.Cleared {
		if err := e.round(ctx); err != nil {
			return err
		}
		if state.For, err = e.running(ctx); err != nil {
			return err
		}
		state.Cleared = true
		if err := e.run.Checkpoint(ctx, *state); err != nil {
			return err
		}
	}
	for _, name := range state.For {
		op, err := e.Operations.Get(ctx, name)
		if err != nil && fault.KindOf(err) != fault.NotFound {
			return err
		}
		if err == nil && !op.GetDone() {
			return e.later("waiting for " + name)
		}
	}
	if len(state.For) == 0 {
		return nil
	}
	return e.round(ctx)
}

// round erases the records of all kinds, and then the customers. Something that has
// come in meanwhile keeps a customer from being deleted: then it is for later.
func (e *erasing) round(ctx context.Context) error {
	var subjects []string
	for _, id := range e.ids {
		of, err := e.Subjects(ctx, id)
		if err != nil {
			return err
		}
		subjects = append(subjects, of...)
	}
	if err := e.Vault.Destroy(ctx, subjects...); err != nil {
		return err
	}
	for n, kind := range e.Records {
		e.run.Progress(int64(n), int64(len(e.Records)), "erasing "+strings.ReplaceAll(kind.ID, "_", " "))
		for i, id := range e.ids {
			// Two records of a person may have orders of the same id.
			pseudonym := fmt.Sprintf("%s.%d", e.receipt.GetPseudonym(), i+1)
			if err := e.kind(kind.ID).Erase(ctx, id, pseudonym); err != nil {
				return err
			}
		}
	}
	for _, id := range e.ids {
		err := e.Delete(ctx, id)
		if strings.HasPrefix(fault.ReasonOf(err), "CUSTOMER_HAS_") {
			return e.later("erasing what came in")
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// running are the operations of this service that are running, erasures apart.
func (e *erasing) running(ctx context.Context) (names []string, err error) {
	r := &longrunningpb.ListOperationsRequest{Name: "operations/" + own, Filter: "done = false"}
	for {
		page, err := e.Operations.List(ctx, r)
		if err != nil {
			return nil, err
		}
		for _, op := range page.GetOperations() {
			if !strings.HasPrefix(op.GetName(), "operations/"+own+"/erase-") {
				names = append(names, op.GetName())
			}
		}
		if r.PageToken = page.GetNextPageToken(); r.PageToken == "" {
			return names, nil
		}
	}
}

// others lets the other services erase what they hold.
func (e *erasing) others(ctx context.Context) error {
	for _, peer := range e.Peers {
		e.run.Progress(0, 0, "erasing in "+peer.Name)
		answer, err := e.eraseIn(ctx, peer)
		switch fault.KindOf(err) {
		case fault.Unavailable, fault.DeadlineExceeded, fault.Aborted:
			return e.later("waiting for " + peer.Name)
		}
		if err != nil {
			return err
		}
		err = e.note(ctx, func(r *profilev1.ErasureReceipt) {
			r.Sections = slices.DeleteFunc(r.Sections, func(s *apiv1.ErasedSection) bool { return s.GetService() == peer.Name })
			for _, section := range answer.GetSections() {
				section.Service = peer.Name
				r.Sections = append(r.Sections, section)
			}
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// eraseTimeout is what a service has to erase: it rewrites all of its files, which was
// seen to take some twenty seconds for a million customers.
const eraseTimeout = 30 * time.Minute

func (e *erasing) eraseIn(ctx context.Context, peer Peer) (erased, error) {
	ctx, cancel := context.WithTimeout(ctx, eraseTimeout)
	defer cancel()
	return peer.erase(ctx, &apiv1.Person{CustomerIds: e.ids}, e.receipt.GetPseudonym())
}

// check asks every service what it holds now. Something may have been written by
// another replica that had read the person before: then all is done once more, a
// few times. What comes after that is sent anew, of somebody new.
func (e *erasing) check(ctx context.Context) error {
	state := &e.run.State
	if state.Checks == mostChecks {
		return nil
	}
	held, err := e.held(ctx, e.ids)
	if fault.KindOf(err) == fault.Unavailable {
		return e.later("waiting for the services")
	}
	if err != nil || len(held) == 0 {
		return err
	}
	*state = waiting{Checks: state.Checks + 1}
	if err := e.run.Checkpoint(ctx, *state); err != nil {
		return err
	}
	return e.later("erasing what came in")
}

const mostChecks = 5

// patience is how long a step waits before it looks again.
const patience = time.Second

// later puts the run off, and says what for.
func (e *erasing) later(stage string) error {
	e.run.Progress(0, 0, stage)
	return operation.Later(patience)
}

// close strikes the ids out of the erasure and seals its receipt.
func (e *erasing) close(ctx context.Context) error {
	done, err := e.erasures.change(ctx, e.id, func(d *erasure, r *profilev1.ErasureReceipt) error {
		d.Customers = nil
		r.State, r.CompleteTime = profilev1.ErasureState_ERASURE_STATE_DONE, timestamppb.New(e.now())
		seal, err := e.sealOf(r)
		r.Seal = seal
		return err
	})
	if err == nil {
		e.receipt = done
	}
	return err
}
