package operation

import (
	"context"
	"crypto/sha256"
	"encoding/base32"
	"encoding/binary"
	"errors"
	"regexp"
	"strings"

	"cloud.google.com/go/longrunning/autogen/longrunningpb"
	"github.com/oklog/ulid/v2"
	"google.golang.org/protobuf/proto"

	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/fault"
)

// Start says what operation to start.
type Start struct {
	// ID is the last segment of the name. Without it, it is derived from Caller and
	// RequestID; without those either, it is a new ULID.
	ID string
	// RequestID makes the start idempotent: the same one by the same caller is the
	// same operation for as long as that can be read.
	RequestID string
	Caller    string
	// Request is of the kind's request type. It is kept until the operation expires.
	Request proto.Message
}

var idPattern = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$`)

const maxRequestID = 255 // bytes

// Start writes the operation, which a worker then claims, and returns it. Where an
// operation of that id is there already, it is returned if it is of the same kind
// and request; otherwise the error is a fault AlreadyExists.
func (m *Manager) Start(ctx context.Context, kindName string, s Start) (*longrunningpb.Operation, error) {
	r, err := m.newRecord(kindName, s)
	if err != nil {
		return nil, err
	}
	for {
		stored, err := m.insertOrGet(ctx, r)
		switch {
		case errors.Is(err, docstore.ErrNotFound): // deleted between the two
			continue
		case errors.Is(err, docstore.ErrTooLarge):
			return nil, fault.New(fault.InvalidArgument, "REQUEST_TOO_LARGE", "the request exceeds what an operation can keep, 16 MiB").Because(err)
		case err != nil:
			return nil, err
		}
		if err := m.sameStart(stored, kindName, s); err != nil {
			return nil, err
		}
		m.wakeUp()
		return m.message(stored)
	}
}

func (m *Manager) newRecord(kindName string, s Start) (*record, error) {
	k := m.kind(kindName)
	switch {
	case k == nil:
		return nil, fault.New(fault.Internal, "OPERATION_KIND_UNKNOWN", "operation kind %q is not registered", kindName)
	case s.Request == nil || s.Request.ProtoReflect().Descriptor().FullName() != k.requestName:
		return nil, fault.New(fault.Internal, "OPERATION_REQUEST_TYPE", "operation kind %q takes a %s", kindName, k.requestName)
	case s.ID != "" && !idPattern.MatchString(s.ID):
		return nil, fault.Invalid("operation_id", "must be 1 to 63 letters, digits, '.', '_' or '-', and begin with a letter or digit")
	case len(s.RequestID) > maxRequestID:
		return nil, fault.Invalid("request_id", "must be at most %d bytes, better a UUID", maxRequestID)
	}
	request, err := proto.Marshal(s.Request)
	if err != nil {
		return nil, fault.Invalid("request", "cannot be encoded").Because(err)
	}
	now := m.now()
	r := &record{Kind: kindName, Request: request, CreateTime: now, DueAt: now}
	switch {
	case s.ID != "":
		r.ID = s.ID
	case s.RequestID != "":
		r.ID = derivedID(kindName, s.Caller, s.RequestID)
	default:
		r.ID = ulid.Make().String()
	}
	return r, nil
}

// derivedID is a hash of its parts, each led by its length so that no two lists of
// parts run together.
func derivedID(parts ...string) string {
	var b []byte
	for _, p := range parts {
		b = binary.AppendUvarint(b, uint64(len(p)))
		b = append(b, p...)
	}
	sum := sha256.Sum256(b)
	return strings.ToLower(base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(sum[:20]))
}

// insertOrGet returns what is stored under the record's id in the end.
func (m *Manager) insertOrGet(ctx context.Context, r *record) (*record, error) {
	fresh := *r
	err := m.records.Insert(ctx, &fresh)
	if errors.Is(err, docstore.ErrConflict) {
		return m.records.Get(ctx, r.ID)
	}
	return &fresh, err
}

func (m *Manager) sameStart(stored *record, kindName string, s Start) error {
	if stored.Kind == kindName {
		request := s.Request.ProtoReflect().New().Interface()
		if err := proto.Unmarshal(stored.Request, request); err != nil {
			return fault.New(fault.Internal, "OPERATION_CORRUPT", "operation %s: stored request cannot be read", stored.ID).Because(err)
		}
		if proto.Equal(request, s.Request) {
			return nil
		}
	}
	if s.ID == "" {
		return fault.New(fault.AlreadyExists, "REQUEST_ID_REUSED", "request_id: was used with another request; take a new one").
			With("operation", m.name(stored.ID))
	}
	return fault.New(fault.AlreadyExists, "OPERATION_EXISTS", "%s exists with another request", m.name(stored.ID)).
		With("operation", m.name(stored.ID))
}

// wakeUp makes this process look for work at once.
func (m *Manager) wakeUp() {
	select {
	case m.wake <- struct{}{}:
	default:
	}
}
