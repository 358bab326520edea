package style_test

import (
	"fmt"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"
	"github.com/kehuhq/kehu/pkg/docstore"

	"github.com/kehuhq/kehu/services/profile/internal/roomtest"
)

func TestObservationsOfACustomer(t *testing.T) {
	onEach(t, func(t *testing.T, e docstore.Engine) {
		now := time.Date(2026, 3, 10, 4, 0, 0, 0, time.UTC)
		conn := roomtest.Serve(t, e, func() time.Time { return now })
		s := profilev1.NewStyleServiceClient(conn)
		roomtest.Customer(t, conn, "ann", &profilev1.Customer{})
		name := "customers/ann/behaviorStyle"
		unknown, err := s.GetBehaviorStyle(t.Context(), &profilev1.GetBehaviorStyleRequest{Name: name})
		roomtest.Must(t, err)
		if unknown.GetStyle() != 0 || unknown.GetObservations() != 0 || unknown.GetAsOf() == nil || len(unknown.GetProbabilities()) != 3 {
			t.Errorf("without observations: %v", unknown)
		}
		first := &profilev1.ObserveBehaviorRequest{Name: name, RequestId: "r", Observation: &profilev1.StyleObservation{
			Signs: []string{"styleSigns/takes-notes"}, Note: "要检测报告，问原理", Author: "li", ObserveTime: timestamppb.New(now.Add(-time.Hour)),
		}}
		first.ValidateOnly = true
		tried, err := s.ObserveBehavior(t.Context(), first)
		roomtest.Must(t, err)
		first.ValidateOnly = false
		b, err := s.ObserveBehavior(t.Context(), first)
		roomtest.Must(t, err)
		if !proto.Equal(tried, b) {
			t.Errorf("tried %v\ndone %v", tried, b)
		}
		again, err := s.ObserveBehavior(t.Context(), first)
		roomtest.Must(t, err)
		if b.GetStyle() != profilev1.CustomerStyle_CUSTOMER_STYLE_ANALYTICAL || len(b.GetEvidence()) != 3 || again.GetObservations() != 1 ||
			b.GetAdvice().GetZh() == "" || len(b.GetTypicalMistakes()) == 0 {
			t.Errorf("observed %v", b)
		}
		// What contradicts it lowers the confidence, and then the style is not known.
		contrary, err := s.ObserveBehavior(t.Context(), &profilev1.ObserveBehaviorRequest{Name: name, Observation: &profilev1.StyleObservation{
			Signs: []string{"styleSigns/small-talk", "styleSigns/warm", "styleSigns/comes-close"}, Author: "wu"}})
		roomtest.Must(t, err)
		if contrary.GetConfidence() >= b.GetConfidence() || !contrary.GetConflicting() {
			t.Errorf("contradicted %v", contrary)
		}
		page, err := s.ListStyleObservations(t.Context(), &profilev1.ListStyleObservationsRequest{Parent: "customers/ann", PageSize: 1})
		roomtest.Must(t, err)
		latest := page.GetStyleObservations()[0]
		page, err = s.ListStyleObservations(t.Context(), &profilev1.ListStyleObservationsRequest{Parent: "customers/ann", PageSize: 1, PageToken: page.GetNextPageToken()})
		roomtest.Must(t, err)
		oldest := page.GetStyleObservations()[0]
		if latest.GetAuthor() != "wu" || oldest.GetAuthor() != "li" || page.GetNextPageToken() != "" || oldest.GetMatches()[0].GetWord() != "检测报告" {
			t.Errorf("listed %v and %v", latest, oldest)
		}
		_, err = s.DeleteStyleObservation(t.Context(), &profilev1.DeleteStyleObservationRequest{Name: latest.GetName()})
		roomtest.Must(t, err)
		b, err = s.GetBehaviorStyle(t.Context(), &profilev1.GetBehaviorStyleRequest{Name: name})
		roomtest.Must(t, err)
		if b.GetObservations() != 1 || b.GetStyle() != profilev1.CustomerStyle_CUSTOMER_STYLE_ANALYTICAL {
			t.Errorf("after deletion %v", b)
		}
		roomtest.Customer(t, conn, "ben", &profilev1.Customer{})
		roomtest.Consent(t, conn, "ben", "segmentation", profilev1.ConsentState_CONSENT_STATE_WITHDRAWN)
		_, err = s.GetBehaviorStyle(t.Context(), &profilev1.GetBehaviorStyleRequest{Name: "customers/ben/behaviorStyle"})
		roomtest.Refused(t, "opted out", err, codes.FailedPrecondition, "CONSENT_MISSING", "")
		for field, o := range map[string]*profilev1.StyleObservation{
			"observation.signs":        {Author: "li"},
			"observation.signs[0]":     {Author: "li", Signs: []string{string(make([]byte, 200))}},
			"observation.author":       {Note: "x"},
			"observation.note":         {Author: "li", Note: "a\x00"},
			"observation.observe_time": {Author: "li", Note: "x", ObserveTime: timestamppb.New(now.AddDate(0, 0, 1))},
		} {
			_, err := s.ObserveBehavior(t.Context(), &profilev1.ObserveBehaviorRequest{Name: name, Observation: o})
			roomtest.Refused(t, field, err, codes.InvalidArgument, "INVALID_FIELD", field)
		}
		_, err = s.GetBehaviorStyle(t.Context(), &profilev1.GetBehaviorStyleRequest{Name: "customers/nobody/behaviorStyle"})
		roomtest.Refused(t, "nobody", err, codes.NotFound, "CUSTOMER_NOT_FOUND", "")
	})
}

func TestTheChecklistIsListed(t *testing.T) {
	conn := roomtest.Serve(t, onPebble(t), time.Now)
	s := profilev1.NewStyleServiceClient(conn)
	seen, token := map[string]bool{}, ""
	for {
		page, err := s.ListStyleSigns(t.Context(), &profilev1.ListStyleSignsRequest{PageSize: 5, PageToken: token})
		roomtest.Must(t, err)
		for _, sign := range page.GetStyleSigns() {
			seen[sign.GetName()] = true
			if fmt.Sprint(sign.GetText().GetZh(), sign.GetText().GetEn()) == "" || len(sign.GetLikelihoods()) != 3 {
				t.Errorf("%v", sign)
			}
		}
		if token = page.GetNextPageToken(); token == "" {
			break
		}
	}
	if len(seen) != 18 || !seen["styleSigns/warm"] {
		t.Errorf("%d signs", len(seen))
	}
}
