package segmentation_test

import (
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	segmentationv1 "github.com/kehuhq/kehu/gen/kehu/segmentation/v1"
)

// profile is down: the operation says so, the last good members serve on, and once it is
// back all is well, without a restart.
func TestProfileDown(t *testing.T) {
	w := onPebble(t)
	w.shop.fill(8)
	w.create("s", "orders.count > 3")
	w.publish("s")
	w.stop()
	w.profile.cut.Store(true)
	w.start() // with new connections, to nobody
	w.shop.fill(10)
	op := w.await(w.RecomputeSegments(w.Context(), &segmentationv1.RecomputeSegmentsRequest{}))
	wantError(t, status.FromProto(op.GetError()).Err(), codes.Unavailable, "PEER_UNAVAILABLE", "")
	if strings.Contains(op.GetError().String(), "10.1.2.3") {
		t.Errorf("the error tells addresses: %v", op.GetError())
	}
	s := w.get("s")
	if s.GetMemberCount() != 4 || len(w.members("s")) != 4 || s.GetSources()[0].GetService() != "profile" || s.GetSources()[0].GetLastError() == "" {
		t.Errorf("it shows %v", s)
	}
	w.profile.cut.Store(false)
	if answer := w.recompute(); answer.GetSegments()[0].GetMemberCount() != 6 || w.get("s").GetSources()[0].GetLastError() != "" {
		t.Errorf("once it is back: %v", answer)
	}
}

// valuation is down: what it told stays as it was, and segments that read it say so.
func TestValuationDown(t *testing.T) {
	w := onPebble(t)
	w.shop.fill(8)
	w.create("orders", "orders.count > 3")
	w.create("valued", "has_valuation")
	w.publish("orders")
	w.publish("valued")
	w.stop()
	w.valuation.cut.Store(true)
	w.clock.advance(time.Minute) // so that one is fresher than the other
	w.start()
	w.shop.fill(10)
	w.recompute()
	if s := w.get("orders"); s.GetMemberCount() != 6 {
		t.Errorf("it shows %v", s)
	}
	s := w.get("valued")
	if s.GetMemberCount() != 7 || len(s.GetSources()) != 2 || s.GetSources()[1].GetLastError() != "PEER_UNAVAILABLE" ||
		!s.GetFreshAsOf().AsTime().Before(w.get("orders").GetFreshAsOf().AsTime()) {
		t.Errorf("it shows %v", s)
	}
	w.valuation.cut.Store(false)
	w.recompute()
	if s := w.get("valued"); s.GetMemberCount() != 9 || s.GetSources()[1].GetLastError() != "" {
		t.Errorf("once it is back: %v", s)
	}
}
