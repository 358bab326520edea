package feedback_test

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/timestamppb"
	"pgregory.net/rapid"

	feedbackv1 "github.com/kehuhq/kehu/gen/kehu/feedback/v1"
	"github.com/kehuhq/kehu/pkg/refdata"
	"github.com/kehuhq/kehu/pkg/stat"
)

// answerAll submits answers in batches; each customer's id ends in its number.
func (w *world) answerAll(t testing.TB, survey string, scores []int32) {
	t.Helper()
	for from := 0; from < len(scores); from += 1000 {
		request := &feedbackv1.BatchSubmitResponsesRequest{Parent: survey}
		for i := from; i < min(from+1000, len(scores)); i++ {
			r := answerOf(fmt.Sprintf("c%d", i), scores[i])
			r.Name = fmt.Sprintf("%s/responses/r%d", survey, i)
			request.Responses = append(request.Responses, r)
		}
		answer, err := w.BatchSubmitResponses(t.Context(), request)
		must(t, err)
		for i, s := range answer.GetStatuses() {
			if s.GetCode() != 0 {
				t.Fatalf("answer %d: %v", from+i, s)
			}
		}
	}
}

// repeated is n times each score.
func repeated(n map[int32]int) (scores []int32) {
	for score := range int32(11) {
		for range n[score] {
			scores = append(scores, score)
		}
	}
	return scores
}

func TestComputeNpsReference(t *testing.T) {
	var reference struct {
		NPS struct {
			Value float64    `json:"nps"`
			CI95  [2]float64 `json:"ci95"`
		} `json:"nps_450_300_250"`
	}
	refdata.JSON(t, "reference/segments_stats.json", &reference)
	onBothEngines(t, func(t *testing.T, w *world) {
		w.profile.known = nil
		survey := w.open(t, "s")
		w.answerAll(t, survey, repeated(map[int32]int{10: 200, 9: 250, 8: 150, 7: 150, 6: 100, 3: 100, 0: 50}))
		answer, err := w.ComputeNps(t.Context(), &feedbackv1.ComputeNpsRequest{Name: survey, IntervalMethod: feedbackv1.IntervalMethod_INTERVAL_METHOD_WALD})
		must(t, err)
		e := answer.GetOverall()
		if e.GetGroup() != "all" || e.GetResponses() != 1000 || e.GetPromoters() != 450 || e.GetPassives() != 300 || e.GetDetractors() != 250 {
			t.Fatalf("counted %v", e)
		}
		near(t, "nps", e.GetNps(), reference.NPS.Value/100)
		near(t, "lower", e.GetLower(), reference.NPS.CI95[0]/100)
		near(t, "upper", e.GetUpper(), reference.NPS.CI95[1]/100)
		if answer.GetLevel() != 0.95 || answer.GetIntervalMethod() != feedbackv1.IntervalMethod_INTERVAL_METHOD_WALD ||
			!answer.GetAsOf().AsTime().Equal(w.clock.Now()) || answer.GetSegments() != nil {
			t.Fatalf("computed %v", answer)
		}
	})
}

func near(t *testing.T, what string, got, want float64) {
	t.Helper()
	if math.Abs(got-want) > 1e-12 {
		t.Fatalf("%s is %v, want %v", what, got, want)
	}
}

func TestComputeNpsBySegment(t *testing.T) {
	onBothEngines(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		w.profile.known = nil
		w.segmentation.segments = []segment{
			{"all", func(string) bool { return true }}, // a segment may be called that, too
			{"draft", nil},
			{"even", func(c string) bool { return strings.HasSuffix(c, "0") || strings.HasSuffix(c, "2") }},
			{"nobody", func(string) bool { return false }},
			{"one", func(c string) bool { return c == "c7" }},
		}
		survey := w.open(t, "s")
		empty, err := w.ComputeNps(ctx, &feedbackv1.ComputeNpsRequest{Name: survey, BySegment: true})
		must(t, err)
		for _, e := range append(empty.GetSegments(), empty.GetOverall()) {
			if e.GetResponses() != 0 || e.Nps != nil || e.Lower != nil || e.Upper != nil {
				t.Fatalf("without answers: %v", e)
			}
		}
		scores := make([]int32, 2345) // three batches of memberships
		rng := rand.New(rand.NewPCG(1, 2))
		want := map[string]*stat.NPSCounts{"all": {}, "even": {}, "nobody": {}, "one": {}}
		for i := range scores {
			scores[i] = rng.Int32N(11)
			for _, s := range w.segmentation.segments {
				if s.member != nil && s.member(fmt.Sprintf("c%d", i)) {
					must(t, want[s.id].Add(int(scores[i])))
				}
			}
		}
		w.answerAll(t, survey, scores)
		calls := w.segmentation.calls.Load()
		answer, err := w.ComputeNps(ctx, &feedbackv1.ComputeNpsRequest{Name: survey, BySegment: true, Level: 0.9})
		must(t, err)
		if got := w.segmentation.calls.Load() - calls; got != 3 {
			t.Fatalf("%d calls for the memberships of 2,345 customers, want 3", got)
		}
		if answer.GetLevel() != 0.9 || answer.GetIntervalMethod() != feedbackv1.IntervalMethod_INTERVAL_METHOD_ADJUSTED_WALD {
			t.Fatalf("computed at %v by %v", answer.GetLevel(), answer.GetIntervalMethod())
		}
		var groups []string
		for _, e := range answer.GetSegments() {
			groups = append(groups, e.GetGroup())
			wantEstimate(t, e, *want[e.GetGroup()], 0.9)
		}
		wantEstimate(t, answer.GetOverall(), *want["all"], 0.9)
		if got := strings.Join(groups, " "); got != "all even nobody one" {
			t.Fatalf("segments %s", got)
		}
	})
}

// wantEstimate compares with the estimate by pkg/stat, whose unit is points.
func wantEstimate(t *testing.T, e *feedbackv1.NpsEstimate, counts stat.NPSCounts, level float64) {
	t.Helper()
	if e.GetResponses() != counts.N() || e.GetPromoters() != counts.Promoters || e.GetPassives() != counts.Passives || e.GetDetractors() != counts.Detractors {
		t.Fatalf("%s: counted %v, want %+v", e.GetGroup(), e, counts)
	}
	if counts.N() == 0 {
		if e.Nps != nil || e.Lower != nil || e.Upper != nil {
			t.Fatalf("%s: a score of nobody: %v", e.GetGroup(), e)
		}
		return
	}
	want, err := stat.EstimateNPS(counts, level, stat.MethodAdjustedWald)
	must(t, err)
	near(t, "nps", e.GetNps(), want.Value/100)
	near(t, "lower", e.GetLower(), want.Low/100)
	near(t, "upper", e.GetUpper(), want.High/100)
}

// TestComputeNpsCountsLastAnswers compares with a naive computation over random
// answers, many of them repeated, in any order of time.
func TestComputeNpsCountsLastAnswers(t *testing.T) {
	onBothEngines(t, func(t *testing.T, w *world) {
		w.profile.known = nil
		member := func(c string) bool { return c[len(c)-1]%2 == 0 }
		w.segmentation.segments = []segment{{"even", member}}
		// Ids that are prefixes of one another or need escaping must not run together.
		customers := []string{"a", "a!", "a!b", "a-b", "aa", "张", "张三", "😀", "b 2", "Z0"}
		run := 0
		rapid.Check(t, func(rt *rapid.T) {
			run++
			survey := w.open(t, fmt.Sprintf("s%d", run))
			type last struct {
				time, recorded time.Time
				id             string
				score          int
			}
			latest, began := map[string]last{}, w.clock.Now()
			for i := range rapid.IntRange(0, 25).Draw(rt, "answers") {
				id := fmt.Sprintf("r%02d", rapid.IntRange(0, 99).Draw(rt, "place in the order of ids")) + fmt.Sprintf("-%02d", i)
				customer := rapid.SampledFrom(customers).Draw(rt, "customer")
				score := rapid.Int32Range(0, 10).Draw(rt, "score")
				at := began.Add(time.Duration(rapid.IntRange(-1, 1).Draw(rt, "minutes")) * time.Minute)
				r := answerOf(customer, score)
				r.ResponseTime = timestamppb.New(at)
				_, err := w.SubmitResponse(t.Context(), &feedbackv1.SubmitResponseRequest{Parent: survey, ResponseId: id, Response: r})
				must(t, err)
				before, answered := latest[customer]
				if by := at.Compare(before.time); !answered || by > 0 ||
					by == 0 && (w.clock.Now().After(before.recorded) || w.clock.Now().Equal(before.recorded) && id > before.id) {
					latest[customer] = last{at, w.clock.Now(), id, int(score)}
				}
				w.clock.advance(time.Duration(rapid.IntRange(0, 1).Draw(rt, "ms between")) * time.Millisecond)
			}
			var all, even stat.NPSCounts
			for customer, answer := range latest {
				must(t, all.Add(answer.score))
				if member(customer) {
					must(t, even.Add(answer.score))
				}
			}
			got, err := w.ComputeNps(t.Context(), &feedbackv1.ComputeNpsRequest{Name: survey, BySegment: true})
			must(t, err)
			wantEstimate(t, got.GetOverall(), all, 0.95)
			wantEstimate(t, got.GetSegments()[0], even, 0.95)
		})
	})
}

func TestComputeNpsRefuses(t *testing.T) {
	w := onPebble(t)
	ctx, survey := t.Context(), w.draft(t, "s").GetName()
	for _, level := range []float64{-0.1, 1, 95} {
		_, err := w.ComputeNps(ctx, &feedbackv1.ComputeNpsRequest{Name: survey, Level: level})
		wantFault(t, err, codes.InvalidArgument, "INVALID_FIELD", "level")
	}
	for _, level := range []float64{math.NaN(), math.Inf(1), math.Inf(-1)} {
		_, err := w.ComputeNps(ctx, &feedbackv1.ComputeNpsRequest{Name: survey, Level: level})
		wantFault(t, err, codes.InvalidArgument, "INVALID_FIELD", "level", "level") // neither finite nor in range
	}
	_, err := w.ComputeNps(ctx, &feedbackv1.ComputeNpsRequest{Name: survey, IntervalMethod: 9})
	wantFault(t, err, codes.InvalidArgument, "INVALID_FIELD", "interval_method")
	_, err = w.ComputeNps(ctx, &feedbackv1.ComputeNpsRequest{Name: "surveys/none"})
	wantFault(t, err, codes.NotFound, "SURVEY_NOT_FOUND")
	_, err = w.ComputeNps(ctx, &feedbackv1.ComputeNpsRequest{Name: "s"})
	wantFault(t, err, codes.InvalidArgument, "INVALID_FIELD", "name")
}

func TestSegmentationDown(t *testing.T) {
	w := onPebble(t)
	w.profile.known = nil
	w.segmentation.segments = []segment{{"all", func(string) bool { return true }}}
	survey := w.open(t, "s")
	w.submit(t, survey, "r", "c1", 10)
	w.segmentation.line.cut.Store(true)
	_, err := w.ComputeNps(t.Context(), &feedbackv1.ComputeNpsRequest{Name: survey, BySegment: true})
	if info := wantFault(t, err, codes.Unavailable, "PEER_UNAVAILABLE"); info.GetMetadata()["peer"] != "segmentation" {
		t.Fatalf("metadata %v", info.GetMetadata())
	}
	alone, err := w.ComputeNps(t.Context(), &feedbackv1.ComputeNpsRequest{Name: survey})
	must(t, err)
	if alone.GetOverall().GetPromoters() != 1 {
		t.Fatalf("computed %v", alone)
	}
	w.segmentation.line.cut.Store(false)
	w.segmentation.short = true
	eventually(t, func() error {
		_, err := w.ComputeNps(t.Context(), &feedbackv1.ComputeNpsRequest{Name: survey, BySegment: true})
		if status.Code(err) == codes.Internal {
			return nil
		}
		return fmt.Errorf("an answer about fewer customers than were asked for gave %w", err)
	})
	w.segmentation.short = false
	eventually(t, func() error {
		got, err := w.ComputeNps(t.Context(), &feedbackv1.ComputeNpsRequest{Name: survey, BySegment: true})
		if err == nil && got.GetSegments()[0].GetPromoters() != 1 {
			err = errors.New(got.String())
		}
		return err
	})
}
