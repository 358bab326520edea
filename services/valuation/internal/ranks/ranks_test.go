package ranks

import (
	"testing"

	"pgregory.net/rapid"
)

func TestAScaleSurvivesStorage(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := New(rapid.IntRange(1, 4).Draw(t, "digits"))
		for _, v := range rapid.SliceOf(rapid.Int64Range(0, 1<<40)).Draw(t, "values") {
			s.Add(v)
		}
		read, err := Parse(s.Bytes())
		if err != nil {
			t.Fatal(err)
		}
		asked := rapid.Int64Range(-3, 1<<41).Draw(t, "asked")
		was, known := s.Percentile(asked)
		is, knows := read.Percentile(asked)
		if was != is || known != knows || s.Count() != read.Count() {
			t.Fatalf("percentile of %d is %v (%v), was %v (%v)", asked, is, knows, was, known)
		}
	})
}

func TestBytesThatAreNoScale(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s, err := Parse(rapid.SliceOf(rapid.Byte()).Draw(t, "bytes"))
		if err == nil {
			s.Percentile(7)
		}
	})
}
