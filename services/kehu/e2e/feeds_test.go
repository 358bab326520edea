package e2e

import (
	"fmt"
	"slices"
	"testing"
	"time"
)

// Segmentation is stopped while customers come, change, object and go. Once it is
// back, it knows of all that, and nobody has to tell it.
func TestSegmentationFollowsWhatItMissed(t *testing.T) {
	dir := t.TempDir()
	profile := start(t, "kehu-profile", "--data", dir).addresses["grpc"]
	valuation := start(t, "kehu-valuation", "--data", dir, "--profile", profile).addresses["grpc"]
	args := []string{"--data", dir, "--profile", profile, "--valuation", valuation}
	segmentation := start(t, "kehu-segmentation", args...)
	at := segmentation.addresses["grpc"]
	gateway := start(t, "kehu-gateway", "--http", "127.0.0.1:0", "--profile", profile, "--valuation", valuation,
		"--segmentation", at, "--referral", valuation, "--feedback", valuation)
	c := client{t, "http://" + gateway.addresses["http"]}

	for i := range 6 {
		c.post(fmt.Sprintf("/v1/customers?customerId=c%d", i), map[string]any{"city": "深圳"})
	}
	c.post("/v1/segments?segmentId=here", map[string]any{"rule": map[string]any{"expression": `customer.city == "深圳"`}})
	c.post("/v1/segments?segmentId=buyers", map[string]any{"rule": map[string]any{"expression": `orders.count >= 1`}})
	for _, id := range []string{"here", "buyers"} {
		c.wait(c.post("/v1/segments/"+id+":publish", map[string]any{}).str("name"))
	}
	in := func(segment string) (ids []string) {
		for _, m := range c.get("/v1/segments/" + segment + "/memberships?pageSize=100").list("memberships") {
			id, _ := m["customerId"].(string)
			ids = append(ids, id)
		}
		return ids
	}
	if got := in("here"); len(got) != 6 {
		t.Fatalf("before: %q", got)
	}

	if err := segmentation.stop(t); err != nil {
		t.Fatal(err)
	}
	c.do("PATCH", "/v1/customers/c0?updateMask=city", map[string]any{"city": "广州"}).ok()
	c.do("DELETE", "/v1/customers/c1", nil).ok()
	c.do("PATCH", "/v1/customers/c2/consents/segmentation", map[string]any{"decision": map[string]any{"state": "CONSENT_STATE_WITHDRAWN"}}).ok()
	c.post("/v1/customers:merge", map[string]any{"survivor": "customers/c3", "merged": []any{"customers/c4"}, "reason": "same phone"})
	c.post("/v1/customers?customerId=new", map[string]any{"city": "深圳"})
	c.post("/v1/orders:batchRecord", map[string]any{"orders": []any{map[string]any{
		"name": "customers/c4/orders/1", "orderTime": time.Now().UTC().Format(time.RFC3339), "status": "ORDER_STATUS_PAID",
		"amount": map[string]any{"minorUnits": "1000", "currencyCode": "CNY"},
	}}})

	start(t, "kehu-segmentation", append(args, "--listen", at)...)
	recovered(t, func() bool { return c.do("GET", "/v1/segments/here", nil).status == 200 })
	c.eventually("segments are as if segmentation had never been away", func() bool {
		return slices.Equal(in("here"), []string{"c3", "c5", "new"}) && slices.Equal(in("buyers"), []string{"c3"})
	})
}
