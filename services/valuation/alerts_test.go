package valuation_test

import (
	"slices"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"

	apiv1 "github.com/kehuhq/kehu/gen/kehu/api/v1"
	valuationv1 "github.com/kehuhq/kehu/gen/kehu/valuation/v1"
)

func (c *client) listAlerts(r *valuationv1.ListAlertsRequest) (all []*valuationv1.Alert) {
	c.Helper()
	for {
		answer, err := c.alerts.ListAlerts(c.Context(), r)
		if err != nil {
			c.Fatal(err)
		}
		all = append(all, answer.GetAlerts()...)
		if r.PageToken = answer.GetNextPageToken(); r.PageToken == "" {
			return all
		}
	}
}

// later is a policy as of some days behind the town's end, of which few alerts come.
func later(days int) *valuationv1.ValuationPolicy {
	end, _ := time.Parse(time.DateOnly, townEnd)
	p := policy(end.AddDate(0, 0, days).Format(time.DateOnly))
	p.Alerts = &valuationv1.AlertPolicy{MaxAlerts: 20, MinRisk: 0.6}
	p.Prediction = &valuationv1.PredictionPolicy{MarginRate: proto.Float64(0.4)}
	return p
}

// TestAlertsLive: raised with the highest at stake, brought up to date, taken up
// and closed by people, closed by the system once the customer is back, and only
// raised again when there is something new.
func TestAlertsLive(t *testing.T) {
	for _, engine := range engines {
		t.Run(engine.name, func(t *testing.T) {
			s := town(t, 5, 300)
			c := serve(t, engine.open(t), serveShop(t, s), frozen)
			c.refresh(later(10))
			raised := c.listAlerts(&valuationv1.ListAlertsRequest{PageSize: 7})
			wantHighest(t, c, raised)

			first, second, third := raised[0], raised[1], raised[2]
			taken, err := c.alerts.AcknowledgeAlert(t.Context(), &valuationv1.AcknowledgeAlertRequest{Name: first.GetName(), Author: "li", Note: "calling", Etag: first.GetEtag()})
			if err != nil || taken.GetState() != valuationv1.AlertState_ALERT_STATE_ACKNOWLEDGED || len(taken.GetNotes()) != 1 {
				t.Fatalf("taken up: %v, %v", taken, err)
			}
			_, err = c.alerts.CloseAlert(t.Context(), &valuationv1.CloseAlertRequest{
				Name: first.GetName(), Author: "li", Reason: valuationv1.AlertCloseReason_ALERT_CLOSE_REASON_LOST, Etag: first.GetEtag(),
			})
			wantError(t, err, codes.Aborted, "ETAG_MISMATCH", "")
			c.closeAlert(second, valuationv1.AlertCloseReason_ALERT_CLOSE_REASON_FALSE_ALARM)
			_, err = c.alerts.AcknowledgeAlert(t.Context(), &valuationv1.AcknowledgeAlertRequest{Name: second.GetName(), Author: "wu"})
			wantError(t, err, codes.FailedPrecondition, "ALERT_CLOSED", "")

			// The third is back, often.
			for day := range 6 {
				s.buy(third.GetCustomerId(), later10(day), 4000, "CNY", 2000)
			}
			summary := c.refresh(later(20))
			if a := c.alert(third.GetName()); a.GetState() != valuationv1.AlertState_ALERT_STATE_CLOSED || a.GetClosedBy() != "system" ||
				a.GetCloseReason() != valuationv1.AlertCloseReason_ALERT_CLOSE_REASON_RECOVERED {
				t.Errorf("the customer is back: %v", a)
			}
			if a := c.alert(first.GetName()); a.GetState() != valuationv1.AlertState_ALERT_STATE_ACKNOWLEDGED || a.GetLastGeneration() != summary.GetGeneration() ||
				a.GetGeneration() == a.GetLastGeneration() || len(a.GetNotes()) != 1 {
				t.Errorf("taken up, and refreshed: %v", a)
			}
			for _, a := range c.listAlerts(&valuationv1.ListAlertsRequest{CustomerId: second.GetCustomerId()}) {
				if a.GetKind() == valuationv1.AlertKind_ALERT_KIND_VALUE_AT_RISK && a.GetState() != valuationv1.AlertState_ALERT_STATE_CLOSED {
					t.Errorf("a false alarm is raised again: %v", a)
				}
			}
			wantOneEach(t, c)
		})
	}
}

func later10(day int) time.Time {
	end, _ := time.Parse(time.DateOnly, townEnd)
	return end.AddDate(0, 0, 12+day)
}

func (c *client) alert(name string) *valuationv1.Alert {
	c.Helper()
	a, err := c.alerts.GetAlert(c.Context(), &valuationv1.GetAlertRequest{Name: name})
	if err != nil {
		c.Fatal(err)
	}
	return a
}

func (c *client) closeAlert(a *valuationv1.Alert, why valuationv1.AlertCloseReason) {
	c.Helper()
	closed, err := c.alerts.CloseAlert(c.Context(), &valuationv1.CloseAlertRequest{Name: a.GetName(), Author: "wu", Reason: why, Etag: a.GetEtag()})
	if err != nil || closed.GetState() != valuationv1.AlertState_ALERT_STATE_CLOSED || closed.GetClosedBy() != "wu" {
		c.Fatalf("closed: %v, %v", closed, err)
	}
}

// wantHighest checks the alerts of a first refresh against the list by value at risk.
func wantHighest(t *testing.T, c *client, raised []*valuationv1.Alert) {
	t.Helper()
	var want []string
	for _, v := range c.list("value_at_risk desc", 1000) {
		if p := v.GetPrediction(); len(want) < 20 && 1-p.GetAliveProbability() >= 0.6 && p.GetValueAtRisk().GetMinorUnits() > 0 {
			want = append(want, v.GetCustomerId())
		}
	}
	var got []string
	for _, a := range raised {
		got = append(got, a.GetCustomerId())
		if a.GetKind() != valuationv1.AlertKind_ALERT_KIND_VALUE_AT_RISK || a.GetState() != valuationv1.AlertState_ALERT_STATE_OPEN ||
			len(a.GetReasons()) < 3 || len(a.GetAdvice()) == 0 || a.GetReasons()[0].GetZh() == "" || a.GetLossProbability() < 0.6 {
			t.Errorf("raised %v", a)
		}
	}
	if len(want) < 10 || !slices.Equal(got, want) {
		t.Errorf("raised for %q, want %q", got, want)
	}
}

// wantOneEach checks that nobody has two alerts of a kind that are not closed.
func wantOneEach(t *testing.T, c *client) {
	t.Helper()
	met := map[string]bool{}
	for _, a := range c.listAlerts(&valuationv1.ListAlertsRequest{}) {
		key := a.GetCustomerId() + a.GetKind().String()
		if met[key] {
			t.Errorf("two are open of %s", key)
		}
		met[key] = true
	}
}

// TestFallenValue: a customer whose rhythm stops loses value from one refresh to the next.
func TestFallenValue(t *testing.T) {
	s := town(t, 6, 300)
	end, _ := time.Parse(time.DateOnly, townEnd)
	for day := -200; day <= 0; day += 4 {
		s.buy("faithful", end.AddDate(0, 0, day), 50_000, "CNY", 20_000)
	}
	c := serve(t, openPebble(t), serveShop(t, s), frozen)
	c.refresh(later(0))
	for _, a := range c.listAlerts(&valuationv1.ListAlertsRequest{CustomerId: "faithful"}) {
		t.Errorf("a faithful customer is warned of: %v", a)
	}
	c.refresh(later(40))
	kinds := map[valuationv1.AlertKind]*valuationv1.Alert{}
	for _, a := range c.listAlerts(&valuationv1.ListAlertsRequest{CustomerId: "faithful"}) {
		kinds[a.GetKind()] = a
	}
	fell := kinds[valuationv1.AlertKind_ALERT_KIND_VALUE_FALLEN]
	if fell == nil || kinds[valuationv1.AlertKind_ALERT_KIND_VALUE_AT_RISK] == nil {
		t.Fatalf("after ten times the rhythm: %v", kinds)
	}
	if fell.GetPreviousResidualValue().GetMinorUnits()-fell.GetResidualValue().GetMinorUnits() != fell.GetValueAtRisk().GetMinorUnits() {
		t.Errorf("fallen: %v", fell)
	}
	if all := c.listAlerts(&valuationv1.ListAlertsRequest{State: valuationv1.AlertState_ALERT_STATE_CLOSED}); len(all) != 0 {
		t.Errorf("closed are %v", all)
	}
}

// TestAlertsOfAPersonAreErased: shown first, then gone, and not raised again.
func TestAlertsOfAPersonAreErased(t *testing.T) {
	s := town(t, 7, 300)
	c := serve(t, openPebble(t), serveShop(t, s), frozen)
	c.refresh(later(10))
	person := c.listAlerts(&valuationv1.ListAlertsRequest{})[0].GetCustomerId()
	if held := c.held(person); len(held["value_alerts"]) != 1 || held["valuations"][0].AsMap()["prediction"] == nil {
		t.Fatalf("held are %v", held)
	}
	s.forget(person)
	sections := c.eraseAll(person)
	if i := slices.IndexFunc(sections, func(s *apiv1.ErasedSection) bool { return s.GetSection() == "value_alerts" }); i < 0 || sections[i].GetErased() != 1 {
		t.Errorf("erased %v", sections)
	}
	if held := c.held(person); len(held) != 0 {
		t.Errorf("still held are %v", held)
	}
	c.refresh(later(20))
	if all := c.listAlerts(&valuationv1.ListAlertsRequest{CustomerId: person}); len(all) != 0 {
		t.Errorf("raised again: %v", all)
	}
}

func TestBadAlerts(t *testing.T) {
	c := serve(t, openPebble(t), serveShop(t, newShop()), frozen)
	_, err := c.alerts.GetAlert(t.Context(), &valuationv1.GetAlertRequest{Name: "alerts/nobody-000001"})
	wantError(t, err, codes.NotFound, "ALERT_NOT_FOUND", "")
	_, err = c.alerts.GetAlert(t.Context(), &valuationv1.GetAlertRequest{Name: "alerts/-"})
	wantError(t, err, codes.NotFound, "ALERT_NOT_FOUND", "")
	_, err = c.alerts.CloseAlert(t.Context(), &valuationv1.CloseAlertRequest{
		Name: "alerts/x-1", Author: "li", Reason: valuationv1.AlertCloseReason_ALERT_CLOSE_REASON_RECOVERED,
	})
	wantError(t, err, codes.InvalidArgument, "INVALID_FIELD", "reason")
	_, err = c.alerts.ListAlerts(t.Context(), &valuationv1.ListAlertsRequest{CustomerId: "a/b"})
	wantError(t, err, codes.InvalidArgument, "INVALID_FIELD", "customer_id")
	_, err = c.alerts.ListAlerts(t.Context(), &valuationv1.ListAlertsRequest{PageToken: "forged"})
	wantError(t, err, codes.InvalidArgument, "PAGE_TOKEN_INVALID", "page_token")
}
