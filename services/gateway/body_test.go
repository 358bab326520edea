package gateway_test

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"testing/iotest"
	"unicode/utf16"

	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"
	referralv1 "github.com/kehuhq/kehu/gen/kehu/referral/v1"
	"github.com/kehuhq/kehu/pkg/config"

	"github.com/kehuhq/kehu/services/gateway"
)

const (
	createCustomer = "/v1/customers?customerId=1"
	postTransfer   = "/v1/transfers"
	createImport   = "/v1/imports"
	appendImport   = "/v1/imports/1:append"
	createSegment  = "/v1/segments?segmentId=s"
	submitResponse = "/v1/surveys/s/responses"
)

// Every body that is not what it should be is refused with the name of what is
// wrong, and reaches no service.
func TestBadBodies(t *testing.T) {
	w := start(t)
	nested := func(depth int) string {
		return strings.Repeat(`{"region":`, depth) + "1" + strings.Repeat("}", depth)
	}
	for _, c := range []struct {
		name, path, body string
		status           int
		reason, field    string
	}{
		{"empty", createCustomer, "", 400, "BODY_MISSING", "customer"},
		{"null", createCustomer, "null", 400, "INVALID_FIELD", "customer"},
		{"list", createCustomer, "[]", 400, "INVALID_FIELD", "customer"},
		{"scalar", createCustomer, "17", 400, "INVALID_FIELD", "customer"},
		{"only spaces", createCustomer, " \n ", 400, "MALFORMED_JSON", "customer"},
		{"truncated", createCustomer, `{"displayName":"a`, 400, "MALFORMED_JSON", "customer.display_name"},
		{"truncated behind a field", createCustomer, `{"displayName":"a",`, 400, "MALFORMED_JSON", "customer"},
		{"trailing garbage", createCustomer, `{}x`, 400, "MALFORMED_JSON", "customer"},
		{"two objects", createCustomer, `{}{}`, 400, "MALFORMED_JSON", "customer"},
		{"trailing comma", createCustomer, `{"city":"a",}`, 400, "MALFORMED_JSON", "customer"},
		{"comment", createCustomer, `{/**/}`, 400, "MALFORMED_JSON", "customer"},
		{"duplicate key", createCustomer, `{"city":"a","city":"b"}`, 400, "DUPLICATE_FIELD", "customer.city"},
		{"duplicate key, escaped", createCustomer, `{"city":"a","c\u0069ty":"b"}`, 400, "DUPLICATE_FIELD", "customer.city"},
		{"nested duplicate key", createCustomer, `{"birthDate":{"year":1,"year":2}}`, 400, "DUPLICATE_FIELD", "customer.birth_date.year"},
		{"unknown field", createCustomer, `{"vip":true}`, 400, "UNKNOWN_FIELD", "customer.vip"},
		{"nested unknown field", createCustomer, `{"identifiers":[{"type":1},{"kind":1}]}`, 400, "UNKNOWN_FIELD", "customer.identifiers[1].kind"},
		{"wrong case", createCustomer, `{"DisplayName":"a"}`, 400, "UNKNOWN_FIELD", "customer.DisplayName"},
		{"snake and camel", createCustomer, `{"displayName":"a","display_name":"b"}`, 400, "DUPLICATE_FIELD", "customer.display_name"},
		{"deep nesting", createCustomer, nested(10_000), 400, "TOO_DEEP", "customer.region"},
		{"deep nesting of lists", createCustomer, `{"region":` + strings.Repeat("[", 10_000), 400, "TOO_DEEP", "customer.region"},
		{"UTF-16", createCustomer, utf16Of(`{"city":"a"}`), 400, "NOT_UTF8", "customer"},
		{"byte order mark", createCustomer, "\xef\xbb\xbf{}", 400, "NOT_UTF8", "customer"},
		{"invalid UTF-8", createCustomer, "{\"city\":\"\xff\"}", 400, "NOT_UTF8", "customer"},
		{"GBK", createCustomer, "{\"city\":\"\xc9\xee\xdb\xda\"}", 400, "NOT_UTF8", "customer"},
		{"lone surrogate", createCustomer, `{"city":"\ud800"}`, 400, "NOT_UTF8", "customer.city"},
		{"surrogates in the wrong order", createCustomer, `{"city":"\udc00\ud800"}`, 400, "NOT_UTF8", "customer.city"},
		{"NUL", createCustomer, `{"city":"a\u0000b"}`, 400, "INVALID_FIELD", "customer.city"},
		{"raw control character", createCustomer, "{\"city\":\"a\nb\"}", 400, "MALFORMED_JSON", "customer.city"},
		{"int64 beyond 2^53 as a number", createImport, `{"fileBytes":9007199254740993}`, 400, "IMPRECISE_NUMBER", "import.file_bytes"},
		{"int64 beyond its range", createImport, `{"fileBytes":"9223372036854775808"}`, 400, "INVALID_FIELD", "import.file_bytes"},
		{"1e2 for an int", createImport, `{"fileBytes":1e2}`, 400, "INVALID_FIELD", "import.file_bytes"},
		{"1.5 for an int", postTransfer, `{"points":1.5}`, 400, "INVALID_FIELD", "transfer.points"},
		{"1.5 in a string for an int", postTransfer, `{"points":"1.5"}`, 400, "INVALID_FIELD", "transfer.points"},
		{"int32 beyond its range", submitResponse, `{"score":2147483648}`, 400, "INVALID_FIELD", "response.score"},
		{"NaN", postTransfer, `{"points":NaN}`, 400, "INVALID_FIELD", "transfer.points"},
		{"Infinity", postTransfer, `{"points":Infinity}`, 400, "INVALID_FIELD", "transfer.points"},
		{"unknown enum", createCustomer, `{"kind":"CUSTOMER_KIND_ALIEN"}`, 400, "INVALID_FIELD", "customer.kind"},
		{"unknown number of an enum", createCustomer, `{"kind":99}`, 400, "INVALID_FIELD", "customer.kind"},
		{"two members of a oneof", createSegment, `{"rule":{"expression":"true"},"rfm":{}}`, 400, "INVALID_FIELD", "segment.rfm"},
		{"bad base64", appendImport, `{"data":"!!!"}`, 400, "INVALID_FIELD", "data"},
		{"base64 of a wrong length", appendImport, `{"data":"abcde"}`, 400, "INVALID_FIELD", "data"},
		{"string for a bool", appendImport, `{"last":"true"}`, 400, "INVALID_FIELD", "last"},
		{"number for a string", createCustomer, `{"city":1}`, 400, "INVALID_FIELD", "customer.city"},
		{"object for a list", createCustomer, `{"identifiers":{}}`, 400, "INVALID_FIELD", "customer.identifiers"},
		{"null in a list", createCustomer, `{"identifiers":[null]}`, 400, "INVALID_FIELD", "customer.identifiers[0]"},
		{"bad time", submitResponse, `{"responseTime":"yesterday"}`, 400, "INVALID_FIELD", "response.response_time"},
		{"leap second", submitResponse, `{"responseTime":"2016-12-31T23:59:60Z"}`, 400, "INVALID_FIELD", "response.response_time"},
		{"year 10000", submitResponse, `{"responseTime":"10000-01-01T00:00:00Z"}`, 400, "INVALID_FIELD", "response.response_time"},
		{"bad duration", "/v1/operations/profile/1:wait", `{"timeout":"soon"}`, 400, "INVALID_FIELD", "timeout"},
		{"other name than in the path", "/v1/operations/profile/1:wait", `{"name":"operations/profile/2"}`, 400, "INVALID_FIELD", "name"},
	} {
		t.Run(c.name, func(t *testing.T) {
			w.t = t
			before := w.inbox.count()
			w.send("POST", c.path, c.body).problem(c.status, c.reason, c.field)
			if w.inbox.count() != before {
				t.Error("it reached a service")
			}
		})
	}
}

func utf16Of(text string) string {
	var bytes bytes.Buffer
	for _, unit := range utf16.Encode([]rune(text)) {
		bytes.WriteByte(byte(unit))
		bytes.WriteByte(byte(unit >> 8))
	}
	return bytes.String()
}

func TestMediaTypes(t *testing.T) {
	w := start(t)
	var bomb bytes.Buffer
	packed := gzip.NewWriter(&bomb)
	if _, err := io.CopyN(packed, zeros{}, 8<<20); err != nil {
		t.Fatal(err)
	}
	if err := packed.Close(); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ name, body, header, value, reason string }{
		{"missing", "{}", "Content-Type", "", "UNSUPPORTED_MEDIA_TYPE"},
		{"text", "{}", "Content-Type", "text/plain", "UNSUPPORTED_MEDIA_TYPE"},
		{"form", "a=b", "Content-Type", "application/x-www-form-urlencoded", "UNSUPPORTED_MEDIA_TYPE"},
		{"other charset", "{}", "Content-Type", "application/json; charset=gbk", "UNSUPPORTED_MEDIA_TYPE"},
		{"malformed", "{}", "Content-Type", "application/json; ;", "UNSUPPORTED_MEDIA_TYPE"},
		{"gzip bomb", bomb.String(), "Content-Encoding", "gzip", "UNSUPPORTED_ENCODING"},
	} {
		t.Run(c.name, func(t *testing.T) {
			w.t = t
			field := c.header
			w.send("POST", createCustomer, c.body, c.header, c.value).problem(415, c.reason, field)
		})
	}
	w.t = t
	w.send("POST", createCustomer, "{}", "Content-Type", `application/json; charset="UTF-8"`).ok()
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}

// A body beyond the limit is refused before it is read: nothing of it is held.
func TestLargeBodies(t *testing.T) {
	w := start(t, func(c *gateway.Config) { c.MaxBody = config.MiB })
	request := func(body io.Reader, length int64) *http.Request {
		r, err := http.NewRequestWithContext(t.Context(), "POST", w.url+createCustomer, io.NopCloser(body))
		if err != nil {
			t.Fatal(err)
		}
		r.ContentLength = length
		r.Header.Set("Content-Type", "application/json")
		return r
	}
	fits := `{"displayName":"a"}` + strings.Repeat(" ", int(config.MiB)-19)
	w.do(request(strings.NewReader(fits), int64(len(fits)))).ok()
	w.do(request(strings.NewReader(fits), -1)).ok()
	w.do(request(strings.NewReader(fits+" "), int64(len(fits)+1))).problem(413, "BODY_TOO_LARGE", "")
	w.do(request(strings.NewReader(fits+" "), -1)).problem(413, "BODY_TOO_LARGE", "")

	const huge = 64 << 20
	text := func() io.Reader {
		return io.MultiReader(strings.NewReader(`{"displayName":"`), io.LimitReader(letters{}, huge), strings.NewReader(`"}`))
	}
	for name, length := range map[string]int64{"told": huge + 18, "chunked": -1} {
		t.Run(name, func(t *testing.T) {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			w.t = t
			w.do(request(text(), length)).problem(413, "BODY_TOO_LARGE", "")
			runtime.ReadMemStats(&after)
			if grown := after.TotalAlloc - before.TotalAlloc; grown > 16<<20 {
				t.Errorf("%d MiB were allocated", grown>>20)
			}
		})
	}
	w.t = t
	asked := request(iotest.ErrReader(errors.New("the body was asked for")), huge)
	asked.Header.Set("Expect", "100-continue")
	w.do(asked).problem(413, "BODY_TOO_LARGE", "")
	if _, ok := w.customers.known["customers/1"]; !ok {
		t.Error("the body that fits was not taken")
	}
}

type letters struct{}

func (letters) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = 'a'
	}
	return len(p), nil
}

// What the JSON mapping allows arrives as it was meant.
func TestGoodBodies(t *testing.T) {
	w := start(t)
	w.send("POST", "/v1/transfers?transferId=t", `{"from_account":"a","toAccount":"b","points":"1000000000000","memo":null}`).ok()
	transfer := last[*referralv1.PostTransferRequest](t, w.inbox).Transfer
	if transfer.FromAccount != "a" || transfer.ToAccount != "b" || transfer.Points != 1_000_000_000_000 {
		t.Errorf("got %v", transfer)
	}
	w.send("POST", createCustomer, `{"displayName":"王芳 👩‍👩‍👧 \ud83d\ude00 \"q\" <script>","kind":1,
		"identifiers":[{"type":"IDENTIFIER_TYPE_EMAIL","value":"a+b@例子.中国"}],"birthDate":{"month":2,"day":29}}`).ok()
	customer := last[*profilev1.CreateCustomerRequest](t, w.inbox).Customer
	if customer.DisplayName != `王芳 👩‍👩‍👧 😀 "q" <script>` || customer.BirthDate.GetDay() != 29 || customer.Identifiers[0].Value != "a+b@例子.中国" {
		t.Errorf("got %v", customer)
	}
	for _, data := range []string{"/+8=", "_-8", "_-8="} {
		w.send("POST", appendImport, fmt.Sprintf(`{"offset":"7","data":%q}`, data)).ok()
		chunk := last[*profilev1.AppendImportRequest](t, w.inbox)
		if string(chunk.Data) != "\xff\xef" || chunk.Offset != 7 || chunk.Name != "imports/1" {
			t.Errorf("%s: got %v", data, chunk)
		}
	}
	got := w.send("GET", "/v1/accounts/customer:42", "").ok()
	if got["balancePoints"] != "9007199254740993" || got["name"] != "accounts/customer:42" {
		t.Errorf("got %v", got)
	}
	if value, ok := got["entries"]; !ok || value != "0" {
		t.Errorf("zeros must be written: %v", got)
	}
	if _, ok := got["updateTime"]; ok {
		t.Errorf("what is not set must be left out: %v", got)
	}
}

// A rule that only the service knows names the field just so.
func TestServicesRules(t *testing.T) {
	w := start(t)
	w.send("POST", "/v1/transfers?transferId=t", `{"fromAccount":"a","toAccount":"b","points":0}`).problem(400, "INVALID_FIELD", "transfer.points")
	w.send("POST", "/v1/customers:batchGet", "").problem(400, "INVALID_FIELD", "names")
	p := w.send("GET", "/v1/customers/none", "").problem(404, "CUSTOMER_NOT_FOUND", "")
	if p.Metadata["customer"] != "customers/none" {
		t.Errorf("metadata: %v", p.Metadata)
	}
	w.send("GET", "/v1/valuations:summary", "").problem(501, "METHOD_UNKNOWN", "")
	w.send("GET", "/v1/customers/broken", "").problem(500, "INTERNAL", "")
}
