package e2e

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"
)

// client calls the JSON API.
type client struct {
	t   testing.TB
	url string
}

// reply is an answer with its body decoded.
type reply struct {
	t      testing.TB
	what   string
	status int
	header http.Header
	text   string
	body   map[string]any
}

func (c client) do(method, path string, body any, headers ...string) reply {
	c.t.Helper()
	var content io.Reader
	if body != nil {
		encoded, err := json.Marshal(body)
		if err != nil {
			c.t.Fatal(err)
		}
		content = bytes.NewReader(encoded)
	}
	request, err := http.NewRequestWithContext(c.t.Context(), method, c.url+path, content)
	if err != nil {
		c.t.Fatal(err)
	}
	if body != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i+1 < len(headers); i += 2 {
		request.Header.Set(headers[i], headers[i+1])
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		c.t.Fatalf("%s %s: %v", method, path, err)
	}
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		c.t.Fatal(err)
	}
	r := reply{t: c.t, what: method + " " + path, status: response.StatusCode, header: response.Header, text: string(text)}
	_ = json.Unmarshal(text, &r.body)
	return r
}

func (c client) get(path string) reply { c.t.Helper(); return c.do("GET", path, nil).ok() }
func (c client) post(path string, body any) reply {
	c.t.Helper()
	return c.do("POST", path, body).ok()
}

// ok fails the test unless the call succeeded.
func (r reply) ok() reply {
	r.t.Helper()
	if r.status != http.StatusOK {
		r.t.Fatalf("%s: %d %s", r.what, r.status, r.text)
	}
	return r
}

// refused fails the test unless the call was refused with status and reason.
func (r reply) refused(status int, reason string) reply {
	r.t.Helper()
	if r.status != status || r.str("reason") != reason {
		r.t.Fatalf("%s: %d %s, want %d %s", r.what, r.status, r.text, status, reason)
	}
	if got := r.header.Get("Content-Type"); !strings.HasPrefix(got, "application/problem+json") {
		r.t.Errorf("%s: content type %q", r.what, got)
	}
	return r
}

// at follows keys into the body.
func (r reply) at(keys ...string) any {
	var v any = r.body
	for _, key := range keys {
		m, _ := v.(map[string]any)
		v = m[key]
	}
	return v
}

func (r reply) str(keys ...string) string { s, _ := r.at(keys...).(string); return s }

// list is an array of objects in the body.
func (r reply) list(keys ...string) []map[string]any {
	items, _ := r.at(keys...).([]any)
	var out []map[string]any
	for _, item := range items {
		m, _ := item.(map[string]any)
		out = append(out, m)
	}
	return out
}

// want compares a value of the body.
func (r reply) want(value any, keys ...string) reply {
	r.t.Helper()
	if got := r.at(keys...); got != value {
		r.t.Errorf("%s: %v is %v (%T), want %v", r.what, keys, got, got, value)
	}
	return r
}

// wait follows an operation to its end and returns it.
func (c client) wait(operation string) reply {
	c.t.Helper()
	deadline := time.Now().Add(time.Minute)
	for time.Now().Before(deadline) {
		r := c.post("/v1/"+operation+":wait", map[string]any{"timeout": "5s"})
		if r.at("done") == true {
			if r.at("error") != nil {
				c.t.Fatalf("%s failed: %s", operation, r.text)
			}
			return r
		}
	}
	c.t.Fatalf("%s is not done after a minute", operation)
	return reply{}
}
