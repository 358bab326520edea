package feedback_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/types/known/structpb"

	apiv1 "github.com/kehuhq/kehu/gen/kehu/api/v1"
	feedbackv1 "github.com/kehuhq/kehu/gen/kehu/feedback/v1"
	"github.com/kehuhq/kehu/pkg/docstore/pebblestore"
	"github.com/kehuhq/kehu/pkg/docstore/storetest"
)

const pseudonym = "erased-01JCXB7Z0T5C6Q5E8Y1V9WJ4KD"

// settled is longer than an answer can be under way.
const settled = time.Minute

// held is all that the service holds of some customers, by section.
func (w *world) held(t *testing.T, ids ...string) map[string][]*structpb.Struct {
	t.Helper()
	stream, err := w.personal.ReadPersonalData(t.Context(), &feedbackv1.ReadPersonalDataRequest{Person: &apiv1.Person{CustomerIds: ids}})
	must(t, err)
	held := map[string][]*structpb.Struct{}
	for {
		part, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return held
		}
		must(t, err)
		held[part.GetSection()] = append(held[part.GetSection()], part.GetRecords()...)
	}
}

func (w *world) erase(t *testing.T, ids ...string) ([]*apiv1.ErasedSection, error) {
	t.Helper()
	answer, err := w.personal.ErasePersonalData(t.Context(), &feedbackv1.ErasePersonalDataRequest{
		Person: &apiv1.Person{CustomerIds: ids}, Pseudonym: pseudonym,
	})
	return answer.GetSections(), err
}

// say submits an answer with a comment.
func (w *world) say(t testing.TB, survey, id, customer, comment string) {
	t.Helper()
	_, err := w.SubmitResponse(t.Context(), &feedbackv1.SubmitResponseRequest{Parent: survey, ResponseId: id, Response: &feedbackv1.Response{
		CustomerId: customer, Score: answerOf(customer, 3).Score, Comment: comment, Channel: "sms",
	}})
	must(t, err)
}

func (w *world) responses(t *testing.T, survey string) int {
	t.Helper()
	list, err := w.ListResponses(t.Context(), &feedbackv1.ListResponsesRequest{Parent: survey, PageSize: 1000})
	must(t, err)
	nps, err := w.ComputeNps(t.Context(), &feedbackv1.ComputeNpsRequest{Name: survey})
	must(t, err)
	customers := map[string]bool{}
	for _, r := range list.GetResponses() {
		customers[r.GetCustomerId()] = true
	}
	if nps.GetOverall().GetResponses() != int64(len(customers)) {
		t.Errorf("%d customers are listed, %d counted", len(customers), nps.GetOverall().GetResponses())
	}
	return len(list.GetResponses())
}

func TestPersonIsShownAndErased(t *testing.T) {
	onBothEngines(t, func(t *testing.T, w *world) {
		w.profile.known = nil
		first, second := w.open(t, "s1"), w.open(t, "s2")
		w.say(t, first, "r1", "客户", "客服很好")
		w.say(t, second, "r1", "客户", "")
		w.submit(t, second, "r2", "old", 9) // merged into the same person
		for i := range 20 {
			w.say(t, first, fmt.Sprintf("o%d", i), fmt.Sprintf("客户%d", i), "别人")
		}
		held := w.held(t, "old", "客户", "nobody")
		if len(held) != 1 || len(held["survey_responses"]) != 3 {
			t.Fatalf("held are %v", held)
		}
		comments := map[any]int{}
		for _, r := range held["survey_responses"] {
			comments[r.AsMap()["comment"]]++
		}
		if comments["客服很好"] != 1 {
			t.Errorf("shown are %v", held)
		}

		_, err := w.erase(t, "客户", "old")
		wantFault(t, err, codes.Unavailable, "ERASURE_HELD_UP")
		if got := w.held(t, "old", "客户"); len(got) != 0 {
			t.Errorf("after the first call there is still %v", got)
		}
		w.clock.advance(settled)
		for range 2 { // what is done is done
			erased, err := w.erase(t, "客户", "old")
			must(t, err)
			if len(erased) != 1 || erased[0].GetErased() != 3 || erased[0].GetService() != "feedback" || erased[0].GetSection() != "survey_responses" {
				t.Errorf("erased %v", erased)
			}
		}
		if got := w.held(t, "old", "客户"); len(got) != 0 {
			t.Errorf("there is still %v", got)
		}
		_, err = w.GetResponse(t.Context(), &feedbackv1.GetResponseRequest{Name: first + "/responses/r1"})
		wantFault(t, err, codes.NotFound, "RESPONSE_NOT_FOUND")
		if n, m := w.responses(t, first), w.responses(t, second); n != 20 || m != 0 {
			t.Errorf("%d and %d answers are left, want 20 and none", n, m)
		}
		for i := range 20 {
			if got := w.held(t, fmt.Sprintf("客户%d", i))["survey_responses"]; len(got) != 1 || got[0].AsMap()["comment"] != "别人" {
				t.Fatalf("another's answer is %v", got)
			}
		}
	})
}

func TestErasingNobody(t *testing.T) {
	w := onPebble(t)
	_, err := w.erase(t, "nobody")
	wantFault(t, err, codes.Unavailable, "ERASURE_HELD_UP")
	w.clock.advance(settled)
	if erased, err := w.erase(t, "nobody"); err != nil || len(erased) != 0 {
		t.Errorf("erased %v, %v", erased, err)
	}
	_, err = w.personal.ErasePersonalData(t.Context(), &feedbackv1.ErasePersonalDataRequest{Person: &apiv1.Person{CustomerIds: []string{"a"}}, Pseudonym: "a"})
	wantFault(t, err, codes.InvalidArgument, "INVALID_FIELD", "pseudonym")
}

// An answer whose customer was looked up before the erasure is stored behind its
// first call, and goes with the next.
func TestAnswersUnderWayAreErased(t *testing.T) {
	onBothEngines(t, func(t *testing.T, w *world) {
		w.profile.known = nil
		survey := w.open(t, "s")
		for round := range 5 {
			var stored atomic.Int64
			together(8, func(i int) {
				if i == 0 {
					_, err := w.erase(t, "c")
					wantFault(t, err, codes.Unavailable, "ERASURE_HELD_UP")
					return
				}
				w.say(t, survey, fmt.Sprintf("r%d-%d", round, i), "c", "late")
				stored.Add(1)
			})
			if stored.Load() != 7 {
				t.Fatal("answers were lost")
			}
		}
		w.profile.known = map[string]bool{} // profile goes first
		_, err := w.SubmitResponse(t.Context(), &feedbackv1.SubmitResponseRequest{Parent: survey, Response: answerOf("c", 1)})
		wantFault(t, err, codes.FailedPrecondition, "CUSTOMER_UNKNOWN", "response.customer_id")
		w.clock.advance(settled)
		_, err = w.erase(t, "c")
		must(t, err)
		if got := w.held(t, "c"); len(got) != 0 || w.responses(t, survey) != 0 {
			t.Errorf("there is still %v", got)
		}
	})
}

// However an erasure breaks off, calling it again ends it and counts right.
func TestErasureGoesOn(t *testing.T) {
	for n := 1; n <= 6; n++ {
		engine := &storetest.Faulty{Engine: openPebble(t)}
		w := newWorld(t, engine)
		w.profile.known = nil
		survey := w.open(t, "s")
		for i := range 3 {
			w.say(t, survey, fmt.Sprintf("r%d", i), "c", "text")
		}
		w.submit(t, survey, "other", "d", 5)
		_, err := w.erase(t, "nobody")
		wantFault(t, err, codes.Unavailable, "ERASURE_HELD_UP")
		w.clock.advance(settled)
		engine.LoseAnswers(n)
		erased, err := w.erase(t, "c")
		for tries := 0; err != nil; tries++ {
			if tries > 10 {
				t.Fatal(err)
			}
			erased, err = w.erase(t, "c")
		}
		engine.LoseAnswers(0)
		if erased[0].GetErased() != 3 || len(w.held(t, "c")) != 0 || w.responses(t, survey) != 1 {
			t.Errorf("%d answers lost: erased %v, %d are left", n, erased, w.responses(t, survey))
		}
	}
}

// Neither before nor after an erasure is what somebody said in any file, and after
// it nothing of the person is.
func TestNoFileTells(t *testing.T) {
	// Compression leaves of a text what it meets first; a key is stored without
	// what it begins with like the one before.
	const comment, customer, tail = "wq8Zr2mVx0pLs5Nd", "c-k3Jv9TbQy6HfEa1G", "k3Jv9TbQy6HfEa1G"
	dir := t.TempDir()
	engine, err := pebblestore.Open(dir, pebblestore.Options{MemTableBytes: 64 << 10})
	must(t, err)
	t.Cleanup(func() { must(t, engine.Close()) })
	w := newWorld(t, engine)
	w.profile.known = nil
	survey := w.open(t, "s")
	for i := range 300 {
		id := fmt.Sprintf("c%d", i)
		if i%50 == 0 {
			id = customer
		}
		w.say(t, survey, fmt.Sprintf("r%d", i), id, comment)
	}
	if files := filesWith(t, dir, tail); files == nil {
		t.Fatal("the customer is in no file: the test sees nothing")
	}
	if files := filesWith(t, dir, comment); files != nil {
		t.Errorf("comments are readable in %v", files)
	}
	_, err = w.erase(t, customer)
	wantFault(t, err, codes.Unavailable, "ERASURE_HELD_UP")
	w.clock.advance(settled)
	_, err = w.erase(t, customer)
	must(t, err)
	if files := filesWith(t, dir, tail); files != nil {
		t.Errorf("the customer is still in %v", files)
	}
	if got := w.held(t, "c1")["survey_responses"]; len(got) != 1 || got[0].AsMap()["comment"] != comment {
		t.Errorf("another's answer is %v", got)
	}
}

func filesWith(t *testing.T, dir, text string) (names []string) {
	t.Helper()
	must(t, filepath.WalkDir(dir, func(path string, entry os.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := os.ReadFile(path)
		// The engine's list of its files says with which keys, ids, each began.
		if bytes.Contains(content, []byte(text)) && !strings.HasPrefix(entry.Name(), "MANIFEST") {
			names = append(names, path)
		}
		return err
	}))
	slices.Sort(names)
	return names
}
