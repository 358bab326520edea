package feedback_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	apiv1 "github.com/kehuhq/kehu/gen/kehu/api/v1"
	feedbackv1 "github.com/kehuhq/kehu/gen/kehu/feedback/v1"
)

func TestSubmitResponse(t *testing.T) {
	onBothEngines(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		// Ids and text as customers have them: emoji, right-to-left, combining marks, markup.
		customer := "张三 😀 a:b!c\"" + strings.Repeat("長", 115)
		w.profile.known = map[string]bool{customer: true}
		survey := w.open(t, "s")
		answered := w.clock.Now().Add(-time.Hour).Add(123456789 * time.Nanosecond)
		given := &feedbackv1.Response{
			Name: "ignored", CustomerId: customer, Score: proto.Int32(0), Channel: "sms", ResponseTime: timestamppb.New(answered),
			Comment: "很好 👨‍👩‍👧 \u202eevil e\u0301\n<script>alert(1)</script>",
		}
		stored, err := w.SubmitResponse(ctx, &feedbackv1.SubmitResponseRequest{Parent: survey, Response: given})
		must(t, err)
		if len(stored.GetName()) != len("surveys/s/responses/")+26 {
			t.Fatalf("named %s", stored.GetName())
		}
		want := proto.Clone(given).(*feedbackv1.Response)
		want.Name, want.ResponseTime, want.CreateTime = stored.GetName(), timestamppb.New(answered.Truncate(time.Millisecond)), timestamppb.New(w.clock.Now())
		wantEqual(t, stored, want)
		found, err := w.GetResponse(ctx, &feedbackv1.GetResponseRequest{Name: stored.GetName()})
		must(t, err)
		wantEqual(t, found, want)

		other, err := w.SubmitResponse(ctx, &feedbackv1.SubmitResponseRequest{Parent: survey, Response: given})
		must(t, err)
		if other.GetName() == stored.GetName() {
			t.Fatal("two answers without an id and a key became one")
		}
	})
}

func TestSubmitResponseAgain(t *testing.T) {
	onBothEngines(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		w.profile.known = map[string]bool{"c1": true}
		survey := w.open(t, "s")
		for _, test := range []struct {
			key    *feedbackv1.SubmitResponseRequest
			reason string
			field  string
		}{
			{&feedbackv1.SubmitResponseRequest{ResponseId: "r-1"}, "RESPONSE_ID_REUSED", "response_id"},
			{&feedbackv1.SubmitResponseRequest{ResponseId: "r-2", RequestId: "key"}, "RESPONSE_ID_REUSED", "response_id"},
			{&feedbackv1.SubmitResponseRequest{RequestId: "key"}, "REQUEST_ID_REUSED", "request_id"},
			{&feedbackv1.SubmitResponseRequest{RequestId: "键 \x00"}, "REQUEST_ID_REUSED", "request_id"},
		} {
			submit := func(change func(*feedbackv1.Response)) (*feedbackv1.Response, error) {
				request := proto.Clone(test.key).(*feedbackv1.SubmitResponseRequest)
				request.Parent, request.Response = survey, answerOf("c1", 8)
				change(request.Response)
				return w.SubmitResponse(ctx, request)
			}
			first, err := submit(func(*feedbackv1.Response) {})
			must(t, err)
			w.clock.advance(time.Minute)
			again, err := submit(func(*feedbackv1.Response) {}) // at another time of arrival
			must(t, err)
			wantEqual(t, again, first)
			again, err = submit(func(r *feedbackv1.Response) { r.ResponseTime = first.GetResponseTime() })
			must(t, err)
			wantEqual(t, again, first)
			for _, change := range []func(*feedbackv1.Response){
				func(r *feedbackv1.Response) { r.Score = proto.Int32(9) },
				func(r *feedbackv1.Response) { r.Comment = "but" },
				func(r *feedbackv1.Response) { r.Channel = "email" },
				func(r *feedbackv1.Response) { r.CustomerId = "c2" }, // unknown, but that is not the point
				func(r *feedbackv1.Response) { r.ResponseTime = timestamppb.New(w.clock.Now()) },
			} {
				_, err = submit(change)
				wantFault(t, err, codes.AlreadyExists, test.reason, test.field)
			}
			found, err := w.GetResponse(ctx, &feedbackv1.GetResponseRequest{Name: first.GetName()})
			must(t, err)
			wantEqual(t, found, first)
		}
		// A call repeated after the survey was closed, with profile down, still has its first answer.
		_, err := w.CloseSurvey(ctx, &feedbackv1.CloseSurveyRequest{Name: survey})
		must(t, err)
		asked := w.profile.asked.Load()
		w.submit(t, survey, "r-1", "c1", 8)
		if w.profile.asked.Load() != asked {
			t.Fatal("a repeated call asked profile again")
		}
		_, err = w.SubmitResponse(ctx, &feedbackv1.SubmitResponseRequest{Parent: survey, ResponseId: "late", Response: answerOf("c1", 8)})
		wantFault(t, err, codes.FailedPrecondition, "SURVEY_NOT_OPEN")
	})
}

// badResponses are answers that are wrong by themselves, and the field at fault.
var badResponses = []struct {
	name  string
	spoil func(*feedbackv1.Response)
	field string
}{
	{"no customer", func(r *feedbackv1.Response) { r.CustomerId = "" }, "customer_id"},
	{"slash", func(r *feedbackv1.Response) { r.CustomerId = "a/b" }, "customer_id"},
	{"percent", func(r *feedbackv1.Response) { r.CustomerId = "a%2Fb" }, "customer_id"},
	{"NUL", func(r *feedbackv1.Response) { r.CustomerId = "a\x00" }, "customer_id"},
	{"dots", func(r *feedbackv1.Response) { r.CustomerId = ".." }, "customer_id"},
	{"space before", func(r *feedbackv1.Response) { r.CustomerId = " a" }, "customer_id"},
	{"129 characters", func(r *feedbackv1.Response) { r.CustomerId = strings.Repeat("a", 129) }, "customer_id"},
	{"1 MiB customer", func(r *feedbackv1.Response) { r.CustomerId = strings.Repeat("a", 1<<20) }, "customer_id"},
	{"no score", func(r *feedbackv1.Response) { r.Score = nil }, "score"},
	{"score 11", func(r *feedbackv1.Response) { r.Score = proto.Int32(11) }, "score"},
	{"score -1", func(r *feedbackv1.Response) { r.Score = proto.Int32(-1) }, "score"},
	{"score -2^31", func(r *feedbackv1.Response) { r.Score = proto.Int32(-1 << 31) }, "score"},
	{"long comment", func(r *feedbackv1.Response) { r.Comment = strings.Repeat("好", 4097) }, "comment"},
	{"bell in comment", func(r *feedbackv1.Response) { r.Comment = "\x07" }, "comment"},
	{"long channel", func(r *feedbackv1.Response) { r.Channel = strings.Repeat("c", 65) }, "channel"},
	{"lines in channel", func(r *feedbackv1.Response) { r.Channel = "a\r\nb" }, "channel"},
	{"epoch", func(r *feedbackv1.Response) { r.ResponseTime = &timestamppb.Timestamp{} }, "response_time"},
	{"year 1", func(r *feedbackv1.Response) { r.ResponseTime = timestamppb.New(time.Time{}) }, "response_time"},
	{"year 9999", func(r *feedbackv1.Response) {
		r.ResponseTime = timestamppb.New(time.Date(9999, 12, 31, 23, 59, 59, 999999999, time.UTC))
	}, "response_time"},
	{"beyond time", func(r *feedbackv1.Response) { r.ResponseTime = &timestamppb.Timestamp{Seconds: 1 << 62, Nanos: -1} }, "response_time"},
}

func TestSubmitResponseRefuses(t *testing.T) {
	w := onPebble(t)
	ctx := t.Context()
	w.profile.known = map[string]bool{"c1": true}
	survey, draft := w.open(t, "s"), w.draft(t, "draft").GetName()
	for _, bad := range badResponses {
		t.Run(bad.name, func(t *testing.T) {
			r := answerOf("c1", 5)
			bad.spoil(r)
			_, err := w.SubmitResponse(ctx, &feedbackv1.SubmitResponseRequest{Parent: survey, Response: r})
			wantFault(t, err, codes.InvalidArgument, "INVALID_FIELD", "response."+bad.field)
		})
	}
	for _, parent := range []string{"s", "surveys/", "surveys/S", "surveys/s/", "surveys/%2e", "surveys/{s}", "customers/s"} {
		_, err := w.SubmitResponse(ctx, &feedbackv1.SubmitResponseRequest{Parent: parent, Response: answerOf("c1", 5)})
		wantFault(t, err, codes.InvalidArgument, "INVALID_FIELD", "parent")
	}
	for _, id := range []string{"a b", "a/b", "..", "é", "a\n", strings.Repeat("a", 65)} {
		_, err := w.SubmitResponse(ctx, &feedbackv1.SubmitResponseRequest{Parent: survey, ResponseId: id, Response: answerOf("c1", 5)})
		wantFault(t, err, codes.InvalidArgument, "INVALID_FIELD", "response_id")
	}
	_, err := w.SubmitResponse(ctx, &feedbackv1.SubmitResponseRequest{Parent: survey})
	wantFault(t, err, codes.InvalidArgument, "INVALID_FIELD", "response")
	_, err = w.SubmitResponse(ctx, &feedbackv1.SubmitResponseRequest{Parent: "surveys/none", Response: answerOf("c1", 5)})
	wantFault(t, err, codes.NotFound, "SURVEY_NOT_FOUND")
	_, err = w.SubmitResponse(ctx, &feedbackv1.SubmitResponseRequest{Parent: draft, Response: answerOf("c1", 5)})
	if info := wantFault(t, err, codes.FailedPrecondition, "SURVEY_NOT_OPEN"); info.GetMetadata()["state"] != "DRAFT" {
		t.Fatalf("metadata %v", info.GetMetadata())
	}
	_, err = w.SubmitResponse(ctx, &feedbackv1.SubmitResponseRequest{Parent: survey, Response: answerOf("stranger", 5)})
	wantFault(t, err, codes.FailedPrecondition, "CUSTOMER_UNKNOWN", "response.customer_id")
	for _, name := range []string{survey, draft} {
		list, err := w.ListResponses(ctx, &feedbackv1.ListResponsesRequest{Parent: name})
		must(t, err)
		if len(list.GetResponses()) != 0 {
			t.Fatalf("written although refused: %v", list)
		}
		_, err = w.DeleteSurvey(ctx, &feedbackv1.DeleteSurveyRequest{Name: name})
		must(t, err) // refused answers are none
	}
}

func TestBatchSubmitResponses(t *testing.T) {
	onBothEngines(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		w.profile.known = map[string]bool{"c1": true, "c2": true}
		survey := w.open(t, "s")
		w.submit(t, survey, "before", "c1", 3)
		at := func(id, customer string, score int32) *feedbackv1.Response {
			r := answerOf(customer, score)
			r.Name = survey + "/responses/" + id
			return r
		}
		elsewhere := at("x", "c1", 1)
		elsewhere.Name = "surveys/other/responses/x"
		nameless := answerOf("c1", 1)
		request := &feedbackv1.BatchSubmitResponsesRequest{Parent: survey, Responses: []*feedbackv1.Response{
			at("new", "c1", 10), at("before", "c1", 3), at("before2", "stranger", 3), at("new", "c1", 10),
			elsewhere, nameless, at("a b", "c1", 1), at("also-new", "c2", 0),
		}}
		want := []string{"OK", "OK", "CUSTOMER_UNKNOWN customer_id", "DUPLICATE_IN_REQUEST name",
			"INVALID_FIELD name", "INVALID_FIELD name", "INVALID_FIELD name", "OK"}
		for _, bad := range badResponses {
			r := at(fmt.Sprintf("bad-%d", len(request.Responses)), "c1", 5)
			bad.spoil(r)
			request.Responses = append(request.Responses, r)
			want = append(want, "INVALID_FIELD "+bad.field)
		}
		for range 2 { // the second time nothing changes
			answer, err := w.BatchSubmitResponses(ctx, request)
			must(t, err)
			wantStatuses(t, answer.GetStatuses(), want)
		}
		list, err := w.ListResponses(ctx, &feedbackv1.ListResponsesRequest{Parent: survey})
		must(t, err)
		var names []string
		for _, r := range list.GetResponses() {
			names = append(names, strings.TrimPrefix(r.GetName(), survey+"/responses/"))
		}
		if got := strings.Join(names, " "); got != "also-new before new" {
			t.Fatalf("stored %s", got)
		}
		_, err = w.CloseSurvey(ctx, &feedbackv1.CloseSurveyRequest{Name: survey})
		must(t, err)
		answer, err := w.BatchSubmitResponses(ctx, &feedbackv1.BatchSubmitResponsesRequest{Parent: survey,
			Responses: []*feedbackv1.Response{at("new", "c1", 10), at("new2", "c1", 10), at("before", "c1", 4)}})
		must(t, err)
		wantStatuses(t, answer.GetStatuses(), []string{"OK", "SURVEY_NOT_OPEN", "RESPONSE_ID_REUSED name"})

		_, err = w.BatchSubmitResponses(ctx, &feedbackv1.BatchSubmitResponsesRequest{Parent: survey})
		wantFault(t, err, codes.InvalidArgument, "INVALID_FIELD", "responses")
		_, err = w.BatchSubmitResponses(ctx, &feedbackv1.BatchSubmitResponsesRequest{Parent: "surveys/none", Responses: []*feedbackv1.Response{{Name: "surveys/none/responses/x"}}})
		wantFault(t, err, codes.NotFound, "SURVEY_NOT_FOUND")
		_, err = w.BatchSubmitResponses(ctx, &feedbackv1.BatchSubmitResponsesRequest{Parent: survey, Responses: make([]*feedbackv1.Response, 1001)})
		wantFault(t, err, codes.InvalidArgument, "INVALID_FIELD", "responses")
	})
}

// wantStatuses compares statuses written "OK", or as reason and field.
func wantStatuses(t *testing.T, got []*apiv1.ItemStatus, want []string) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%d statuses, want %d", len(got), len(want))
	}
	for i, s := range got {
		text := strings.TrimSpace(s.GetReason() + " " + s.GetField())
		if s.GetCode() == 0 {
			text += "OK"
		}
		if text != want[i] {
			t.Errorf("item %d: %s (%s), want %s", i, text, s.GetMessage(), want[i])
		}
	}
}

func TestListResponses(t *testing.T) {
	onBothEngines(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		w.profile.known = nil
		survey, neighbour := w.open(t, "s"), w.open(t, "s-2")
		var want []string
		for i := range 10 {
			want = append(want, w.submit(t, survey, fmt.Sprintf("r%d", i), "c", int32(i)).GetName())
			w.submit(t, neighbour, fmt.Sprintf("r%d", i), "c", int32(i))
		}
		request := &feedbackv1.ListResponsesRequest{Parent: survey, PageSize: 4}
		var got []string
		var token string
		for {
			list, err := w.ListResponses(ctx, request)
			must(t, err)
			for _, r := range list.GetResponses() {
				got = append(got, r.GetName())
			}
			if request.PageToken = list.GetNextPageToken(); request.PageToken == "" {
				break
			}
			token = request.PageToken
		}
		if fmt.Sprint(got) != fmt.Sprint(want) {
			t.Fatalf("listed %v, want %v", got, want)
		}
		_, err := w.ListResponses(ctx, &feedbackv1.ListResponsesRequest{Parent: neighbour, PageToken: token})
		wantFault(t, err, codes.InvalidArgument, "PAGE_TOKEN_INVALID", "page_token")
		_, err = w.ListResponses(ctx, &feedbackv1.ListResponsesRequest{Parent: survey, PageSize: -1 << 31})
		wantFault(t, err, codes.InvalidArgument, "INVALID_FIELD", "page_size")
		_, err = w.ListResponses(ctx, &feedbackv1.ListResponsesRequest{Parent: "surveys/none"})
		wantFault(t, err, codes.NotFound, "SURVEY_NOT_FOUND")
		_, err = w.ListResponses(ctx, &feedbackv1.ListResponsesRequest{Parent: "surveys/s/responses"})
		wantFault(t, err, codes.InvalidArgument, "INVALID_FIELD", "parent")
		for name, reason := range map[string]string{survey + "/responses/none": "RESPONSE_NOT_FOUND", "surveys/none/responses/r0": "RESPONSE_NOT_FOUND"} {
			_, err = w.GetResponse(ctx, &feedbackv1.GetResponseRequest{Name: name})
			wantFault(t, err, codes.NotFound, reason)
		}
		for _, name := range []string{survey, survey + "/responses/", survey + "/responses/a!b", survey + "/responses/{r0}", "surveys/S/responses/r0"} {
			_, err = w.GetResponse(ctx, &feedbackv1.GetResponseRequest{Name: name})
			wantFault(t, err, codes.InvalidArgument, "INVALID_FIELD", "name")
		}
	})
}

func TestProfileDown(t *testing.T) {
	w := onPebble(t)
	w.profile.known = nil
	survey := w.open(t, "s")
	w.profile.line.cut.Store(true)
	request := &feedbackv1.SubmitResponseRequest{Parent: survey, ResponseId: "r", Response: answerOf("c1", 5)}
	_, err := w.SubmitResponse(t.Context(), request)
	if info := wantFault(t, err, codes.Unavailable, "PEER_UNAVAILABLE"); info.GetMetadata()["peer"] != "profile" {
		t.Fatalf("metadata %v", info.GetMetadata())
	}
	if strings.Contains(err.Error(), "10.1.2.3") {
		t.Fatalf("the caller is told of the network: %v", err)
	}
	w.profile.line.cut.Store(false)
	eventually(t, func() error {
		_, err := w.SubmitResponse(t.Context(), request)
		return err
	})
}

// TestProfileFails: what profile finds wrong with our request is our defect, and
// the rest is passed on.
func TestProfileFails(t *testing.T) {
	w := onPebble(t)
	survey := w.open(t, "s")
	for fails, want := range map[codes.Code]codes.Code{
		codes.InvalidArgument:   codes.Internal,
		codes.NotFound:          codes.Internal,
		codes.Unimplemented:     codes.Internal,
		codes.Internal:          codes.Internal,
		codes.PermissionDenied:  codes.PermissionDenied,
		codes.ResourceExhausted: codes.ResourceExhausted,
	} {
		w.profile.fails = fails
		_, err := w.SubmitResponse(t.Context(), &feedbackv1.SubmitResponseRequest{Parent: survey, Response: answerOf("c1", 5)})
		if got := status.Code(err); got != want {
			t.Errorf("%v became %v, want %v", fails, got, want)
		}
		if want == codes.Internal && strings.Contains(err.Error(), "names[0]") {
			t.Errorf("the caller is told of another's request: %v", err)
		}
	}
}

// eventually waits until try succeeds.
func eventually(t *testing.T, try func() error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	ticker := time.NewTicker(10 * time.Millisecond)
	defer ticker.Stop()
	for {
		err := try()
		if err == nil {
			return
		}
		select {
		case <-ctx.Done():
			t.Fatal(err)
		case <-ticker.C:
		}
	}
}
