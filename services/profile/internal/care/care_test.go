package care_test

import (
	"fmt"
	"testing"
	"time"

	"cloud.google.com/go/longrunning/autogen/longrunningpb"
	"google.golang.org/genproto/googleapis/type/date"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"
	"github.com/kehuhq/kehu/pkg/docstore"

	"github.com/kehuhq/kehu/services/profile/internal/roomtest"
)

const (
	call = profilev1.CareChannel_CARE_CHANNEL_CALL
	good = profilev1.CareOutcome_CARE_OUTCOME_POSITIVE
)

type shop struct {
	*testing.T
	profilev1.CareServiceClient
	conn *grpc.ClientConn
	now  time.Time
}

func open(t *testing.T, e docstore.Engine) *shop {
	s := &shop{T: t, now: time.Date(2026, 2, 9, 17, 0, 0, 0, time.UTC)} // the 10th in Shanghai
	s.conn = roomtest.Serve(t, e, func() time.Time { return s.now })
	s.CareServiceClient = profilev1.NewCareServiceClient(s.conn)
	return s
}

func (s *shop) born(id string, year, month, day int32) {
	s.Helper()
	c := &profilev1.Customer{}
	if month > 0 {
		c.BirthDate = &date.Date{Year: year, Month: month, Day: day}
	}
	roomtest.Customer(s, s.conn, id, c)
}

func (s *shop) plan(r *profilev1.PlanCareTasksRequest) *profilev1.PlanCareTasksResponse {
	s.Helper()
	op, err := s.PlanCareTasks(s.Context(), r)
	roomtest.Must(s, err)
	op, err = profilev1.NewOperationServiceClient(s.conn).WaitOperation(s.Context(), &longrunningpb.WaitOperationRequest{Name: op.GetName(), Timeout: durationpb.New(20 * time.Second)})
	roomtest.Must(s, err)
	done := &profilev1.PlanCareTasksResponse{}
	if err := op.GetResponse().UnmarshalTo(done); err != nil {
		s.Fatalf("%v: %v", op, err)
	}
	return done
}

func (s *shop) list(r *profilev1.ListCareTasksRequest) []*profilev1.CareTask {
	s.Helper()
	page, err := s.ListCareTasks(s.Context(), r)
	roomtest.Must(s, err)
	return page.GetCareTasks()
}

func (s *shop) setPlan(p *profilev1.CarePlan) *profilev1.CarePlan {
	s.Helper()
	p, err := s.UpdateCarePlan(s.Context(), &profilev1.UpdateCarePlanRequest{CarePlan: p})
	roomtest.Must(s, err)
	return p
}

func TestPlanningIsDoneOnce(t *testing.T) {
	onEach(t, func(t *testing.T, e docstore.Engine) {
		s := open(t, e)
		s.born("ann", 1990, 2, 15)
		s.born("bob", 0, 7, 1)
		s.born("cat", 1988, 2, 11)
		s.setPlan(&profilev1.CarePlan{Name: "customers/ann/carePlan", Manager: "li"})
		s.setPlan(&profilev1.CarePlan{Name: "customers/cat/carePlan", PausedUntil: &date.Date{Year: 2026, Month: 2, Day: 14}})
		_, err := s.UpdateCarePolicy(t.Context(), &profilev1.UpdateCarePolicyRequest{CarePolicy: &profilev1.CarePolicy{DefaultManager: "wu"}})
		roomtest.Must(t, err)
		// Each: the first day, the seventh, Spring Festival; ann's birthday. Cat's
		// birthday and first day are in the pause.
		got := s.plan(&profilev1.PlanCareTasksRequest{RequestId: "once"})
		want := &profilev1.PlanCareTasksResponse{Customers: 3, Planned: 9, Paused: 2, FromDate: "2026-02-10", ToDate: "2026-02-24", TimeZone: "Asia/Shanghai"}
		if !proto.Equal(got, want) {
			t.Errorf("planned %v\n   want %v", got, want)
		}
		again := s.plan(&profilev1.PlanCareTasksRequest{From: &date.Date{Year: 2026, Month: 2, Day: 10}})
		if again.GetPlanned() != 0 || again.GetKnown() != 9 {
			t.Errorf("planned again %v", again)
		}
		var names []string
		for _, task := range s.list(&profilev1.ListCareTasksRequest{Parent: "customers/-", Manager: "li"}) {
			names = append(names, task.GetName()+" "+task.GetDueTime().AsTime().Format(time.RFC3339))
		}
		if got, want := fmt.Sprint(names), "[customers/ann/careTasks/new-customer-2026-02-11 2026-02-11T02:00:00Z "+
			"customers/ann/careTasks/birthday-2026-02-15 2026-02-15T02:00:00Z "+
			"customers/ann/careTasks/holidays-2026-02-17 2026-02-16T02:00:00Z "+
			"customers/ann/careTasks/new-customer-2026-02-17 2026-02-17T02:00:00Z]"; got != want {
			t.Errorf("of li\n got %s\nwant %s", got, want)
		}
		feast := s.list(&profilev1.ListCareTasksRequest{Parent: "customers/bob"})[1]
		if feast.GetManager() != "wu" || feast.GetHoliday() != profilev1.Holiday_HOLIDAY_SPRING_FESTIVAL || feast.GetText().GetZh() == "" || feast.GetOverdue() {
			t.Errorf("bob's: %v", feast)
		}
		// A new manager takes over what was planned.
		s.setPlan(&profilev1.CarePlan{Name: "customers/ann/carePlan", Manager: "zhou"})
		if left, taken := s.list(&profilev1.ListCareTasksRequest{Parent: "customers/-", Manager: "li"}), s.list(&profilev1.ListCareTasksRequest{Parent: "customers/-", Manager: "zhou"}); len(left) != 0 || len(taken) != 4 {
			t.Errorf("left %d, taken %d", len(left), len(taken))
		}
		s.now = time.Date(2026, 2, 15, 3, 0, 0, 0, time.UTC)
		overdue, err := s.ListOverdueCareTasks(t.Context(), &profilev1.ListOverdueCareTasksRequest{PageSize: 2})
		roomtest.Must(t, err)
		rest, err := s.ListOverdueCareTasks(t.Context(), &profilev1.ListOverdueCareTasksRequest{PageSize: 2, PageToken: overdue.GetNextPageToken()})
		roomtest.Must(t, err)
		of, err := s.ListOverdueCareTasks(t.Context(), &profilev1.ListOverdueCareTasksRequest{Manager: "zhou"})
		roomtest.Must(t, err)
		if len(overdue.GetCareTasks()) != 2 || len(rest.GetCareTasks()) != 1 || len(of.GetCareTasks()) != 2 || !of.GetCareTasks()[0].GetOverdue() {
			t.Errorf("overdue %d and %d, of zhou %d", len(overdue.GetCareTasks()), len(rest.GetCareTasks()), len(of.GetCareTasks()))
		}
	})
}

func TestContactsAreMadeSkippedAndMoved(t *testing.T) {
	onEach(t, func(t *testing.T, e docstore.Engine) {
		s := open(t, e)
		roomtest.Customer(t, s.conn, "acme", &profilev1.Customer{Kind: profilev1.CustomerKind_CUSTOMER_KIND_ENTERPRISE})
		accounts := profilev1.NewAccountServiceClient(s.conn)
		chief, err := accounts.CreateContact(t.Context(), &profilev1.CreateContactRequest{Parent: "customers/acme", ContactId: "chief", Contact: &profilev1.Contact{}})
		roomtest.Must(t, err)
		create := &profilev1.CreateCareTaskRequest{Parent: "customers/acme", RequestId: "r", CareTask: &profilev1.CareTask{
			Channel: call, DueTime: timestamppb.New(s.now.Add(time.Hour)), Instructions: "ask about the plant", Contact: chief.GetName(), Manager: "li",
		}}
		task, err := s.CreateCareTask(t.Context(), create)
		roomtest.Must(t, err)
		again, err := s.CreateCareTask(t.Context(), create)
		roomtest.Must(t, err)
		if !proto.Equal(task, again) || task.GetTopic() != profilev1.CareTopic_CARE_TOPIC_OTHER || task.GetInstructions() == "" {
			t.Errorf("%v\n%v", task, again)
		}
		moved, err := s.RescheduleCareTask(t.Context(), &profilev1.RescheduleCareTaskRequest{Name: task.GetName(), DueTime: timestamppb.New(s.now.Add(48 * time.Hour)), Author: "li", Reason: "on a journey"})
		roomtest.Must(t, err)
		if len(moved.GetReschedules()) != 1 || !moved.GetReschedules()[0].GetFrom().AsTime().Equal(s.now.Add(time.Hour)) {
			t.Errorf("moved %v", moved)
		}
		complete := &profilev1.CompleteCareTaskRequest{Name: task.GetName(), Outcome: good, Report: "will order", Author: "li"}
		finished, err := s.CompleteCareTask(t.Context(), complete)
		roomtest.Must(t, err)
		twice, err := s.CompleteCareTask(t.Context(), complete)
		roomtest.Must(t, err)
		if !proto.Equal(finished, twice) || finished.GetReport() != "will order" || finished.GetState() != profilev1.CareTaskState_CARE_TASK_STATE_DONE {
			t.Errorf("done %v, twice %v", finished, twice)
		}
		chief, err = accounts.GetContact(t.Context(), &profilev1.GetContactRequest{Name: chief.GetName()})
		roomtest.Must(t, err)
		if !chief.GetLastContactTime().AsTime().Equal(s.now) {
			t.Errorf("the contact was last met %v", chief.GetLastContactTime())
		}
		_, err = s.SkipCareTask(t.Context(), &profilev1.SkipCareTaskRequest{Name: task.GetName(), Reason: "x", Author: "li"})
		roomtest.Refused(t, "skipping what is done", err, codes.FailedPrecondition, "CARE_TASK_ENDED", "")
		_, err = s.RescheduleCareTask(t.Context(), &profilev1.RescheduleCareTaskRequest{Name: task.GetName(), DueTime: timestamppb.New(s.now), Author: "li"})
		roomtest.Refused(t, "moving what is done", err, codes.FailedPrecondition, "CARE_TASK_ENDED", "")

		log := s.list(&profilev1.ListCareTasksRequest{Parent: "customers/acme", State: profilev1.CareTaskState_CARE_TASK_STATE_DONE})
		if len(log) != 1 || !proto.Equal(log[0], finished) || len(s.list(&profilev1.ListCareTasksRequest{Parent: "customers/acme"})) != 0 {
			t.Errorf("the log is %v", log)
		}
		create.CareTask.Marketing, create.RequestId = true, ""
		_, err = s.CreateCareTask(t.Context(), create)
		roomtest.Refused(t, "marketing", err, codes.FailedPrecondition, "CONSENT_MISSING", "")
		roomtest.Consent(t, s.conn, "acme", "marketing", profilev1.ConsentState_CONSENT_STATE_GRANTED)
		offer, err := s.CreateCareTask(t.Context(), create)
		roomtest.Must(t, err)
		s.now = s.now.Add(time.Hour)
		roomtest.Consent(t, s.conn, "acme", "marketing", profilev1.ConsentState_CONSENT_STATE_WITHDRAWN)
		_, err = s.CompleteCareTask(t.Context(), &profilev1.CompleteCareTaskRequest{Name: offer.GetName(), Outcome: good, Author: "li"})
		roomtest.Refused(t, "marketing after the withdrawal", err, codes.FailedPrecondition, "CONSENT_MISSING", "")
		_, err = s.SkipCareTask(t.Context(), &profilev1.SkipCareTaskRequest{Name: offer.GetName(), Reason: "no consent", Author: "li"})
		roomtest.Must(t, err)
		for field, given := range map[string]*profilev1.CareTask{
			"care_task.channel":  {DueTime: timestamppb.New(s.now)},
			"care_task.due_time": {Channel: call},
			"care_task.contact":  {Channel: call, DueTime: timestamppb.New(s.now), Contact: "customers/other/contacts/x"},
			"care_task.manager":  {Channel: call, DueTime: timestamppb.New(s.now), Manager: "a\nb"},
		} {
			_, err := s.CreateCareTask(t.Context(), &profilev1.CreateCareTaskRequest{Parent: "customers/acme", CareTask: given})
			roomtest.Refused(t, field, err, codes.InvalidArgument, "INVALID_FIELD", field)
		}
	})
}

// Only whoever has consented is planned marketing for.
func TestMarketingIsPlannedWithConsent(t *testing.T) {
	s := open(t, onPebble(t))
	s.born("ann", 0, 0, 0)
	s.born("bob", 0, 0, 0)
	roomtest.Consent(t, s.conn, "bob", "marketing", profilev1.ConsentState_CONSENT_STATE_GRANTED)
	_, err := s.UpdateCarePolicy(t.Context(), &profilev1.UpdateCarePolicyRequest{CarePolicy: &profilev1.CarePolicy{Rules: []*profilev1.CareRule{
		{Rule: "news", Topic: profilev1.CareTopic_CARE_TOPIC_REGULAR, EveryDays: 10, Channel: call, Marketing: true},
	}}})
	roomtest.Must(t, err)
	if got := s.plan(&profilev1.PlanCareTasksRequest{}); got.GetPlanned() != 1 || got.GetWithoutConsent() != 1 {
		t.Errorf("planned %v", got)
	}
	if tasks := s.list(&profilev1.ListCareTasksRequest{Parent: "customers/bob"}); len(tasks) != 1 || !tasks[0].GetMarketing() {
		t.Errorf("for bob %v", tasks)
	}
}

// More customers than one batch: the planning passes its checkpoints.
func TestPlanningForMany(t *testing.T) {
	s := open(t, onPebble(t))
	customers := profilev1.NewCustomerServiceClient(s.conn)
	const n = 2300
	var all []*profilev1.Customer
	for i := range n {
		all = append(all, &profilev1.Customer{Name: fmt.Sprintf("customers/c%d", i)})
	}
	for len(all) > 0 {
		part := all[:min(len(all), 1000)]
		_, err := customers.BatchUpsertCustomers(t.Context(), &profilev1.BatchUpsertCustomersRequest{Customers: part})
		roomtest.Must(t, err)
		all = all[len(part):]
	}
	if got := s.plan(&profilev1.PlanCareTasksRequest{}); got.GetCustomers() != n || got.GetPlanned() != 3*n {
		t.Errorf("planned %v", got)
	}
}

func TestPoliciesThatCannotBe(t *testing.T) {
	s := open(t, onPebble(t))
	rule := func(r *profilev1.CareRule) *profilev1.CarePolicy {
		r.Channel = call
		return &profilev1.CarePolicy{Rules: []*profilev1.CareRule{r}}
	}
	for field, p := range map[string]*profilev1.CarePolicy{
		"care_policy.time_zone":           {TimeZone: "Nowhere/City"},
		"care_policy.rules[0].holidays":   rule(&profilev1.CareRule{Rule: "a", Topic: profilev1.CareTopic_CARE_TOPIC_HOLIDAY}),
		"care_policy.rules[0].days_after": rule(&profilev1.CareRule{Rule: "a", Topic: profilev1.CareTopic_CARE_TOPIC_NEW_CUSTOMER}),
		"care_policy.rules[0].every_days": rule(&profilev1.CareRule{Rule: "a", Topic: profilev1.CareTopic_CARE_TOPIC_REGULAR}),
		"care_policy.rules[0].topic":      rule(&profilev1.CareRule{Rule: "a", Topic: profilev1.CareTopic_CARE_TOPIC_OTHER}),
	} {
		_, err := s.UpdateCarePolicy(t.Context(), &profilev1.UpdateCarePolicyRequest{CarePolicy: p})
		roomtest.Refused(t, field, err, codes.InvalidArgument, "INVALID_FIELD", field)
	}
	_, err := s.PlanCareTasks(t.Context(), &profilev1.PlanCareTasksRequest{To: &date.Date{Year: 2026, Month: 5, Day: 1}})
	roomtest.Refused(t, "a long span", err, codes.InvalidArgument, "INVALID_FIELD", "to")
	_, err = s.PlanCareTasks(t.Context(), &profilev1.PlanCareTasksRequest{From: &date.Date{Year: 9990, Month: 5, Day: 1}})
	roomtest.Refused(t, "the far future", err, codes.InvalidArgument, "INVALID_FIELD", "from")
}
