package transcode

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/kehuhq/kehu/pkg/fault"

	"github.com/kehuhq/kehu/services/gateway/internal/binding"
)

// maxKey is the longest Idempotency-Key, as the protos have request_id.
const maxKey = 128

// onlyOnce refuses headers that are given twice: which one counts would depend
// on who reads them.
func onlyOnce(h http.Header) error {
	for _, name := range []string{"Authorization", "Content-Type", "Grpc-Timeout", "Idempotency-Key", "If-Match"} {
		if len(h[name]) > 1 {
			f := fault.Invalid(name, "the header must be given once")
			f.Reason = "DUPLICATE_HEADER"
			return f
		}
	}
	return nil
}

var timeoutUnits = map[byte]time.Duration{
	'H': time.Hour, 'M': time.Minute, 'S': time.Second,
	'm': time.Millisecond, 'u': time.Microsecond, 'n': time.Nanosecond,
}

// timeout is the time an RPC has: the caller's, or else the usual for RPCs with
// one answer and none for streams.
func (t *Transcoder) timeout(h http.Header, b *binding.Binding) (time.Duration, error) {
	text := h.Get("Grpc-Timeout")
	if text == "" {
		if b.Answer == binding.OneMessage {
			return t.limits.DefaultTimeout, nil
		}
		return 0, nil
	}
	digits := text[:len(text)-1]
	n, err := strconv.ParseUint(digits, 10, 64)
	unit := timeoutUnits[text[len(text)-1]]
	switch {
	case err != nil || len(digits) > 8 || unit == 0:
		return 0, fault.Invalid("Grpc-Timeout", "must be up to 8 digits and a unit: H, M, S, m (milliseconds), u or n, e.g. 10S")
	case n == 0:
		return 0, fault.Invalid("Grpc-Timeout", "must be above 0")
	case n > uint64(t.limits.MaxTimeout/unit):
		return 0, fault.Invalid("Grpc-Timeout", "must be at most %s", t.limits.MaxTimeout)
	}
	return time.Duration(n) * unit, nil
}

// idempotencyKey is the key without the quotes that the header may have.
func idempotencyKey(h http.Header) (string, error) {
	if len(h["Idempotency-Key"]) == 0 {
		return "", nil
	}
	key := h.Get("Idempotency-Key")
	if len(key) >= 2 && key[0] == '"' && key[len(key)-1] == '"' {
		key = key[1 : len(key)-1]
	}
	visible := strings.IndexFunc(key, func(r rune) bool { return r <= ' ' || r > '~' }) < 0
	if key == "" || len(key) > maxKey || !visible {
		return "", fault.Invalid("Idempotency-Key", "must be 1 to %d visible ASCII characters, e.g. a UUID", maxKey)
	}
	return key, nil
}
