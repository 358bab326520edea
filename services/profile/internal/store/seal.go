package store

import (
	"context"
	"errors"

	"github.com/kehuhq/kehu/pkg/vault"
)

// seal is a sealed field of a document and the place for its content. An empty
// content is not sealed: it needs no key.
type seal struct {
	subject, place  string
	sealed, content *[]byte
}

// closeAll seals the contents.
func closeAll(ctx context.Context, v *vault.Vault, seals []seal) error {
	var boxes []vault.Box
	var to []*[]byte
	for _, s := range seals {
		if len(*s.content) == 0 {
			*s.sealed = nil
			continue
		}
		boxes = append(boxes, vault.Box{Subject: s.subject, Place: s.place, Content: *s.content})
		to = append(to, s.sealed)
	}
	if len(boxes) == 0 {
		return nil
	}
	sealed, err := v.SealMany(ctx, boxes)
	if err != nil {
		return err
	}
	for i := range sealed {
		*to[i] = sealed[i]
	}
	return nil
}

// openAll opens what is sealed. The content of a person who was erased is empty.
func openAll(ctx context.Context, v *vault.Vault, seals []seal) error {
	var boxes []vault.Box
	var to []*[]byte
	for _, s := range seals {
		if len(*s.sealed) > 0 {
			boxes = append(boxes, vault.Box{Subject: s.subject, Place: s.place, Content: *s.sealed})
			to = append(to, s.content)
		}
	}
	if len(boxes) == 0 {
		return nil
	}
	contents, errs, err := v.OpenMany(ctx, boxes)
	if err != nil {
		return err
	}
	for i := range contents {
		if errs[i] != nil && !errors.Is(errs[i], vault.ErrDestroyed) {
			return damaged(boxes[i].Place+" of customer", boxes[i].Subject, errs[i])
		}
		*to[i] = contents[i]
	}
	return nil
}

// openNext is openAll for one who walks over customers in their order.
func openNext(ctx context.Context, walk *vault.Walk, s seal) error {
	if len(*s.sealed) == 0 {
		return nil
	}
	content, err := walk.Open(ctx, vault.Box{Subject: s.subject, Place: s.place, Content: *s.sealed})
	if errors.Is(err, vault.ErrDestroyed) {
		return nil
	}
	*s.content = content
	return err
}
