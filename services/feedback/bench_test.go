package feedback_test

import (
	"math/rand/v2"
	"strings"
	"testing"

	feedbackv1 "github.com/kehuhq/kehu/gen/kehu/feedback/v1"
)

// BenchmarkComputeNps counts 100,000 customers' answers, over all and also by
// three segments, a peer behind a connection in this process.
func BenchmarkComputeNps(b *testing.B) {
	const answers = 100_000
	w := newWorld(b, openPebble(b))
	w.profile.known = nil
	for _, digit := range []string{"0", "1", "2"} {
		w.segmentation.segments = append(w.segmentation.segments,
			segment{"ends-in-" + digit, func(c string) bool { return strings.HasSuffix(c, digit) }})
	}
	survey := w.open(b, "s")
	rng := rand.New(rand.NewPCG(1, 2))
	scores := make([]int32, answers)
	for i := range scores {
		scores[i] = rng.Int32N(11)
	}
	w.answerAll(b, survey, scores)
	for name, bySegment := range map[string]bool{"overall": false, "by_segment": true} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				answer, err := w.ComputeNps(b.Context(), &feedbackv1.ComputeNpsRequest{Name: survey, BySegment: bySegment})
				must(b, err)
				if answer.GetOverall().GetResponses() != answers {
					b.Fatalf("counted %v", answer)
				}
			}
			b.ReportMetric(float64(answers*b.N)/b.Elapsed().Seconds(), "answers/s")
		})
	}
}
