package transcode

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/kehuhq/kehu/pkg/fault"

	"github.com/kehuhq/kehu/services/gateway/internal/binding"
	"github.com/kehuhq/kehu/services/gateway/internal/strictjson"
)

// admit holds the request against its RPC, the cheap checks first, and returns
// the time that the RPC has; 0 is no limit.
func (t *Transcoder) admit(c *call) (timeout time.Duration, err error) {
	h := c.request.Header
	if err := onlyOnce(h); err != nil {
		return 0, err
	}
	if timeout, err = t.timeout(h, c.binding); err != nil {
		return 0, err
	}
	if c.query, err = c.binding.Query(c.request.URL.RawQuery); err != nil {
		return 0, err
	}
	if err := c.readConditions(h); err != nil {
		return 0, err
	}
	key, err := idempotencyKey(h)
	if err != nil {
		return 0, err
	}
	if err := t.readBody(c); err != nil {
		return 0, err
	}
	if err := c.checkBody(); err != nil {
		return 0, err
	}
	if c.ifMatch != "" {
		if err := c.put(c.binding.Etag, "etag", c.ifMatch, "If-Match"); err != nil {
			return 0, err
		}
	}
	if key != "" && c.binding.RequestID != binding.Nowhere {
		if err := c.put(c.binding.RequestID, "request_id", key, "Idempotency-Key"); err != nil {
			return 0, err
		}
	}
	if c.binding.Mask && len(c.query["update_mask"]) == 0 {
		c.query["update_mask"] = []string{c.binding.MaskOf(c.found.Fields)}
	}
	return timeout, nil
}

// checkBody holds the body against its type, and against what the path says.
func (c *call) checkBody() (err error) {
	b := c.binding
	if b.Body == nil || len(c.body) == 0 && b.BodyField == "" {
		return nil // the path may have said it all
	}
	if len(c.body) == 0 {
		f := fault.Invalid(b.BodyField, "must be given as a JSON object in the body")
		f.Reason = "BODY_MISSING"
		return f
	}
	wanted := []string{"etag", "request_id"}
	for field := range c.path {
		if inBody, ok := b.Captured(field); ok {
			wanted = append(wanted, inBody)
		}
	}
	if c.found, err = strictjson.Check(c.body, b.Body, b.BodyField, wanted...); err != nil {
		return err
	}
	for field, inPath := range c.path {
		inBody, _ := b.Captured(field)
		if given := c.found.Strings[inBody]; given != "" && given != inPath {
			return fault.Invalid(field, "must be as in the path, %q, or be left out", inPath)
		}
	}
	return nil
}

// put sets a field of the request for which a header stands.
func (c *call) put(place binding.Place, field, value, header string) error {
	contradiction := fault.Invalid(field, "must agree with the header %s, or be left out", header)
	switch place {
	case binding.InQuery:
		if given := c.query[field]; len(given) > 0 && given[0] != value {
			return contradiction
		}
		c.query[field] = []string{value}
	case binding.InBody:
		if slices.Contains(c.found.Fields, field) {
			if c.found.Strings[field] != value {
				return contradiction
			}
			return nil
		}
		c.insert(field, value)
	default:
		return fault.Invalid(header, "this method takes no such header")
	}
	return nil
}

// insert puts a field in front of the others of the body, which is known to be
// an object, or empty.
func (c *call) insert(field, value string) {
	var body bytes.Buffer
	text, _ := json.Marshal(map[string]string{field: value}) // {"field":"value"}; texts always encode
	body.Write(text[:len(text)-1])
	rest := []byte("}")
	if at := bytes.IndexByte(c.body, '{'); at >= 0 {
		rest = c.body[at+1:]
	}
	if len(c.found.Fields) > 0 {
		body.WriteByte(',')
	}
	body.Write(rest)
	c.body = body.Bytes()
	c.found.Fields = append(c.found.Fields, field)
}

// outgoing is the request as the generated handler gets it.
func (c *call) outgoing(ctx context.Context, accept string) *http.Request {
	r := c.request.WithContext(ctx)
	r.Host = "" // a caller can write anything there
	r.Header = http.Header{}
	if accept != "" {
		r.Header.Set("Accept", accept)
	}
	if credentials := c.request.Header.Values("Authorization"); len(credentials) > 0 {
		r.Header["Authorization"] = credentials
	}
	address := *c.request.URL
	address.RawQuery = url.Values(c.query).Encode()
	r.URL = &address
	r.Form = nil
	r.Body = io.NopCloser(bytes.NewReader(c.body))
	r.ContentLength = int64(len(c.body))
	return r
}
