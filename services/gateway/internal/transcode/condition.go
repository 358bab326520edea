package transcode

import (
	"context"
	"net/http"
	"strings"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/kehuhq/kehu/pkg/fault"

	"github.com/kehuhq/kehu/services/gateway/internal/binding"
	"github.com/kehuhq/kehu/services/gateway/internal/exchange"
)

const wantedTag = `must be an ETag as it was received, e.g. "12" with its quotes, or *`

// readConditions reads If-Match and If-None-Match.
func (c *call) readConditions(h http.Header) error {
	if len(h["If-Match"]) > 0 {
		c.ifMatch = strings.TrimSpace(h.Get("If-Match"))
		if c.ifMatch != "*" && !isStrongTag(c.ifMatch) {
			return fault.Invalid("If-Match", wantedTag)
		}
		if c.binding.Etag == binding.Nowhere {
			return fault.Invalid("If-Match", "this method takes no such header")
		}
	}
	if len(h["If-None-Match"]) == 0 {
		return nil
	}
	if c.request.Method != http.MethodGet {
		return fault.Invalid("If-None-Match", "is for GET only")
	}
	for list := range strings.SplitSeq(strings.Join(h["If-None-Match"], ","), ",") {
		tag := strings.TrimPrefix(strings.TrimSpace(list), "W/")
		if tag != "*" && !isStrongTag(tag) {
			return fault.Invalid("If-None-Match", wantedTag)
		}
		c.ifNoneMatch = append(c.ifNoneMatch, tag)
	}
	return nil
}

// isStrongTag tells an entity tag of RFC 9110 that is not weak. Those with a
// comma, which the RFC allows, are none of ours.
func isStrongTag(text string) bool {
	if len(text) < 2 || text[0] != '"' || text[len(text)-1] != '"' {
		return false
	}
	return strings.IndexFunc(text[1:len(text)-1], func(r rune) bool { return r <= ' ' || r == '"' || r == ',' || r > '~' }) < 0
}

// condition gives the answer the ETag of its resource, and answers 304 where the
// caller has it already.
func (c *call) condition(w http.ResponseWriter, answer proto.Message) {
	tag := etagOf(answer)
	if tag == "" {
		w.Header().Set("Cache-Control", "no-store")
		return
	}
	w.Header().Set("Etag", tag)
	w.Header().Set("Cache-Control", "private, no-cache")
	for _, known := range c.ifNoneMatch {
		if known == tag || known == "*" {
			w.Header().Del("Content-Type")
			w.WriteHeader(http.StatusNotModified) // the body is dropped by net/http
			return
		}
	}
}

func etagOf(answer proto.Message) string {
	message := answer.ProtoReflect()
	field := message.Descriptor().Fields().ByName("etag")
	if field == nil || field.Kind() != protoreflect.StringKind {
		return ""
	}
	if tag := message.Get(field).String(); isStrongTag(tag) {
		return tag
	}
	return ""
}

// asPrecondition answers 412 where it was If-Match that failed.
func asPrecondition(ctx context.Context, err error) error {
	c := callFrom(ctx)
	if f, ok := fault.As(err); ok && c != nil && c.ifMatch != "" && f.Reason == "ETAG_MISMATCH" {
		return &exchange.Refusal{Status: http.StatusPreconditionFailed, Fault: f}
	}
	return err
}
