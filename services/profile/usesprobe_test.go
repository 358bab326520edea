package profile_test

import (
	"bytes"
	"errors"
	"io"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	longrunningpb "cloud.google.com/go/longrunning/autogen/longrunningpb"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"

	apiv1 "github.com/kehuhq/kehu/gen/kehu/api/v1"
	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"

	"github.com/kehuhq/kehu/services/profile/internal/exporter"
	"github.com/kehuhq/kehu/services/profile/internal/roomtest"
)

// finding is what came of reading for a purpose.
type finding struct {
	seen     bool  // the customer is in the answer
	excluded int64 // how many the answer says were left out
}

// reader reads for purposes, in a base with the customers ann, who objects to
// everything, and bob, who allows everything.
type reader struct {
	testing.TB
	conn *grpc.ClientConn
}

// refusal is the finding of a call for one customer, which is refused as a whole.
func (r *reader) refusal(err error) finding {
	r.Helper()
	if reasonOf(err) == "CONSENT_MISSING" {
		return finding{excluded: 1}
	}
	must(r, err)
	return finding{seen: true}
}

func reasonOf(err error) string {
	for _, detail := range status.Convert(err).Details() {
		if info, ok := detail.(*errdetails.ErrorInfo); ok {
			return info.GetReason()
		}
	}
	return ""
}

// wait returns what an operation has answered.
func wait[M proto.Message](r *reader, op *longrunningpb.Operation, answer M) M {
	r.Helper()
	op, err := profilev1.NewOperationServiceClient(r.conn).WaitOperation(r.Context(),
		&longrunningpb.WaitOperationRequest{Name: op.GetName(), Timeout: durationpb.New(30 * time.Second)})
	must(r, err)
	must(r, op.GetResponse().UnmarshalTo(answer))
	return answer
}

const forSegmentation = "purposes/segmentation"

// probes read a customer's data with each RPC that serves a purpose.
var probes = map[string]func(r *reader, customer string) finding{
	"CustomerService.GetCustomer": func(r *reader, customer string) finding {
		_, err := r.customers().GetCustomer(r.Context(), &profilev1.GetCustomerRequest{Name: customer, Purpose: forSegmentation})
		return r.refusal(err)
	},
	"CustomerService.LookupCustomer": func(r *reader, customer string) finding {
		_, err := r.customers().LookupCustomer(r.Context(), &profilev1.LookupCustomerRequest{
			ExternalId: strings.TrimPrefix(customer, "customers/"), Purpose: forSegmentation,
		})
		return r.refusal(err)
	},
	"CustomerService.BatchGetCustomers": func(r *reader, customer string) finding {
		answer, err := r.customers().BatchGetCustomers(r.Context(), &profilev1.BatchGetCustomersRequest{Names: []string{customer}, Purpose: forSegmentation})
		must(r, err)
		return finding{len(answer.GetCustomers()) > 0, int64(len(answer.GetWithheld()))}
	},
	"CustomerService.ListCustomers": func(r *reader, customer string) finding {
		answer, err := r.customers().ListCustomers(r.Context(), &profilev1.ListCustomersRequest{Purpose: forSegmentation})
		must(r, err)
		return finding{has(answer.GetCustomers(), customer), answer.GetExcludedWithoutConsent()}
	},
	"CustomerService.StreamCustomers": func(r *reader, customer string) finding {
		stream, err := r.customers().StreamCustomers(r.Context(), &profilev1.StreamCustomersRequest{Purpose: forSegmentation})
		must(r, err)
		var f finding
		for {
			batch, err := stream.Recv()
			if errors.Is(err, io.EOF) {
				return f
			}
			must(r, err)
			f.seen = f.seen || has(batch.GetCustomers(), customer)
			f.excluded = batch.GetExcludedWithoutConsent()
		}
	},
	"OrderService.ListOrders": func(r *reader, customer string) finding {
		_, err := r.orders().ListOrders(r.Context(), &profilev1.ListOrdersRequest{Parent: customer, Purpose: forSegmentation})
		return r.refusal(err)
	},
	"OrderService.StreamPurchaseHistories": func(r *reader, customer string) finding {
		stream, err := r.orders().StreamPurchaseHistories(r.Context(), &profilev1.StreamPurchaseHistoriesRequest{Purpose: forSegmentation})
		must(r, err)
		var f finding
		for {
			batch, err := stream.Recv()
			if errors.Is(err, io.EOF) {
				return f
			}
			must(r, err)
			for _, h := range batch.GetHistories() {
				f.seen = f.seen || "customers/"+h.GetCustomerId() == customer
				f.excluded += h.GetExcludedBefore()
			}
			f.excluded += batch.GetExcludedWithoutConsent()
		}
	},
	"CustomerUpdateService.BatchGetPurchaseHistories": historiesOfSome,
	"CustomerUpdateService.BatchGetBehaviors":         behaviorsOfSome,
	"CustomerUpdateService.StreamBehaviors":           behaviorsOfAll,
	"EventService.ListEvents": func(r *reader, customer string) finding {
		_, err := profilev1.NewEventServiceClient(r.conn).ListEvents(r.Context(), &profilev1.ListEventsRequest{Parent: customer, Purpose: forSegmentation})
		return r.refusal(err)
	},
	"ExportService.DownloadExport": func(r *reader, customer string) finding {
		var all []finding
		for _, kind := range []profilev1.ExportKind{profilev1.ExportKind_EXPORT_KIND_CUSTOMERS, profilev1.ExportKind_EXPORT_KIND_ORDERS, profilev1.ExportKind_EXPORT_KIND_EVENTS} {
			all = append(all, r.export(kind, customer))
		}
		if all[0] != all[1] || all[0] != all[2] {
			r.Errorf("the exports differ: %v", all)
		}
		return all[0]
	},
	"AnalysisService.CreateAnalysis": func(r *reader, customer string) finding {
		a := r.analysis(customer)
		return finding{a.GetPopulationSize() > 0, a.GetExcludedWithoutConsent()}
	},
	"AnalysisService.ListAnalysisCustomers": func(r *reader, customer string) finding {
		s := profilev1.NewAnalysisServiceClient(r.conn)
		id := strings.TrimPrefix(customer, "customers/")
		r.decide(id, "analytics", granted) // when it is made
		a := r.analysis("")
		if id == "ann" {
			r.decide(id, "analytics", withdrawn) // and no longer when it is looked at
		}
		answer, err := s.ListAnalysisCustomers(r.Context(), &profilev1.ListAnalysisCustomersRequest{Parent: a.GetName(), List: "purchase"})
		must(r, err)
		marketed, err := s.ListAnalysisCustomers(r.Context(), &profilev1.ListAnalysisCustomersRequest{Parent: a.GetName(), List: "purchase", Purpose: "purposes/marketing"})
		must(r, err)
		f := finding{among(answer.GetCustomers(), customer), answer.GetExcludedWithoutConsent()}
		if g := (finding{among(marketed.GetCustomers(), customer), marketed.GetExcludedWithoutConsent()}); f != g {
			r.Errorf("for marketing %v, for analytics %v", g, f)
		}
		return f
	},
	"JourneyService.GetCustomerJourney": func(r *reader, customer string) finding {
		_, err := r.journeys().GetCustomerJourney(r.Context(), &profilev1.GetCustomerJourneyRequest{Name: customer + "/journey"})
		return r.refusal(err)
	},
	"JourneyService.ListStageTransitions": func(r *reader, customer string) finding {
		_, err := r.journeys().ListStageTransitions(r.Context(), &profilev1.ListStageTransitionsRequest{Parent: customer})
		return r.refusal(err)
	},
	"JourneyService.SetStage": func(r *reader, customer string) finding {
		_, err := r.journeys().SetStage(r.Context(), &profilev1.SetStageRequest{Parent: customer, Transition: &profilev1.StageTransition{
			To: profilev1.JourneyStage_JOURNEY_STAGE_LOYALTY, Cause: &profilev1.StageTransition_Reason{Reason: "said so"},
		}})
		return r.refusal(err)
	},
	"StyleService.GetBehaviorStyle": func(r *reader, customer string) finding {
		_, err := profilev1.NewStyleServiceClient(r.conn).GetBehaviorStyle(r.Context(), &profilev1.GetBehaviorStyleRequest{Name: customer + "/behaviorStyle"})
		return r.refusal(err)
	},
	"StyleService.ObserveBehavior": func(r *reader, customer string) finding {
		_, err := profilev1.NewStyleServiceClient(r.conn).ObserveBehavior(r.Context(), &profilev1.ObserveBehaviorRequest{
			Name: customer + "/behaviorStyle", Observation: &profilev1.StyleObservation{Signs: []string{"styleSigns/takes-notes"}, Author: "li"},
		})
		return r.refusal(err)
	},
	"RecommendationService.TrainRecommendationModel": func(r *reader, customer string) finding {
		m := r.train()
		return finding{customer == "customers/bob" && m.GetCustomers() == 1, m.GetCustomersWithheld()}
	},
	"RecommendationService.ListSuggestions": func(r *reader, customer string) finding {
		r.train()
		answer, err := profilev1.NewRecommendationServiceClient(r.conn).ListSuggestions(r.Context(), &profilev1.ListSuggestionsRequest{Parent: customer})
		must(r, err)
		f := finding{seen: answer.GetHistoryItems() > 0}
		if answer.GetHistoryWithheld() {
			f.excluded = 1
		}
		return f
	},
	"CareService.PlanCareTasks": func(r *reader, customer string) finding {
		_, err := r.care().UpdateCarePolicy(r.Context(), &profilev1.UpdateCarePolicyRequest{CarePolicy: &profilev1.CarePolicy{Rules: []*profilev1.CareRule{{
			Rule: "offer-" + strings.TrimPrefix(customer, "customers/"), Topic: profilev1.CareTopic_CARE_TOPIC_NEW_CUSTOMER,
			Channel: profilev1.CareChannel_CARE_CHANNEL_CALL, DaysAfter: []int32{1}, Marketing: true,
		}}}})
		must(r, err)
		op, err := r.care().PlanCareTasks(r.Context(), &profilev1.PlanCareTasksRequest{})
		must(r, err)
		planned := wait(r, op, &profilev1.PlanCareTasksResponse{})
		return finding{r.planned(customer) > 0, planned.GetWithoutConsent()}
	},
	"CareService.CreateCareTask": func(r *reader, customer string) finding {
		_, err := r.offer(customer)
		return r.refusal(err)
	},
	"CareService.CompleteCareTask": func(r *reader, customer string) finding {
		offer := r.offerBefore(customer)
		_, err := r.care().CompleteCareTask(r.Context(), &profilev1.CompleteCareTaskRequest{
			Name: offer, Outcome: profilev1.CareOutcome_CARE_OUTCOME_POSITIVE, Author: "li",
		})
		return r.refusal(err)
	},
	"CareService.ListCareTasks": func(r *reader, customer string) finding {
		offer := r.offerBefore(customer)
		answer, err := r.care().ListCareTasks(r.Context(), &profilev1.ListCareTasksRequest{Parent: customer})
		must(r, err)
		return finding{has(answer.GetCareTasks(), offer), answer.GetExcludedWithoutConsent()}
	},
	"CareService.ListOverdueCareTasks": func(r *reader, customer string) finding {
		offer := r.offerBefore(customer)
		answer, err := r.care().ListOverdueCareTasks(r.Context(), &profilev1.ListOverdueCareTasksRequest{Manager: "of " + customer})
		must(r, err)
		return finding{has(answer.GetCareTasks(), offer), answer.GetExcludedWithoutConsent()}
	},
}

func (r *reader) customers() profilev1.CustomerServiceClient {
	return profilev1.NewCustomerServiceClient(r.conn)
}
func (r *reader) orders() profilev1.OrderServiceClient {
	return profilev1.NewOrderServiceClient(r.conn)
}
func (r *reader) journeys() profilev1.JourneyServiceClient {
	return profilev1.NewJourneyServiceClient(r.conn)
}
func (r *reader) care() profilev1.CareServiceClient { return profilev1.NewCareServiceClient(r.conn) }

func (r *reader) decide(customer, purpose string, state profilev1.ConsentState) {
	r.Helper()
	roomtest.Consent(r, r.conn, customer, purpose, state)
}

func has[M interface{ GetName() string }](all []M, name string) bool {
	return slices.ContainsFunc(all, func(m M) bool { return m.GetName() == name })
}

func among(all []*profilev1.AnalysisCustomer, customer string) bool {
	return slices.ContainsFunc(all, func(c *profilev1.AnalysisCustomer) bool { return c.GetCustomer() == customer })
}

func (r *reader) export(kind profilev1.ExportKind, customer string) (f finding) {
	r.Helper()
	stream, err := profilev1.NewExportServiceClient(r.conn).DownloadExport(r.Context(), &profilev1.DownloadExportRequest{
		Kind: kind, Format: profilev1.ExportFormat_EXPORT_FORMAT_JSONL, Purpose: forSegmentation,
	})
	must(r, err)
	var file bytes.Buffer
	for {
		part, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			break
		}
		must(r, err)
		file.Write(part.GetData())
	}
	f.seen = strings.Contains(file.String(), customer)
	told := stream.Trailer().Get(exporter.ExcludedTrailer)
	if len(told) != 1 {
		r.Fatalf("the trailer tells %q", told)
	}
	f.excluded, err = strconv.ParseInt(told[0], 10, 64)
	must(r, err)
	return f
}

// analysis counts the stages of a customer, or of all.
func (r *reader) analysis(customer string) *profilev1.Analysis {
	r.Helper()
	asked := &profilev1.Analysis{Definition: &profilev1.Analysis_JourneyStages{JourneyStages: &profilev1.JourneyStages{}}}
	if customer != "" {
		asked.Population = &profilev1.Population{Customers: []string{customer}}
	}
	op, err := profilev1.NewAnalysisServiceClient(r.conn).CreateAnalysis(r.Context(), &profilev1.CreateAnalysisRequest{Analysis: asked})
	must(r, err)
	return wait(r, op, &profilev1.Analysis{})
}

func (r *reader) train() *profilev1.RecommendationModel {
	r.Helper()
	op, err := profilev1.NewRecommendationServiceClient(r.conn).TrainRecommendationModel(r.Context(), &profilev1.TrainRecommendationModelRequest{
		Policy: &profilev1.RecommendationPolicy{MinBuyers: 1},
	})
	must(r, err)
	return wait(r, op, &profilev1.RecommendationModel{})
}

// planned is how many contacts of a customer there are.
func (r *reader) planned(customer string) int {
	r.Helper()
	answer, err := r.care().ListCareTasks(r.Context(), &profilev1.ListCareTasksRequest{Parent: customer})
	must(r, err)
	return len(answer.GetCareTasks())
}

// offer plans an offer to a customer.
func (r *reader) offer(customer string) (*profilev1.CareTask, error) {
	return r.care().CreateCareTask(r.Context(), &profilev1.CreateCareTaskRequest{Parent: customer, CareTask: &profilev1.CareTask{
		Channel: profilev1.CareChannel_CARE_CHANNEL_CALL, DueTime: at(now.Add(-time.Hour)), Manager: "of " + customer, Marketing: true,
	}})
}

// offerBefore plans an offer while marketing is allowed, which ann takes back.
func (r *reader) offerBefore(customer string) string {
	r.Helper()
	id := strings.TrimPrefix(customer, "customers/")
	r.decide(id, "marketing", granted)
	offer, err := r.offer(customer)
	must(r, err)
	if id == "ann" {
		r.decide(id, "marketing", withdrawn)
	}
	return offer.GetName()
}

// Every RPC that serves a purpose leaves out who does not allow it, and says so.
func TestWhoDoesNotAllowThePurposeIsLeftOut(t *testing.T) {
	for name, probe := range probes {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var ticks atomic.Int64 // each look at the clock is later than the one before
			clock := func() time.Time { return now.Add(time.Duration(ticks.Add(1)) * time.Millisecond) }
			r := &reader{t, roomtest.Serve(t, onPebble(t), clock)}
			for _, id := range []string{"ann", "bob"} {
				r.settle(id)
			}
			for _, purpose := range []string{"analytics", "segmentation"} {
				r.decide("ann", purpose, withdrawn)
			}
			r.decide("bob", "marketing", granted)
			if got := probe(r, "customers/ann"); got != (finding{excluded: 1}) {
				t.Errorf("of ann, who objects: seen %v, %d left out", got.seen, got.excluded)
			}
			if got := probe(r, "customers/bob"); !got.seen {
				t.Errorf("bob, who allows it, is not seen: %v", got)
			}
		})
	}
}

// settle records a customer with an order and an event.
func (r *reader) settle(id string) {
	r.Helper()
	roomtest.Customer(r, r.conn, id, &profilev1.Customer{Identifiers: []*profilev1.Identifier{
		{Type: profilev1.IdentifierType_IDENTIFIER_TYPE_EXTERNAL_ID, Value: id},
	}})
	bought := order("customers/"+id+"/orders/1", 100)
	bought.Items = []*profilev1.OrderItem{{Sku: "tea", QuantityMilli: 1000, Amount: cny(100)}}
	answer, err := r.orders().BatchRecordOrders(r.Context(), &profilev1.BatchRecordOrdersRequest{Orders: []*profilev1.Order{bought}})
	must(r, err)
	statuses, err := profilev1.NewEventServiceClient(r.conn).IngestEvents(r.Context(), &profilev1.IngestEventsRequest{Events: []*profilev1.Event{{
		Name: "customers/" + id + "/events/1", Type: profilev1.EventType_EVENT_TYPE_PAGE, OriginalTime: at(now.Add(-time.Hour)),
	}}})
	must(r, err)
	for _, s := range []*apiv1.ItemStatus{answer.GetStatuses()[0], statuses.GetStatuses()[0].GetStatus()} {
		if s.GetCode() != 0 {
			r.Fatal(s)
		}
	}
}
