package economics

import (
	"crypto/sha256"

	"github.com/oklog/ulid/v2"

	"github.com/kehuhq/kehu/pkg/fault"
	"github.com/kehuhq/kehu/pkg/rpc/aip"
)

// newID is the id of a new line: the same for the same key.
func newID(k aip.RequestKey) string {
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
func repeats(k aip.RequestKey, existing *line) error {
	switch {
	case k.ID != "" && k == existing.Request:
		return nil
	case k.ID != "" && k.ID == existing.Request.ID:
		return fault.New(fault.AlreadyExists, "REQUEST_ID_REUSED", "the request_id was used to create another line").With("line", existing.name())
	}
	return fault.New(fault.AlreadyExists, "ECONOMIC_LINE_EXISTS", "%s exists already", existing.name())
}
