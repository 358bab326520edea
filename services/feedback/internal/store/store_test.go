package store_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/docstore/mongostore/mongotest"
	"github.com/kehuhq/kehu/pkg/docstore/pebblestore"
	"github.com/kehuhq/kehu/pkg/fault"
	"github.com/kehuhq/kehu/pkg/vault/vaulttest"
	"github.com/kehuhq/kehu/services/feedback/internal/domain"
	"github.com/kehuhq/kehu/services/feedback/internal/store"
)

var noon = time.Date(2026, 1, 15, 12, 0, 0, 0, time.UTC)

func onBothEngines(t *testing.T, test func(*testing.T, *store.Store, *time.Time)) {
	run := func(t *testing.T, engine docstore.Engine) {
		now := noon
		s, err := store.Open(t.Context(), engine, vaulttest.On(t, engine), func() time.Time { return now })
		must(t, err)
		test(t, s, &now)
	}
	t.Run("pebble", func(t *testing.T) {
		engine, err := pebblestore.Open("feedback", pebblestore.Options{FS: vfs.NewMem()})
		must(t, err)
		t.Cleanup(func() { must(t, engine.Close()) })
		run(t, engine)
	})
	t.Run("mongo", func(t *testing.T) { run(t, mongotest.Open(t)) })
}

func TestSurveyIsKeptWhole(t *testing.T) {
	onBothEngines(t, func(t *testing.T, s *store.Store, _ *time.Time) {
		survey := &domain.Survey{
			ID: "s-1", DisplayName: "推荐", Kind: domain.NPS, Question: "多大可能？\n0–10", State: domain.Draft,
			CreatedAt: noon, ChangedAt: noon.Add(time.Second), Request: domain.RequestKey{ID: "k\x00", Hash: "h"},
		}
		must(t, s.Surveys.Insert(t.Context(), survey))
		if err := s.Surveys.Insert(t.Context(), survey); !errors.Is(err, docstore.ErrConflict) {
			t.Fatalf("inserted twice: %v", err)
		}
		found, err := s.Surveys.Update(t.Context(), "s-1", func(s *domain.Survey) error {
			s.State, s.Answered = domain.Published, true
			return nil
		})
		must(t, err)
		survey.State, survey.Answered, survey.Version = domain.Published, true, 2
		if *found != *survey {
			t.Fatalf("got %+v\nwant %+v", *found, *survey)
		}
		if found, err = s.Surveys.Get(t.Context(), "s-1"); err != nil || *found != *survey {
			t.Fatalf("got %+v (%v)\nwant %+v", found, err, *survey)
		}
		if err := s.Surveys.Delete(t.Context(), "s-1", 1); !errors.Is(err, docstore.ErrConflict) {
			t.Fatalf("deleted at another version: %v", err)
		}
	})
}

func TestSweepEndsTombstones(t *testing.T) {
	onBothEngines(t, func(t *testing.T, s *store.Store, now *time.Time) {
		version := func() int64 {
			survey := &domain.Survey{ID: "s", Kind: domain.NPS, State: domain.Draft}
			must(t, s.Surveys.Insert(t.Context(), survey))
			must(t, s.Surveys.Delete(t.Context(), "s", survey.Version))
			return survey.Version
		}
		first := version()
		must(t, s.Sweep(t.Context(), *now))
		if second := version(); second <= first {
			t.Fatalf("version %d was followed by %d", first, second)
		}
		*now = now.Add(docstore.TombstoneLife + time.Second)
		must(t, s.Sweep(t.Context(), *now))
		if third := version(); third != first {
			t.Fatalf("the tombstone is still there: version %d", third)
		}
		_, err := s.Surveys.Get(t.Context(), "s")
		if fault.ReasonOf(err) != "SURVEY_NOT_FOUND" {
			t.Fatalf("got %v", err)
		}
	})
}

func TestLatestAsOf(t *testing.T) {
	onBothEngines(t, func(t *testing.T, s *store.Store, _ *time.Time) {
		var responses []*domain.Response
		add := func(survey, customer string, score, answered, recorded int) {
			at := func(minute int) time.Time { return noon.Add(time.Duration(minute) * time.Minute) }
			responses = append(responses, &domain.Response{
				Survey: survey, ID: fmt.Sprintf("r%d", len(responses)), Customer: customer, Score: score,
				Time: at(answered), CreatedAt: at(recorded),
			})
		}
		add("s", "a", 1, 1, 1)
		add("s", "a", 2, 3, 5) // the last answer, recorded late
		add("s", "a", 3, 2, 2)
		add("s", "b", 4, 0, 5)
		add("s", "a!", 5, 0, 0)
		add("s", "c", 8, 0, 7)
		add("s", "c", 9, 0, 6)   // at the same time: the recording decides
		add("s-2", "a", 6, 9, 0) // of another survey
		add("r", "a", 7, 9, 0)
		errs, err := s.Responses.Insert(t.Context(), responses)
		must(t, err)
		must(t, errors.Join(errs...))
		for minute, want := range map[int]map[string]int{
			0: {"a!": 5},
			1: {"a!": 5, "a": 1},
			4: {"a!": 5, "a": 3},
			5: {"a!": 5, "a": 2, "b": 4},
			6: {"a!": 5, "a": 2, "b": 4, "c": 9},
			7: {"a!": 5, "a": 2, "b": 4, "c": 8},
		} {
			got := map[string]int{}
			for answer, err := range s.Responses.Latest(t.Context(), "s", noon.Add(time.Duration(minute)*time.Minute)) {
				must(t, err)
				if _, twice := got[answer.Customer]; twice {
					t.Fatalf("%s counts twice", answer.Customer)
				}
				got[answer.Customer] = answer.Score
			}
			if fmt.Sprint(got) != fmt.Sprint(want) {
				t.Errorf("as of minute %d: %v, want %v", minute, got, want)
			}
		}
	})
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
