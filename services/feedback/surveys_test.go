package feedback_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/fieldmaskpb"

	feedbackv1 "github.com/kehuhq/kehu/gen/kehu/feedback/v1"
)

func TestSurveyLifecycle(t *testing.T) {
	onBothEngines(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		made := w.draft(t, "recommend")
		if made.GetState() != feedbackv1.SurveyState_SURVEY_STATE_DRAFT || made.GetEtag() == "" ||
			!made.GetCreateTime().AsTime().Equal(w.clock.Now()) {
			t.Fatalf("made %v", made)
		}
		name := made.GetName()
		_, err := w.CloseSurvey(ctx, &feedbackv1.CloseSurveyRequest{Name: name})
		info := wantFault(t, err, codes.FailedPrecondition, "ILLEGAL_STEP")
		if info.GetMetadata()["from"] != "DRAFT" || info.GetMetadata()["to"] != "CLOSED" {
			t.Fatalf("metadata %v", info.GetMetadata())
		}
		w.clock.advance(time.Minute)
		changed, err := w.UpdateSurvey(ctx, &feedbackv1.UpdateSurveyRequest{Survey: &feedbackv1.Survey{Name: name, Question: "How likely?"}})
		must(t, err)
		if changed.GetQuestion() != "How likely?" || changed.GetDisplayName() != made.GetDisplayName() || changed.GetEtag() == made.GetEtag() ||
			!changed.GetUpdateTime().AsTime().Equal(w.clock.Now()) || !proto.Equal(changed.GetCreateTime(), made.GetCreateTime()) {
			t.Fatalf("changed to %v", changed)
		}
		_, err = w.PublishSurvey(ctx, &feedbackv1.PublishSurveyRequest{Name: name, Etag: made.GetEtag()})
		wantFault(t, err, codes.Aborted, "ETAG_MISMATCH")
		published, err := w.PublishSurvey(ctx, &feedbackv1.PublishSurveyRequest{Name: name, Etag: changed.GetEtag()})
		must(t, err)
		again, err := w.PublishSurvey(ctx, &feedbackv1.PublishSurveyRequest{Name: name})
		must(t, err)
		wantEqual(t, again, published)
		_, err = w.UpdateSurvey(ctx, &feedbackv1.UpdateSurveyRequest{Survey: &feedbackv1.Survey{Name: name, Question: "How about now?"}})
		wantFault(t, err, codes.FailedPrecondition, "QUESTION_FIXED", "survey.question")
		_, err = w.UpdateSurvey(ctx, &feedbackv1.UpdateSurveyRequest{Survey: &feedbackv1.Survey{Name: name, Question: "How likely?", DisplayName: "NPS"}})
		must(t, err) // the same question is no change
		closed, err := w.CloseSurvey(ctx, &feedbackv1.CloseSurveyRequest{Name: name})
		must(t, err)
		again, err = w.CloseSurvey(ctx, &feedbackv1.CloseSurveyRequest{Name: name, Etag: closed.GetEtag()})
		must(t, err)
		wantEqual(t, again, closed)
		_, err = w.PublishSurvey(ctx, &feedbackv1.PublishSurveyRequest{Name: name})
		wantFault(t, err, codes.FailedPrecondition, "ILLEGAL_STEP")
		found, err := w.GetSurvey(ctx, &feedbackv1.GetSurveyRequest{Name: name})
		must(t, err)
		wantEqual(t, found, closed)
		if found.GetState() != feedbackv1.SurveyState_SURVEY_STATE_CLOSED || found.GetDisplayName() != "NPS" {
			t.Fatalf("ended as %v", found)
		}
	})
}

func TestCreateSurveyRefuses(t *testing.T) {
	w := onPebble(t)
	base := func() *feedbackv1.CreateSurveyRequest {
		return &feedbackv1.CreateSurveyRequest{SurveyId: "s", Survey: nps("How likely?")}
	}
	for _, test := range []struct {
		name   string
		spoil  func(*feedbackv1.CreateSurveyRequest)
		fields []string
	}{
		{"no survey", func(r *feedbackv1.CreateSurveyRequest) { r.Survey = nil }, []string{"survey"}},
		{"no id", func(r *feedbackv1.CreateSurveyRequest) { r.SurveyId = "" }, []string{"survey_id"}},
		{"capitals", func(r *feedbackv1.CreateSurveyRequest) { r.SurveyId = "NPS" }, []string{"survey_id"}},
		{"slash", func(r *feedbackv1.CreateSurveyRequest) { r.SurveyId = "a/b" }, []string{"survey_id"}},
		{"NUL", func(r *feedbackv1.CreateSurveyRequest) { r.SurveyId = "a\x00" }, []string{"survey_id"}},
		{"line break after", func(r *feedbackv1.CreateSurveyRequest) { r.SurveyId = "a\n" }, []string{"survey_id"}},
		{"64 characters", func(r *feedbackv1.CreateSurveyRequest) { r.SurveyId = strings.Repeat("a", 64) }, []string{"survey_id"}},
		{"no kind", func(r *feedbackv1.CreateSurveyRequest) { r.Survey.Kind = 0 }, []string{"survey.kind"}},
		{"unknown kind", func(r *feedbackv1.CreateSurveyRequest) { r.Survey.Kind = 7 }, []string{"survey.kind"}},
		{"blank question", func(r *feedbackv1.CreateSurveyRequest) { r.Survey.Question = " \n" }, []string{"survey.question"}},
		{"long question", func(r *feedbackv1.CreateSurveyRequest) { r.Survey.Question = strings.Repeat("问", 1025) }, []string{"survey.question"}},
		{"NUL in question", func(r *feedbackv1.CreateSurveyRequest) { r.Survey.Question = "a\x00b" }, []string{"survey.question"}},
		{"lines in display name", func(r *feedbackv1.CreateSurveyRequest) { r.Survey.DisplayName = "a\nb" }, []string{"survey.display_name"}},
		{"1 MiB display name", func(r *feedbackv1.CreateSurveyRequest) { r.Survey.DisplayName = strings.Repeat("a", 1<<20) }, []string{"survey.display_name"}},
		{"all at once", func(r *feedbackv1.CreateSurveyRequest) {
			r.Survey.Question, r.Survey.Kind, r.Survey.DisplayName = "", 0, "\x07"
		},
			[]string{"survey.display_name", "survey.kind", "survey.question"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			request := base()
			test.spoil(request)
			_, err := w.CreateSurvey(t.Context(), request)
			wantFault(t, err, codes.InvalidArgument, "INVALID_FIELD", test.fields...)
		})
	}
	list, err := w.ListSurveys(t.Context(), &feedbackv1.ListSurveysRequest{})
	must(t, err)
	if len(list.GetSurveys()) != 0 {
		t.Fatalf("written although refused: %v", list)
	}
}

func TestCreateSurveyOnce(t *testing.T) {
	onBothEngines(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		request := &feedbackv1.CreateSurveyRequest{SurveyId: "s", RequestId: "key", Survey: nps("How likely?"), ValidateOnly: true}
		would, err := w.CreateSurvey(ctx, request)
		must(t, err)
		if would.GetName() != "surveys/s" || would.GetEtag() != "" {
			t.Fatalf("would make %v", would)
		}
		_, err = w.GetSurvey(ctx, &feedbackv1.GetSurveyRequest{Name: "surveys/s"})
		wantFault(t, err, codes.NotFound, "SURVEY_NOT_FOUND")

		request.ValidateOnly = false
		made, err := w.CreateSurvey(ctx, request)
		must(t, err)
		w.clock.advance(time.Hour)
		request.Survey.Name, request.Survey.Etag = "ignored", "also ignored"
		again, err := w.CreateSurvey(ctx, request)
		must(t, err)
		wantEqual(t, again, made)
		for _, validateOnly := range []bool{true, false} {
			other := &feedbackv1.CreateSurveyRequest{SurveyId: "s", RequestId: "key", Survey: nps("Something else?"), ValidateOnly: validateOnly}
			_, err = w.CreateSurvey(ctx, other)
			wantFault(t, err, codes.AlreadyExists, "REQUEST_ID_REUSED", "request_id")
			other.RequestId = "another key"
			_, err = w.CreateSurvey(ctx, other)
			wantFault(t, err, codes.AlreadyExists, "SURVEY_EXISTS", "survey_id")
			other.RequestId = ""
			_, err = w.CreateSurvey(ctx, other)
			wantFault(t, err, codes.AlreadyExists, "SURVEY_EXISTS", "survey_id")
		}
	})
}

func TestUpdateSurveyMask(t *testing.T) {
	w := onPebble(t)
	ctx, made := t.Context(), w.draft(t, "s")
	update := func(s *feedbackv1.Survey, paths ...string) (*feedbackv1.Survey, error) {
		return w.UpdateSurvey(ctx, &feedbackv1.UpdateSurveyRequest{Survey: s, UpdateMask: &fieldmaskpb.FieldMask{Paths: paths}})
	}
	for _, path := range []string{"colour", "state", "kind", "name", "etag", "create_time", "question.x", "", "display_name,question"} {
		_, err := update(&feedbackv1.Survey{Name: made.GetName(), DisplayName: "new"}, path)
		wantFault(t, err, codes.InvalidArgument, "INVALID_FIELD", "update_mask")
	}
	_, err := update(&feedbackv1.Survey{Name: made.GetName(), DisplayName: "new"}, "*")
	wantFault(t, err, codes.InvalidArgument, "INVALID_FIELD", "survey.question") // all, hence no question
	_, err = update(&feedbackv1.Survey{Name: made.GetName(), Etag: `"99"`, DisplayName: "new"}, "display_name")
	wantFault(t, err, codes.Aborted, "ETAG_MISMATCH")
	_, err = update(&feedbackv1.Survey{Name: made.GetName(), Etag: "99", DisplayName: "new"}, "display_name")
	wantFault(t, err, codes.InvalidArgument, "INVALID_FIELD", "survey.etag")
	_, err = update(&feedbackv1.Survey{Name: "surveys/none", DisplayName: "new"}, "display_name")
	wantFault(t, err, codes.NotFound, "SURVEY_NOT_FOUND")
	for _, name := range []string{"", "surveys/", "s", "surveys/s/x", "/surveys/s", "//kehu/surveys/s", "surveys/S", "surveys/..", "surveys/-", "surveys/{survey}"} {
		_, err = update(&feedbackv1.Survey{Name: name, DisplayName: "new"}, "display_name")
		wantFault(t, err, codes.InvalidArgument, "INVALID_FIELD", "survey.name")
	}
	would, err := w.UpdateSurvey(ctx, &feedbackv1.UpdateSurveyRequest{Survey: &feedbackv1.Survey{Name: made.GetName(), DisplayName: "new"}, ValidateOnly: true})
	must(t, err)
	if would.GetDisplayName() != "new" {
		t.Fatalf("would be %v", would)
	}
	found, err := w.GetSurvey(ctx, &feedbackv1.GetSurveyRequest{Name: made.GetName()})
	must(t, err)
	wantEqual(t, found, made)

	all, err := update(&feedbackv1.Survey{Name: made.GetName(), Question: "New?", Etag: made.GetEtag()}, "*")
	must(t, err)
	if all.GetDisplayName() != "" || all.GetQuestion() != "New?" {
		t.Fatalf("replaced by %v", all)
	}
	cleared, err := update(&feedbackv1.Survey{Name: made.GetName(), DisplayName: "kept", Question: "dropped"}, "display_name")
	must(t, err)
	if cleared.GetDisplayName() != "kept" || cleared.GetQuestion() != "New?" {
		t.Fatalf("masked to %v", cleared)
	}
}

func TestListSurveys(t *testing.T) {
	onBothEngines(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		want := []string{"a", "a-b", "a1", "ab", "b", "c", "z"}
		for _, id := range []string{"z", "ab", "a", "c", "a1", "b", "a-b"} {
			w.draft(t, id)
		}
		for _, size := range []int32{1, 2, 3, 7, 0} {
			var got []string
			request := &feedbackv1.ListSurveysRequest{PageSize: size}
			for {
				list, err := w.ListSurveys(ctx, request)
				must(t, err)
				for _, s := range list.GetSurveys() {
					got = append(got, strings.TrimPrefix(s.GetName(), "surveys/"))
				}
				if request.PageToken = list.GetNextPageToken(); request.PageToken == "" {
					break
				}
			}
			if fmt.Sprint(got) != fmt.Sprint(want) {
				t.Fatalf("in pages of %d: %v, want %v", size, got, want)
			}
		}
		_, err := w.ListSurveys(ctx, &feedbackv1.ListSurveysRequest{PageSize: -1})
		wantFault(t, err, codes.InvalidArgument, "INVALID_FIELD", "page_size")
		for _, token := range []string{"x", "AQAA", strings.Repeat("A", 2000)} {
			_, err = w.ListSurveys(ctx, &feedbackv1.ListSurveysRequest{PageToken: token})
			wantFault(t, err, codes.InvalidArgument, "PAGE_TOKEN_INVALID", "page_token")
		}
	})
}

func TestDeleteSurvey(t *testing.T) {
	onBothEngines(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		w.profile.known = nil
		remove := func(name, etag string) error {
			_, err := w.DeleteSurvey(ctx, &feedbackv1.DeleteSurveyRequest{Name: name, Etag: etag})
			return err
		}
		wantFault(t, remove("surveys/none", ""), codes.NotFound, "SURVEY_NOT_FOUND")
		wantFault(t, remove("surveys/", ""), codes.InvalidArgument, "INVALID_FIELD", "name")

		draft := w.draft(t, "draft")
		wantFault(t, remove(draft.GetName(), `"7"`), codes.Aborted, "ETAG_MISMATCH")
		must(t, remove(draft.GetName(), draft.GetEtag()))
		wantFault(t, remove(draft.GetName(), ""), codes.NotFound, "SURVEY_NOT_FOUND")
		if again := w.draft(t, "draft"); again.GetEtag() == draft.GetEtag() {
			t.Fatalf("a new survey has the etag %s of the deleted one", again.GetEtag())
		}

		must(t, remove(w.open(t, "unanswered"), "")) // published, and nobody has answered

		name := w.open(t, "answered")
		before, err := w.GetSurvey(ctx, &feedbackv1.GetSurveyRequest{Name: name})
		must(t, err)
		w.submit(t, name, "r", "c1", 9)
		wantFault(t, remove(name, ""), codes.FailedPrecondition, "SURVEY_HAS_RESPONSES")
		after, err := w.GetSurvey(ctx, &feedbackv1.GetSurveyRequest{Name: name})
		must(t, err)
		wantEqual(t, after, before) // an answer is no change of the survey
		closed, err := w.CloseSurvey(ctx, &feedbackv1.CloseSurveyRequest{Name: name, Etag: before.GetEtag()})
		must(t, err)
		if closed.GetEtag() == before.GetEtag() {
			t.Fatalf("closing left the etag %s", closed.GetEtag())
		}
		wantFault(t, remove(name, closed.GetEtag()), codes.FailedPrecondition, "SURVEY_HAS_RESPONSES")
	})
}
