package segmentation_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/types/known/structpb"

	apiv1 "github.com/kehuhq/kehu/gen/kehu/api/v1"
	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"
	segmentationv1 "github.com/kehuhq/kehu/gen/kehu/segmentation/v1"
	"github.com/kehuhq/kehu/pkg/docstore/pebblestore"
)

// held is all that the service holds of some customers, by section.
func (w *world) held(ids ...string) map[string][]*structpb.Struct {
	w.Helper()
	stream, err := w.personal.ReadPersonalData(w.Context(), &segmentationv1.ReadPersonalDataRequest{Person: &apiv1.Person{CustomerIds: ids}})
	if err != nil {
		w.Fatal(err)
	}
	held := map[string][]*structpb.Struct{}
	for {
		part, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return held
		}
		if err != nil {
			w.Fatal(err)
		}
		held[part.GetSection()] = append(held[part.GetSection()], part.GetRecords()...)
	}
}

// erase calls until nothing holds the erasure up any more.
func (w *world) erase(ids ...string) []*apiv1.ErasedSection {
	w.Helper()
	for until := time.Now().Add(within); ; {
		answer, err := w.personal.ErasePersonalData(w.Context(), &segmentationv1.ErasePersonalDataRequest{
			Person: &apiv1.Person{CustomerIds: ids}, Pseudonym: "erased-01JCXB7Z0T5C6Q5E8Y1V9WJ4KD",
		})
		if err == nil {
			return answer.GetSections()
		}
		wantError(w, err, codes.Unavailable, "ERASURE_HELD_UP", "")
		if time.Now().After(until) {
			w.Fatal("the erasure is held up for too long")
		}
	}
}

// forget erases a customer.
func (s *shop) forget(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.customers, id)
	delete(s.valuations, id)
	s.changed = append(s.changed, id)
}

// tells reports whether records of some kinds were erased. Facts may be gone before:
// the feed tells of customers that were deleted.
func tells(sections []*apiv1.ErasedSection, kinds ...string) bool {
	for _, kind := range kinds {
		if !slices.ContainsFunc(sections, func(s *apiv1.ErasedSection) bool { return s.GetSection() == kind && s.GetErased() > 0 }) {
			return false
		}
	}
	return true
}

func TestPersonIsShownAndErased(t *testing.T) {
	onBothEngines(t, func(w *world) {
		for i := range 9 {
			w.shop.customer(fmt.Sprintf("客户%d", i), &profilev1.Customer{Region: "广东"})
		}
		w.create("south", `customer.region == "广东"`)
		w.publish("south")
		w.recompute()
		held := w.held("old", "客户4")
		if len(held["facts"]) != 1 || len(held["memberships"]) != 1 || len(held["transitions"]) != 1 || len(held) != 3 {
			w.Fatalf("held are %v", held)
		}
		if got := held["transitions"][0].AsMap(); got["customerId"] != "客户4" || got["kind"] != "TRANSITION_KIND_ENTERED" {
			w.Errorf("the transition is %v", got)
		}
		w.shop.forget("客户4")
		for range 2 {
			sections := w.erase("old", "客户4")
			if !tells(sections, "memberships", "transitions") || sections[0].GetService() != "segmentation" {
				w.Errorf("erased %v", sections)
			}
		}
		if got := w.held("old", "客户4"); len(got) != 0 {
			w.Errorf("there is still %v", got)
		}
		if members := w.memberIDs("south"); len(members) != 8 || w.get("south").GetMemberCount() != 8 || slices.Contains(members, "客户4") {
			w.Errorf("members are %q of %d", members, w.get("south").GetMemberCount())
		}
		_, err := w.GetMembership(w.Context(), &segmentationv1.GetMembershipRequest{Name: "segments/south/memberships/客户4"})
		wantError(w, err, codes.NotFound, "MEMBERSHIP_NOT_FOUND", "")
	})
}

// An erasure that is asked for while segments are formed is done when they are, and
// what was published of the person goes.
func TestErasureWaitsForRecomputations(t *testing.T) {
	w := onPebble(t)
	for i := range 9 {
		w.shop.customer(fmt.Sprintf("c%d", i), &profilev1.Customer{})
	}
	w.create("all", "true")
	w.publish("all")
	reached, released := make(chan struct{}), make(chan struct{})
	w.shop.setBefore(func(stream string, message int) error {
		if stream == "customers" && message == 2 {
			close(reached)
			<-released
			w.shop.setBefore(nil)
		}
		return nil
	})
	op, err := w.RecomputeSegments(w.Context(), &segmentationv1.RecomputeSegmentsRequest{})
	if err != nil {
		t.Fatal(err)
	}
	<-reached
	w.shop.forget("c1")
	erased := make(chan []*apiv1.ErasedSection)
	go func() { erased <- w.erase("c1") }()
	close(released)
	answer := new(segmentationv1.RecomputeSegmentsResponse)
	w.result(w.await(op, nil), answer)
	if sections := <-erased; !tells(sections, "memberships", "transitions") {
		t.Errorf("erased %v", sections)
	}
	if got := w.held("c1"); len(got) != 0 || len(w.memberIDs("all")) != 8 {
		t.Errorf("there is still %v", got)
	}
}

// After an erasure no file tells of the person, who was in superseded passes too.
func TestNoFileTells(t *testing.T) {
	const tail = "k3Jv9TbQy6HfEa1G" // of the id: a key is stored without what it begins with like the one before
	dir := t.TempDir()
	engine, err := pebblestore.Open(dir, pebblestore.Options{MemTableBytes: 64 << 10, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = engine.Close() })
	w := newWorld(t, engine)
	for i := range 300 {
		w.shop.customer(fmt.Sprintf("c%d", i), &profilev1.Customer{})
	}
	w.shop.customer("c"+tail, &profilev1.Customer{})
	w.create("all", "true")
	w.publish("all")
	w.recompute()
	w.recompute()
	if filesWith(t, dir, tail) == nil {
		t.Fatal("the customer is in no file: the test sees nothing")
	}
	w.shop.forget("c" + tail)
	w.erase("c" + tail)
	if files := filesWith(t, dir, tail); files != nil {
		t.Errorf("the customer is still in %v", files)
	}
	if n := len(w.memberIDs("all")); n != 300 {
		t.Errorf("%d are left", n)
	}
}

func filesWith(t *testing.T, dir, text string) (names []string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, entry os.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := os.ReadFile(path)
		// The engine's list of its files says with which keys, ids, each began.
		if bytes.Contains(content, []byte(text)) && !strings.HasPrefix(entry.Name(), "MANIFEST") {
			names = append(names, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return names
}
