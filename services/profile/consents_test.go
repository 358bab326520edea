package profile_test

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc/codes"

	apiv1 "github.com/kehuhq/kehu/gen/kehu/api/v1"
	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"
	"github.com/kehuhq/kehu/pkg/docstore"
)

const (
	granted   = profilev1.ConsentState_CONSENT_STATE_GRANTED
	withdrawn = profilev1.ConsentState_CONSENT_STATE_WITHDRAWN
)

func (s *suite) decide(t testing.TB, customer, purpose string, d *profilev1.ConsentDecision) *profilev1.Consent {
	t.Helper()
	c, err := s.consents.SetConsent(t.Context(), &profilev1.SetConsentRequest{Consent: &profilev1.Consent{
		Name: "customers/" + customer + "/consents/" + purpose, Decision: d,
	}})
	must(t, err)
	return c
}

func TestConsents(t *testing.T) {
	onEach(t, func(t *testing.T, e docstore.Engine) {
		s := serve(t, e)
		s.create(t, "a", &profilev1.Customer{DisplayName: "x"})
		asked := func(purpose string) *profilev1.Consent {
			c, err := s.consents.GetConsent(t.Context(), &profilev1.GetConsentRequest{Name: "customers/a/consents/" + purpose})
			must(t, err)
			return c
		}
		if asked("marketing").GetAllowed() || !asked("segmentation").GetAllowed() {
			t.Error("before anything is decided, marketing needs consent and segmentation none")
		}
		form := &profilev1.ConsentEvidence{Source: "web-form", TextVersion: "privacy-2026-01"}
		got := s.decide(t, "a", "marketing", &profilev1.ConsentDecision{State: granted, DecideTime: at(now.Add(-48 * time.Hour)), Evidence: form})
		if !got.GetAllowed() || got.GetDecision().GetEvidence().GetSource() != "web-form" {
			t.Errorf("granted: %v", got)
		}
		same(t, "the same again", s.decide(t, "a", "marketing", &profilev1.ConsentDecision{State: granted, DecideTime: at(now.Add(-48 * time.Hour)), Evidence: form}), got)
		if got = s.decide(t, "a", "marketing", &profilev1.ConsentDecision{State: withdrawn}); got.GetAllowed() {
			t.Errorf("withdrawn: %v", got)
		}
		// A decision from before the withdrawal takes its place in the history only.
		if got = s.decide(t, "a", "marketing", &profilev1.ConsentDecision{State: granted, DecideTime: at(now.Add(-24 * time.Hour))}); got.GetAllowed() {
			t.Errorf("late: %v", got)
		}
		var states []string
		for _, d := range got.GetHistory() {
			states = append(states, strings.TrimPrefix(d.GetState().String(), "CONSENT_STATE_"))
		}
		if !slices.Equal(states, []string{"WITHDRAWN", "GRANTED", "GRANTED"}) {
			t.Errorf("history %q", states)
		}
		if s.decide(t, "a", "sharing", &profilev1.ConsentDecision{State: granted, DecideTime: at(now.Add(-2 * time.Hour)), ExpireTime: at(now.Add(-time.Hour))}).GetAllowed() {
			t.Error("a consent that has expired allows")
		}
		list, err := s.consents.ListConsents(t.Context(), &profilev1.ListConsentsRequest{Parent: "customers/a", PageSize: 1})
		must(t, err)
		if len(list.GetConsents()) != 1 || list.GetConsents()[0].GetName() != "customers/a/consents/marketing" || list.GetNextPageToken() == "" {
			t.Errorf("listed %v", list)
		}
		for what, c := range map[string]struct {
			consent       *profilev1.Consent
			code          codes.Code
			reason, field string
		}{
			"nobody":     {&profilev1.Consent{Name: "customers/z/consents/marketing", Decision: &profilev1.ConsentDecision{State: granted}}, codes.NotFound, "CUSTOMER_NOT_FOUND", ""},
			"no purpose": {&profilev1.Consent{Name: "customers/a/consents/z", Decision: &profilev1.ConsentDecision{State: granted}}, codes.NotFound, "PURPOSE_NOT_FOUND", ""},
			"future":     {&profilev1.Consent{Name: "customers/a/consents/sharing", Decision: &profilev1.ConsentDecision{State: granted, DecideTime: at(now.Add(time.Hour))}}, codes.InvalidArgument, "INVALID_FIELD", "consent.decision.decide_time"},
			"etag":       {&profilev1.Consent{Name: "customers/a/consents/sharing", Etag: `"9"`, Decision: &profilev1.ConsentDecision{State: withdrawn}}, codes.Aborted, "ETAG_MISMATCH", ""},
		} {
			_, err := s.consents.SetConsent(t.Context(), &profilev1.SetConsentRequest{Consent: c.consent})
			refused(t, what, err, c.code, c.reason, c.field)
		}
		_, err = s.customers.DeleteCustomer(t.Context(), &profilev1.DeleteCustomerRequest{Name: "customers/a"})
		refused(t, "deletion", err, codes.FailedPrecondition, "CUSTOMER_HAS_CONSENTS", "")
	})
}

// Sensitive data is kept with consent, and shown as long as it stands.
func TestSensitiveData(t *testing.T) {
	s := serve(t, onPebble(t))
	s.create(t, "a", &profilev1.Customer{})
	s.decide(t, "a", "sensitive", &profilev1.ConsentDecision{State: granted})
	if got := s.update(t, &profilev1.Customer{Name: "customers/a", Beliefs: []string{"道教"}}); len(got.GetBeliefs()) != 1 {
		t.Errorf("kept %v", got)
	}
	s.decide(t, "a", "sensitive", &profilev1.ConsentDecision{State: withdrawn})
	got, err := s.customers.GetCustomer(t.Context(), &profilev1.GetCustomerRequest{Name: "customers/a"})
	must(t, err)
	list, err := s.customers.ListCustomers(t.Context(), &profilev1.ListCustomersRequest{})
	must(t, err)
	changes, err := s.customers.ListCustomerChanges(t.Context(), &profilev1.ListCustomerChangesRequest{Parent: "customers/a"})
	must(t, err)
	for _, shown := range []string{got.String(), list.String(), changes.String()} {
		if strings.Contains(shown, "道教") {
			t.Errorf("shown: %s", shown)
		}
	}
}

// Reads for a purpose leave out who does not allow it, merged customers by the
// latest decision for any of their records.
func TestReadsForAPurpose(t *testing.T) {
	onEach(t, func(t *testing.T, e docstore.Engine) {
		s := serve(t, e)
		var names []string
		for n := range 9 {
			id := fmt.Sprintf("c%d", n)
			s.create(t, id, &profilev1.Customer{})
			names = append(names, "customers/"+id)
		}
		s.decide(t, "c0", "segmentation", &profilev1.ConsentDecision{State: withdrawn})
		s.decide(t, "c4", "segmentation", &profilev1.ConsentDecision{State: withdrawn})
		s.decide(t, "c5", "segmentation", &profilev1.ConsentDecision{State: granted})
		s.decide(t, "c7", "segmentation", &profilev1.ConsentDecision{State: withdrawn})
		s.decide(t, "c8", "marketing", &profilev1.ConsentDecision{State: withdrawn})
		_, err := s.merges.MergeCustomers(t.Context(), &profilev1.MergeCustomersRequest{Survivor: names[6], Merged: names[7:8]})
		must(t, err)
		want := []string{"customers/c1", "customers/c2", "customers/c3", "customers/c5", "customers/c8"}
		for _, r := range []*apiv1.CustomerRange{nil, {From: "c3"}, {From: "c4"}} {
			stream, err := s.customers.StreamCustomers(t.Context(), &profilev1.StreamCustomersRequest{Range: r, Purpose: "purposes/segmentation"})
			must(t, err)
			var got []string
			for {
				batch, err := stream.Recv()
				if errors.Is(err, io.EOF) {
					break
				}
				must(t, err)
				for _, c := range batch.GetCustomers() {
					got = append(got, c.GetName())
				}
			}
			expected := slices.DeleteFunc(slices.Clone(want), func(name string) bool { return name < "customers/"+r.GetFrom() })
			if !slices.Equal(got, expected) {
				t.Errorf("from %q: %q", r.GetFrom(), got)
			}
		}
		answer, err := s.consents.BatchCheckConsents(t.Context(), &profilev1.BatchCheckConsentsRequest{Purpose: "purposes/segmentation", Customers: names})
		must(t, err)
		if got := answer.GetAllowed(); !slices.Equal(got, []bool{false, true, true, true, false, true, false, false, true}) {
			t.Errorf("checked %v", got)
		}
		batch, err := s.customers.BatchGetCustomers(t.Context(), &profilev1.BatchGetCustomersRequest{Names: names[:2], Purpose: "purposes/segmentation"})
		must(t, err)
		if len(batch.GetCustomers()) != 1 || !slices.Equal(batch.GetWithheld(), names[:1]) {
			t.Errorf("batch %v", batch)
		}
		_, err = s.customers.GetCustomer(t.Context(), &profilev1.GetCustomerRequest{Name: names[0], Purpose: "purposes/segmentation"})
		refused(t, "get", err, codes.PermissionDenied, "CONSENT_MISSING", "")
		_, err = s.customers.GetCustomer(t.Context(), &profilev1.GetCustomerRequest{Name: names[0], Purpose: "purposes/none"})
		refused(t, "purpose", err, codes.NotFound, "PURPOSE_NOT_FOUND", "")
	})
}

func TestPurposes(t *testing.T) {
	s := serve(t, onPebble(t))
	s.create(t, "a", &profilev1.Customer{})
	made, err := s.consents.CreatePurpose(t.Context(), &profilev1.CreatePurposeRequest{
		PurposeId: "research", Purpose: &profilev1.Purpose{Description: "Surveys", LegalBasis: profilev1.LegalBasis_LEGAL_BASIS_CONSENT},
	})
	must(t, err)
	if !made.GetNeedsConsent() || made.GetBuiltIn() {
		t.Errorf("made %v", made)
	}
	list, err := s.consents.ListPurposes(t.Context(), &profilev1.ListPurposesRequest{})
	must(t, err)
	if len(list.GetPurposes()) != 6 {
		t.Errorf("listed %v", list)
	}
	_, err = s.consents.CreatePurpose(t.Context(), &profilev1.CreatePurposeRequest{PurposeId: "marketing", Purpose: made})
	refused(t, "built in", err, codes.AlreadyExists, "PURPOSE_EXISTS", "")
	made.LegalBasis, made.NeedsConsent = profilev1.LegalBasis_LEGAL_BASIS_CONTRACT, false
	_, err = s.consents.UpdatePurpose(t.Context(), &profilev1.UpdatePurposeRequest{Purpose: made, UpdateMask: nil})
	must(t, err) // unset is not given: it still needs consent
	stricter, err := s.consents.UpdatePurpose(t.Context(), &profilev1.UpdatePurposeRequest{Purpose: &profilev1.Purpose{Name: "purposes/segmentation", NeedsConsent: true}})
	must(t, err)
	if !stricter.GetNeedsConsent() || !stricter.GetBuiltIn() {
		t.Errorf("stricter %v", stricter)
	}
	s.decide(t, "a", "research", &profilev1.ConsentDecision{State: granted})
	_, err = s.consents.DeletePurpose(t.Context(), &profilev1.DeletePurposeRequest{Name: "purposes/research"})
	refused(t, "in use", err, codes.FailedPrecondition, "PURPOSE_IN_USE", "")
	_, err = s.consents.DeletePurpose(t.Context(), &profilev1.DeletePurposeRequest{Name: "purposes/marketing"})
	refused(t, "built in", err, codes.FailedPrecondition, "PURPOSE_BUILT_IN", "")
}
