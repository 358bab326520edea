package profile_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/types/known/emptypb"
	"google.golang.org/protobuf/types/known/structpb"

	apiv1 "github.com/kehuhq/kehu/gen/kehu/api/v1"
	feedbackv1 "github.com/kehuhq/kehu/gen/kehu/feedback/v1"
	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"
	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/fault"
	"github.com/kehuhq/kehu/pkg/rpc"

	"github.com/kehuhq/kehu/services/profile"
	"github.com/kehuhq/kehu/services/profile/internal/roomtest"
)

// word is something that describes the person, in every room.
const word = "金丝雀canary"

// other is a service that holds something about persons: it is held up at first.
type other struct {
	feedbackv1.UnimplementedPersonalDataServiceServer
	heldUp    atomic.Int32
	asked     []string // the ids to be erased
	pseudonym string
	gone      atomic.Bool
}

func (o *other) ReadPersonalData(_ *feedbackv1.ReadPersonalDataRequest, stream grpc.ServerStreamingServer[apiv1.PersonalDataPart]) error {
	if o.gone.Load() {
		return nil
	}
	said, err := structpb.NewStruct(map[string]any{"comment": word})
	if err != nil {
		return err
	}
	return stream.Send(&apiv1.PersonalDataPart{Section: "survey_responses", Title: "Answers", TitleZh: "问卷回答", Records: []*structpb.Struct{said}})
}

func (o *other) ErasePersonalData(_ context.Context, r *feedbackv1.ErasePersonalDataRequest) (*feedbackv1.ErasePersonalDataResponse, error) {
	if o.heldUp.Add(-1) >= 0 {
		return nil, fault.New(fault.Unavailable, "ERASURE_HELD_UP", "something is running")
	}
	o.asked, o.pseudonym = r.GetPerson().GetCustomerIds(), r.GetPseudonym()
	o.gone.Store(true)
	return &feedbackv1.ErasePersonalDataResponse{Sections: []*apiv1.ErasedSection{{Section: "survey_responses", Erased: 1}}}, nil
}

// serveOther serves it and returns the way to it.
func serveOther(t *testing.T, o *other) grpc.ClientConnInterface {
	t.Helper()
	server, err := rpc.NewServer(rpc.DefaultServerConfig())
	must(t, err)
	server.Register(func(r grpc.ServiceRegistrar) { feedbackv1.RegisterPersonalDataServiceServer(r, o) })
	listener, conn, err := rpc.Pipe(rpc.DefaultClientConfig("feedback"))
	must(t, err)
	ctx, cancel := context.WithCancel(context.Background())
	served := make(chan error, 1)
	go func() { served <- server.Serve(ctx, listener) }()
	t.Cleanup(func() {
		must(t, conn.Close())
		cancel()
		must(t, <-served)
	})
	return conn
}

// everything is how many records of each kind two records of a person have, filled
// and merged.
var everything = map[string]int64{
	"customers": 2, "customer_changes": 4, "consents": 2, "orders": 4, "events": 4, "visitors": 2, "leads": 2, "contacts": 2,
	"account_plan": 2, "care_plan": 2, "care_tasks": 2, "style_observations": 2, "stage_settings": 2, "analyses": 2,
	"data_quality_reports": 2, "merge_records": 2, "survey_responses": 1,
}

func counts(sections []*profilev1.PersonalDataSection) map[string]int64 {
	all := make(map[string]int64)
	for _, s := range sections {
		all[s.GetSection()] = s.GetRecords()
	}
	return all
}

func wantCounts(t *testing.T, what string, got, want map[string]int64) {
	t.Helper()
	for section, n := range want {
		if got[section] != n {
			t.Errorf("%s: %d %s, want %d", what, got[section], section, n)
		}
	}
	for section, n := range got {
		if _, known := want[section]; !known && section != "duplicate_candidates" && section != "personal_data_exports" {
			t.Errorf("%s: %d %s, want none", what, n, section)
		}
	}
}

func (r *rooms) exported(t *testing.T, customer string) *profilev1.PersonalDataExport {
	t.Helper()
	op, err := r.rights.ExportCustomer(t.Context(), &profilev1.ExportCustomerRequest{Name: "customers/" + customer})
	op = r.wait(t, op, err)
	var e profilev1.PersonalDataExport
	must(t, op.GetResponse().UnmarshalTo(&e))
	return ok[*profilev1.PersonalDataExport](t)(r.rights.GetPersonalDataExport(t.Context(), &profilev1.GetPersonalDataExportRequest{Name: e.GetName()}))
}

func (r *rooms) downloaded(t *testing.T, name string, format profilev1.PersonalDataFormat) (kind, text string) {
	t.Helper()
	stream, err := r.rights.DownloadPersonalDataExport(t.Context(), &profilev1.DownloadPersonalDataExportRequest{Name: name, Format: format})
	must(t, err)
	for {
		part, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return kind, text
		}
		must(t, err)
		kind, text = part.GetContentType(), text+string(part.GetData())
	}
}

func TestACopyOfEverything(t *testing.T) {
	onEach(t, func(t *testing.T, engine docstore.Engine) {
		r := roomsAt(roomtest.Serve(t, engine, func() time.Time { return now }, func(d *profile.Deps) { d.Feedback = serveOther(t, &other{}) }))
		r.fill(t, "person-p", "13800138001")
		r.fill(t, "person-q", "13800138002")
		r.analyse(t)
		ok[*profilev1.MergeCustomersResponse](t)(r.merges.MergeCustomers(t.Context(), &profilev1.MergeCustomersRequest{Survivor: "customers/person-p", Merged: []string{"customers/person-q"}, Reason: word}))
		e := r.exported(t, "person-q")
		if e.GetCustomer() != "customers/person-p" || !e.GetExpireTime().AsTime().Equal(now.AddDate(0, 0, 7)) {
			t.Errorf("%v", e)
		}
		wantCounts(t, "export", counts(e.GetSections()), everything)

		kind, text := r.downloaded(t, e.GetName(), profilev1.PersonalDataFormat_PERSONAL_DATA_FORMAT_JSON)
		var file struct {
			Customer string
			Sections []struct {
				Service, Section, Title string
				TitleZh                 string `json:"title_zh"`
				Records                 []map[string]any
			}
		}
		must(t, json.Unmarshal([]byte(text), &file))
		if kind != "application/json" || file.Customer != "customers/person-p" || len(file.Sections) != len(e.GetSections()) {
			t.Errorf("%s of %s with %d sections", kind, file.Customer, len(file.Sections))
		}
		for i, s := range file.Sections {
			if want := e.GetSections()[i]; s.Section != want.GetSection() || int64(len(s.Records)) != want.GetRecords() || s.TitleZh == "" {
				t.Errorf("%s with %d records %q, want %v", s.Section, len(s.Records), s.TitleZh, want)
			}
		}
		for _, said := range []string{word, "13800138001", "13800138002", `"reason":"` + word} {
			if !strings.Contains(strings.ReplaceAll(text, `": "`, `":"`), said) {
				t.Errorf("the copy does not say %s", said)
			}
		}
		kind, text = r.downloaded(t, e.GetName(), profilev1.PersonalDataFormat_PERSONAL_DATA_FORMAT_HTML)
		if !strings.HasPrefix(kind, "text/html") || !strings.Contains(text, "客户档案 · Your record") || !strings.Contains(text, "<td>display name</td><td>王"+word) {
			t.Errorf("%s: %.2000s", kind, text)
		}
		ok[*emptypb.Empty](t)(r.rights.DeletePersonalDataExport(t.Context(), &profilev1.DeletePersonalDataExportRequest{Name: e.GetName()}))
		_, err := r.rights.GetPersonalDataExport(t.Context(), &profilev1.GetPersonalDataExportRequest{Name: e.GetName()})
		refused(t, "a deleted export", err, codes.NotFound, "PERSONAL_DATA_EXPORT_NOT_FOUND", "")
	})
}

func (r *rooms) verified(t *testing.T, receipt, customer string) *profilev1.VerifyErasureReceiptResponse {
	t.Helper()
	return ok[*profilev1.VerifyErasureReceiptResponse](t)(r.rights.VerifyErasureReceipt(t.Context(), &profilev1.VerifyErasureReceiptRequest{
		Name: receipt, Customer: "customers/" + customer,
	}))
}

func TestErasure(t *testing.T) {
	onEach(t, func(t *testing.T, e docstore.Engine) {
		ctx := t.Context()
		feedback := &other{}
		feedback.heldUp.Store(1)
		r := roomsAt(roomtest.Serve(t, e, func() time.Time { return now }, func(d *profile.Deps) { d.Feedback = serveOther(t, feedback) }))
		r.fill(t, "person-p", "13800138001")
		r.fill(t, "person-q", "13800138002")
		r.fill(t, "bystander", "13800138003")
		r.analyse(t)
		ok[*profilev1.MergeCustomersResponse](t)(r.merges.MergeCustomers(ctx, &profilev1.MergeCustomersRequest{Survivor: "customers/person-p", Merged: []string{"customers/person-q"}, Reason: word}))
		before := counts(r.exported(t, "bystander").GetSections())
		r.exported(t, "person-p")

		asked := &profilev1.EraseCustomerRequest{Name: "customers/person-q", Basis: "request of 2026-02-27", ValidateOnly: true, RequestId: "once"}
		op, err := r.rights.EraseCustomer(ctx, asked)
		var look profilev1.ErasureReceipt
		must(t, r.wait(t, op, err).GetResponse().UnmarshalTo(&look))
		held := make(map[string]int64)
		for _, s := range look.GetSections() {
			held[s.GetSection()] = s.GetErased()
		}
		wantCounts(t, "the look before", held, everything)

		asked.ValidateOnly = false
		op, err = r.rights.EraseCustomer(ctx, asked)
		var receipt profilev1.ErasureReceipt
		must(t, r.wait(t, op, err).GetResponse().UnmarshalTo(&receipt))
		for _, s := range receipt.GetSections() {
			if want := held[s.GetSection()]; s.GetErased()+s.GetPseudonymised() != want || (s.GetPseudonymised() > 0) != (s.GetSection() == "orders") {
				t.Errorf("the receipt says %v, and %d were held", s, want)
			}
		}
		if receipt.GetState() != profilev1.ErasureState_ERASURE_STATE_DONE || receipt.GetCustomers() != 2 || len(receipt.GetSubjects()) != 2 ||
			strings.Join(receipt.GetServices(), " ") != "profile feedback" || strings.Contains(receipt.String(), "person-") {
			t.Errorf("%v", &receipt)
		}
		if strings.Join(feedback.asked, " ") != "person-p person-q" || feedback.pseudonym != receipt.GetPseudonym() {
			t.Errorf("feedback was asked to erase %q as %s", feedback.asked, feedback.pseudonym)
		}
		for _, id := range []string{"person-p", "person-q"} {
			v := r.verified(t, receipt.GetName(), id)
			if !v.GetAuthentic() || !v.GetOfCustomer() || len(v.GetRemaining()) > 0 {
				t.Errorf("%s: %v", id, v)
			}
			_, err := r.customers.GetCustomer(ctx, &profilev1.GetCustomerRequest{Name: "customers/" + id})
			refused(t, id, err, codes.NotFound, "CUSTOMER_NOT_FOUND", "")
		}
		if v := r.verified(t, receipt.GetName(), "bystander"); !v.GetAuthentic() || v.GetOfCustomer() || len(v.GetRemaining()) == 0 {
			t.Errorf("of another: %v", v)
		}
		orders := ok[*profilev1.ListOrdersResponse](t)(r.orders.ListOrders(ctx, &profilev1.ListOrdersRequest{Parent: "customers/anonymous"})).GetOrders()
		total, refunds := int64(0), int64(0)
		for _, o := range orders {
			total += o.GetAmount().GetMinorUnits()
			for _, back := range o.GetReturns() {
				refunds += back.GetRefund().GetMinorUnits()
			}
			if !strings.HasPrefix(o.GetName(), "customers/anonymous/orders/"+receipt.GetPseudonym()) || strings.Contains(o.String(), word) {
				t.Errorf("%v", o)
			}
		}
		if len(orders) != 4 || total != 3000 || refunds != 600 {
			t.Errorf("%d orders of %d less %d stay", len(orders), total, refunds)
		}
		for _, changed := range []string{"duplicate_candidates", "personal_data_exports", "survey_responses"} {
			delete(before, changed) // with those who are gone, by the copy before, and by what feedback says
		}
		wantCounts(t, "the bystander", counts(r.exported(t, "bystander").GetSections()), before)

		again, err := r.rights.EraseCustomer(ctx, asked)
		must(t, err)
		if again.GetName() != op.GetName() || !again.GetDone() {
			t.Errorf("asked again: %v", again)
		}
		asked.RequestId = ""
		_, err = r.rights.EraseCustomer(ctx, asked)
		refused(t, "one who is gone", err, codes.NotFound, "CUSTOMER_NOT_FOUND", "")
	})
}

func TestErasureWithOrders(t *testing.T) {
	r := roomsAt(roomtest.Serve(t, onPebble(t), func() time.Time { return now }))
	r.fill(t, "person-p", "13800138001")
	op, err := r.rights.EraseCustomer(t.Context(), &profilev1.EraseCustomerRequest{
		Name: "customers/person-p", Basis: "x", Orders: profilev1.ErasedOrders_ERASED_ORDERS_DELETE,
	})
	r.wait(t, op, err)
	orders := ok[*profilev1.ListOrdersResponse](t)(r.orders.ListOrders(t.Context(), &profilev1.ListOrdersRequest{Parent: "customers/anonymous"}))
	if len(orders.GetOrders()) > 0 {
		t.Errorf("%v", orders)
	}
	r.fill(t, "somebody-else", "13800138001") // the number is free
	r.fill(t, "person-p", "13800138004")      // who comes back is somebody new
	found := ok[*profilev1.ListErasureReceiptsResponse](t)(r.rights.ListErasureReceipts(t.Context(), &profilev1.ListErasureReceiptsRequest{}))
	if v := r.verified(t, found.GetErasureReceipts()[0].GetName(), "person-p"); !v.GetAuthentic() || !v.GetOfCustomer() || len(v.GetRemaining()) == 0 {
		t.Errorf("%v", v)
	}
}

func TestErasureIsRefused(t *testing.T) {
	r := roomsAt(roomtest.Serve(t, onPebble(t), func() time.Time { return now }))
	for _, c := range []struct {
		name, basis, reason, field string
		code                       codes.Code
	}{
		{"customers/nobody", "x", "CUSTOMER_NOT_FOUND", "", codes.NotFound},
		{"customers/anonymous", "x", "INVALID_FIELD", "name", codes.InvalidArgument},
		{"nobody", "x", "INVALID_FIELD", "name", codes.InvalidArgument},
		{"customers/nobody", "", "INVALID_FIELD", "basis", codes.InvalidArgument},
	} {
		_, err := r.rights.EraseCustomer(t.Context(), &profilev1.EraseCustomerRequest{Name: c.name, Basis: c.basis})
		refused(t, c.name, err, c.code, c.reason, c.field)
	}
}
