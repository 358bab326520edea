// Package segment takes events in as Segment's SDKs send them, and hands them to
// the profile service.
//
// What a batch holds is judged message by message: one that is wrong does not
// cost the others. Fields that nobody knows are kept. A body that is no JSON at
// all, or too large, is refused whole.
package segment

import (
	"encoding/base64"
	"net/http"
	"strings"
	"time"

	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"
	"github.com/kehuhq/kehu/pkg/fault"

	"github.com/kehuhq/kehu/services/gateway/internal/exchange"
)

// Limits bound what a request can ask for.
type Limits struct {
	MaxBody int64         // bytes, packed and unpacked
	Timeout time.Duration // of the whole request to the service
}

// Most messages in a batch, and bytes of JSON in one of them.
const (
	maxMessages = 2500
	maxMessage  = 32 << 10
)

// Intake answers the endpoints. Each request must belong to an exchange.
type Intake struct {
	limits Limits
	events profilev1.EventServiceClient
}

// New makes an intake.
func New(limits Limits, events profilev1.EventServiceClient) *Intake {
	return &Intake{limits, events}
}

// Handlers are the endpoints by their paths, all of them for POST: those of the
// HTTP API, and the short ones that the SDKs for browsers use.
func (in *Intake) Handlers() map[string]http.Handler {
	handlers := map[string]http.Handler{}
	for _, kind := range []string{"identify", "track", "page", "screen", "group", "alias"} {
		one := in.handler(func(b body) ([]message, error) { return b.single(kind) })
		handlers["/v1/"+kind], handlers["/v1/"+kind[:1]] = one, one
	}
	batch := in.handler(body.batch)
	handlers["/v1/batch"], handlers["/v1/import"], handlers["/v1/b"] = batch, batch, batch
	return handlers
}

func (in *Intake) handler(messages func(body) ([]message, error)) http.Handler {
	return http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		x := exchange.From(r.Context())
		x.Route = r.URL.Path
		if err := in.serve(x, r, messages); err != nil {
			x.Fail(err)
		}
	})
}

func (in *Intake) serve(x *exchange.Exchange, r *http.Request, messages func(body) ([]message, error)) error {
	key, err := writeKey(r.Header)
	if err != nil {
		return err
	}
	text, err := in.read(x, r)
	if err != nil {
		return err
	}
	b, err := parse(text)
	if err != nil {
		return err
	}
	if key == "" {
		key = b.text("writeKey")
	}
	given, err := messages(b)
	if err != nil {
		return err
	}
	statuses, err := in.send(r.Context(), x.ID, given, key)
	if err != nil {
		return err
	}
	return answer(x, statuses)
}

// writeKey is the key that an SDK sends as the user of basic authentication. It
// names the source and proves nothing.
func writeKey(h http.Header) (string, error) {
	refuse := func(description string) error { return fault.Invalid("Authorization", "%s", description) }
	given := h["Authorization"]
	if len(given) > 1 {
		f := fault.Invalid("Authorization", "the header must be given once")
		f.Reason = "DUPLICATE_HEADER"
		return "", f
	}
	scheme, credentials, _ := strings.Cut(h.Get("Authorization"), " ")
	if len(given) == 0 || !strings.EqualFold(scheme, "basic") {
		return "", nil
	}
	text, err := base64.StdEncoding.DecodeString(strings.TrimSpace(credentials))
	if err != nil {
		return "", refuse("must be base64 of the write key and a colon")
	}
	key, _, _ := strings.Cut(string(text), ":")
	return key, nil
}
