package edge

import (
	"net/http"
	"slices"

	"github.com/kehuhq/kehu/pkg/fault"

	"github.com/kehuhq/kehu/services/gateway/internal/exchange"
)

// What pages of other origins may send and see.
const (
	corsMethods = "GET, POST, PUT, PATCH, DELETE"
	corsHeaders = "Authorization, Content-Type, Grpc-Timeout, Idempotency-Key, If-Match, If-None-Match, X-Request-Id"
	corsExposed = "Content-Disposition, ETag, Retry-After, X-Request-Id"
	corsMaxAge  = "7200" // seconds that a browser may remember; the most that Chromium does
)

// Origins are the web origins whose pages may call the API. The others can
// neither read answers nor, by way of their visitors' browsers, change anything.
type Origins struct {
	any     bool
	allowed []string
	guard   *http.CrossOriginProtection
}

// NewOrigins takes origins as browsers send them, e.g. "https://console.example.com";
// "*" is any. The error says which is none.
func NewOrigins(allowed []string) (*Origins, error) {
	o := &Origins{allowed: allowed, guard: http.NewCrossOriginProtection()}
	for _, origin := range allowed {
		if origin == "*" {
			o.any = true
		} else if err := o.guard.AddTrustedOrigin(origin); err != nil {
			return nil, err
		}
	}
	return o, nil
}

// admit adds what a browser wants to know to the header h of the answer. It is
// done where the request was but a question about another one (a preflight).
func (o *Origins) admit(h http.Header, r *http.Request) (done bool, err error) {
	origin := r.Header.Get("Origin")
	if len(o.allowed) > 0 {
		h.Set("Vary", "Origin")
	}
	known := origin != "" && (o.any || slices.Contains(o.allowed, origin))
	if known {
		h.Set("Access-Control-Allow-Origin", origin)
		h.Set("Access-Control-Expose-Headers", corsExposed)
	}
	preflight := r.Method == http.MethodOptions && origin != "" && r.Header.Get("Access-Control-Request-Method") != ""
	if !o.any && (o.guard.Check(r) != nil || preflight && !known) {
		return false, &exchange.Refusal{
			Status: http.StatusForbidden,
			Fault: fault.New(fault.PermissionDenied, "ORIGIN_NOT_ALLOWED",
				"pages of this origin may not call; cors_origins lists those that may"),
		}
	}
	if preflight {
		h.Set("Access-Control-Allow-Methods", corsMethods)
		h.Set("Access-Control-Allow-Headers", corsHeaders)
		h.Set("Access-Control-Max-Age", corsMaxAge)
	}
	return preflight, nil
}
