// Package care is profile's room for looking after customers: who is to contact
// whom, when and what for, and how it went.
//
//	care_plans  _id customer       who looks after a customer
//	care_tasks  _id customer!task  contacts, planned and made
//	care_policy _id policy         what is planned by itself
//
// What is to be said to a customer, and what was said, is sealed under the
// customer's key. A task that a rule has planned holds nothing of the kind, so
// that planning makes no keys.
package care

import (
	"context"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"
	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/rpc/aip"
	"github.com/kehuhq/kehu/pkg/rpc/etag"

	"github.com/kehuhq/kehu/services/profile/internal/sealed"
)

// Patterns of the resource names.
const (
	customerPattern = "customers/{customer}"
	planPattern     = "customers/{customer}/carePlan"
	taskPattern     = "customers/{customer}/careTasks/{task}"
	contactPattern  = "customers/{customer}/contacts/{contact}"
)

const (
	planned = profilev1.CareTaskState_CARE_TASK_STATE_PLANNED
	done    = profilev1.CareTaskState_CARE_TASK_STATE_DONE
	skipped = profilev1.CareTaskState_CARE_TASK_STATE_SKIPPED
)

// task is a contact as it is stored.
type task struct {
	docstore.Meta `bson:",inline"`
	Customer      string                  `bson:"customer"`
	Manager       string                  `bson:"manager"`
	Follows       bool                    `bson:"follows"` // the manager is the customer's, whoever that is
	State         profilev1.CareTaskState `bson:"state"`
	Topic         profilev1.CareTopic     `bson:"topic"`
	Holiday       profilev1.Holiday       `bson:"holiday,omitempty"`
	Channel       profilev1.CareChannel   `bson:"channel"`
	DueAt         time.Time               `bson:"due_at"`
	Marketing     bool                    `bson:"marketing"`
	Rule          string                  `bson:"rule,omitempty"`
	Occasion      string                  `bson:"occasion,omitempty"` // YYYY-MM-DD
	TextZh        string                  `bson:"text_zh,omitempty"`  // the rule's
	TextEn        string                  `bson:"text_en,omitempty"`
	EndedAt       time.Time               `bson:"ended_at,omitempty"`
	Outcome       profilev1.CareOutcome   `bson:"outcome,omitempty"`
	Content       []byte                  `bson:"content,omitempty"` // a CareTask of instructions, contact, report, author, reschedules
	Request       aip.RequestKey          `bson:"request"`
	CreatedAt     time.Time               `bson:"created_at"`
}

// at is the time by which a task is listed: when it is due, or when it ended.
func (t *task) at() time.Time {
	if t.State == planned {
		return t.DueAt
	}
	return t.EndedAt
}

func taskPlace(id string) string { return "care_tasks!" + id }

// read is a task as the API has it.
func (s *Server) read(ctx context.Context, doc *task) (*profilev1.CareTask, error) {
	t := &profilev1.CareTask{}
	if err := sealed.Open(ctx, s.vault, doc.Customer, taskPlace(doc.ID), doc.Content, t); err != nil {
		return nil, err
	}
	t.Name = aip.Name(taskPattern, docstore.ParseID(doc.ID)...)
	t.Topic, t.Holiday, t.Channel, t.Manager = doc.Topic, doc.Holiday, doc.Channel, doc.Manager
	t.DueTime, t.Marketing, t.Rule, t.OccasionDate = timestamppb.New(doc.DueAt), doc.Marketing, doc.Rule, doc.Occasion
	if doc.TextZh != "" || doc.TextEn != "" {
		t.Text = &profilev1.Bilingual{Zh: doc.TextZh, En: doc.TextEn}
	}
	t.State, t.Outcome, t.EndTime = doc.State, doc.Outcome, aip.Timestamp(doc.EndedAt)
	t.Overdue = doc.State == planned && doc.DueAt.Before(s.now())
	t.CreateTime, t.UpdateTime, t.Etag = timestamppb.New(doc.CreatedAt), aip.Timestamp(doc.UpdatedAt), etag.Of(doc.Version)
	return t, nil
}

// private are the fields of a task that are sealed.
var private = []string{"instructions", "contact", "report", "author", "reschedules"}

// fill seals what is private of a task.
func (s *Server) fill(ctx context.Context, doc *task, t *profilev1.CareTask) (err error) {
	doc.Content, err = sealed.Seal(ctx, s.vault, doc.Customer, taskPlace(doc.ID), aip.Only(t, private))
	return err
}

// Indexes of the tasks; the time is that of task.at.
const (
	byCustomer = "by_customer" // customer, state, time
	byManager  = "by_manager"  // manager, state, time
	byDue      = "by_due"      // of what is planned: due time
)

func stateKey(s profilev1.CareTaskState) docstore.KeyPart { return docstore.Int(int64(s)) }

func taskSchema() docstore.Schema[task] {
	return docstore.Schema[task]{Name: "care_tasks", Changes: true, Indexes: []docstore.Index[task]{
		{Name: byCustomer, Key: func(t *task) string {
			return docstore.Key(docstore.String(t.Customer), stateKey(t.State), docstore.Time(t.at()))
		}},
		{Name: byManager, Key: func(t *task) string {
			return docstore.Key(docstore.String(t.Manager), stateKey(t.State), docstore.Time(t.at()))
		}},
		{Name: byDue, Key: func(t *task) string {
			if t.State != planned {
				return ""
			}
			return docstore.Key(docstore.Time(t.DueAt))
		}},
	}}
}

// plan is a care plan as it is stored.
type plan struct {
	docstore.Meta `bson:",inline"`
	Manager       string    `bson:"manager,omitempty"`
	PausedUntil   string    `bson:"paused_until,omitempty"` // YYYY-MM-DD
	Content       []byte    `bson:"content,omitempty"`      // a CarePlan of notes
	HandingOver   time.Time `bson:"handing_over,omitempty"` // since when tasks may still have the manager before
}

const handingOver = "handing_over"

func planSchema() docstore.Schema[plan] {
	return docstore.Schema[plan]{Name: "care_plans", Changes: true, Indexes: []docstore.Index[plan]{
		{Name: handingOver, Key: func(p *plan) string {
			if p.HandingOver.IsZero() {
				return ""
			}
			return docstore.Key(docstore.Time(p.HandingOver))
		}},
	}}
}

// policyDoc is the policy as it is stored.
type policyDoc struct {
	docstore.Meta `bson:",inline"`
	Content       []byte `bson:"content"` // a CarePolicy
}
