// Package page makes the page tokens of List methods (AIP-158). A token says
// where the next page begins, and is bound to the request it was made for: its
// filter, order, parent and all else but page_token and page_size.
package page

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"fmt"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/fault"
)

// Page sizes, in results.
const (
	DefaultSize = 50
	MaxSize     = 1000
)

const (
	formatVersion = 1
	sumLength     = 12
	maxToken      = 64 << 10 // no position is near as long
)

// Token is a place in a list.
type Token struct {
	Position docstore.Position
	// Generation is the one the list is read from, so that its pages agree
	// with each other; 0 where the list has none.
	Generation uint64
}

// Request is a List request.
type Request interface {
	proto.Message
	GetPageSize() int32
	GetPageToken() string
}

// Of reads page size and token of a request. The first page has the zero Token.
// Errors are faults that name page_size or page_token.
func Of(request Request) (Token, int, error) {
	size, err := Size(request.GetPageSize())
	if err != nil {
		return Token{}, 0, err
	}
	token, err := Decode(request.GetPageToken(), request)
	return token, size, err
}

// Size is the number of results to return: 0 asks for DefaultSize, more than
// MaxSize gives MaxSize, and a negative size is a fault.
func Size(asked int32) (int, error) {
	switch {
	case asked < 0:
		return 0, fault.Invalid("page_size", "must not be negative; 0 asks for the default of %d", DefaultSize)
	case asked == 0:
		return DefaultSize, nil
	default:
		return min(int(asked), MaxSize), nil
	}
}

// Encode writes the token for the next page of request.
func (t Token) Encode(request proto.Message) (string, error) {
	payload := []byte{formatVersion}
	payload = binary.AppendUvarint(payload, t.Generation)
	payload = binary.AppendUvarint(payload, uint64(len(t.Position.Key)))
	payload = append(payload, t.Position.Key...)
	payload = append(payload, t.Position.ID...)
	sum, err := checksum(payload, request)
	if err != nil {
		return "", err
	}
	return base64.RawURLEncoding.EncodeToString(append(payload, sum...)), nil
}

// Decode reads a token that Encode made for the same request; the empty token
// is the zero Token. Any other is a fault InvalidArgument PAGE_TOKEN_INVALID
// that names page_token.
//
// The checksum tells a mistake from a token; it is no signature. A token
// reaches nothing that its request could not, for permissions are checked on
// the request.
func Decode(token string, request proto.Message) (Token, error) {
	if token == "" {
		return Token{}, nil
	}
	if len(token) > maxToken {
		return Token{}, invalid("is too long to be one of ours")
	}
	raw, err := base64.RawURLEncoding.Strict().DecodeString(token)
	if err != nil || len(raw) <= sumLength || raw[0] != formatVersion {
		return Token{}, invalid("is not a token this server made")
	}
	payload, sum := raw[:len(raw)-sumLength], raw[len(raw)-sumLength:]
	want, err := checksum(payload, request)
	if err != nil {
		return Token{}, err
	}
	if !bytes.Equal(sum, want) {
		return Token{}, invalid("belongs to another request; send the same filter, order and parent as for the first page, or start again without a token")
	}
	return parse(payload[1:])
}

func parse(rest []byte) (Token, error) {
	generation, n := binary.Uvarint(rest)
	if n <= 0 {
		return Token{}, invalid("is not a token this server made")
	}
	rest = rest[n:]
	keyLength, n := binary.Uvarint(rest)
	if n <= 0 || keyLength > uint64(len(rest)-n) {
		return Token{}, invalid("is not a token this server made")
	}
	key, id := rest[n:n+int(keyLength)], rest[n+int(keyLength):]
	return Token{Position: docstore.Position{Key: string(key), ID: string(id)}, Generation: generation}, nil
}

func invalid(description string) *fault.Fault {
	f := fault.Invalid("page_token", "%s", description)
	f.Reason = "PAGE_TOKEN_INVALID"
	return f
}

// checksum covers the payload and all of the request that a next page must
// have in common with this one.
func checksum(payload []byte, request proto.Message) ([]byte, error) {
	fixed := proto.Clone(request).ProtoReflect()
	for _, name := range []protoreflect.Name{"page_token", "page_size"} {
		if field := fixed.Descriptor().Fields().ByName(name); field != nil {
			fixed.Clear(field)
		}
	}
	body, err := proto.MarshalOptions{Deterministic: true}.Marshal(fixed.Interface())
	if err != nil {
		return nil, fmt.Errorf("page token: %w", err)
	}
	h := sha256.New()
	fmt.Fprintf(h, "%s %d ", fixed.Descriptor().FullName(), len(payload))
	h.Write(payload)
	h.Write(body)
	return h.Sum(nil)[:sumLength], nil
}
