package referral_test

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/fieldmaskpb"

	referralv1 "github.com/kehuhq/kehu/gen/kehu/referral/v1"
	"github.com/kehuhq/kehu/pkg/fault"
)

type (
	program = referralv1.Program
	code    = referralv1.Code
)

func (s *suite) create(t *testing.T, id string, p *program) *program {
	t.Helper()
	return must[*program](t)(s.CreateProgram(t.Context(), &referralv1.CreateProgramRequest{ProgramId: id, Program: p}))
}

func (s *suite) activate(t *testing.T, id string) *program {
	t.Helper()
	return must[*program](t)(s.ActivateProgram(t.Context(), &referralv1.ActivateProgramRequest{Name: "programs/" + id}))
}

func TestPrograms(t *testing.T) {
	onBothEngines(t, func(t *testing.T, s *suite) {
		ctx := t.Context()
		given := &program{
			DisplayName: "老带新", Goal: "+10 %", AdvocatePoints: 10, RefereePoints: 5, BudgetPoints: 100,
			Name: "programs/ignored", SpentPoints: 77, State: referralv1.ProgramState_PROGRAM_STATE_CLOSED,
		}
		request := &referralv1.CreateProgramRequest{ProgramId: "spring", Program: given, RequestId: "r1", ValidateOnly: true}
		would := must[*program](t)(s.CreateProgram(ctx, request))
		_, err := s.GetProgram(ctx, &referralv1.GetProgramRequest{Name: "programs/spring"})
		want(t, err, fault.NotFound, "PROGRAM_NOT_FOUND")
		request.ValidateOnly = false
		made := must[*program](t)(s.CreateProgram(ctx, request))
		if made.Name != "programs/spring" || made.SpentPoints != 0 || made.State != referralv1.ProgramState_PROGRAM_STATE_DRAFT ||
			made.AttributionDays != 90 || made.Etag != `"1"` || made.CreateTime.AsTime() != epoch || would.Goal != made.Goal || would.Etag != "" {
			t.Errorf("made %v, would be %v", made, would)
		}
		if again := must[*program](t)(s.CreateProgram(ctx, request)); !proto.Equal(again, made) {
			t.Errorf("made again: %v", again)
		}
		other := proto.Clone(request).(*referralv1.CreateProgramRequest)
		other.Program.Goal = "+11 %"
		_, err = s.CreateProgram(ctx, other)
		want(t, err, fault.AlreadyExists, "REQUEST_ID_REUSED", "request_id")
		for _, validateOnly := range []bool{true, false} {
			_, err = s.CreateProgram(ctx, &referralv1.CreateProgramRequest{ProgramId: "spring", Program: given, ValidateOnly: validateOnly})
			want(t, err, fault.AlreadyExists, "PROGRAM_EXISTS", "program_id")
		}
		if got := must[*program](t)(s.GetProgram(ctx, &referralv1.GetProgramRequest{Name: "programs/spring"})); !proto.Equal(got, made) {
			t.Errorf("got %v", got)
		}
	})
}

func TestUpdateProgram(t *testing.T) {
	onBothEngines(t, func(t *testing.T, s *suite) {
		ctx := t.Context()
		s.create(t, "spring", &program{DisplayName: "A", AdvocatePoints: 10, BudgetPoints: 50})
		update := func(p *program, validateOnly bool, paths ...string) (*program, error) {
			p.Name = "programs/spring"
			r := &referralv1.UpdateProgramRequest{Program: p, ValidateOnly: validateOnly}
			if paths != nil {
				r.UpdateMask = &fieldmaskpb.FieldMask{Paths: paths}
			}
			return s.UpdateProgram(ctx, r)
		}
		if p := must[*program](t)(update(&program{Goal: "G"}, true, "goal")); p.Goal != "G" {
			t.Errorf("would be %v", p)
		}
		if p := must[*program](t)(update(&program{Goal: "G", AdvocatePoints: 99, Etag: `"1"`}, false, "goal")); p.Goal != "G" || p.AdvocatePoints != 10 || p.Etag != `"2"` {
			t.Errorf("%v", p)
		}
		if p := must[*program](t)(update(&program{Goal: "G"}, false, "goal")); p.Etag != `"2"` {
			t.Errorf("a change of nothing made %v", p)
		}
		if p := must[*program](t)(update(&program{RefereePoints: 3}, false)); p.RefereePoints != 3 || p.Goal != "G" {
			t.Errorf("without a mask: %v", p)
		}
		if p := must[*program](t)(update(&program{DisplayName: "B"}, false, "*")); p.RefereePoints != 0 || p.Goal != "" || p.BudgetPoints != 0 || p.AttributionDays != 90 {
			t.Errorf("replaced: %v", p)
		}
		_, err := update(&program{Etag: `"1"`}, false, "goal")
		want(t, err, fault.Aborted, "ETAG_MISMATCH")
		_, err = update(&program{Etag: `1`}, false, "goal")
		want(t, err, fault.InvalidArgument, "INVALID_FIELD", "program.etag")
		for _, path := range []string{"nope", "state", "spent_points", "name", "etag", "create_time", "", "goal.x", "Goal"} {
			_, err = update(&program{}, false, path)
			want(t, err, fault.InvalidArgument, "INVALID_FIELD", "update_mask")
		}
		_, err = update(&program{AttributionDays: 731}, false, "attribution_days")
		want(t, err, fault.InvalidArgument, "INVALID_FIELD", "program.attribution_days")
		must[*program](t)(update(&program{AdvocatePoints: 20}, false, "advocate_points"))
		s.activate(t, "spring")
		_, err = update(&program{AdvocatePoints: 30}, false, "advocate_points")
		want(t, err, fault.FailedPrecondition, "REWARDS_FIXED")
		must[*program](t)(update(&program{AdvocatePoints: 20, Goal: "more"}, false, "advocate_points", "goal"))
		_, err = s.UpdateProgram(ctx, &referralv1.UpdateProgramRequest{Program: &program{Name: "programs/none"}})
		want(t, err, fault.NotFound, "PROGRAM_NOT_FOUND")
	})
}

func TestProgramLife(t *testing.T) {
	onBothEngines(t, func(t *testing.T, s *suite) {
		ctx, name := t.Context(), "programs/p"
		s.create(t, "p", &program{})
		_, err := s.PauseProgram(ctx, &referralv1.PauseProgramRequest{Name: name})
		want(t, err, fault.FailedPrecondition, "ILLEGAL_STEP")
		_, err = s.CreateCode(ctx, &referralv1.CreateCodeRequest{Parent: name, Code: &code{AdvocateId: "ann"}})
		want(t, err, fault.FailedPrecondition, "PROGRAM_NOT_ACTIVE")
		_, err = s.ActivateProgram(ctx, &referralv1.ActivateProgramRequest{Name: name, Etag: `"7"`})
		want(t, err, fault.Aborted, "ETAG_MISMATCH")
		active := s.activate(t, "p")
		if again := s.activate(t, "p"); active.State != referralv1.ProgramState_PROGRAM_STATE_ACTIVE || again.Etag != active.Etag {
			t.Errorf("%v, and again %v", active, again)
		}
		_, err = s.DeleteProgram(ctx, &referralv1.DeleteProgramRequest{Name: name})
		want(t, err, fault.FailedPrecondition, "PROGRAM_NOT_DRAFT")
		must[*program](t)(s.PauseProgram(ctx, &referralv1.PauseProgramRequest{Name: name}))
		s.activate(t, "p")
		must[*program](t)(s.CloseProgram(ctx, &referralv1.CloseProgramRequest{Name: name}))
		_, err = s.ActivateProgram(ctx, &referralv1.ActivateProgramRequest{Name: name})
		want(t, err, fault.FailedPrecondition, "ILLEGAL_STEP")

		s.create(t, "draft", &program{Goal: "first"})
		_, err = s.DeleteProgram(ctx, &referralv1.DeleteProgramRequest{Name: "programs/draft", Etag: `"9"`})
		want(t, err, fault.Aborted, "ETAG_MISMATCH")
		if _, err := s.DeleteProgram(ctx, &referralv1.DeleteProgramRequest{Name: "programs/draft"}); err != nil {
			t.Fatal(err)
		}
		_, err = s.DeleteProgram(ctx, &referralv1.DeleteProgramRequest{Name: "programs/draft"})
		want(t, err, fault.NotFound, "PROGRAM_NOT_FOUND")
		if p := s.create(t, "draft", &program{}); p.Goal != "" || p.Etag != `"3"` {
			t.Errorf("made again: %v", p)
		}
	})
}

func TestListPrograms(t *testing.T) {
	onBothEngines(t, func(t *testing.T, s *suite) {
		for i := range 7 {
			s.create(t, fmt.Sprintf("p%d", 6-i), &program{})
		}
		var got []string
		request := &referralv1.ListProgramsRequest{PageSize: 3}
		for {
			page := must[*referralv1.ListProgramsResponse](t)(s.ListPrograms(t.Context(), request))
			for _, p := range page.Programs {
				got = append(got, p.Name)
			}
			if request.PageToken = page.NextPageToken; page.NextPageToken == "" {
				break
			}
		}
		if strings.Join(got, " ") != "programs/p0 programs/p1 programs/p2 programs/p3 programs/p4 programs/p5 programs/p6" {
			t.Errorf("%v", got)
		}
		_, err := s.ListPrograms(t.Context(), &referralv1.ListProgramsRequest{PageToken: "forged"})
		want(t, err, fault.InvalidArgument, "PAGE_TOKEN_INVALID", "page_token")
		_, err = s.ListPrograms(t.Context(), &referralv1.ListProgramsRequest{PageSize: -1})
		want(t, err, fault.InvalidArgument, "INVALID_FIELD", "page_size")
		if page := must[*referralv1.ListProgramsResponse](t)(s.ListPrograms(t.Context(), &referralv1.ListProgramsRequest{PageSize: math.MaxInt32})); len(page.Programs) != 7 {
			t.Errorf("%d on a page", len(page.Programs))
		}
	})
}

func TestBadProgramNames(t *testing.T) {
	s := start(t, memory(t))
	for _, name := range []string{
		"", "p", "programs/", "programs/P", "programs/a/b", "/programs/a", "//kehu/programs/a", "programs/a%2Fb", "programs/../x",
		"programs/\x00", "programs/張", "programs/$where", "customers/a", "programs/" + strings.Repeat("a", 64), "programs/a/codes/b",
	} {
		_, err := s.GetProgram(t.Context(), &referralv1.GetProgramRequest{Name: name})
		want(t, err, fault.InvalidArgument, "INVALID_FIELD", "name")
		_, err = s.ListReferrals(t.Context(), &referralv1.ListReferralsRequest{Parent: name})
		want(t, err, fault.InvalidArgument, "INVALID_FIELD", "parent")
	}
	_, err := s.CreateProgram(t.Context(), &referralv1.CreateProgramRequest{ProgramId: "p"})
	want(t, err, fault.InvalidArgument, "INVALID_FIELD", "program")
	for _, id := range []string{"", "P", "1a", "a_b", strings.Repeat("a", 1<<20)} {
		_, err := s.CreateProgram(t.Context(), &referralv1.CreateProgramRequest{ProgramId: id, Program: &program{}})
		want(t, err, fault.InvalidArgument, "INVALID_FIELD", "program_id")
	}
	_, err = s.CreateProgram(t.Context(), &referralv1.CreateProgramRequest{ProgramId: "p", Program: &program{
		AdvocatePoints: math.MaxInt64, RefereePoints: math.MinInt64, BudgetPoints: -1,
	}})
	want(t, err, fault.InvalidArgument, "INVALID_FIELD", "program.advocate_points", "program.referee_points", "program.budget_points")
}
