package profile_test

import (
	"testing"
	"time"

	longrunningpb "cloud.google.com/go/longrunning/autogen/longrunningpb"
	"google.golang.org/genproto/googleapis/type/date"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/structpb"

	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"
)

// rooms are the services by which the rooms are filled.
type rooms struct {
	customers  profilev1.CustomerServiceClient
	orders     profilev1.OrderServiceClient
	events     profilev1.EventServiceClient
	consents   profilev1.ConsentServiceClient
	merges     profilev1.MergingServiceClient
	leads      profilev1.LeadServiceClient
	accounts   profilev1.AccountServiceClient
	care       profilev1.CareServiceClient
	style      profilev1.StyleServiceClient
	journey    profilev1.JourneyServiceClient
	analysis   profilev1.AnalysisServiceClient
	quality    profilev1.DataQualityServiceClient
	duplicates profilev1.DuplicateServiceClient
	rights     profilev1.RightsServiceClient
	operations profilev1.OperationServiceClient
}

func roomsAt(conn grpc.ClientConnInterface) *rooms {
	return &rooms{
		profilev1.NewCustomerServiceClient(conn), profilev1.NewOrderServiceClient(conn), profilev1.NewEventServiceClient(conn),
		profilev1.NewConsentServiceClient(conn), profilev1.NewMergingServiceClient(conn), profilev1.NewLeadServiceClient(conn),
		profilev1.NewAccountServiceClient(conn), profilev1.NewCareServiceClient(conn), profilev1.NewStyleServiceClient(conn),
		profilev1.NewJourneyServiceClient(conn), profilev1.NewAnalysisServiceClient(conn), profilev1.NewDataQualityServiceClient(conn),
		profilev1.NewDuplicateServiceClient(conn), profilev1.NewRightsServiceClient(conn), profilev1.NewOperationServiceClient(conn),
	}
}

// ok fails the test on an error and returns the result.
func ok[M any](t *testing.T) func(M, error) M {
	return func(m M, err error) M {
		t.Helper()
		must(t, err)
		return m
	}
}

// wait waits for an operation to end well.
func (r *rooms) wait(t *testing.T, op *longrunningpb.Operation, err error) *longrunningpb.Operation {
	t.Helper()
	must(t, err)
	for !op.GetDone() {
		op, err = r.operations.WaitOperation(t.Context(), &longrunningpb.WaitOperationRequest{Name: op.GetName(), Timeout: durationpb.New(time.Minute)})
		must(t, err)
	}
	if op.GetError() != nil {
		t.Fatal(op.GetError())
	}
	return op
}

// fill writes something about a customer into every room.
func (r *rooms) fill(t *testing.T, id, phone string) {
	t.Helper()
	ctx, name := t.Context(), "customers/"+id
	_, err := r.customers.CreateCustomer(ctx, &profilev1.CreateCustomerRequest{CustomerId: id, Customer: &profilev1.Customer{
		DisplayName: "王" + word, City: word, Identifiers: []*profilev1.Identifier{{Type: profilev1.IdentifierType_IDENTIFIER_TYPE_PHONE, Value: phone}},
		Kind: profilev1.CustomerKind_CUSTOMER_KIND_ENTERPRISE,
	}})
	must(t, err)
	_, err = r.customers.UpdateCustomer(ctx, &profilev1.UpdateCustomerRequest{Customer: &profilev1.Customer{Name: name, City: word + "2"}})
	must(t, err)
	_, err = r.consents.SetConsent(ctx, &profilev1.SetConsentRequest{Consent: &profilev1.Consent{Name: name + "/consents/marketing", Decision: &profilev1.ConsentDecision{
		State: profilev1.ConsentState_CONSENT_STATE_GRANTED, Evidence: &profilev1.ConsentEvidence{Note: word},
	}}})
	must(t, err)
	_, err = r.orders.BatchRecordOrders(ctx, &profilev1.BatchRecordOrdersRequest{Orders: []*profilev1.Order{
		{Name: name + "/orders/o1", OrderTime: at(now.AddDate(0, -1, 0)), Amount: cny(1000)},
		{Name: name + "/orders/o2", OrderTime: at(now.AddDate(0, -2, 0)), Amount: cny(500)},
	}})
	must(t, err)
	_, err = r.orders.ReturnOrder(ctx, &profilev1.ReturnOrderRequest{Name: name + "/orders/o1", Return: &profilev1.OrderReturn{
		ReturnId: "r", ReturnTime: at(now), Refund: cny(300), Reason: word,
	}})
	must(t, err)
	_, err = r.events.LinkVisitor(ctx, &profilev1.LinkVisitorRequest{Name: "visitors/v-" + id, Customer: name})
	must(t, err)
	properties, err := structpb.NewStruct(map[string]any{"note": word})
	must(t, err)
	got, err := r.events.IngestEvents(ctx, &profilev1.IngestEventsRequest{Events: []*profilev1.Event{
		{Name: name + "/events/e", Type: profilev1.EventType_EVENT_TYPE_CUSTOM, EventName: "tested", OriginalTime: at(now.Add(-time.Hour)), Properties: properties},
		{Name: "visitors/v-" + id + "/events/e", Type: profilev1.EventType_EVENT_TYPE_CUSTOM, EventName: "tested", OriginalTime: at(now.Add(-time.Hour)), Properties: properties},
	}})
	must(t, err)
	for _, s := range got.GetStatuses() {
		if s.GetStatus().GetCode() != 0 {
			t.Fatal(s)
		}
	}
	r.fillRelations(t, id)
}

func (r *rooms) fillRelations(t *testing.T, id string) {
	t.Helper()
	ctx, name := t.Context(), "customers/"+id
	_, err := r.leads.CreateLead(ctx, &profilev1.CreateLeadRequest{LeadId: "lead-" + id, Lead: &profilev1.Lead{Customer: name, Owner: "li", DisplayName: word, Notes: word}})
	must(t, err)
	_, err = r.accounts.CreateContact(ctx, &profilev1.CreateContactRequest{Parent: name, Contact: &profilev1.Contact{DisplayName: word}})
	must(t, err)
	_, err = r.accounts.LogOrganisationChange(ctx, &profilev1.LogOrganisationChangeRequest{Name: name + "/accountPlan",
		Change: &profilev1.OrganisationChange{Date: &date.Date{Year: 2026, Month: 1, Day: 1}, Description: word, Effect: word, Author: "li"}})
	must(t, err)
	_, err = r.care.UpdateCarePlan(ctx, &profilev1.UpdateCarePlanRequest{CarePlan: &profilev1.CarePlan{Name: name + "/carePlan", Notes: word}})
	must(t, err)
	_, err = r.care.CreateCareTask(ctx, &profilev1.CreateCareTaskRequest{Parent: name, CareTask: &profilev1.CareTask{
		Instructions: word, DueTime: at(now), Channel: profilev1.CareChannel_CARE_CHANNEL_CALL}})
	must(t, err)
	_, err = r.style.ObserveBehavior(ctx, &profilev1.ObserveBehaviorRequest{Name: name + "/behaviorStyle",
		Observation: &profilev1.StyleObservation{Note: word + "要数据", Author: "li"}})
	must(t, err)
	_, err = r.journey.SetStage(ctx, &profilev1.SetStageRequest{Parent: name, Transition: &profilev1.StageTransition{
		To: profilev1.JourneyStage_JOURNEY_STAGE_LOYALTY, Cause: &profilev1.StageTransition_Reason{Reason: word}, SetBy: "li"}})
	must(t, err)
}

// analyse lets the rooms that look at everybody do so.
func (r *rooms) analyse(t *testing.T) {
	t.Helper()
	ctx := t.Context()
	op, err := r.analysis.CreateAnalysis(ctx, &profilev1.CreateAnalysisRequest{Analysis: &profilev1.Analysis{
		Definition: &profilev1.Analysis_JourneyStages{JourneyStages: &profilev1.JourneyStages{}},
	}})
	r.wait(t, op, err)
	op, err = r.quality.AssessDataQuality(ctx, &profilev1.AssessDataQualityRequest{})
	r.wait(t, op, err)
	op, err = r.duplicates.FindDuplicateCandidates(ctx, &profilev1.FindDuplicateCandidatesRequest{})
	r.wait(t, op, err)
}
