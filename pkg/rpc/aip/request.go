package aip

import (
	"crypto/sha256"
	"encoding/hex"

	"github.com/oklog/ulid/v2"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/kehuhq/kehu/pkg/fault"
)

// RequestKey recognises a repeated call: the caller's key, and a hash of what was
// asked. The zero value is of a call without a key.
type RequestKey struct {
	ID   string `bson:"id"`
	Hash string `bson:"hash"`
}

// KeyOf is the key of a request that has a request_id.
func KeyOf(r interface {
	proto.Message
	GetRequestId() string
}) (RequestKey, error) {
	if r.GetRequestId() == "" {
		return RequestKey{}, nil
	}
	content := proto.Clone(r).ProtoReflect()
	for _, name := range []protoreflect.Name{"request_id", "validate_only"} {
		if field := content.Descriptor().Fields().ByName(name); field != nil {
			content.Clear(field)
		}
	}
	body, err := proto.MarshalOptions{Deterministic: true}.Marshal(content.Interface())
	if err != nil {
		return RequestKey{}, err
	}
	hash := sha256.Sum256(body)
	return RequestKey{ID: r.GetRequestId(), Hash: hex.EncodeToString(hash[:])}, nil
}

// NewID is the id of a new record: a ULID whose bits come from the caller's key,
// so that a repeated call means the same record, or without a key a fresh one.
// scope tells apart what may have the same key: the method and its parent.
func (k RequestKey) NewID(scope string) string {
	if k.ID == "" {
		return ulid.Make().String()
	}
	hash := sha256.Sum256([]byte(scope + "\x00" + k.ID))
	var id ulid.ULID
	copy(id[:], hash[:])
	return id.String()
}

// Repeats tells whether a record that is there already was made by the same
// request: nil if so, otherwise the fault to answer with. what is the record in
// words ("lead"), reason the fault's where no key is involved.
func (k RequestKey) Repeats(stored RequestKey, what, name, reason string) error {
	switch {
	case k.ID != "" && k == stored:
		return nil
	case k.ID != "" && k.ID == stored.ID:
		return fault.New(fault.AlreadyExists, "REQUEST_ID_REUSED", "the request_id was used to create another %s", what).With(what, name)
	}
	return fault.New(fault.AlreadyExists, reason, "%s exists already", name)
}
