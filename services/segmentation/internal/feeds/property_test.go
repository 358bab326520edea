package feeds_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/kehuhq/kehu/services/segmentation/internal/feeds"
	"github.com/kehuhq/kehu/services/segmentation/internal/peers"
)

// TestFollowingComesToWhatReadingAnewDoes lets the services change, be down and
// forget in any order between steps, and compares with a store that has only read
// everything once.
func TestFollowingComesToWhatReadingAnewDoes(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		var cleanups []func()
		defer func() {
			for _, c := range cleanups {
				c()
			}
		}()
		w := openWorld(rt, func(c func()) { cleanups = append(cleanups, c) })
		for range rapid.IntRange(1, 40).Draw(rt, "steps") {
			w.happen(rt)
		}
		w.shop.down = map[string]bool{}
		w.shop.now = w.shop.now.Add(time.Minute)
		w.follow()
		followed := w.stored()
		fresh := openWorld(rt, func(c func()) { cleanups = append(cleanups, c) })
		fresh.shop = w.shop
		fresh.restart()
		if err := fresh.feeds.Reread(context.Background(), nil); err != nil {
			rt.Fatal(err)
		}
		if read := fresh.stored(); !slices.Equal(followed, read) {
			rt.Fatalf("followed:\n%q\nread anew:\n%q", followed, read)
		}
	})
}

// happen lets one thing happen.
func (w *world) happen(rt *rapid.T) {
	s := w.shop
	id := rapid.SampledFrom([]string{"a", "b", "c", "a-b", "d e"}).Draw(rt, "who")
	service := rapid.SampledFrom(feeds.Services).Draw(rt, "service")
	switch rapid.IntRange(0, 12).Draw(rt, "what") {
	case 0, 1:
		s.add(id, rapid.SampledFrom([]string{"Lyon", "Nice"}).Draw(rt, "where"))
	case 2:
		if len(s.records(id)) == 1 && s.into[id] == "" {
			delete(s.city, id)
			s.tell(peers.Profile, id)
		}
	case 3:
		if s.city[id] != "" {
			s.orders[id]++
			s.tell(peers.Profile, id)
		}
	case 4:
		s.objects[id] = !s.objects[id]
		s.tell(peers.Profile, id)
	case 5:
		other := s.root(rapid.SampledFrom([]string{"a", "b", "c"}).Draw(rt, "into"))
		if s.city[id] != "" && s.city[other] != "" && s.into[id] == "" && other != id {
			s.into[id] = other
			s.tell(peers.Profile, id, other)
		}
	case 6:
		if into := s.into[id]; into != "" {
			delete(s.into, id)
			s.tell(peers.Profile, id, into)
		}
	case 7:
		s.answers[id]++
		s.tell(peers.Feedback, id)
	case 8:
		s.brought[id]++
		s.tell(peers.Referral, id)
	case 9:
		s.edition = peers.Edition{Generation: s.edition.Generation + 1, AsOf: s.now}
		s.values = map[string]int64{id: s.edition.Generation}
	case 10:
		s.down[service] = !s.down[service]
	case 11:
		if rapid.Bool().Draw(rt, "expired") {
			s.epoch[service]++
		} else {
			s.now = s.now.Add(time.Duration(rapid.IntRange(1, 30).Draw(rt, "seconds")) * time.Second)
		}
	default:
		if rapid.Bool().Draw(rt, "restart") {
			w.restart()
		}
		_, _ = w.feeds.Follow(context.Background())
	}
}
