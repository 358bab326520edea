package vault_test

import (
	"fmt"
	"testing"

	"github.com/kehuhq/kehu/pkg/vault"
)

const benchSubjects = 10_000

// benchVault has so many subjects, with 300 bytes sealed for each.
func benchVault(b *testing.B) (*vault.Vault, []vault.Box) {
	b.Helper()
	v := newVault(b, onPebble(b), newKeyring(b))
	boxes := make([]vault.Box, benchSubjects)
	for i := range boxes {
		boxes[i] = vault.Box{Subject: fmt.Sprintf("c-%06d", i), Place: "customers", Content: make([]byte, 300)}
	}
	sealed, err := v.SealMany(b.Context(), boxes)
	must(b, err)
	for i := range boxes {
		boxes[i].Content = sealed[i]
	}
	return v, boxes
}

// BenchmarkFirstSeal makes a key with each seal, 1,000 at a time.
func BenchmarkFirstSeal(b *testing.B) {
	v := newVault(b, onPebble(b), newKeyring(b))
	n := 0
	for b.Loop() {
		boxes := make([]vault.Box, 1000)
		for i := range boxes {
			boxes[i] = vault.Box{Subject: fmt.Sprintf("c-%09d", n), Content: make([]byte, 300)}
			n++
		}
		if _, err := v.SealMany(b.Context(), boxes); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(n), "ns/seal")
}

func BenchmarkSeal(b *testing.B) {
	v, boxes := benchVault(b)
	content := make([]byte, 300)
	for i := 0; b.Loop(); i++ {
		if _, err := v.Seal(b.Context(), boxes[i%benchSubjects].Subject, "customers", content); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkOpen(b *testing.B) {
	v, boxes := benchVault(b)
	for i := 0; b.Loop(); i++ {
		box := boxes[i%benchSubjects]
		if _, err := v.Open(b.Context(), box.Subject, box.Place, box.Content); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkWalk opens one field of each subject in their order.
func BenchmarkWalk(b *testing.B) {
	v, boxes := benchVault(b)
	n := 0
	for b.Loop() {
		walk := v.Walk("")
		for _, box := range boxes {
			if _, err := walk.Open(b.Context(), box); err != nil {
				b.Fatal(err)
			}
			n++
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(n), "ns/open")
}
