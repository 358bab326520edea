package binding

import (
	"strings"
	"testing"

	"buf.build/gen/go/bufbuild/protovalidate/protocolbuffers/go/buf/validate"
	"google.golang.org/protobuf/proto"

	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"
	valuationv1 "github.com/kehuhq/kehu/gen/kehu/valuation/v1"
	"github.com/kehuhq/kehu/pkg/fault"
)

// Every type of parameter is held against its field before grpc-gateway sees it.
func TestTypesOfParameters(t *testing.T) {
	for _, c := range []struct {
		message   proto.Message
		good, bad string // parameters, separated by spaces
	}{
		{&profilev1.Customer{}, "kind=CUSTOMER_KIND_INDIVIDUAL birthDate.year=1990 create_time=2024-02-29T00:00:00.5Z displayName=",
			"kind=1 kind=individual birthDate.year=1e3 birthDate=1990 create_time=2023-02-29T00:00:00Z create_time= identifiers=a"},
		{&valuationv1.ValuationSummary{}, "repeatRate=0.5 orders=-9223372036854775808 recency_scores=1",
			"repeatRate=NaN repeatRate=1e400 repeatRate=half orders=9223372036854775808 rfmCells=1 rfmCells[555]=1 recencyScores=a"},
		{&validate.FieldRules{}, "uint32.const=4294967295 uint64.lt=18446744073709551615 duration.const=1.5s bool.const=true int32.in=1 float.const=-1e-3",
			"uint32.const=-1 uint64.lt=18446744073709551616 duration.const=1 bool.const=1 int32.in=2147483648 float.const=Inf bytes.const=YQ"},
		{&profilev1.UpdateCustomerRequest{}, "updateMask=displayName,birth_date.year update_mask=", "update_mask=a%00"},
	} {
		b := &Binding{input: c.message.ProtoReflect().Descriptor()}
		for _, query := range strings.Fields(c.good) {
			if _, err := b.Query(query); err != nil {
				t.Errorf("%s: %v", query, err)
			}
		}
		for _, query := range strings.Fields(c.bad) {
			if _, err := b.Query(query); fault.KindOf(err) != fault.InvalidArgument {
				t.Errorf("%s: %v", query, err)
			}
		}
	}
	// One field in two spellings is given twice, even where it is a list.
	lists := &Binding{input: (&valuationv1.ValuationSummary{}).ProtoReflect().Descriptor()}
	if _, err := lists.Query("recency_scores=1&recencyScores=2"); fault.ReasonOf(err) != "DUPLICATE_FIELD" {
		t.Errorf("got %v", err)
	}
	if got, err := lists.Query("recencyScores=1&recencyScores=2"); err != nil || len(got["recency_scores"]) != 2 {
		t.Errorf("got %v, %v", got, err)
	}
	masks := &Binding{input: (&profilev1.UpdateCustomerRequest{}).ProtoReflect().Descriptor()}
	if got, err := masks.Query("updateMask=displayName,birthDate.year"); err != nil || got.Get("update_mask") != "display_name,birth_date.year" {
		t.Errorf("got %v, %v", got, err)
	}
}

func TestTemplates(t *testing.T) {
	for _, bad := range []string{"/v1/{name}", "/v1/{name=a/*"} {
		if _, err := capturedBy(bad); err == nil {
			t.Errorf("%s was taken", bad)
		}
	}
	got, err := capturedBy("/v1/{customer.name=customers/*}/orders/{order=*}:return")
	if err != nil || len(got) != 2 || !got["customer.name"] || !got["order"] {
		t.Errorf("got %v, %v", got, err)
	}
}
