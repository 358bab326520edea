package e2e

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// theErased is the id of somebody whom every service knows before, and none after.
const theErased = "canary-customer"

// knownEverywhere lets every service know the canary, one way or another.
func knownEverywhere(t *testing.T, s *server) {
	t.Helper()
	bringIn(t, s)
	c := client{t, "http://" + s.addresses["http"]}
	for _, event := range []map[string]any{
		{"type": "track", "event": "Seen", "userId": theErased, "messageId": "m1", "properties": map[string]any{"note": "爱好竹蜻蜓"}},
		{"type": "page", "name": "Home", "anonymousId": "visitor-of-canary", "messageId": "m2"},
		{"type": "identify", "userId": theErased, "anonymousId": "visitor-of-canary", "messageId": "m3", "traits": map[string]any{"city": "Quetzaltenango"}},
	} {
		c.post("/v1/batch", map[string]any{"batch": []any{event}})
	}
	c.wait(c.post("/v1/valuations:refresh", map[string]any{"policy": map[string]any{"asOfDate": "2026-06-30"}}).str("name"))
	c.post("/v1/segments?segmentId=all", map[string]any{"displayName": "All", "rule": map[string]any{"expression": "orders.count >= 1"}})
	c.wait(c.post("/v1/segments/all:publish", map[string]any{}).str("name"))
	c.get("/v1/segments/all/memberships/"+theErased).want(theErased, "customerId")
	c.post("/v1/surveys?surveyId=recommend", map[string]any{"kind": "SURVEY_KIND_NPS", "question": "您愿意推荐我们吗？"})
	c.post("/v1/surveys/recommend:publish", map[string]any{})
	c.post("/v1/surveys/recommend/responses?responseId=first", map[string]any{"customerId": theErased, "score": 9, "comment": "太小了穿不下去呀"})
	c.post("/v1/programs?programId=friends", map[string]any{"displayName": "Friends", "advocatePoints": "100", "refereePoints": "50"})
	c.post("/v1/programs/friends:activate", map[string]any{})
	code := c.post("/v1/programs/friends/codes", map[string]any{"advocateId": theErased}).str("name")
	referral := c.post("/v1/programs/friends/referrals", map[string]any{"code": code[len("programs/friends/codes/"):]}).str("name")
	c.post("/v1/customers?customerId=li-lei", map[string]any{"displayName": "李雷"})
	c.post("/v1/"+referral+":signUp", map[string]any{"refereeId": "li-lei"})
	c.post("/v1/orders:batchRecord", map[string]any{"orders": []any{map[string]any{
		"name": "customers/li-lei/orders/first", "orderTime": time.Now().UTC().Format(time.RFC3339), "status": "ORDER_STATUS_PAID",
		"amount": map[string]any{"minorUnits": "9900", "currencyCode": "CNY"},
	}}})
	c.post("/v1/"+referral+":convert", map[string]any{"orderId": "first"}).want("REFERRAL_STATE_REWARDED", "state")
	c.get("/v1/accounts/customer:"+theErased).want("100", "balancePoints")
	c.post("/v1/leads?leadId=canary-lead", map[string]any{"customer": "customers/" + theErased, "owner": "li", "displayName": "司马懿南宫"})
}

// erased erases the canary by the command line and checks what the services say
// then. It returns the receipt's name.
func erased(t *testing.T, s *server) string {
	t.Helper()
	c := client{t, "http://" + s.addresses["http"]}
	out, errs, code := kehu(t, "person", "erase", theErased, "--dry-run", "--lang", "en", "--server", s.addresses["grpc"])
	for _, held := range []string{"Your record (profile)", "(valuation)", "(segmentation)", "(referral)", "(feedback)"} {
		if code != 0 || !strings.Contains(out, held) {
			t.Fatalf("what is held does not name %s: %d %s%s", held, code, out, errs)
		}
	}
	file := filepath.Join(t.TempDir(), "copy.html")
	if out, errs, code := kehu(t, "person", "export", theErased, "--out", file, "--server", s.addresses["grpc"]); code != 0 {
		t.Fatalf("%d %s%s", code, out, errs)
	}
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for _, known := range []string{"司马懿南宫", "13912345671", "太小了穿不下去呀", "爱好竹蜻蜓"} {
		if !bytes.Contains(content, []byte(known)) {
			t.Errorf("the copy does not say %q", known)
		}
	}
	out, errs, code = kehu(t, "person", "erase", theErased, "--basis", "request of 2026-11-03", "--lang", "en", "--server", s.addresses["grpc"])
	if code != 0 || !strings.Contains(out, "profile, valuation, segmentation, referral, feedback") {
		t.Fatalf("%d %s%s", code, out, errs)
	}
	receipt := c.get("/v1/erasureReceipts").list("erasureReceipts")[0]["name"].(string)
	out, errs, code = kehu(t, "person", "verify", receipt, theErased, "--lang", "en", "--server", s.addresses["grpc"])
	if code != 0 || !strings.Contains(out, "Nothing is held.") {
		t.Errorf("%d %s%s", code, out, errs)
	}
	c.do("GET", "/v1/customers/"+theErased, nil).refused(404, "CUSTOMER_NOT_FOUND")
	c.do("GET", "/v1/customers/"+theErased+"/valuation", nil).refused(404, "VALUATION_NOT_FOUND")
	c.do("GET", "/v1/segments/all/memberships/"+theErased, nil).refused(404, "MEMBERSHIP_NOT_FOUND")
	c.do("GET", "/v1/surveys/recommend/responses/first", nil).refused(404, "RESPONSE_NOT_FOUND")
	members := c.get("/v1/segments/all/memberships?pageSize=1000")
	if n := len(members.list("memberships")); members.at("totalSize") != c.get("/v1/segments/all").at("memberCount") || n == 0 {
		t.Errorf("%d members are listed: %s", n, members.text)
	}
	c.get("/v1/ledger:trialBalance").want(true, "balanced").want("150", "debitPoints")
	if kept := c.get("/v1/customers/anonymous/orders").list("orders"); len(kept) != 1 || kept[0]["amount"].(map[string]any)["minorUnits"] != "10000" {
		t.Errorf("orders that stay: %v", kept)
	}
	if _, _, code := kehu(t, "person", "verify", receipt, "li-lei", "--server", s.addresses["grpc"]); code != 1 {
		t.Errorf("another's receipt was accepted: %d", code)
	}
	return receipt
}

// After an erasure no file tells of the person any more, not even their id.
func TestNoFileTellsOfTheErased(t *testing.T) {
	dir := t.TempDir()
	s := start(t, "kehu", "serve", "--data", dir, "--http", "127.0.0.1:0", "--grpc", "127.0.0.1:0")
	knownEverywhere(t, s)
	receipt := erased(t, s)
	if err := s.stop(t); err != nil {
		t.Fatal(err)
	}
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := os.ReadFile(path)
		if err == nil && bytes.Contains(content, []byte(theErased)) && !strings.HasPrefix(entry.Name(), "MANIFEST") {
			t.Errorf("%s still holds the id", path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	stores, err := filepath.Glob(filepath.Join(dir, "*", "LOCK"))
	if err != nil || len(stores) < 6 {
		t.Fatalf("stores %v, %v", stores, err)
	}
	for _, lock := range stores {
		eachOf(t, filepath.Dir(lock), func(key, value []byte) {
			for _, told := range append([]string{theErased}, canaries...) {
				if bytes.Contains(key, []byte(told)) || bytes.Contains(value, []byte(told)) {
					t.Errorf("%s: %q still tells of %q", filepath.Dir(lock), key, told)
				}
			}
		})
	}
	s = start(t, "kehu", "serve", "--data", dir, "--http", "127.0.0.1:0", "--grpc", "127.0.0.1:0")
	c := client{t, "http://" + s.addresses["http"]}
	c.post("/v1/"+receipt+":verify", map[string]any{"customer": "customers/" + theErased}).want(true, "authentic").want(true, "ofCustomer")
}

// Six processes: an erasure waits for a service that is down, and comes to its end
// when that is back.
func TestErasureInSixProcesses(t *testing.T) {
	dir := t.TempDir()
	profile := start(t, "kehu-profile", "--data", dir)
	at := map[string]string{"profile": profile.addresses["grpc"]}
	others := map[string]*server{}
	for _, service := range []struct {
		name  string
		peers []string
	}{
		{"valuation", []string{"profile"}}, {"segmentation", []string{"profile", "valuation"}},
		{"referral", []string{"profile"}}, {"feedback", []string{"profile", "segmentation"}},
	} {
		args := []string{"--data", dir}
		for _, peer := range service.peers {
			args = append(args, "--"+peer, at[peer])
		}
		others[service.name] = start(t, "kehu-"+service.name, args...)
		at[service.name] = others[service.name].addresses["grpc"]
	}
	if err := profile.stop(t); err != nil {
		t.Fatal(err)
	}
	args := []string{"--data", dir, "--listen", at["profile"]} // it was unknown where the others would be
	gateway := []string{"--http", "127.0.0.1:0"}
	for name, address := range at {
		gateway = append(gateway, "--"+name, address)
		if name != "profile" {
			args = append(args, "--"+name, address)
		}
	}
	start(t, "kehu-profile", args...)
	s := start(t, "kehu-gateway", gateway...)
	c := client{t, "http://" + s.addresses["http"]}
	recovered(t, func() bool { return c.do("GET", "/v1/customers", nil).status == 200 })
	s.addresses["grpc"] = at["profile"]
	knownEverywhere(t, s)

	if err := others["feedback"].stop(t); err != nil {
		t.Fatal(err)
	}
	op := c.post("/v1/customers/"+theErased+":erase", map[string]any{"basis": "request of 2026-11-03"}).str("name")
	if waited := c.post("/v1/"+op+":wait", map[string]any{"timeout": "3s"}); waited.at("done") == true {
		t.Errorf("it did not wait for feedback: %s", waited.text)
	}
	start(t, "kehu-feedback", "--data", dir, "--listen", at["feedback"], "--profile", at["profile"], "--segmentation", at["segmentation"])
	receipt := c.wait(op).str("response", "name")
	checked := c.post("/v1/"+receipt+":verify", map[string]any{"customer": "customers/" + theErased}).want(true, "authentic")
	if len(checked.list("remaining")) > 0 {
		t.Errorf("still held: %s", checked.text)
	}
	c.do("GET", "/v1/surveys/recommend/responses/first", nil).refused(404, "RESPONSE_NOT_FOUND")
}
