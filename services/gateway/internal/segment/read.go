package segment

import (
	"bytes"
	"compress/gzip"
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

// read reads the body, unpacking it where it is packed. What is longer than the
// limit is refused, and never unpacked further.
func (in *Intake) read(x *exchange.Exchange, r *http.Request) ([]byte, error) {
	packed, err := encoding(r.Header)
	if err != nil {
		return nil, err
	}
	if err := checkMediaType(r.Header); err != nil {
		return nil, err
	}
	if r.ContentLength > in.limits.MaxBody {
		return nil, in.tooLarge()
	}
	var source io.Reader = x.Limit(r.Body, in.limits.MaxBody)
	if packed {
		unpacked, err := gzip.NewReader(source)
		if err != nil {
			return nil, in.broken(err)
		}
		source = unpacked
	}
	var text bytes.Buffer
	if _, err := text.ReadFrom(io.LimitReader(source, in.limits.MaxBody+1)); err != nil {
		return nil, in.broken(err)
	}
	if int64(text.Len()) > in.limits.MaxBody {
		return nil, in.tooLarge()
	}
	x.SetReadDeadline(time.Time{})
	return text.Bytes(), nil
}

func (in *Intake) broken(err error) error {
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		return in.tooLarge()
	case errors.Is(err, os.ErrDeadlineExceeded):
		return closing(http.StatusRequestTimeout, fault.New(fault.DeadlineExceeded, "BODY_TIMEOUT", "the body did not arrive in time"))
	}
	return closing(http.StatusBadRequest, fault.New(fault.InvalidArgument, "BODY_INCOMPLETE",
		"the body ended early or is not encoded as the headers say").Because(err))
}

func (in *Intake) tooLarge() error {
	return closing(http.StatusRequestEntityTooLarge, fault.New(fault.InvalidArgument, "BODY_TOO_LARGE",
		"the body must be at most %s, unpacked as well", config.Bytes(in.limits.MaxBody)))
}

// closing is a refusal after which there may be more of the body on the
// connection.
func closing(status int, f *fault.Fault) error {
	return &exchange.Refusal{Status: status, Fault: f, Header: http.Header{"Connection": {"close"}}}
}

// encoding reports whether the body is packed with gzip, the only way taken.
func encoding(h http.Header) (packed bool, err error) {
	switch given := strings.ToLower(strings.Join(h["Content-Encoding"], ",")); given {
	case "", "identity":
		return false, nil
	case "gzip":
		return true, nil
	}
	f := fault.Invalid("Content-Encoding", "must be gzip, or absent")
	f.Reason = "UNSUPPORTED_ENCODING"
	return false, &exchange.Refusal{Status: http.StatusUnsupportedMediaType, Fault: f, Header: http.Header{
		"Accept-Encoding": {"gzip"}, "Connection": {"close"},
	}}
}

// checkMediaType requires JSON in UTF-8. The SDKs for browsers call it plain text,
// so that the browser asks no permission first; the origin is checked all the same.
func checkMediaType(h http.Header) error {
	media, parameters, err := mime.ParseMediaType(h.Get("Content-Type"))
	charset := parameters["charset"]
	known := media == "application/json" || media == "text/plain"
	if err == nil && known && len(h["Content-Type"]) == 1 && (charset == "" || strings.EqualFold(charset, "utf-8")) {
		return nil
	}
	f := fault.Invalid("Content-Type", "must be application/json or text/plain, in UTF-8")
	f.Reason = "UNSUPPORTED_MEDIA_TYPE"
	return closing(http.StatusUnsupportedMediaType, f)
}
