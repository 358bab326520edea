package roomtest_test

import (
	"bytes"
	"encoding/base64"
	"log/slog"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
	"google.golang.org/genproto/googleapis/type/date"
	"google.golang.org/protobuf/types/known/timestamppb"

	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"
	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/docstore/pebblestore"

	"github.com/kehuhq/kehu/services/profile/internal/roomtest"
)

// raw is any document, as it is stored.
type raw struct {
	docstore.Meta `bson:",inline"`
}

// TestWhatDescribesAPersonIsSealed writes a word into every field of leads,
// contacts, plans, tasks and observations that describes a person, and looks for
// it in the documents as they are stored.
func TestWhatDescribesAPersonIsSealed(t *testing.T) {
	slog.SetDefault(slog.New(slog.DiscardHandler))
	engine, err := pebblestore.Open("", pebblestore.Options{FS: vfs.NewMem(), MemTableBytes: 1 << 20})
	roomtest.Must(t, err)
	t.Cleanup(func() { _ = engine.Close() })
	now := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	conn := roomtest.Serve(t, engine, func() time.Time { return now })
	roomtest.Customer(t, conn, "acme", &profilev1.Customer{Kind: profilev1.CustomerKind_CUSTOMER_KIND_ENTERPRISE})
	const word = "canary金丝雀"
	ctx := t.Context()

	leads := profilev1.NewLeadServiceClient(conn)
	_, err = leads.CreateLead(ctx, &profilev1.CreateLeadRequest{LeadId: "a", Lead: &profilev1.Lead{
		Owner: "li", DisplayName: word, Notes: word, Prospect: &profilev1.Prospect{DisplayName: word},
		Assessment: &profilev1.OpportunityAssessment{Reasons: word}, BuyingFactors: []*profilev1.BuyingFactor{{Factor: word, Weight: 1}},
	}})
	roomtest.Must(t, err)
	_, err = leads.CloseLead(ctx, &profilev1.CloseLeadRequest{
		Name: "leads/a", Outcome: profilev1.LeadState_LEAD_STATE_LOST, Note: word, Author: "li",
		Reasons: []profilev1.CloseReason{profilev1.CloseReason_CLOSE_REASON_PRICE},
	})
	roomtest.Must(t, err)
	accounts := profilev1.NewAccountServiceClient(conn)
	_, err = accounts.CreateContact(ctx, &profilev1.CreateContactRequest{Parent: "customers/acme", Contact: &profilev1.Contact{
		DisplayName: word, JobTitle: word, Concerns: []string{word}, Notes: word, Department: word,
		ContactPoints: []*profilev1.ContactPoint{{Means: profilev1.ContactMeans_CONTACT_MEANS_PHONE, Value: word}},
	}})
	roomtest.Must(t, err)
	_, err = accounts.LogOrganisationChange(ctx, &profilev1.LogOrganisationChangeRequest{Name: "customers/acme/accountPlan",
		Change: &profilev1.OrganisationChange{Date: &date.Date{Year: 2026, Month: 1, Day: 1}, Description: word, Effect: word, Author: "li"}})
	roomtest.Must(t, err)
	care := profilev1.NewCareServiceClient(conn)
	_, err = care.UpdateCarePlan(ctx, &profilev1.UpdateCarePlanRequest{CarePlan: &profilev1.CarePlan{Name: "customers/acme/carePlan", Notes: word}})
	roomtest.Must(t, err)
	task, err := care.CreateCareTask(ctx, &profilev1.CreateCareTaskRequest{Parent: "customers/acme", CareTask: &profilev1.CareTask{
		Instructions: word, DueTime: timestamppb.New(now), Channel: profilev1.CareChannel_CARE_CHANNEL_CALL}})
	roomtest.Must(t, err)
	_, err = care.RescheduleCareTask(ctx, &profilev1.RescheduleCareTaskRequest{Name: task.GetName(), DueTime: timestamppb.New(now.Add(1)), Reason: word, Author: "li"})
	roomtest.Must(t, err)
	_, err = care.CompleteCareTask(ctx, &profilev1.CompleteCareTaskRequest{Name: task.GetName(), Report: word, Author: "li", Outcome: profilev1.CareOutcome_CARE_OUTCOME_POSITIVE})
	roomtest.Must(t, err)
	_, err = profilev1.NewStyleServiceClient(conn).ObserveBehavior(ctx, &profilev1.ObserveBehaviorRequest{Name: "customers/acme/behaviorStyle",
		Observation: &profilev1.StyleObservation{Note: word + "要数据", Author: "li"}})
	roomtest.Must(t, err)

	forms := [][]byte{[]byte(word), []byte(base64.StdEncoding.EncodeToString([]byte(word))[:16])}
	for _, table := range []string{"leads", "contacts", "account_plans", "care_plans", "care_tasks", "style_observations"} {
		docs, err := docstore.Open(ctx, engine, docstore.Schema[raw]{Name: table})
		roomtest.Must(t, err)
		met := 0
		for entry, err := range docs.ScanRaw(ctx, docstore.Range{}) {
			roomtest.Must(t, err)
			met++
			for _, form := range forms {
				if bytes.Contains(entry.Doc, form) {
					t.Errorf("%s: readable in %s", table, entry.ID)
				}
			}
		}
		if met != 1 {
			t.Errorf("%s holds %d documents", table, met)
		}
	}
}
