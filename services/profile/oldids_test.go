package profile_test

import (
	"testing"
	"time"

	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"

	"github.com/kehuhq/kehu/services/profile/internal/roomtest"
)

// A record that gave way in a merge is found by its old id wherever one customer
// is asked about, and what is told is that of the survivor.
func TestOldIDsGoOnWorking(t *testing.T) {
	r := &reader{t, roomtest.Serve(t, onPebble(t), func() time.Time { return now })}
	for _, id := range []string{"new", "old"} {
		r.settle(id)
	}
	_, err := profilev1.NewLeadServiceClient(r.conn).CreateLead(t.Context(), &profilev1.CreateLeadRequest{LeadId: "l", Lead: &profilev1.Lead{
		Owner: "li", Customer: "customers/old",
	}})
	must(t, err)
	r.decide("old", "marketing", granted)
	_, err = r.offer("customers/old")
	must(t, err)
	style := profilev1.NewStyleServiceClient(r.conn)
	_, err = style.ObserveBehavior(t.Context(), &profilev1.ObserveBehaviorRequest{
		Name: "customers/old/behaviorStyle", Observation: &profilev1.StyleObservation{Signs: []string{"styleSigns/takes-notes"}, Author: "li"},
	})
	must(t, err)
	_, err = r.journeys().SetStage(t.Context(), &profilev1.SetStageRequest{Parent: "customers/old", Transition: &profilev1.StageTransition{
		To: profilev1.JourneyStage_JOURNEY_STAGE_LOYALTY, Cause: &profilev1.StageTransition_Reason{Reason: "said so"},
	}})
	must(t, err)
	r.train()
	_, err = profilev1.NewMergingServiceClient(r.conn).MergeCustomers(t.Context(), &profilev1.MergeCustomersRequest{
		Survivor: "customers/new", Merged: []string{"customers/old"},
	})
	must(t, err)

	for what, of := range map[string]func(customer string) (int, error){
		"GetCustomer": func(customer string) (int, error) {
			c, err := r.customers().GetCustomer(t.Context(), &profilev1.GetCustomerRequest{Name: customer})
			return len(c.GetIdentifiers()) + 100*index(c.GetName() == "customers/new"), err
		},
		"ListCustomerIdentifiers": func(customer string) (int, error) {
			a, err := profilev1.NewIdentifierServiceClient(r.conn).ListCustomerIdentifiers(t.Context(), &profilev1.ListCustomerIdentifiersRequest{Parent: customer})
			return len(a.GetIdentifiers()), err
		},
		"ListOrders": func(customer string) (int, error) {
			a, err := r.orders().ListOrders(t.Context(), &profilev1.ListOrdersRequest{Parent: customer})
			return len(a.GetOrders()), err
		},
		"ListEvents": func(customer string) (int, error) {
			a, err := profilev1.NewEventServiceClient(r.conn).ListEvents(t.Context(), &profilev1.ListEventsRequest{Parent: customer})
			return len(a.GetEvents()), err
		},
		"ListConsents": func(customer string) (int, error) {
			a, err := profilev1.NewConsentServiceClient(r.conn).ListConsents(t.Context(), &profilev1.ListConsentsRequest{Parent: customer})
			return len(a.GetConsents()), err
		},
		"GetCustomerJourney": func(customer string) (int, error) {
			j, err := r.journeys().GetCustomerJourney(t.Context(), &profilev1.GetCustomerJourneyRequest{Name: customer + "/journey"})
			return len(j.GetTransitions()) + 100*int(j.GetStage()) + 1000*index(j.GetName() == "customers/new/journey"), err
		},
		"ListStageTransitions": func(customer string) (int, error) {
			a, err := r.journeys().ListStageTransitions(t.Context(), &profilev1.ListStageTransitionsRequest{Parent: customer})
			return len(a.GetTransitions()), err
		},
		"GetBehaviorStyle": func(customer string) (int, error) {
			a, err := style.GetBehaviorStyle(t.Context(), &profilev1.GetBehaviorStyleRequest{Name: customer + "/behaviorStyle"})
			return int(a.GetObservations()), err
		},
		"ListSuggestions": func(customer string) (int, error) {
			a, err := profilev1.NewRecommendationServiceClient(r.conn).ListSuggestions(t.Context(), &profilev1.ListSuggestionsRequest{Parent: customer})
			return int(a.GetHistoryItems()), err
		},
		"CheckCustomerDataQuality": func(customer string) (int, error) {
			a, err := profilev1.NewDataQualityServiceClient(r.conn).CheckCustomerDataQuality(t.Context(), &profilev1.CheckCustomerDataQualityRequest{Customer: customer})
			return len(a.GetIssues()) + 100*index(a.GetCustomer() == "customers/new"), err
		},
		"a population": func(customer string) (int, error) {
			return int(r.analysis(customer).GetPopulationSize()), nil
		},
	} {
		byOld, err := of("customers/old")
		if err != nil {
			t.Errorf("%s by the old id: %v", what, err)
		}
		if byNew, err := of("customers/new"); err != nil || byOld != byNew || byNew == 0 {
			t.Errorf("%s: %d by the old id, %d by the survivor's, %v", what, byOld, byNew, err)
		}
	}
}

func index(yes bool) int {
	if yes {
		return 1
	}
	return 0
}
