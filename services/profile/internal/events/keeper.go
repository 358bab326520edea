package events

import (
	"context"
	"errors"
	"fmt"

	"github.com/kehuhq/kehu/pkg/vault"
)

// keeper turns contents into what is stored of them and back: sealed under the
// key of who sent the event, and bound to the event.
type keeper struct{ vault *vault.Vault }

// Subject is the name under which the vault has the key of an identity. No
// customer's id holds a slash.
func (i Identity) Subject() string {
	if i.Visitor {
		return i.String()
	}
	return i.ID
}

func (e *Event) box(content []byte) vault.Box {
	return vault.Box{Subject: e.Sender.Subject(), Place: "events!" + e.ID, Content: content}
}

// sealAll seals the contents of events to be written, nil for those without any.
func (k keeper) sealAll(ctx context.Context, events []*Event) ([][]byte, error) {
	boxes, places := make([]vault.Box, 0, len(events)), make([]int, 0, len(events))
	for i, e := range events {
		if len(e.plain) > 0 {
			boxes, places = append(boxes, e.box(e.plain)), append(places, i)
		}
	}
	sealed, err := k.vault.SealMany(ctx, boxes)
	if err != nil {
		return nil, err
	}
	all := make([][]byte, len(events))
	for n, i := range places {
		all[i] = sealed[n]
	}
	return all, nil
}

// openAll opens the contents of events, nil for those without any. Those of a
// person whose key was destroyed are empty as well.
func (k keeper) openAll(ctx context.Context, events []*Event) ([][]byte, error) {
	boxes, places := make([]vault.Box, 0, len(events)), make([]int, 0, len(events))
	for i, e := range events {
		if len(e.sealed) > 0 {
			boxes, places = append(boxes, e.box(e.sealed)), append(places, i)
		}
	}
	contents, errs, err := k.vault.OpenMany(ctx, boxes)
	if err != nil {
		return nil, err
	}
	all := make([][]byte, len(events))
	for n, i := range places {
		if errs[n] != nil && !errors.Is(errs[n], vault.ErrDestroyed) {
			return nil, fmt.Errorf("event %s of %s: %w", events[i].ID, events[i].Sender, errs[n])
		}
		all[i] = contents[n]
	}
	return all, nil
}

func (k keeper) open(ctx context.Context, e *Event) ([]byte, error) {
	texts, err := k.openAll(ctx, []*Event{e})
	if err != nil {
		return nil, err
	}
	return texts[0], nil
}
