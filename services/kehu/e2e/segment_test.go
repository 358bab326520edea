package e2e

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"testing"
	"time"
)

// sdk is the folder of node_modules with Segment's SDK for Node.
func sdk(t *testing.T) string {
	t.Helper()
	folder := os.Getenv("KEHU_SEGMENT_SDK")
	if folder == "" {
		folder = filepath.Join("..", "..", "..", ".cache", "segment", "node_modules")
	}
	if _, err := os.Stat(filepath.Join(folder, "@segment", "analytics-node")); err != nil {
		t.Skipf("no Segment SDK: run deploy/tools/install segment, or set KEHU_SEGMENT_SDK: %v", err)
	}
	if _, err := exec.LookPath("node"); err != nil {
		t.Skipf("no node on PATH for the Segment SDK: %v", err)
	}
	folder, err := filepath.Abs(folder)
	if err != nil {
		t.Fatal(err)
	}
	return folder
}

// sendWithSDK runs Segment's SDK, as it comes, against the gateway, and returns the
// bodies it sent.
func sendWithSDK(t *testing.T, url string) (bodies []map[string]any) {
	t.Helper()
	modules := sdk(t)
	command := exec.Command("node", filepath.Join("testdata", "segment.js"), url)
	command.Env = append(os.Environ(), "NODE_PATH="+modules)
	var out, errs bytes.Buffer
	command.Stdout, command.Stderr = &out, &errs
	if err := command.Run(); err != nil {
		t.Fatalf("%v\n%s%s", err, out.String(), errs.String())
	}
	if err := json.Unmarshal(out.Bytes(), &bodies); err != nil {
		t.Fatalf("%v in %s", err, out.String())
	}
	return bodies
}

// TestSegmentSDK points the public SDK at the running binary and finds every call
// on the timeline of the customer, once, however often it is sent.
func TestSegmentSDK(t *testing.T) {
	for _, a := range arrangements {
		t.Run(a.name, func(t *testing.T) {
			url, _ := a.open(t)
			c := client{t, url}
			bodies := sendWithSDK(t, url)
			compareTimeline(c, bodies)
			c.get("/v1/customers/user-1").want("王芳", "displayName").want("深圳", "city").want(float64(1990), "birthDate", "year")
			c.get("/v1/customers:lookup?email=fang.wang@example.com").want("customers/user-1", "name")
			c.get("/v1/visitors/f7a1c3d0-visitor").want("customers/user-1", "customer")
			c.get("/v1/visitors/older-visitor").want("customers/user-1", "customer")

			key := "Basic " + base64.StdEncoding.EncodeToString([]byte("web-shop:"))
			for _, body := range bodies {
				again := c.do("POST", "/v1/batch", body, "Authorization", key).ok().want(true, "success").want(0.0, "accepted")
				if n := len(body["batch"].([]any)); again.at("duplicates") != float64(n) {
					t.Errorf("sent again, %v of %d are duplicates", again.at("duplicates"), n)
				}
			}
			compareTimeline(c, bodies)
		})
	}
}

// compareTimeline holds the customer's timeline against what the SDK sent.
func compareTimeline(c client, bodies []map[string]any) {
	c.t.Helper()
	found := map[string]map[string]any{}
	for _, e := range c.get("/v1/customers/user-1/events?pageSize=100").list("events") {
		found[filepath.Base(e["name"].(string))] = e
	}
	sent := 0
	for _, body := range bodies {
		for _, entry := range body["batch"].([]any) {
			sent++
			message := entry.(map[string]any)
			e := found[message["messageId"].(string)]
			if e == nil {
				c.t.Errorf("not on the timeline: %v", message)
				continue
			}
			compareEvent(c, message, e)
		}
	}
	if sent != 8 || len(found) != sent {
		c.t.Errorf("%d messages were sent, %d events are on the timeline, want 8", sent, len(found))
	}
}

func compareEvent(c client, message, e map[string]any) {
	c.t.Helper()
	kind := message["type"].(string)
	want := map[string]any{"type": map[string]string{
		"page": "EVENT_TYPE_PAGE", "screen": "EVENT_TYPE_SCREEN", "identify": "EVENT_TYPE_IDENTIFY", "group": "EVENT_TYPE_GROUP", "alias": "EVENT_TYPE_ALIAS",
	}[kind], "source": "web-shop"}
	properties, _ := message["properties"].(map[string]any)
	switch kind {
	case "track":
		want["eventName"] = message["event"]
		want["type"] = map[any]string{
			"Products Searched": "EVENT_TYPE_SEARCH", "Order Completed": "EVENT_TYPE_PURCHASE", "Anything At All": "EVENT_TYPE_CUSTOM",
		}[message["event"]]
	case "page", "screen":
		want["eventName"] = message["name"]
	case "identify", "group":
		properties, _ = message["traits"].(map[string]any)
	}
	if len(properties) > 0 {
		got, _ := e["properties"].(map[string]any)
		if message["category"] != nil {
			properties["category"] = message["category"]
		}
		if !reflect.DeepEqual(got, properties) {
			c.t.Errorf("%s: properties %v, want %v", kind, got, properties)
		}
	}
	for field, value := range want {
		if e[field] != value {
			c.t.Errorf("%s: %s is %v, want %v", kind, field, e[field], value)
		}
	}
	context, _ := e["context"].(map[string]any)
	library, _ := context["library"].(map[string]any)
	if library["name"] != "@segment/analytics-node" || context["_metadata"] == nil {
		c.t.Errorf("%s: context %v", kind, context)
	}
	if original, err := time.Parse(time.RFC3339, e["originalTime"].(string)); err != nil || original.Format("2006-01-02T15:04:05.000Z") != message["timestamp"] {
		c.t.Errorf("%s: happened at %v, want %v", kind, e["originalTime"], message["timestamp"])
	}
}
