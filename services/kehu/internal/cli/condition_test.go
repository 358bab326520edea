package cli

import (
	"testing"
	"time"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"
)

func TestConditions(t *testing.T) {
	for text, want := range map[string]string{
		"customer.region=广东":         `{"field":"customer.region","operator":"CONDITION_OPERATOR_IS","values":["广东"]}`,
		"customer.region != 广东, 福建 ": `{"field":"customer.region","operator":"CONDITION_OPERATOR_NOT_IN","values":["广东","福建"]}`,
		"customer.kind=a,b":          `{"field":"customer.kind","operator":"CONDITION_OPERATOR_IN","values":["a","b"]}`,
		"orders.count>=3":            `{"field":"orders.count","operator":"CONDITION_OPERATOR_AT_LEAST","values":[3]}`,
		"age<30":                     `{"field":"age","operator":"CONDITION_OPERATOR_BELOW","values":[30]}`,
		"age<=30.5":                  `{"field":"age","operator":"CONDITION_OPERATOR_AT_MOST","values":[30.5]}`,
		"customer.interests~茶":       `{"field":"customer.interests","operator":"CONDITION_OPERATOR_CONTAINS","values":["茶"]}`,
		`attributes.code="007"`:      `{"field":"attributes.code","operator":"CONDITION_OPERATOR_IS","values":["007"]}`,
		"attributes.vip=true":        `{"field":"attributes.vip","operator":"CONDITION_OPERATOR_IS","values":[true]}`,
	} {
		got, err := condition("where", text)
		expected := &profilev1.Condition{}
		if jsonErr := protojson.Unmarshal([]byte(want), expected); jsonErr != nil {
			t.Fatal(jsonErr)
		}
		if err != nil || !proto.Equal(got, expected) {
			t.Errorf("%q: %v, %v", text, got, err)
		}
	}
	for _, text := range []string{"", "orders.count", ">=3", "region 广东"} {
		if got, err := condition("where", text); err == nil || exitCode(err) != exitBadInput {
			t.Errorf("%q: %v, %v", text, got, err)
		}
	}
}

func TestWindows(t *testing.T) {
	for text, want := range map[string]time.Duration{"30d": 720 * time.Hour, "36h": 36 * time.Hour, "90m": 90 * time.Minute} {
		if got, err := window("window", text); err != nil || got != want {
			t.Errorf("%q: %v, %v", text, got, err)
		}
	}
	for _, text := range []string{"", "d", "-1d", "99999d", "-3h", "0s", "soon"} {
		if got, err := window("window", text); err == nil || exitCode(err) != exitBadInput {
			t.Errorf("%q: %v, %v", text, got, err)
		}
	}
}

func TestFunnelFlags(t *testing.T) {
	got, err := funnelOf([]string{"page", "cart:Product Added?", "order"}, "ordered", "7d", "month")
	want := &profilev1.Funnel{}
	if jsonErr := protojson.Unmarshal([]byte(`{"order":"FUNNEL_ORDER_ORDERED","window":"604800s","steps":[
		{"displayName":"page","event":{"type":"page"}},
		{"displayName":"cart:Product Added","event":{"type":"cart","name":"Product Added"},"optional":true},
		{"displayName":"order","event":{"type":"order"}}],"breakdown":{"period":"CALENDAR_UNIT_MONTH"}}`), want); jsonErr != nil {
		t.Fatal(jsonErr)
	}
	if err != nil || !proto.Equal(got, want) {
		t.Errorf("%v, %v", got, err)
	}
	for by, event := range map[string]bool{"customer.region": false, "context.campaign.source": true} {
		got, err := funnelOf([]string{"order"}, "strict", "1h", by)
		if err != nil || (got.GetBreakdown().GetEventField() != "") != event {
			t.Errorf("by %s: %v, %v", by, got, err)
		}
	}
	for _, wrong := range [][4]string{{"", "ordered", "1h", ""}, {":", "ordered", "1h", ""}, {"order", "random", "1h", ""}, {"order", "ordered", "x", ""}} {
		steps := []string{wrong[0]}
		if wrong[0] == "" {
			steps = nil
		}
		if _, err := funnelOf(steps, wrong[1], wrong[2], wrong[3]); err == nil || exitCode(err) != exitBadInput {
			t.Errorf("%q: %v", wrong, err)
		}
	}
}
