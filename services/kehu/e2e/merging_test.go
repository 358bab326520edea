package e2e

import (
	"strings"
	"testing"
	"time"
)

// TestMerging merges and unmerges customers over JSON, and looks at what every
// service makes of it.
func TestMerging(t *testing.T) {
	for _, a := range arrangements {
		t.Run(a.name, func(t *testing.T) {
			url, _ := a.open(t)
			c := client{t, url}
			shop(c)
			apart := everywhere(c, "lost")
			c.do("POST", "/v1/customers:merge", map[string]any{"survivor": "customers/kept", "merged": []string{"customers/nobody"}}).refused(404, "CUSTOMER_NOT_FOUND")
			tried := c.post("/v1/customers:merge", map[string]any{
				"survivor": "customers/kept", "merged": []string{"customers/lost"}, "validateOnly": true,
			}).want("customers/kept", "customer", "name").want("王芳", "customer", "displayName")
			if c.get("/v1/customers/lost").str("name") != "customers/lost" {
				t.Fatal("a trial merged")
			}
			merge := c.post("/v1/customers:merge", map[string]any{
				"survivor": "customers/kept", "merged": []string{"customers/lost"}, "reason": "same phone", "requestId": "m1",
			}).want("MERGE_STATE_MERGED", "mergeRecord", "state").want(tried.str("customer", "displayName"), "customer", "displayName")
			mergedEverywhere(c)

			c.do("DELETE", "/v1/customers/lost", nil).refused(400, "CUSTOMER_IN_MERGE")
			c.do("POST", "/v1/customers:unmerge", map[string]any{"customer": "customers/kept"}).refused(400, "CUSTOMER_NOT_MERGED")
			c.post("/v1/customers:unmerge", map[string]any{"mergeRecord": merge.str("mergeRecord", "name")}).
				want("MERGE_STATE_UNMERGED", "mergeRecord", "state")
			c.get("/v1/customers/lost").want("customers/lost", "name").want("深圳", "city")
			c.eventually("the services follow", func() bool {
				return c.get("/v1/accounts/customer:lost").str("name") == "accounts/customer:lost" &&
					c.get("/v1/surveys/nps:nps").at("overall", "responses") == "2"
			})
			again := everywhere(c, "lost")
			if again != apart {
				t.Errorf("unmerged:\n%s\nbefore:\n%s", again, apart)
			}
			if journal := c.get("/v1/mergeRecords?customer=customers%2Flost").list("mergeRecords"); len(journal) != 1 || journal[0]["reason"] != "same phone" {
				t.Errorf("journal: %v", journal)
			}
		})
	}
}

// shop has two records of one customer, with something in every service.
func shop(c client) {
	c.t.Helper()
	c.post("/v1/customers?customerId=kept", map[string]any{"displayName": "王芳"})
	c.post("/v1/customers?customerId=lost", map[string]any{"city": "深圳"})
	order(c, "kept", "o1", "1000")
	order(c, "lost", "o1", "200")
	c.post("/v1/transfers?transferId=t1", map[string]any{"fromAccount": "system:adjustments", "toAccount": "customer:kept", "points": "10", "memo": "welcome"})
	c.post("/v1/transfers?transferId=t2", map[string]any{"fromAccount": "system:adjustments", "toAccount": "customer:lost", "points": "5", "memo": "welcome"})
	c.post("/v1/surveys?surveyId=nps", map[string]any{"kind": "SURVEY_KIND_NPS", "question": "您愿意推荐我们吗？"})
	c.post("/v1/surveys/nps:publish", map[string]any{})
	c.post("/v1/surveys/nps/responses?responseId=r1", map[string]any{"customerId": "kept", "score": 3, "responseTime": "2026-01-01T00:00:00Z"})
	c.post("/v1/surveys/nps/responses?responseId=r2", map[string]any{"customerId": "lost", "score": 10, "responseTime": "2026-01-02T00:00:00Z"})
	c.post("/v1/segments?segmentId=big", map[string]any{"displayName": "Big", "rule": map[string]any{"expression": "orders.count >= 2"}})
	refresh(c)
	c.wait(c.post("/v1/segments/big:publish", map[string]any{}).str("name"))
}

func order(c client, customer, id, minor string) {
	c.t.Helper()
	c.post("/v1/orders:batchRecord", map[string]any{"orders": []any{map[string]any{
		"name": "customers/" + customer + "/orders/" + id, "orderTime": "2026-02-01T10:00:00Z", "status": "ORDER_STATUS_PAID",
		"amount": map[string]any{"minorUnits": minor, "currencyCode": "CNY"},
	}}})
}

func refresh(c client) {
	c.t.Helper()
	c.wait(c.post("/v1/valuations:refresh", map[string]any{"policy": map[string]any{"asOfDate": "2026-06-30"}}).str("name"))
}

// mergedEverywhere looks at a customer under the name of a merged record.
func mergedEverywhere(c client) {
	c.t.Helper()
	for _, id := range []string{"kept", "lost"} {
		view := c.get("/v1/customers/"+id).want("customers/kept", "name").want("王芳", "displayName").want("深圳", "city")
		if merged, _ := view.at("merged").([]any); len(merged) != 1 || merged[0] != "customers/lost" {
			c.t.Errorf("merged: %v", view.at("merged"))
		}
	}
	order(c, "lost", "o2", "30")
	if orders := c.get("/v1/customers/kept/orders").list("orders"); len(orders) != 3 || orders[2]["name"] != "customers/lost/orders/o2" {
		c.t.Errorf("orders: %v", orders)
	}
	c.eventually("referral follows", func() bool {
		return c.get("/v1/accounts/customer:lost").str("name") == "accounts/customer:kept"
	})
	c.get("/v1/accounts/customer:kept").want("15", "balancePoints").want("2", "entries")
	c.eventually("feedback follows", func() bool {
		nps := c.get("/v1/surveys/nps:nps")
		return nps.at("overall", "responses") == "1" && nps.at("overall", "promoters") == "1"
	})
	c.post("/v1/surveys/nps/responses?responseId=r3", map[string]any{"customerId": "lost", "score": 7, "responseTime": "2026-01-01T12:00:00Z"})
	refresh(c)
	c.wait(c.post("/v1/segments:recompute", map[string]any{}).str("name"))
	c.eventually("valuation and segmentation follow", func() bool {
		return c.do("GET", "/v1/customers/lost/valuation", nil).str("customerId") == "kept" &&
			c.do("GET", "/v1/segments/big/memberships/lost", nil).str("customerId") == "kept"
	})
	for _, id := range []string{"kept", "lost"} {
		c.get("/v1/customers/"+id+"/valuation").want("kept", "customerId").want("3", "orders")
		c.get("/v1/segments/big/memberships/"+id).want("kept", "customerId")
	}
}

// everywhere is what the services say of a record that stands by itself.
func everywhere(c client, id string) string {
	c.t.Helper()
	order(c, id, "o2", "30")
	c.post("/v1/surveys/nps/responses?responseId=r3", map[string]any{"customerId": "lost", "score": 7, "responseTime": "2026-01-01T12:00:00Z"})
	refresh(c)
	c.wait(c.post("/v1/segments:recompute", map[string]any{}).str("name"))
	c.eventually("valuation and segmentation follow", func() bool {
		return c.do("GET", "/v1/customers/"+id+"/valuation", nil).str("customerId") == id &&
			c.do("GET", "/v1/segments/big/memberships/"+id, nil).str("customerId") == id
	})
	nps := c.get("/v1/surveys/nps:nps")
	account := c.get("/v1/accounts/customer:" + id)
	valuation := c.get("/v1/customers/" + id + "/valuation")
	lines := []string{
		valuation.str("customerId"), valuation.str("orders"), account.str("name"), account.str("balancePoints"),
		nps.str("overall", "responses"), nps.str("overall", "promoters"),
		c.get("/v1/segments/big/memberships/" + id).str("customerId"),
	}
	return strings.Join(lines, " ")
}

// eventually waits for what is seen within seconds.
func (c client) eventually(what string, seen func() bool) {
	c.t.Helper()
	deadline := time.After(20 * time.Second)
	for again := time.NewTicker(50 * time.Millisecond); !seen(); {
		select {
		case <-again.C:
		case <-deadline:
			c.t.Fatalf("not within 20 seconds: %s", what)
		}
	}
}
