package vault_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"
	"pgregory.net/rapid"

	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/fault"
	"github.com/kehuhq/kehu/pkg/vault"
)

// What is sealed opens where it was sealed, and nowhere else, nor when a bit of
// it has changed; and it tells nothing of its content.
func TestSealedFieldsStayWhereTheyAre(t *testing.T) {
	v := newVault(t, onPebble(t), newKeyring(t))
	rapid.Check(t, func(rt *rapid.T) {
		text := rapid.StringN(0, 12, -1)
		box := vault.Box{
			Subject: rapid.StringN(1, 12, -1).Draw(rt, "subject"), Place: text.Draw(rt, "place"),
			Content: rapid.SliceOfN(rapid.Byte(), 0, 200).Draw(rt, "content"),
		}
		sealed, err := v.Seal(t.Context(), box.Subject, box.Place, box.Content)
		if err != nil {
			rt.Fatal(err)
		}
		if len(box.Content) >= 8 && bytes.Contains(sealed, box.Content) {
			rt.Fatalf("%x shows its content", sealed)
		}
		if got, err := v.Open(t.Context(), box.Subject, box.Place, sealed); err != nil || !bytes.Equal(got, box.Content) {
			rt.Fatalf("%x became %x, %v", box.Content, got, err)
		}
		other := vault.Box{Subject: rapid.StringN(1, 12, -1).Draw(rt, "other subject"), Place: text.Draw(rt, "other place")}
		if other.Subject != box.Subject || other.Place != box.Place {
			if _, err := v.Seal(t.Context(), other.Subject, other.Place, nil); err != nil { // it has a key too
				rt.Fatal(err)
			}
			if got, err := v.Open(t.Context(), other.Subject, other.Place, sealed); err == nil {
				rt.Fatalf("opened as %q for %q at %q", got, other.Subject, other.Place)
			}
		}
		at := rapid.IntRange(0, len(sealed)-1).Draw(rt, "at")
		sealed[at] ^= 1 << rapid.IntRange(0, 7).Draw(rt, "bit")
		if got, err := v.Open(t.Context(), box.Subject, box.Place, sealed); err == nil {
			rt.Fatalf("opened as %x with byte %d changed", got, at)
		}
	})
}

func TestBrokenSeals(t *testing.T) {
	v := newVault(t, onPebble(t), newKeyring(t))
	sealed, err := v.Seal(t.Context(), "anna", "orders!1", []byte("zu klein"))
	must(t, err)
	for what, broken := range map[string][]byte{
		"nothing": nil, "a head": sealed[:5], "a part": sealed[:len(sealed)-1], "a format to come": append([]byte{2}, sealed[1:]...),
	} {
		if _, err := v.Open(t.Context(), "anna", "orders!1", broken); fault.ReasonOf(err) != "SEAL_BROKEN" {
			t.Errorf("%s: %v", what, err)
		}
	}
	if _, err := v.Open(t.Context(), "anna", "orders!2", sealed); fault.ReasonOf(err) != "SEAL_BROKEN" {
		t.Errorf("at another place: %v", err)
	}
	if _, err := v.Open(t.Context(), "berta", "orders!1", sealed); !errors.Is(err, vault.ErrDestroyed) {
		t.Errorf("for one who has no key: %v", err)
	}
}

// A thousand who seal for the same subject first, from several processes, all use
// one key.
func TestParallelFirstSeals(t *testing.T) {
	onEach(t, func(t *testing.T, e docstore.Engine) {
		const parallel, processes = 1000, 4
		k := newKeyring(t)
		var vaults []*vault.Vault
		for range processes {
			vaults = append(vaults, newVault(t, e, k))
		}
		sealed := make([][]byte, parallel)
		var group errgroup.Group
		start := make(chan struct{})
		for i := range parallel {
			group.Go(func() (err error) {
				<-start
				sealed[i], err = vaults[i%processes].Seal(t.Context(), "anna", fmt.Sprint(i), fmt.Append(nil, i))
				return err
			})
		}
		close(start)
		must(t, group.Wait())
		fresh := newVault(t, e, k)
		for i := range parallel {
			got, err := fresh.Open(t.Context(), "anna", fmt.Sprint(i), sealed[i])
			if err != nil || string(got) != fmt.Sprint(i) {
				t.Fatalf("seal %d: %q, %v", i, got, err)
			}
		}
	})
}

func TestDestroy(t *testing.T) {
	onEach(t, func(t *testing.T, e docstore.Engine) {
		ctx, k := t.Context(), newKeyring(t)
		now := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
		clock := vault.WithClock(func() time.Time { return now })
		here, there := newVault(t, e, k, clock), newVault(t, e, k, clock)
		anna, err := here.Seal(ctx, "anna", "p", []byte("A"))
		must(t, err)
		berta, err := here.Seal(ctx, "berta", "p", []byte("B"))
		must(t, err)
		opens := func(v *vault.Vault, subject string, sealed []byte, want string) {
			t.Helper()
			if got, err := v.Open(ctx, subject, "p", sealed); err != nil || string(got) != want {
				t.Errorf("%s: %q, %v; want %q", subject, got, err, want)
			}
		}
		gone := func(v *vault.Vault, sealed []byte) {
			t.Helper()
			if got, err := v.Open(ctx, "anna", "p", sealed); !errors.Is(err, vault.ErrDestroyed) {
				t.Errorf("destroyed: %q, %v", got, err)
			}
		}
		opens(there, "anna", anna, "A") // which remembers the key
		must(t, here.Destroy(ctx, "anna", "nobody"))
		must(t, here.Destroy(ctx, "anna"))
		gone(here, anna)
		gone(newVault(t, e, k), anna)
		now = now.Add(vault.KeyLife)
		gone(there, anna)
		opens(here, "berta", berta, "B")

		again, err := here.Seal(ctx, "anna", "p", []byte("A2"))
		must(t, err)
		gone(here, anna)
		opens(here, "anna", again, "A2")
		opens(there, "anna", again, "A2")
		must(t, here.Destroy(ctx, "anna"))
		third, err := here.Seal(ctx, "anna", "p", []byte("A3"))
		must(t, err)
		opens(there, "anna", third, "A3") // although it remembers the key before
		gone(there, again)
	})
}

// Sealing, opening, destroying and rotating in any order are what a map makes of them,
// through lookups, batches and walks.
func TestModel(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		ctx := context.Background()
		k := newKeyring(t)
		e := onPebble(t)
		v := newVault(t, e, k, vault.WithCache(rapid.IntRange(1, 4).Draw(rt, "cache")))
		type field struct {
			box   vault.Box // sealed
			plain string
			epoch int
		}
		var fields []field
		epoch := map[string]int{}
		subjects := rapid.SampledFrom([]string{"a", "a!1", "a-b", "a b", "b", "客户", "~", "A"})
		check := func(err error) {
			if err != nil {
				rt.Fatal(err)
			}
		}
		verdict := func(f field, got []byte, err error) {
			if epoch[f.box.Subject] != f.epoch {
				if !errors.Is(err, vault.ErrDestroyed) {
					rt.Fatalf("%q of a destroyed key: %q, %v", f.plain, got, err)
				}
			} else if err != nil || string(got) != f.plain {
				rt.Fatalf("%q became %q, %v", f.plain, got, err)
			}
		}
		rt.Repeat(map[string]func(*rapid.T){
			"seal": func(rt *rapid.T) {
				var boxes []vault.Box
				for range rapid.IntRange(1, 5).Draw(rt, "boxes") {
					boxes = append(boxes, vault.Box{Subject: subjects.Draw(rt, "subject"), Place: "p", Content: []byte(rapid.String().Draw(rt, "plain"))})
				}
				sealed, err := v.SealMany(ctx, boxes)
				check(err)
				for i, b := range boxes {
					fields = append(fields, field{vault.Box{Subject: b.Subject, Place: "p", Content: sealed[i]}, string(b.Content), epoch[b.Subject]})
				}
			},
			"destroy": func(rt *rapid.T) {
				gone := rapid.SliceOfN(subjects, 0, 3).Draw(rt, "subjects")
				check(v.Destroy(ctx, gone...))
				for _, s := range gone {
					epoch[s]++
				}
			},
			"rotate": func(rt *rapid.T) {
				rotated, err := k.Rotated()
				check(err)
				v, err = vault.New(ctx, e, rotated)
				check(err)
				_, err = v.Rewrap(ctx, func(int64) {})
				check(err)
				k, err = rotated.Pruned()
				check(err)
				v, err = vault.New(ctx, e, k)
				check(err)
			},
			"": func(rt *rapid.T) {
				boxes := make([]vault.Box, len(fields))
				for i, f := range fields {
					boxes[i] = f.box
				}
				got, errs, err := v.OpenMany(ctx, boxes)
				check(err)
				for i, f := range fields {
					verdict(f, got[i], errs[i])
				}
				inOrder := slices.Clone(fields)
				slices.SortStableFunc(inOrder, func(a, b field) int {
					return bytes.Compare([]byte(docstore.ID(a.box.Subject)), []byte(docstore.ID(b.box.Subject)))
				})
				walk := v.Walk("")
				for _, f := range inOrder {
					got, err := walk.Open(ctx, f.box)
					verdict(f, got, err)
				}
			},
		})
	})
}

// A walk meets every key of many pages, those too that are made or remade while
// it is under way.
// A walk seals what the vault opens, for those who have a key and those who get one.
func TestWalkSeals(t *testing.T) {
	onEach(t, func(t *testing.T, e docstore.Engine) {
		v := newVault(t, e, newKeyring(t))
		first, err := v.Seal(t.Context(), "b", "first", []byte("1"))
		must(t, err)
		walk := v.Walk("")
		for _, subject := range []string{"a", "b", "b", "c"} {
			sealed, err := walk.Seal(t.Context(), vault.Box{Subject: subject, Place: "p", Content: []byte(subject)})
			must(t, err)
			if got, err := v.Open(t.Context(), subject, "p", sealed); err != nil || string(got) != subject {
				t.Errorf("%s: %q, %v", subject, got, err)
			}
		}
		if got, err := v.Open(t.Context(), "b", "first", first); err != nil || string(got) != "1" {
			t.Errorf("sealed before: %q, %v", got, err)
		}
	})
}

func TestWalk(t *testing.T) {
	onEach(t, func(t *testing.T, e docstore.Engine) {
		const subjects = 3500
		ctx := t.Context()
		v := newVault(t, e, newKeyring(t))
		var boxes []vault.Box
		for i := range subjects {
			boxes = append(boxes, vault.Box{Subject: fmt.Sprintf("c-%05d", i), Content: fmt.Append(nil, i)})
		}
		sealed, err := v.SealMany(ctx, boxes)
		must(t, err)
		for _, from := range []int{0, 1234} {
			walk := v.Walk(boxes[from].Subject)
			for i := from; i < subjects; i++ {
				subject := boxes[i].Subject
				if i%500 == 1 { // behind the page that was read
					later := fmt.Sprintf("c-%05d-later", i)
					content, err := v.Seal(ctx, later, "", []byte("later"))
					must(t, err)
					if got, err := walk.Open(ctx, vault.Box{Subject: later, Content: content}); err != nil || string(got) != "later" {
						t.Fatalf("made while walking: %q, %v", got, err)
					}
					continue
				}
				got, err := walk.Open(ctx, vault.Box{Subject: subject, Content: sealed[i]})
				if i%7 == 0 && from > 0 {
					continue // destroyed below, in the round before
				}
				if err != nil || string(got) != fmt.Sprint(i) {
					t.Fatalf("%s: %q, %v", subject, got, err)
				}
				if i%7 == 0 && i > 1234 && i < 1300 {
					must(t, v.Destroy(ctx, subject))
					again, err := v.Seal(ctx, subject, "", []byte("again"))
					must(t, err)
					if got, err := walk.Open(ctx, vault.Box{Subject: subject, Content: again}); err != nil || string(got) != "again" {
						t.Fatalf("remade while walking: %q, %v", got, err)
					}
				}
			}
		}
	})
}

// Those who use keys while they are destroyed get the content or ErrDestroyed.
func TestDestroyRace(t *testing.T) {
	ctx := t.Context()
	e, k := onPebble(t), newKeyring(t)
	v := newVault(t, e, k)
	var group sync.WaitGroup
	stop := make(chan struct{})
	for range 4 {
		group.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				sealed, err := v.Seal(ctx, "anna", "p", []byte("A"))
				if err != nil {
					t.Error(err)
					return
				}
				if got, err := v.Open(ctx, "anna", "p", sealed); !errors.Is(err, vault.ErrDestroyed) && (err != nil || string(got) != "A") {
					t.Errorf("%q, %v", got, err)
					return
				}
			}
		})
	}
	for range 50 {
		if err := v.Destroy(ctx, "anna"); err != nil {
			t.Error(err)
		}
	}
	close(stop)
	group.Wait()
	last, err := v.Seal(ctx, "anna", "p", []byte("A"))
	must(t, err)
	// What was kept in memory is what is stored.
	if _, err := newVault(t, e, k).Open(ctx, "anna", "p", last); err != nil {
		t.Error(err)
	}
}
