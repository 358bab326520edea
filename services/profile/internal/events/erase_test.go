package events

import (
	"slices"
	"testing"

	"github.com/kehuhq/kehu/pkg/docstore"
)

// What is erased of one person is gone, and what others did is not.
func TestErase(t *testing.T) {
	onEach(t, func(t *testing.T, engine docstore.Engine) {
		w := fill(t, engine, 3)
		subjects, err := w.store.Subjects(t.Context(), "客户")
		must(t, err)
		var gone []Identity
		for id, customer := range w.links {
			if customer == "客户" {
				gone = append(gone, Visitor(id))
			}
		}
		if len(gone) == 0 || len(subjects) != len(gone) {
			t.Fatalf("subjects %q for visitors %v", subjects, gone)
		}
		gone = append(gone, Customer("客户"))
		must(t, w.store.Erase(t.Context(), "客户"))
		must(t, w.store.Erase(t.Context(), "客户"))
		for _, e := range w.events {
			_, err := w.store.Get(t.Context(), e.Sender, e.ID)
			if (err == nil) == slices.Contains(gone, e.Sender) {
				t.Errorf("event %s of %s: %v", e.ID, e.Sender, err)
			}
		}
		for e, err := range w.store.Timeline(t.Context(), gone, Query{}) {
			t.Errorf("on the timeline still: %v %v", e, err)
		}
		if _, senders, err := w.store.senders(t.Context(), "客户"); err != nil || len(senders) != 1 {
			t.Errorf("visitors still: %v %v", senders, err)
		}
	})
}

// A content whose key was destroyed is empty, and one that was moved does not open.
func TestSealedContents(t *testing.T) {
	w := fill(t, onPebble(t), 4)
	e, err := w.store.Get(t.Context(), w.events[0].Sender, w.events[0].ID)
	must(t, err)
	if slices.Contains([]string{"", string(w.events[0].plain)}, string(e.sealed)) {
		t.Error("the content is stored as it is")
	}
	moved := *e
	moved.ID = "another"
	if _, err := moved.Content(t.Context()); err == nil {
		t.Error("a content opened for another event")
	}
	must(t, w.store.keeper.vault.Destroy(t.Context(), e.Sender.Subject()))
	c, err := e.Content(t.Context())
	if err != nil || len(c.Properties) != 0 {
		t.Errorf("after the key was destroyed: %v %v", c, err)
	}
}
