package paths_test

import (
	"reflect"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/kehuhq/kehu/services/profile/internal/paths"
)

const minute = 60_000

// visits are events a minute apart; a space is a pause of an hour. The letter c
// is the anchor.
func visits(text string) []paths.Visit {
	var all []paths.Visit
	at := int64(0)
	for _, r := range text {
		if at += minute; r == ' ' {
			at += 60 * minute
			continue
		}
		all = append(all, paths.Visit{TimeMS: at, Label: string(r), Anchor: r == 'c'})
	}
	return all
}

func count(def paths.Definition, customers ...string) (map[string]int64, *paths.Tally) {
	def.GapMS, def.Counters = 30*minute, 1000
	t := paths.NewTally(def)
	for _, c := range customers {
		t.Add(visits(c))
	}
	counts := map[string]int64{}
	for _, c := range t.Top.Top(1000) {
		counts[strings.Join(paths.Labels(c.Key), ">")] = c.Count
	}
	return counts, t
}

func TestByHand(t *testing.T) {
	customers := []string{"abcd abc", "aabcdd", "xc", "ab", ""}
	for _, c := range []struct {
		name string
		def  paths.Definition
		want map[string]int64
	}{
		{"from the beginning", paths.Definition{Direction: paths.From, Depth: 2}, map[string]int64{"a>b": 4, "x>c": 1}},
		{"from the beginning, with repeats", paths.Definition{Direction: paths.From, Depth: 2, KeepRepeats: true}, map[string]int64{"a>b": 3, "a>a": 1, "x>c": 1}},
		{"from the anchor", paths.Definition{Direction: paths.From, Anchored: true, Depth: 3}, map[string]int64{"c>d": 2, "c": 2}},
		{"to the anchor", paths.Definition{Direction: paths.To, Anchored: true, Depth: 3}, map[string]int64{"a>b>c": 3, "x>c": 1}},
		{"to the end", paths.Definition{Direction: paths.To, Depth: 2}, map[string]int64{"c>d": 2, "b>c": 1, "x>c": 1, "a>b": 1}},
	} {
		got, tally := count(c.def, customers...)
		if !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
		if tally.Sessions != 5 || tally.Top.MaxError() != 0 {
			t.Errorf("%s: %d sessions, error %d", c.name, tally.Sessions, tally.Top.MaxError())
		}
	}
}

// A summary keeps the bounds it states, whatever comes in whatever order.
func TestFrequentKeepsItsBounds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		counters := rapid.IntRange(1, 8).Draw(t, "counters")
		f := paths.NewFrequent(counters)
		exact := map[string]int64{}
		for _, key := range rapid.SliceOfN(rapid.StringMatching("[a-l]"), 0, 200).Draw(t, "keys") {
			f.Add([]byte(key))
			exact[key]++
		}
		bound := f.Seen / int64(counters)
		if f.MaxError() > bound {
			t.Fatalf("error %d above %d", f.MaxError(), bound)
		}
		if len(exact) <= counters && f.MaxError() != 0 {
			t.Fatalf("%d keys on %d counters are not exact", len(exact), counters)
		}
		top := f.Top(counters)
		for i, c := range top {
			if n := exact[c.Key]; n > c.Count || n < c.Count-c.Error {
				t.Fatalf("%q seen %d times is said to be %d, at most %d too high", c.Key, n, c.Count, c.Error)
			}
			if i > 0 && top[i-1].Count < c.Count {
				t.Fatalf("not in order: %v", top)
			}
			delete(exact, c.Key)
		}
		for key, n := range exact {
			if n > bound {
				t.Fatalf("%q seen %d of %d times is not among %d counters", key, n, f.Seen, counters)
			}
		}
	})
}
