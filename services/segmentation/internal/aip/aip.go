// Package aip holds what the servers of the rooms share of the API's rules
// (Google's AIPs): resource names, pages, update masks, keys of requests. Its
// faults name the field of the request that is wrong.
package aip

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"

	"go.einride.tech/aip/resourcename"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/fieldmaskpb"

	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/fault"
	"github.com/kehuhq/kehu/pkg/ident"
	"github.com/kehuhq/kehu/pkg/rpc/page"
)

// Name reads the ids of a name that stands in a field. Ids are of resources that are
// named by lower-case letters, digits and '-', but for those of customers.
func Name(field, name, pattern string, ids ...*string) error {
	// The scanner would take "/strategies/x" and full names too.
	prefix, _, _ := strings.Cut(pattern, "{")
	if !strings.HasPrefix(name, prefix) || resourcename.Sscan(name, pattern, ids...) != nil {
		return fault.Invalid(field, "must have the form %s", pattern)
	}
	for _, id := range ids {
		if f := ident.Check(field, *id); f != nil {
			return f
		}
	}
	return nil
}

// Within says in which field of a request a record stands that a fault is about:
// "actions[0].id" becomes "strategy.actions[0].id".
func Within(field string, err error) error {
	f, ok := fault.As(err)
	if !ok || len(f.Violations) == 0 {
		return err
	}
	moved := *f
	moved.Violations = make([]fault.Violation, len(f.Violations))
	for i, v := range f.Violations {
		path := field + "." + v.Field
		moved.Message = strings.Replace(moved.Message, v.Field+": ", path+": ", 1)
		moved.Violations[i] = fault.Violation{Field: path, Description: v.Description}
	}
	return &moved
}

// Place is where the page asked for begins, nil for the first, and its size.
func Place(r page.Request) (*docstore.Position, int, error) {
	token, size, err := page.Of(r)
	if err != nil || token == (page.Token{}) {
		return nil, size, err
	}
	return &token.Position, size, nil
}

// NextToken is the token of the page behind this one, empty at the end.
func NextToken(next *docstore.Position, r page.Request) (string, error) {
	if next == nil {
		return "", nil
	}
	return page.Token{Position: *next}.Encode(r)
}

// Fields are the fields that an update changes, of those that can be changed:
// all for "*", those that are set for no mask. Fields are changed as a whole.
func Fields(mask *fieldmaskpb.FieldMask, given proto.Message, changeable []string) ([]string, error) {
	paths := mask.GetPaths()
	if len(paths) == 0 {
		var set []string
		given.ProtoReflect().Range(func(field protoreflect.FieldDescriptor, _ protoreflect.Value) bool {
			if slices.Contains(changeable, string(field.Name())) {
				set = append(set, string(field.Name()))
			}
			return true
		})
		return set, nil
	}
	if slices.Equal(paths, []string{"*"}) {
		return changeable, nil
	}
	for _, path := range paths {
		if !slices.Contains(changeable, path) {
			return nil, fault.Invalid("update_mask", "must name only fields that can be changed (%s), each as a whole, not %.80q",
				strings.Join(changeable, ", "), path)
		}
	}
	return paths, nil
}

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

// Again tells what to answer to a creation of what is there already: nil where it is
// the same call again, otherwise the fault exists or REQUEST_ID_REUSED.
func (k RequestKey) Again(stored RequestKey, exists *fault.Fault) error {
	switch {
	case k.ID == "" || k.ID != stored.ID:
		return exists
	case k != stored:
		return fault.New(fault.AlreadyExists, "REQUEST_ID_REUSED", "request_id: was used with another request; take a new one")
	}
	return nil
}
