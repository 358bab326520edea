package economics

import (
	"crypto/sha256"
	"encoding/hex"

	"github.com/oklog/ulid/v2"
	"google.golang.org/protobuf/proto"

	valuationv1 "github.com/kehuhq/kehu/gen/kehu/valuation/v1"
	"github.com/kehuhq/kehu/pkg/fault"
)

// requestKey recognises a repeated call: the caller's key, and a hash of what was
// asked. The zero value is of a call without a key.
type requestKey struct {
	ID   string `bson:"id"`
	Hash string `bson:"hash"`
}

func keyOf(r *valuationv1.CreateEconomicLineRequest) (requestKey, error) {
	if r.GetRequestId() == "" {
		return requestKey{}, nil
	}
	content := proto.CloneOf(r)
	content.RequestId, content.ValidateOnly = "", false
	body, err := proto.MarshalOptions{Deterministic: true}.Marshal(content)
	if err != nil {
		return requestKey{}, err
	}
	hash := sha256.Sum256(body)
	return requestKey{ID: r.GetRequestId(), Hash: hex.EncodeToString(hash[:])}, nil
}

// newID is the id of a new line: the same for the same key.
func (k requestKey) newID() string {
	if k.ID == "" {
		return ulid.Make().String()
	}
	hash := sha256.Sum256([]byte("CreateEconomicLine\x00" + k.ID))
	var id ulid.ULID
	copy(id[:], hash[:])
	return id.String()
}

// repeats is nil where a line that is there was made by the same request, and
// otherwise the fault to answer with.
func (k requestKey) repeats(existing *line) error {
	switch {
	case k.ID != "" && k == existing.Request:
		return nil
	case k.ID != "" && k.ID == existing.Request.ID:
		return fault.New(fault.AlreadyExists, "REQUEST_ID_REUSED", "the request_id was used to create another line").With("line", existing.name())
	}
	return fault.New(fault.AlreadyExists, "ECONOMIC_LINE_EXISTS", "%s exists already", existing.name())
}
