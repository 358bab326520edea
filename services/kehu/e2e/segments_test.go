package e2e

import (
	"fmt"
	"testing"
	"time"
)

// order records a paid order of 100 yuan.
func (c client) order(customer, id string, at time.Time) {
	c.t.Helper()
	c.post("/v1/orders:batchRecord", map[string]any{"orders": []any{map[string]any{
		"name": "customers/" + customer + "/orders/" + id, "orderTime": at.UTC().Format(time.RFC3339), "status": "ORDER_STATUS_PAID",
		"amount": map[string]any{"minorUnits": "10000", "currencyCode": "CNY"},
	}}})
}

func (c client) segment(id, expression string) {
	c.t.Helper()
	c.post("/v1/segments?segmentId="+id, map[string]any{"rule": map[string]any{"expression": expression}})
	c.wait(c.post("/v1/segments/"+id+":publish", map[string]any{}).str("name"))
}

// members are the ids of a segment's members, which must be as many as it counts.
func (c client) members(id string) string {
	c.t.Helper()
	listed := c.get("/v1/segments/" + id + "/memberships?pageSize=1000")
	ids := []string{}
	for _, m := range listed.list("memberships") {
		ids = append(ids, fmt.Sprint(m["customerId"]))
	}
	if listed.str("totalSize") != fmt.Sprint(len(ids)) && len(ids) > 0 {
		c.t.Errorf("%s lists %d members and counts %s", id, len(ids), listed.str("totalSize"))
	}
	return fmt.Sprint(ids)
}

func (c client) soon(id, want string) {
	c.t.Helper()
	c.eventually(id+" is "+want, func() bool { return c.members(id) == want })
}

// Segments follow what happens in the other services, and can say why.
func TestSegmentsStayCurrent(t *testing.T) {
	s := start(t, "kehu", "serve", "--data", t.TempDir(), "--http", "127.0.0.1:0", "--grpc", "127.0.0.1:0")
	c := client{t, "http://" + s.addresses["http"]}
	now := time.Now()
	for _, id := range []string{"ann", "bob", "eve"} {
		c.post("/v1/customers?customerId="+id, map[string]any{"region": "广东"})
		c.order(id, "o1", now.AddDate(0, 0, -100))
	}
	c.order("ann", "o2", now.AddDate(0, 0, -10))

	c.segment("loyal", `orders.count >= 2`)
	c.segment("lapsed", `orders.count > 0 && days_since(orders.last_time) >= 90`)
	c.segment("lapsed-loyal", `in_segment("lapsed") || in_segment("loyal")`)
	for id, want := range map[string]string{"loyal": "[ann]", "lapsed": "[bob eve]", "lapsed-loyal": "[ann bob eve]"} {
		if got := c.members(id); got != want {
			t.Errorf("%s is %s, want %s", id, got, want)
		}
	}
	why := c.get("/v1/segments/loyal/memberships/bob:explain").want("bob", "customerId")
	if why.at("member") == true || why.str("condition", "change") == "" || why.str("condition", "changeZh") == "" {
		t.Errorf("it is not said why bob is not loyal: %s", why.text)
	}

	c.order("bob", "o2", now.AddDate(0, 0, -1))
	c.soon("loyal", "[ann bob]")
	c.soon("lapsed", "[eve]")
	moved := c.get("/v1/segments/loyal/transitions?pageSize=1").list("transitions")
	cause, _ := moved[0]["cause"].(map[string]any)
	if moved[0]["customerId"] != "bob" || cause["kind"] != "TRANSITION_CAUSE_KIND_ORDERS" {
		t.Errorf("newest transition %v, want bob by an order", moved[0])
	}
	c.do("DELETE", "/v1/segments/lapsed", nil).refused(400, "SEGMENT_IN_USE")
	c.do("PATCH", "/v1/segments/lapsed?updateMask=rule", map[string]any{"rule": map[string]any{"expression": `in_segment("lapsed-loyal")`}}).
		refused(400, "SEGMENT_CYCLE")

	c.post("/v1/segments?segmentId=guests", map[string]any{"list": map[string]any{}})
	c.wait(c.post("/v1/segments/guests:publish", map[string]any{}).str("name"))
	c.post("/v1/segments/guests:addMembers", map[string]any{"customerIds": []string{"eve", "nobody"}})
	c.soon("guests", "[eve]")
	c.post("/v1/segments:estimate", map[string]any{"rule": map[string]any{"expression": "orders.count == 2"}}).want("2", "size").want(true, "exact")

	c.post("/v1/surveys?surveyId=recommend", map[string]any{"kind": "SURVEY_KIND_NPS", "question": "您愿意推荐我们吗？"})
	c.post("/v1/surveys/recommend:publish", map[string]any{})
	c.segment("unhappy", `feedback.responses > 0 && feedback.satisfaction <= 0.6`)
	c.post("/v1/surveys/recommend/responses", map[string]any{"customerId": "eve", "score": 3})
	c.soon("unhappy", "[eve]")

	c.post("/v1/customers:merge", map[string]any{"survivor": "customers/ann", "merged": []string{"customers/eve"}})
	c.soon("lapsed-loyal", "[ann bob]")
	c.soon("guests", "[ann]") // who is merged leaves its lists to the survivor
}
