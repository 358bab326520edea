package e2e

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestNeeds goes from files and events to suggestions, the next category and
// search gaps, as one who uses the command line and JSON does.
func TestNeeds(t *testing.T) {
	s := start(t, "kehu", "serve", "--data", t.TempDir(), "--http", "127.0.0.1:0", "--grpc", "127.0.0.1:0")
	api := client{t, "http://" + s.addresses["http"]}
	server := []string{"--server", s.addresses["grpc"]}
	api.do("GET", "/v1/customers/c1/suggestions", nil).refused(400, "RECOMMENDATION_MODEL_MISSING")

	var file strings.Builder
	file.WriteString("order_id,customer_id,order_time,sku,quantity,amount,currency,category\n")
	for i := range 30 { // a camera, and later a lens; or a pan, and later a knife
		if i%2 == 0 {
			fmt.Fprintf(&file, "a%[1]d,c%[1]d,2024-03-01,camera,1,900.00,CNY,cameras\n", i)
			fmt.Fprintf(&file, "b%[1]d,c%[1]d,2024-04-01,lens,1,400.00,CNY,lenses\n", i)
		} else {
			fmt.Fprintf(&file, "a%[1]d,c%[1]d,2024-03-01,pan,1,90.00,CNY,kitchen\n", i)
			fmt.Fprintf(&file, "b%[1]d,c%[1]d,2024-04-01,knife,1,40.00,CNY,kitchen\n", i)
		}
	}
	file.WriteString("new,newcomer,2024-05-01,pan,1,90.00,CNY,kitchen\nold,formerly,2024-06-01,camera,1,900.00,CNY,cameras\n")
	path := filepath.Join(t.TempDir(), "orders.csv")
	if err := os.WriteFile(path, []byte(file.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, errs, code := kehu(t, append([]string{"import", "orders", path}, server...)...); code != 0 {
		t.Fatalf("import: %s", errs)
	}
	for i, customer := range []string{"c1", "c3", "c1"} {
		api.post("/v1/events:ingest", map[string]any{"events": []any{map[string]any{
			"name": fmt.Sprintf("customers/%s/events/e%d", customer, i), "type": "EVENT_TYPE_SEARCH",
			"originalTime": time.Now().Add(-time.Minute).UTC().Format(time.RFC3339),
			"search":       map[string]any{"keyword": "Wok", "resultCount": "0"},
		}}})
	}

	out, errs, code := kehu(t, append([]string{"profile", "train-recommendation-model", "--policy.time-zone", "Asia/Shanghai", "--wait"}, server...)...)
	var model struct{ Name, Customers, Items, Categories string }
	if err := json.Unmarshal([]byte(out), &model); err != nil || code != 0 || model.Customers != "32" || model.Items != "4" || model.Categories != "3" {
		t.Fatalf("training: exit %d, %s%s", code, out, errs)
	}

	first := func(customer string) reply {
		t.Helper()
		return api.get("/v1/customers/" + customer + "/suggestions")
	}
	newcomer := first("newcomer").want(model.Name, "recommendationModel").want("32", "population")
	if got := newcomer.list("suggestions")[0]["sku"]; got != "knife" {
		t.Errorf("what a buyer of a pan gets first is %v", got)
	}
	// Two records of one person: the history is that of both, until they are parted.
	api.post("/v1/customers:merge", map[string]any{"survivor": "customers/newcomer", "merged": []string{"customers/formerly"}, "reason": "one phone"})
	merged := first("newcomer").want("2", "historyItems")
	if !strings.Contains(merged.text, "15 of the 16 customers who bought it also bought lens") || strings.Contains(newcomer.text, "also bought lens") {
		t.Errorf("with the history of both: %s", merged.text)
	}
	if next := merged.list("nextCategories"); len(next) != 1 || next[0]["category"] != "lenses" || next[0]["becauseCategory"] != "cameras" {
		t.Errorf("next categories: %s", merged.text)
	}
	gaps := api.get("/v1/searchGaps").want("1", "totalSize").list("searchGaps")
	if len(gaps) != 1 || gaps[0]["term"] != "wok" || gaps[0]["searches"] != "3" || gaps[0]["customers"] != "2" {
		t.Errorf("search gaps: %v", gaps)
	}
	api.do("GET", "/v1/customers/stranger/suggestions", nil).refused(404, "CUSTOMER_NOT_FOUND")
	api.do("GET", "/v1/customers/c1/suggestions?pageToken=AAAA", nil).refused(400, "PAGE_TOKEN_INVALID")
	api.do("POST", "/v1/recommendationModels:train", map[string]any{"policy": map[string]any{"timeZone": "Mars"}}).refused(400, "INVALID_FIELD")
	api.do("POST", "/v1/recommendationModels:train", map[string]any{"policy": map[string]any{"neighbours": 9999}}).refused(400, "INVALID_FIELD")
}
