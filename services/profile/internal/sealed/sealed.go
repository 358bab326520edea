// Package sealed keeps the part of a room's record that describes a person: one
// message, serialised and sealed under the key of that person.
package sealed

import (
	"context"
	"errors"

	"google.golang.org/protobuf/proto"

	"github.com/kehuhq/kehu/pkg/fault"
	"github.com/kehuhq/kehu/pkg/vault"
)

// Vault seals under a key of the subject; *vault.Vault is one. place says where
// the sealed content is kept: it opens nowhere else.
type Vault interface {
	Seal(ctx context.Context, subject, place string, content []byte) ([]byte, error)
	Open(ctx context.Context, subject, place string, sealed []byte) ([]byte, error)
}

// Seal serialises a content and seals it. What is empty stays so, and makes no key.
func Seal(ctx context.Context, v Vault, subject, place string, content proto.Message) ([]byte, error) {
	raw, err := proto.MarshalOptions{Deterministic: true}.Marshal(content)
	if err != nil || len(raw) == 0 {
		return raw, err
	}
	return v.Seal(ctx, subject, place, raw)
}

// Open opens what Seal made, into content. It stays empty where the key has been
// destroyed: the person was erased, and the record with the open part remains.
func Open(ctx context.Context, v Vault, subject, place string, raw []byte, content proto.Message) error {
	if len(raw) == 0 {
		return nil
	}
	raw, err := v.Open(ctx, subject, place, raw)
	if errors.Is(err, vault.ErrDestroyed) {
		return nil
	}
	if err != nil {
		return err
	}
	if err := proto.Unmarshal(raw, content); err != nil {
		return fault.New(fault.Internal, "STORED_DOCUMENT_DAMAGED", "what is kept at %s cannot be read", place).Because(err)
	}
	return nil
}
