package e2e

import (
	"net/http"
	"slices"
	"strings"
	"testing"
)

// TestEveryPathOfTheDescriptionIsServed calls each method of each path of the
// OpenAPI document without anything it would need: whatever the answer, there
// must be somebody to give it.
func TestEveryPathOfTheDescriptionIsServed(t *testing.T) {
	s := start(t, "kehu", "serve", "--data", t.TempDir(), "--http", "127.0.0.1:0", "--grpc", "127.0.0.1:0")
	api := client{t, "http://" + s.addresses["http"]}
	paths, _ := api.get("/openapi.json").at("paths").(map[string]any)
	called := 0
	for path, methods := range paths {
		concrete := path
		for {
			begin := strings.IndexByte(concrete, '{')
			if begin < 0 {
				break
			}
			end := begin + strings.IndexByte(concrete[begin:], '}')
			concrete = concrete[:begin] + "x" + concrete[end+1:]
		}
		of, _ := methods.(map[string]any)
		for name := range of {
			method := strings.ToUpper(name)
			if !slices.Contains([]string{"GET", "POST", "PATCH", "PUT", "DELETE"}, method) || strings.Contains(path, ":watch") {
				continue
			}
			var body any
			if method != http.MethodGet && method != http.MethodDelete {
				body = map[string]any{}
			}
			r := api.do(method, concrete, body)
			called++
			if reason := r.str("reason"); reason == "ROUTE_NOT_FOUND" || reason == "METHOD_NOT_ALLOWED" || r.status == http.StatusNotImplemented {
				t.Errorf("%s %s: %d %s: the gateway or the service has not registered it", method, path, r.status, reason)
			}
			if r.status >= http.StatusInternalServerError && r.status != http.StatusNotImplemented {
				t.Errorf("%s %s: %d %s", method, path, r.status, r.text)
			}
		}
	}
	if called < 60 {
		t.Errorf("only %d were called", called)
	}
}
