package e2e

import (
	"testing"
	"time"

	"github.com/kehuhq/kehu/pkg/refdata"
)

// TestJourney takes the way of a new user through every service, over JSON.
func TestJourney(t *testing.T) {
	orders := refdata.Path(t, "data/cdnow_orders.csv")
	for _, a := range arrangements {
		t.Run(a.name, func(t *testing.T) {
			url, grpc := a.open(t)
			c := client{t, url}
			profileJourney(c)
			out, errs, code := kehu(t, "import", "orders", orders, "--server", grpc, "--format", "json")
			if code != 0 {
				t.Fatalf("import: exit %d\n%s%s", code, out, errs)
			}
			valuationJourney(c)
			segmentationJourney(c)
			feedbackJourney(c)
			referralJourney(c)
		})
	}
}

func profileJourney(c client) {
	c.t.Helper()
	made := c.post("/v1/customers?customerId=wang-fang", map[string]any{
		"displayName": "王芳", "kind": "CUSTOMER_KIND_INDIVIDUAL", "region": "广东", "city": "深圳",
		"identifiers": []any{
			map[string]any{"type": "IDENTIFIER_TYPE_PHONE", "value": "138 1234 5678"},
			map[string]any{"type": "IDENTIFIER_TYPE_EMAIL", "value": "Fang.Wang@Example.COM"},
		},
	}).want("customers/wang-fang", "name")
	etag := made.str("etag")
	c.get("/v1/customers:lookup?phone=%2B8613812345678").want("customers/wang-fang", "name")
	c.get("/v1/customers:lookup?email=fang.wang@example.com").want("customers/wang-fang", "name")
	c.do("GET", "/v1/customers:lookup?phone=138****5678", nil).refused(400, "PHONE_MASKED")
	c.do("POST", "/v1/customers?customerId=other", map[string]any{
		"identifiers": []any{map[string]any{"type": "IDENTIFIER_TYPE_PHONE", "value": "13812345678"}},
	}).refused(409, "IDENTIFIER_TAKEN")

	fresh := c.do("GET", "/v1/customers/wang-fang", nil).ok()
	if fresh.header.Get("ETag") == "" {
		c.t.Error("no ETag header on a customer")
	}
	c.do("PATCH", "/v1/customers/wang-fang?updateMask=city", map[string]any{"city": "广州"}, "If-Match", fresh.header.Get("ETag")).ok().want("广州", "city")
	c.do("PATCH", "/v1/customers/wang-fang?updateMask=city", map[string]any{"city": "珠海", "etag": etag}).refused(409, "ETAG_MISMATCH")

	c.post("/v1/orders:batchRecord", map[string]any{"orders": []any{map[string]any{
		"name": "customers/wang-fang/orders/o1", "orderTime": "1998-03-01T10:00:00Z", "status": "ORDER_STATUS_PAID",
		"amount": map[string]any{"minorUnits": "5000", "currencyCode": "USD"},
	}}})
	c.post("/v1/customers/wang-fang/orders/o1:return", map[string]any{"return": map[string]any{
		"returnId": "r1", "returnTime": "1998-03-05T10:00:00Z", "refund": map[string]any{"minorUnits": "2000", "currencyCode": "USD"},
	}}).want("3000", "netAmount", "minorUnits")
}

func valuationJourney(c client) {
	c.t.Helper()
	operation := c.post("/v1/valuations:refresh", map[string]any{"policy": map[string]any{"asOfDate": "1998-06-30"}}).str("name")
	summary := c.wait(operation)
	summary.want("2358", "response", "customers").want("6920", "response", "orders")
	c.get("/v1/customers/wang-fang/valuation").want("1", "orders")
	first := c.get("/v1/valuations?pageSize=2")
	first.want("2358", "totalSize")
	second := c.get("/v1/valuations?pageSize=2&pageToken=" + first.str("nextPageToken"))
	if first.list("valuations")[1]["name"] == second.list("valuations")[0]["name"] {
		c.t.Error("the second page repeats the first")
	}
	c.do("GET", "/v1/valuations?pageSize=2&orderBy=customer_id&pageToken="+first.str("nextPageToken"), nil).refused(400, "PAGE_TOKEN_INVALID")
	c.do("GET", "/v1/customers/nobody/valuation", nil).refused(404, "VALUATION_NOT_FOUND")
}

func segmentationJourney(c client) {
	c.t.Helper()
	c.do("POST", "/v1/segments?segmentId=bad", map[string]any{"rule": map[string]any{"expression": "orders.cuont > 2"}}).refused(400, "RULE_FACT_UNKNOWN")
	c.post("/v1/segments?segmentId=regulars", map[string]any{
		"displayName": "Regulars", "rule": map[string]any{"expression": "orders.count >= 5"},
	}).want("SEGMENT_STATE_DRAFT", "state")
	operation := c.post("/v1/segments/regulars:publish", map[string]any{}).str("name")
	c.wait(operation)
	segment := c.get("/v1/segments/regulars").want("SEGMENT_STATE_PUBLISHED", "state")
	members := c.get("/v1/segments/regulars/memberships?pageSize=1000")
	if n := len(members.list("memberships")); n == 0 || members.str("totalSize") != segment.str("memberCount") {
		c.t.Errorf("list of %d, total %s, member count %s", n, members.str("totalSize"), segment.str("memberCount"))
	}
	c.do("GET", "/v1/segments/regulars/memberships/wang-fang", nil).refused(404, "MEMBERSHIP_NOT_FOUND")

	for i := range 5 {
		c.post("/v1/orders:batchRecord", map[string]any{"orders": []any{map[string]any{
			"name": "customers/wang-fang/orders/more-" + string(rune('a'+i)), "orderTime": "1998-04-01T10:00:00Z", "status": "ORDER_STATUS_PAID",
			"amount": map[string]any{"minorUnits": "1000", "currencyCode": "USD"},
		}}})
	}
	c.wait(c.post("/v1/valuations:refresh", map[string]any{"policy": map[string]any{"asOfDate": "1998-06-30"}}).str("name"))
	c.wait(c.post("/v1/segments:recompute", map[string]any{}).str("name"))
	c.get("/v1/segments/regulars/memberships/wang-fang").want("wang-fang", "customerId")
	moves := c.get("/v1/segments/regulars/transitions?pageSize=1").list("transitions")
	if len(moves) != 1 || moves[0]["customerId"] != "wang-fang" || moves[0]["kind"] != "TRANSITION_KIND_ENTERED" {
		c.t.Errorf("newest transition %v, want wang-fang entering", moves)
	}
}

func feedbackJourney(c client) {
	c.t.Helper()
	c.post("/v1/surveys?surveyId=recommend", map[string]any{"kind": "SURVEY_KIND_NPS", "question": "您愿意推荐我们吗？"})
	c.do("POST", "/v1/surveys/recommend/responses", map[string]any{"customerId": "wang-fang", "score": 9}).refused(400, "SURVEY_NOT_OPEN")
	c.post("/v1/surveys/recommend:publish", map[string]any{})
	c.post("/v1/surveys/recommend/responses?responseId=first", map[string]any{"customerId": "wang-fang", "score": 9, "comment": "很好"})
	c.post("/v1/surveys/recommend/responses", map[string]any{"customerId": "0001", "score": 3})
	c.do("POST", "/v1/surveys/recommend/responses", map[string]any{"customerId": "nobody", "score": 3}).refused(400, "CUSTOMER_UNKNOWN")
	nps := c.get("/v1/surveys/recommend:nps?bySegment=true").want("2", "overall", "responses").want(0.0, "overall", "nps")
	if groups := nps.list("segments"); len(groups) != 1 || groups[0]["group"] != "regulars" || groups[0]["promoters"] != "1" {
		c.t.Errorf("by segment: %v, want one promoter in regulars", groups)
	}
}

func referralJourney(c client) {
	c.t.Helper()
	c.post("/v1/programs?programId=friends", map[string]any{"displayName": "Friends", "advocatePoints": "100", "refereePoints": "50"})
	c.post("/v1/programs/friends:activate", map[string]any{})
	code := c.post("/v1/programs/friends/codes", map[string]any{"advocateId": "wang-fang"}).str("name")
	id := code[len("programs/friends/codes/"):]
	referral := c.post("/v1/programs/friends/referrals", map[string]any{"code": id}).want("REFERRAL_STATE_INVITED", "state").str("name")
	c.post("/v1/"+referral+":click", map[string]any{}).want("REFERRAL_STATE_CLICKED", "state")
	c.do("POST", "/v1/"+referral+":signUp", map[string]any{"refereeId": "wang-fang"}).refused(400, "SELF_REFERRAL")
	c.post("/v1/customers?customerId=li-lei", map[string]any{"displayName": "李雷"})
	c.post("/v1/"+referral+":signUp", map[string]any{"refereeId": "li-lei"}).want("REFERRAL_STATE_SIGNED_UP", "state")
	c.post("/v1/orders:batchRecord", map[string]any{"orders": []any{map[string]any{
		"name": "customers/li-lei/orders/first", "orderTime": time.Now().UTC().Format(time.RFC3339), "status": "ORDER_STATUS_PAID",
		"amount": map[string]any{"minorUnits": "9900", "currencyCode": "USD"},
	}}})
	c.post("/v1/"+referral+":convert", map[string]any{"orderId": "first"}).want("REFERRAL_STATE_REWARDED", "state")
	c.post("/v1/"+referral+":convert", map[string]any{"orderId": "first"}).want("REFERRAL_STATE_REWARDED", "state")
	c.get("/v1/accounts/customer:wang-fang").want("100", "balancePoints")
	c.get("/v1/accounts/customer:li-lei").want("50", "balancePoints")
	c.get("/v1/ledger:trialBalance").want(true, "balanced").want("150", "debitPoints").want("150", "creditPoints")
}
