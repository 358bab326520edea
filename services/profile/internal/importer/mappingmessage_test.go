package importer

import (
	"testing"

	"google.golang.org/protobuf/proto"

	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"

	"github.com/kehuhq/kehu/services/profile/internal/mapping"
)

// Every field of the API's columns is one of ours, and the other way round.
func TestFieldsAreThoseOfTheAPI(t *testing.T) {
	fields := (&profilev1.OrderColumns{}).ProtoReflect().Descriptor().Fields()
	if fields.Len() != len(mapping.Fields) {
		t.Errorf("%d fields in the API, %d here", fields.Len(), len(mapping.Fields))
	}
	for n := range fields.Len() {
		if got, want := string(mapping.Fields[n]), string(fields.Get(n).Name()); got != want {
			t.Errorf("field %d: %s, want %s", n, got, want)
		}
	}
}

// A preset says the same after the way through the API.
func TestPresetsThroughTheAPI(t *testing.T) {
	for _, name := range []string{"taobao", "jd", "youzan", "shopify"} {
		m, err := mapping.Preset("preset", name)
		if err != nil {
			t.Fatal(err)
		}
		p := mappingProto(m)
		back, err := mappingFrom("order_mapping", p)
		if err != nil || back.Key() != m.Key() || !proto.Equal(mappingProto(back), p) {
			t.Errorf("%s: %v, %v", name, back, err)
		}
	}
	if (*mapping.Mapping)(nil).Key() != "" || mappingProto(nil) != nil {
		t.Error("no mapping has a key")
	}
}
