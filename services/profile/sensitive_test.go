package profile_test

import (
	"bytes"
	"errors"
	"io"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/structpb"

	apiv1 "github.com/kehuhq/kehu/gen/kehu/api/v1"
	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"

	"github.com/kehuhq/kehu/services/profile/internal/roomtest"
)

// What is sensitive is in no export, merge or event without consent, and is in
// them with it.
func TestSensitiveDataIsShownNowhereWithoutConsent(t *testing.T) {
	var ticks atomic.Int64
	clock := func() time.Time { return now.Add(time.Duration(ticks.Add(1)) * 3 * time.Second) } // definitions are held for two
	r := &reader{t, roomtest.Serve(t, onPebble(t), clock)}
	r.settle("ann")
	_, err := profilev1.NewAttributeDefinitionServiceClient(r.conn).CreateAttributeDefinition(t.Context(), &profilev1.CreateAttributeDefinitionRequest{
		AttributeDefinitionId: "health", AttributeDefinition: &profilev1.AttributeDefinition{
			DisplayName: "Health", Type: profilev1.AttributeType_ATTRIBUTE_TYPE_STRING, Sensitivity: apiv1.Sensitivity_SENSITIVITY_SENSITIVE,
		},
	})
	must(t, err)
	events := profilev1.NewEventServiceClient(r.conn)
	identify := func(id, sender string) *profilev1.EventStatus {
		traits, err := structpb.NewStruct(map[string]any{"Health": "asthma-" + id, "plan": "free"})
		must(t, err)
		answer, err := events.IngestEvents(t.Context(), &profilev1.IngestEventsRequest{Events: []*profilev1.Event{{
			Name: sender + "/events/" + id, Type: profilev1.EventType_EVENT_TYPE_IDENTIFY, Properties: traits,
		}}})
		must(t, err)
		return answer.GetStatuses()[0]
	}
	kept := func(s *profilev1.EventStatus) bool {
		return !slices.ContainsFunc(s.GetRemarks(), func(i *apiv1.ItemStatus) bool { return i.GetReason() == "SENSITIVE_NEEDS_CONSENT" })
	}
	if kept(identify("before", "customers/ann")) || kept(identify("nobody", "visitors/v")) {
		t.Error("what is sensitive was kept without consent")
	}
	r.decide("ann", "sensitive", granted)
	if s := identify("after", "customers/ann"); !kept(s) {
		t.Errorf("not kept with consent: %v", s)
	}
	_, err = r.customers().UpdateCustomer(t.Context(), &profilev1.UpdateCustomerRequest{Customer: &profilev1.Customer{Name: "customers/ann", Beliefs: []string{"taoism"}}})
	must(t, err)
	shown := func() string {
		var all strings.Builder
		for _, kind := range []profilev1.ExportKind{profilev1.ExportKind_EXPORT_KIND_CUSTOMERS, profilev1.ExportKind_EXPORT_KIND_EVENTS} {
			all.WriteString(r.file(kind))
		}
		listed, err := events.ListEvents(t.Context(), &profilev1.ListEventsRequest{Parent: "customers/ann"})
		must(t, err)
		one, err := events.GetEvent(t.Context(), &profilev1.GetEventRequest{Name: "customers/ann/events/after"})
		must(t, err)
		roomtest.Customer(t, r.conn, "twin", &profilev1.Customer{})
		merged, err := profilev1.NewMergingServiceClient(r.conn).MergeCustomers(t.Context(), &profilev1.MergeCustomersRequest{
			Survivor: "customers/ann", Merged: []string{"customers/twin"}, ValidateOnly: true,
		})
		must(t, err)
		_, err = r.customers().DeleteCustomer(t.Context(), &profilev1.DeleteCustomerRequest{Name: "customers/twin"})
		must(t, err)
		return all.String() + listed.String() + one.String() + merged.String()
	}
	with := shown()
	for what, times := range map[string]int{"taoism": 2, "asthma-after": 5, "asthma-before": 0, "asthma-nobody": 0} {
		// The attribute and the belief in the export and the merge, the trait in the
		// export, the list and the event.
		if got := strings.Count(with, what); got != times {
			t.Errorf("with consent %s is shown %d times, want %d", what, got, times)
		}
	}
	r.decide("ann", "sensitive", withdrawn)
	if without := shown(); strings.Contains(without, "taoism") || strings.Contains(without, "asthma") || !strings.Contains(without, "free") {
		t.Errorf("without consent: %s", without)
	}
}

// file is an export without a purpose.
func (r *reader) file(kind profilev1.ExportKind) string {
	r.Helper()
	stream, err := profilev1.NewExportServiceClient(r.conn).DownloadExport(r.Context(), &profilev1.DownloadExportRequest{
		Kind: kind, Format: profilev1.ExportFormat_EXPORT_FORMAT_JSONL,
	})
	must(r, err)
	var file bytes.Buffer
	for {
		part, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return file.String()
		}
		must(r, err)
		file.Write(part.GetData())
	}
}
