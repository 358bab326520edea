package care

import (
	"context"
	"errors"
	"slices"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"
	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/fault"
	"github.com/kehuhq/kehu/pkg/rpc/aip"
	"github.com/kehuhq/kehu/pkg/rpc/etag"
)

// mostReschedules is how many moves of its due time a task keeps.
const mostReschedules = 50

// taskID reads the id of a task's document from its name.
func taskID(name string) (string, error) {
	var customer, id string
	err := aip.ParseName("name", name, taskPattern, &customer, &id)
	return docstore.ID(customer, id), err
}

func taskNotFound(err error, id string) error {
	if errors.Is(err, docstore.ErrNotFound) {
		return fault.New(fault.NotFound, "CARE_TASK_NOT_FOUND", "there is no care task %q", docstore.ParseID(id)[1])
	}
	return err
}

// GetCareTask returns one task.
func (s *Server) GetCareTask(ctx context.Context, r *profilev1.GetCareTaskRequest) (*profilev1.CareTask, error) {
	id, err := taskID(r.GetName())
	if err != nil {
		return nil, err
	}
	doc, err := s.docs.Get(ctx, id)
	if err != nil {
		return nil, taskNotFound(err, id)
	}
	return s.read(ctx, doc)
}

// CreateCareTask plans a contact by hand.
func (s *Server) CreateCareTask(ctx context.Context, r *profilev1.CreateCareTaskRequest) (*profilev1.CareTask, error) {
	customer, err := s.customer(ctx, "parent", r.GetParent(), customerPattern)
	if err != nil {
		return nil, err
	}
	given := r.GetCareTask()
	dueAt, err := s.acceptTask(ctx, customer, given)
	if err != nil {
		return nil, aip.Within("care_task", err)
	}
	if given.GetMarketing() {
		if err := s.consented(ctx, customer); err != nil {
			return nil, err
		}
	}
	key, err := aip.KeyOf(r)
	if err != nil {
		return nil, err
	}
	doc := &task{
		Meta:     docstore.Meta{ID: docstore.ID(customer, key.NewID("CreateCareTask "+customer))},
		Customer: customer, Manager: given.GetManager(), Follows: given.GetManager() == "", State: planned,
		Topic: given.GetTopic(), Channel: given.GetChannel(), DueAt: dueAt, Marketing: given.GetMarketing(),
		Request: key, CreatedAt: s.now(),
	}
	if doc.Topic == profilev1.CareTopic_CARE_TOPIC_UNSPECIFIED {
		doc.Topic = profilev1.CareTopic_CARE_TOPIC_OTHER
	}
	if doc.Follows {
		if doc.Manager, err = s.managerOf(ctx, customer); err != nil {
			return nil, err
		}
	}
	if err := s.fill(ctx, doc, aip.Only(given, []string{"instructions", "contact"})); err != nil {
		return nil, err
	}
	err = s.docs.Insert(ctx, doc)
	if errors.Is(err, docstore.ErrConflict) {
		existing, err := s.docs.Get(ctx, doc.ID)
		if err != nil {
			return nil, err
		}
		if err := key.Repeats(existing.Request, "care_task", aip.Name(taskPattern, docstore.ParseID(doc.ID)...), "CARE_TASK_EXISTS"); err != nil {
			return nil, err
		}
		return s.read(ctx, existing)
	}
	if err != nil {
		return nil, err
	}
	return s.read(ctx, doc)
}

// acceptTask checks what a caller set of a task, and tells when it is due.
func (s *Server) acceptTask(ctx context.Context, customer string, t *profilev1.CareTask) (time.Time, error) {
	if err := aip.CheckText(aip.Only(t, []string{"manager", "instructions", "contact"})); err != nil {
		return time.Time{}, err
	}
	if t.GetChannel() == profilev1.CareChannel_CARE_CHANNEL_UNSPECIFIED {
		return time.Time{}, fault.Invalid("channel", "must be given")
	}
	if t.GetContact() != "" {
		var of, id string
		if err := aip.ParseName("contact", t.GetContact(), contactPattern, &of, &id); err != nil {
			return time.Time{}, err
		}
		if of != customer {
			return time.Time{}, fault.Invalid("contact", "must be a contact of customers/%s", customer)
		}
		if _, err := s.contacts.GetContact(ctx, &profilev1.GetContactRequest{Name: t.GetContact()}); err != nil {
			return time.Time{}, err
		}
	}
	dueAt, err := aip.Instant("due_time", t.GetDueTime())
	if err == nil && dueAt.IsZero() {
		err = fault.Invalid("due_time", "must be given")
	}
	return dueAt, err
}

// change lets edit alter a task that is still planned, at the version asked for.
// edit returns false where there is nothing to change.
func (s *Server) change(ctx context.Context, id, tag string, edit func(*task, *profilev1.CareTask) (bool, error)) (*profilev1.CareTask, error) {
	doc, err := s.docs.Update(ctx, id, func(doc *task) error {
		if err := etag.Check(tag, doc.Version); err != nil {
			return err
		}
		t, err := s.read(ctx, doc)
		if err != nil {
			return err
		}
		changed, err := edit(doc, t)
		if err != nil {
			return err
		}
		if !changed {
			return docstore.ErrUnchanged
		}
		return s.fill(ctx, doc, t)
	})
	if err != nil {
		return nil, taskNotFound(err, id)
	}
	return s.read(ctx, doc)
}

func ended(doc *task) error {
	return fault.New(fault.FailedPrecondition, "CARE_TASK_ENDED", "the contact was %s already",
		map[profilev1.CareTaskState]string{done: "made", skipped: "skipped"}[doc.State])
}

// CompleteCareTask logs that a contact was made.
func (s *Server) CompleteCareTask(ctx context.Context, r *profilev1.CompleteCareTaskRequest) (*profilev1.CareTask, error) {
	id, err := taskID(r.GetName())
	if err != nil {
		return nil, err
	}
	if err := aip.CheckText(r); err != nil {
		return nil, err
	}
	at, err := aip.Instant("end_time", r.GetEndTime())
	if err != nil {
		return nil, err
	}
	now := s.now()
	if at.IsZero() {
		at = now
	}
	if at.After(now.Add(time.Hour)) { // clocks differ
		return nil, fault.Invalid("end_time", "must not lie in the future")
	}
	t, err := s.change(ctx, id, r.GetEtag(), func(doc *task, t *profilev1.CareTask) (bool, error) {
		if doc.State == done && doc.Outcome == r.GetOutcome() && t.GetReport() == r.GetReport() && t.GetAuthor() == r.GetAuthor() {
			return false, nil // the same again
		}
		if doc.State != planned {
			return false, ended(doc)
		}
		if doc.Marketing {
			if err := s.consented(ctx, doc.Customer); err != nil {
				return false, err
			}
		}
		doc.State, doc.Outcome, doc.EndedAt = done, r.GetOutcome(), at
		t.Report, t.Author = r.GetReport(), r.GetAuthor()
		return true, nil
	})
	if err != nil {
		return nil, err
	}
	return t, s.tell(ctx, t)
}

// tell notes with the contact named in a task that somebody spoke with it. A
// contact who has gone meanwhile is no error; what breaks off is made good by
// completing the task in the same way again.
func (s *Server) tell(ctx context.Context, t *profilev1.CareTask) error {
	if t.GetContact() == "" || t.GetOutcome() == profilev1.CareOutcome_CARE_OUTCOME_NOT_REACHED {
		return nil
	}
	err := s.contacts.Contacted(ctx, t.GetContact(), t.GetEndTime().AsTime())
	if fault.KindOf(err) == fault.NotFound {
		return nil
	}
	return err
}

// SkipCareTask logs that a contact is not made.
func (s *Server) SkipCareTask(ctx context.Context, r *profilev1.SkipCareTaskRequest) (*profilev1.CareTask, error) {
	id, err := taskID(r.GetName())
	if err != nil {
		return nil, err
	}
	if err := aip.CheckText(r); err != nil {
		return nil, err
	}
	return s.change(ctx, id, r.GetEtag(), func(doc *task, t *profilev1.CareTask) (bool, error) {
		if doc.State == skipped && t.GetReport() == r.GetReason() && t.GetAuthor() == r.GetAuthor() {
			return false, nil // the same again
		}
		if doc.State != planned {
			return false, ended(doc)
		}
		doc.State, doc.EndedAt = skipped, s.now()
		t.Report, t.Author = r.GetReason(), r.GetAuthor()
		return true, nil
	})
}

// RescheduleCareTask moves the due time of a planned contact.
func (s *Server) RescheduleCareTask(ctx context.Context, r *profilev1.RescheduleCareTaskRequest) (*profilev1.CareTask, error) {
	id, err := taskID(r.GetName())
	if err != nil {
		return nil, err
	}
	if err := aip.CheckText(r); err != nil {
		return nil, err
	}
	to, err := aip.Instant("due_time", r.GetDueTime())
	if err != nil {
		return nil, err
	}
	return s.change(ctx, id, r.GetEtag(), func(doc *task, t *profilev1.CareTask) (bool, error) {
		if doc.State != planned {
			return false, ended(doc)
		}
		if doc.DueAt.Equal(to) {
			return false, nil
		}
		t.Reschedules = append(t.GetReschedules(), &profilev1.CareReschedule{
			From: timestamppb.New(doc.DueAt), To: timestamppb.New(to), Reason: r.GetReason(), Author: r.GetAuthor(),
			RescheduleTime: timestamppb.New(s.now()),
		})
		t.Reschedules = slices.Clone(t.Reschedules[max(0, len(t.Reschedules)-mostReschedules):])
		doc.DueAt = to
		return true, nil
	})
}
