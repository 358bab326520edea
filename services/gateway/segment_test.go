package gateway_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"runtime"
	"slices"
	"strings"
	"testing"

	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"
	"github.com/kehuhq/kehu/pkg/config"
	"github.com/kehuhq/kehu/pkg/fault"

	"github.com/kehuhq/kehu/services/gateway"
)

// events takes every event in.
type events struct {
	profilev1.UnimplementedEventServiceServer
	inbox *inbox
}

func (s *events) IngestEvents(_ context.Context, r *profilev1.IngestEventsRequest) (*profilev1.IngestEventsResponse, error) {
	s.inbox.take(r)
	answer := &profilev1.IngestEventsResponse{}
	for _, e := range r.GetEvents() {
		if e.GetName() == "customers/down/events/m" {
			return nil, fault.New(fault.Unavailable, "STORE_UNAVAILABLE", "the store does not answer")
		}
		answer.Statuses = append(answer.Statuses, &profilev1.EventStatus{
			Outcome: profilev1.EventOutcome_EVENT_OUTCOME_ACCEPTED, Event: e.GetName(),
		})
	}
	return answer, nil
}

// taken are the names of the events that reached the service.
func (i *inbox) taken() (names []string) {
	i.mu.Lock()
	defer i.mu.Unlock()
	for _, r := range i.requests {
		if r, ok := r.(*profilev1.IngestEventsRequest); ok {
			for _, e := range r.GetEvents() {
				names = append(names, e.GetName())
			}
		}
	}
	return names
}

const track = `{"type":"track","userId":"1","event":"x","messageId":"m"}`

// A body that cannot be told apart into messages is refused whole.
func TestBadSegmentBodies(t *testing.T) {
	w := start(t)
	for _, c := range []struct {
		name, path, body string
		status           int
		reason, field    string
	}{
		{"empty", "/v1/batch", "", 415, "UNSUPPORTED_MEDIA_TYPE", "Content-Type"},
		{"only spaces", "/v1/batch", "  ", 400, "MALFORMED_JSON", "body"},
		{"null", "/v1/batch", "null", 400, "INVALID_FIELD", "body"},
		{"list", "/v1/batch", "[]", 400, "INVALID_FIELD", "body"},
		{"scalar", "/v1/track", "17", 400, "INVALID_FIELD", "body"},
		{"truncated", "/v1/batch", `{"batch":[` + track, 400, "MALFORMED_JSON", "body"},
		{"trailing garbage", "/v1/batch", `{"batch":[]}x`, 400, "MALFORMED_JSON", "body"},
		{"two objects", "/v1/batch", `{"batch":[]}{}`, 400, "MALFORMED_JSON", "body"},
		{"two lists", "/v1/batch", `{"batch":[` + track + `],"batch":[]}`, 400, "DUPLICATE_FIELD", "body"},
		{"no list", "/v1/batch", `{}`, 400, "INVALID_FIELD", "batch"},
		{"null for the list", "/v1/batch", `{"batch":null}`, 400, "INVALID_FIELD", "batch"},
		{"object for the list", "/v1/batch", `{"batch":{}}`, 400, "INVALID_FIELD", "batch"},
		{"too many", "/v1/batch", `{"batch":[` + strings.Repeat("0,", 2500) + `0]}`, 400, "INVALID_FIELD", "batch"},
		{"far too deep", "/v1/batch", `{"batch":` + strings.Repeat("[", 20_000) + strings.Repeat("]", 20_000) + "}", 400, "MALFORMED_JSON", "body"},
		{"UTF-16", "/v1/track", utf16Of(track), 400, "NOT_UTF8", "body"},
		{"byte order mark", "/v1/track", "\xef\xbb\xbf" + track, 400, "NOT_UTF8", "body"},
		{"invalid UTF-8", "/v1/track", "{\"userId\":\"\xff\"}", 400, "NOT_UTF8", "body"},
		{"NaN", "/v1/track", `{"userId":"1","event":"x","properties":{"n":NaN}}`, 400, "MALFORMED_JSON", "body"},
	} {
		t.Run(c.name, func(t *testing.T) {
			w.t = t
			w.send("POST", c.path, c.body).problem(c.status, c.reason, c.field)
			if n := w.inbox.count(); n != 0 {
				t.Errorf("%d requests reached the service", n)
			}
		})
	}
}

// statuses are the outcomes of an answer, with reason and field where refused.
func (a answer) statuses() (all []string) {
	a.t.Helper()
	var r struct {
		Success  bool
		Statuses []struct{ Outcome, Reason, Field, Message string }
	}
	if err := json.Unmarshal(a.body, &r); err != nil {
		a.t.Fatalf("%d %v: %s", a.status, err, a.body)
	}
	refused := 0
	for _, s := range r.Statuses {
		if s.Outcome == "refused" {
			refused++
			if s.Message == "" {
				a.t.Errorf("refused without a word: %s", a.body)
			}
		}
		all = append(all, strings.TrimSpace(s.Outcome+" "+s.Reason+" "+s.Field))
	}
	if r.Success != (refused == 0) || (a.status == 400) != (refused > 0 && refused == len(all)) || a.status != 200 && a.status != 400 {
		a.t.Errorf("%d, success %v, with %d of %d refused", a.status, r.Success, refused, len(all))
	}
	return all
}

// A message that is wrong is refused with the name of what is wrong, and does not
// cost the others of its batch.
func TestBadSegmentMessages(t *testing.T) {
	w := start(t)
	nested := strings.Repeat(`{"a":`, 200) + "1" + strings.Repeat("}", 200)
	for _, c := range []struct{ name, message, want string }{
		{"number", `17`, "refused INVALID_FIELD message"},
		{"null", `null`, "refused INVALID_FIELD message"},
		{"empty", `{}`, "refused INVALID_FIELD type"},
		{"unknown type", `{"type":"video","userId":"1"}`, "refused INVALID_FIELD type"},
		{"nobody", `{"type":"track","event":"x"}`, "refused INVALID_FIELD userId"},
		{"object for an id", `{"type":"track","event":"x","userId":{}}`, "refused INVALID_FIELD userId"},
		{"slash in an id", `{"type":"track","event":"x","userId":"a/b"}`, "refused INVALID_FIELD userId"},
		{"long id", `{"type":"track","event":"x","anonymousId":"` + strings.Repeat("a", 200) + `"}`, "refused INVALID_FIELD anonymousId"},
		{"control character in a message id", `{"type":"track","event":"x","userId":"1","messageId":"a\nb"}`, "refused INVALID_FIELD messageId"},
		{"track of nothing", `{"type":"track","userId":"1"}`, "refused INVALID_FIELD event"},
		{"alias of nobody", `{"type":"alias","previousId":"1"}`, "refused INVALID_FIELD userId"},
		{"group without its id", `{"type":"group","userId":"1"}`, "refused INVALID_FIELD groupId"},
		{"text for properties", `{"type":"track","event":"x","userId":"1","properties":"all"}`, "refused INVALID_FIELD properties"},
		{"list for traits", `{"type":"identify","userId":"1","traits":[]}`, "refused INVALID_FIELD traits"},
		{"bad time", `{"type":"track","event":"x","userId":"1","timestamp":"yesterday"}`, "refused INVALID_FIELD timestamp"},
		{"year 10000", `{"type":"track","event":"x","userId":"1","timestamp":"10000-01-01T00:00:00Z"}`, "refused INVALID_FIELD timestamp"},
		{"number for a time", `{"type":"track","event":"x","userId":"1","sentAt":17}`, "refused INVALID_FIELD sentAt"},
		{"key twice", `{"type":"track","event":"x","userId":"1","properties":{"a":1,"a":2}}`, "refused DUPLICATE_FIELD message"},
		{"NUL", `{"type":"track","event":"x","userId":"1","properties":{"a":"\u0000"}}`, "refused INVALID_FIELD message"},
		{"lone surrogate", `{"type":"track","event":"x","userId":"1","properties":{"a":"\ud800"}}`, "refused NOT_UTF8 message"},
		{"too deep", `{"type":"track","event":"x","userId":"1","properties":` + nested + `}`, "refused TOO_DEEP message"},
		{"too large", `{"type":"track","event":"x","userId":"1","properties":{"a":"` + strings.Repeat("a", 33<<10) + `"}}`, "refused EVENT_TOO_LARGE message"},
		{"unknown fields", `{"type":"track","event":"x","userId":"1","_metadata":{"a":1},"Event":"y","version":2}`, "accepted"},
		{"numbers of all sorts", `{"type":"track","event":"x","userId":"1","properties":{"a":9007199254740993,"b":1e400,"c":-0,"d":1e2,"e":123456789012345678901234567890}}`, "accepted"},
		{"number for an id", `{"type":"page","userId":17}`, "accepted"},
	} {
		t.Run(c.name, func(t *testing.T) {
			w.t = t
			before := len(w.inbox.taken())
			got := w.send("POST", "/v1/batch", `{"batch":[`+track+`,`+c.message+`,`+track+`]}`).statuses()
			if want := []string{"accepted", c.want, "accepted"}; !slices.Equal(got, want) {
				t.Errorf("got %q, want %q", got, want)
			}
			kept := 0
			for _, outcome := range got {
				if outcome == "accepted" {
					kept++
				}
			}
			if reached := len(w.inbox.taken()) - before; reached != kept {
				t.Errorf("%d events reached the service, %d are said to be kept", reached, kept)
			}
		})
	}
}

// What a message says is in the event, and nothing of it is lost.
func TestSegmentMessages(t *testing.T) {
	w := start(t)
	key := "Basic " + base64.StdEncoding.EncodeToString([]byte("shop:"))
	w.send("POST", "/v1/page", `{"anonymousId":"a","name":"Home","category":"Shop","timestamp":"2026-03-01T10:00:00.5+0800","sentAt":"2026-03-01T02:00:01Z",
		"properties":{"big":9007199254740993,"n":1.5},"context":{"ip":"8.8.8.8"},"channel":"web"}`, "Authorization", key).statuses()
	e := last[*profilev1.IngestEventsRequest](t, w.inbox).GetEvents()[0]
	if !strings.HasPrefix(e.GetName(), "visitors/a/events/sha256-") || e.GetType() != profilev1.EventType_EVENT_TYPE_PAGE || e.GetEventName() != "Home" || e.GetSource() != "shop" {
		t.Errorf("event: %v", e)
	}
	if got := e.GetOriginalTime().AsTime().UnixMilli(); got != 1772330400500 || e.GetSentTime().GetSeconds() != 1772330401 {
		t.Errorf("times: %v %v", e.GetOriginalTime(), e.GetSentTime())
	}
	properties, around := e.GetProperties().AsMap(), e.GetContext().AsMap()
	if properties["big"] != "9007199254740993" || properties["n"] != 1.5 || properties["category"] != "Shop" || around["ip"] != "8.8.8.8" || around["channel"] != "web" {
		t.Errorf("content: %v %v", properties, around)
	}
	name := e.GetName()
	for body, want := range map[string]string{
		`{"anonymousId":"a","name":"Home","category":"Shop","timestamp":"2026-03-01T10:00:00.5+0800","sentAt":"2026-03-01T09:00:00Z",
		"properties":{"n":1.5,"big":9007199254740993},"channel":"web","context":{"ip":"8.8.8.8"}}`: name, // sent again later
		`{"userId":" Ann@Example.com ","messageId":"m"}`: "customers/-/events/m",
		`{"userId":"+8613812345678","messageId":"m"}`:    "customers/-/events/m",
		`{"userId":"13812345678","messageId":"m"}`:       "customers/13812345678/events/m",
	} {
		w.send("POST", "/v1/p", body, "Content-Type", "text/plain").statuses()
		if got := last[*profilev1.IngestEventsRequest](t, w.inbox).GetEvents()[0].GetName(); got != want {
			t.Errorf("%s: name %q, want %q", body, got, want)
		}
	}
	w.send("POST", "/v1/alias", `{"userId":"new","previousId":"old","messageId":"m"}`).statuses()
	if e := last[*profilev1.IngestEventsRequest](t, w.inbox).GetEvents()[0]; e.GetVisitor() != "visitors/old" || e.GetName() != "customers/new/events/m" {
		t.Errorf("alias: %v", e)
	}
}

func gzipped(t *testing.T, text io.Reader) string {
	t.Helper()
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	if _, err := io.Copy(z, text); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return packed.String()
}

func TestSegmentTransport(t *testing.T) {
	w := start(t, func(c *gateway.Config) { c.MaxBody = config.MiB })
	batch := `{"batch":[` + track + `]}`
	packed := gzipped(t, strings.NewReader(batch))
	if got := w.send("POST", "/v1/batch", packed, "Content-Encoding", "gzip").statuses(); !slices.Equal(got, []string{"accepted"}) {
		t.Errorf("packed: %q", got)
	}
	w.send("POST", "/v1/batch", packed[:len(packed)/2], "Content-Encoding", "gzip").problem(400, "BODY_INCOMPLETE", "")
	w.send("POST", "/v1/batch", batch, "Content-Encoding", "gzip").problem(400, "BODY_INCOMPLETE", "")
	w.send("POST", "/v1/batch", batch, "Content-Encoding", "br").problem(415, "UNSUPPORTED_ENCODING", "Content-Encoding")
	w.send("POST", "/v1/batch", batch, "Content-Type", "").problem(415, "UNSUPPORTED_MEDIA_TYPE", "Content-Type")
	w.send("POST", "/v1/batch", batch, "Content-Type", "text/html").problem(415, "UNSUPPORTED_MEDIA_TYPE", "Content-Type")
	w.send("POST", "/v1/batch", batch, "Content-Type", "application/json; charset=gbk").problem(415, "UNSUPPORTED_MEDIA_TYPE", "Content-Type")
	w.send("POST", "/v1/batch", batch, "Authorization", "Basic ***").problem(400, "INVALID_FIELD", "Authorization")
	w.send("POST", "/v1/batch", batch, "Authorization", "Basic YTo=", "Authorization", "Basic Yjo=").problem(400, "DUPLICATE_HEADER", "Authorization")
	w.send("GET", "/v1/batch", "").problem(405, "METHOD_NOT_ALLOWED", "")
	w.send("POST", "/v1/batch", `{"batch":["`+strings.Repeat("a", 2<<20)+`"]}`).problem(413, "BODY_TOO_LARGE", "")
	answer := w.send("POST", "/v1/batch", `{"batch":[{"type":"track","userId":"down","event":"x","messageId":"m"}]}`)
	answer.problem(503, "STORE_UNAVAILABLE", "")
	if answer.header.Get("Retry-After") == "" {
		t.Error("503 without Retry-After: the SDKs send again after it")
	}
	w.send("POST", "/v1/track", track, "Origin", "https://evil.example").problem(403, "ORIGIN_NOT_ALLOWED", "")
}

// A bomb is not unpacked beyond the limit.
func TestSegmentBomb(t *testing.T) {
	w := start(t)
	bomb := gzipped(t, io.LimitReader(zeros{}, 256<<20))
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	w.send("POST", "/v1/batch", bomb, "Content-Encoding", "gzip").problem(413, "BODY_TOO_LARGE", "")
	runtime.ReadMemStats(&after)
	if grown := after.TotalAlloc - before.TotalAlloc; grown > 64<<20 {
		t.Errorf("%d MiB were allocated for a bomb of %d KiB", grown>>20, len(bomb)>>10)
	}
}

// A long batch is handed on in parts, and answered in its order.
func TestLongSegmentBatch(t *testing.T) {
	w := start(t)
	var messages []string
	for n := range 2500 {
		user := fmt.Sprint("u", n)
		if n%100 == 7 {
			user = "a/b"
		}
		messages = append(messages, fmt.Sprintf(`{"type":"track","userId":%q,"event":"x","messageId":"m"}`, user))
	}
	got := w.send("POST", "/v1/import", `{"batch":[`+strings.Join(messages, ",")+`]}`).statuses()
	for n, outcome := range got {
		want := "accepted"
		if n%100 == 7 {
			want = "refused INVALID_FIELD userId"
		}
		if outcome != want {
			t.Fatalf("message %d: %q, want %q", n, outcome, want)
		}
	}
	if names := w.inbox.taken(); len(names) != 2475 || names[0] != "customers/u0/events/m" || w.inbox.count() != 3 {
		t.Errorf("%d events in %d calls", len(names), w.inbox.count())
	}
}

func TestSegmentPreflight(t *testing.T) {
	w := start(t, func(c *gateway.Config) { c.CORSOrigins = []string{"https://shop.example"} })
	a := w.send("OPTIONS", "/v1/track", "", "Origin", "https://shop.example", "Access-Control-Request-Method", "POST", "Access-Control-Request-Headers", "content-type,authorization")
	if a.status != http.StatusNoContent || a.header.Get("Access-Control-Allow-Origin") != "https://shop.example" {
		t.Errorf("preflight: %d %v", a.status, a.header)
	}
	w.send("POST", "/v1/track", track, "Origin", "https://shop.example", "Sec-Fetch-Site", "cross-site", "Content-Type", "text/plain").statuses()
}
