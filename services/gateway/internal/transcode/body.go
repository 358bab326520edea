package transcode

import (
	"bytes"
	"errors"
	"io"
	"mime"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/kehuhq/kehu/pkg/config"
	"github.com/kehuhq/kehu/pkg/fault"

	"github.com/kehuhq/kehu/services/gateway/internal/exchange"
)

// readBody reads the body whole. What is too long is refused before it is read,
// or where the length is not told, as soon as it is known.
func (t *Transcoder) readBody(c *call) error {
	r := c.request
	if r.ContentLength == 0 {
		return nil
	}
	if c.binding.Body == nil {
		return c.noBody()
	}
	if err := checkMediaType(r.Header); err != nil {
		return err
	}
	if r.ContentLength > t.limits.MaxBody {
		return t.tooLarge()
	}
	var body bytes.Buffer
	if r.ContentLength > 0 {
		body.Grow(int(r.ContentLength) + bytes.MinRead)
	}
	_, err := body.ReadFrom(c.x.Limit(r.Body, t.limits.MaxBody))
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		return t.tooLarge()
	case errors.Is(err, os.ErrDeadlineExceeded):
		return closing(http.StatusRequestTimeout, fault.New(fault.DeadlineExceeded, "BODY_TIMEOUT",
			"the body did not arrive in time"))
	case err != nil:
		return closing(http.StatusBadRequest, fault.New(fault.InvalidArgument, "BODY_INCOMPLETE",
			"the body ended early or is not encoded as the headers say").Because(err))
	}
	c.x.SetReadDeadline(time.Time{})
	c.body = body.Bytes()
	return nil
}

func (t *Transcoder) tooLarge() error {
	return closing(http.StatusRequestEntityTooLarge, fault.New(fault.InvalidArgument, "BODY_TOO_LARGE",
		"the body must be at most %s", config.Bytes(t.limits.MaxBody)))
}

// closing is a refusal after which the connection is of no more use, for there
// may be more of the body on it.
func closing(status int, f *fault.Fault) error {
	return &exchange.Refusal{Status: status, Fault: f, Header: http.Header{"Connection": {"close"}}}
}

// noBody refuses bodies where no one would read them.
func (c *call) noBody() error {
	if _, err := io.ReadFull(c.request.Body, make([]byte, 1)); errors.Is(err, io.EOF) {
		c.x.SetReadDeadline(time.Time{})
		return nil // said to be chunked, and empty
	}
	return closing(http.StatusBadRequest, fault.New(fault.InvalidArgument, "BODY_NOT_ALLOWED", "%s takes no body", c.binding.Method))
}

// checkMediaType requires plain JSON in UTF-8. Compressed bodies are refused:
// their size is not known before they are unpacked.
func checkMediaType(h http.Header) error {
	refuse := func(reason, header, description string) error {
		f := fault.Invalid(header, "%s", description)
		f.Reason = reason
		return &exchange.Refusal{Status: http.StatusUnsupportedMediaType, Fault: f, Header: http.Header{
			"Accept-Encoding": {"identity"}, "Connection": {"close"},
		}}
	}
	for _, encoding := range h["Content-Encoding"] {
		if !strings.EqualFold(encoding, "identity") {
			return refuse("UNSUPPORTED_ENCODING", "Content-Encoding", "must be absent: bodies are taken uncompressed")
		}
	}
	media, parameters, err := mime.ParseMediaType(h.Get("Content-Type"))
	charset := parameters["charset"]
	if err != nil || media != "application/json" || charset != "" && !strings.EqualFold(charset, "utf-8") {
		return refuse("UNSUPPORTED_MEDIA_TYPE", "Content-Type", "must be application/json, in UTF-8")
	}
	return nil
}
