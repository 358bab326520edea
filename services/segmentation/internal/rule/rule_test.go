package rule_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/kehuhq/kehu/pkg/fault"

	"github.com/kehuhq/kehu/services/segmentation/internal/facts"
	"github.com/kehuhq/kehu/services/segmentation/internal/rule"
)

func compiler(t testing.TB) *rule.Compiler {
	t.Helper()
	c, err := rule.NewCompiler()
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func wang() *facts.Facts {
	return &facts.Facts{
		Customer: facts.Customer{ID: "wang", Kind: "INDIVIDUAL", Gender: "FEMALE", Region: "广东", City: "深圳", Acquisition: "REFERRAL"},
		AsOf:     time.Date(2026, 7, 1, 0, 0, 0, 0, time.UTC), Valued: true,
		Orders: facts.Orders{
			Count: 4, Days: 3, RecencyDays: 12,
			FirstTime: time.Date(2025, 12, 31, 17, 0, 0, 0, time.UTC), LastTime: time.Date(2026, 6, 19, 3, 0, 0, 0, time.UTC),
		},
		Revenue: []facts.Money{{Currency: "CNY", Minor: 123456}, {Currency: "JPY", Minor: 900}},
		Value:   facts.Value{Known: true, Historic: facts.Money{Currency: "CNY", Minor: 40050}, Coverage: 0.75},
		RFM:     facts.Scores{Recency: 5, Frequency: 4, Monetary: 5, Cell: "545", Group: "IMPORTANT_VALUE", Segment: "Champions"},
	}
}

// Every fact and function gives the value that docs/facts.md promises.
func TestFacts(t *testing.T) {
	c := compiler(t)
	nobody := &facts.Facts{Customer: facts.Customer{ID: "nobody"}}
	for expression, want := range map[string][2]bool{ // of wang, of nobody
		`customer.id == "wang" && customer.kind == "INDIVIDUAL" && customer.gender == "FEMALE"`:  {true, false},
		`customer.region == "广东" && customer.city == "深圳" && customer.acquisition == "REFERRAL"`: {true, false},
		`customer.kind == "" && customer.gender == "" && customer.acquisition == ""`:             {false, true},
		`orders.count == 4 && orders.days == 3 && orders.recency_days == 12`:                     {true, false},
		`orders.count == 0 && orders.days == 0 && orders.recency_days == 2147483647`:             {false, true},
		`orders.recency_days <= 90`:                                                        {true, false},
		`orders.first_time.getFullYear() == 2025`:                                          {true, false},
		`orders.first_time.getFullYear("Asia/Shanghai") == 2026`:                           {true, false},
		`orders.last_time < orders.first_time + duration("24h")`:                           {false, true},
		`as_of - orders.last_time < duration("720h")`:                                      {true, true},
		`revenue("CNY") == 1234.56 && revenue_minor("CNY") == 123456`:                      {true, false},
		`revenue("JPY") == 900.0 && revenue("KWD") == 0.0 && revenue_minor("USD") == 0`:    {true, false},
		`revenue("CNY") > 1000`:                                                            {true, false},
		`revenue("CNY") == 0.0 && revenue_minor("CNY") == 0`:                               {false, true},
		`value.known && value.historic == 400.5 && value.historic_minor == 40050`:          {true, false},
		`value.coverage == 0.75`:                                                           {true, false},
		`rfm.recency == 5 && rfm.frequency == 4 && rfm.monetary == 5 && rfm.cell == "545"`: {true, false},
		`rfm.group == "IMPORTANT_VALUE" && rfm.segment == "Champions"`:                     {true, false},
		`rfm.recency == 0 && rfm.cell == "" && rfm.group == "" && rfm.segment == ""`:       {false, true},
		`has_valuation`:                                           {true, false},
		`customer.city in ["广州", "深圳"]`:                           {true, false},
		`["广州", "深圳"].exists(city, customer.city == city)`:        {true, false},
		`customer.id.matches("^(w|z)ang$")`:                       {true, false},
		`orders.count > 0 ? revenue("CNY") / 4.0 > 300 : false`:   {true, false},
		`[1, 2].exists(customer, customer == 2) && has_valuation`: {true, false},
		`orders.count == 0 || 10 / orders.count == 2`:             {true, true},
		"// a comment\ncustomer.id.startsWith('wa')\n":            {true, false},
		`true`: {true, true},
	} {
		r, err := c.Compile(expression)
		if err != nil {
			t.Errorf("%s: %v", expression, err)
			continue
		}
		s := rule.NewSubject()
		for i, f := range []*facts.Facts{wang(), nobody} {
			s.Set(f)
			if got, err := r.Holds(s); err != nil || got != want[i] {
				t.Errorf("%s of %s: got %t, %v, want %t", expression, f.Customer.ID, got, err, want[i])
			}
		}
	}
}

func nested(depth int, of string) string {
	list := "[1,2,3,4,5,6,7,8,9,10]"
	for i := range depth {
		of = fmt.Sprintf("%s.all(v%d, %s)", list, i, of)
	}
	return of
}

// Each wrong expression is refused with a reason, the field, and where it can be
// told, the place.
func TestWrongExpressionsAreRefused(t *testing.T) {
	c := compiler(t)
	for name, test := range map[string]struct {
		expression, reason string
		place              string // line:column
		says               string
	}{
		"syntax":                {"orders.count >", "RULE_SYNTAX_ERROR", "1:15", ""},
		"syntax on line 2":      {"orders.count > 1 &&\n  rfm.recency >>= 2", "RULE_SYNTAX_ERROR", "2:16", ""},
		"column in characters":  {`customer.region == "广东" && oder.count > 1`, "RULE_INVALID", "1:32", "oder.count"},
		"empty":                 {"", "RULE_SYNTAX_ERROR", "", ""},
		"invalid UTF-8":         {"customer.id == \"\xff\"", "RULE_SYNTAX_ERROR", "", "UTF-8"},
		"unknown group":         {"oders.count > 3", "RULE_INVALID", "1:6", "orders.count"},
		"unknown fact":          {"1 == 1 && orders.cuont > 3", "RULE_FACT_UNKNOWN", "1:11", "count"},
		"group alone":           {"customer == customer", "RULE_INVALID", "1:1", "customer"},
		"type mismatch":         {`orders.count == "3"`, "RULE_INVALID", "1:14", "overload"},
		"not boolean":           {"orders.count + 1", "RULE_NOT_BOOLEAN", "", "int"},
		"dynamic":               {"dyn(orders.count)", "RULE_NOT_BOOLEAN", "", "dyn"},
		"null":                  {"rfm.recency == null", "RULE_INVALID", "1:13", ""},
		"has":                   {"has(orders.count)", "RULE_INVALID", "1:5", "has_valuation"},
		"too long":              {strings.Repeat("x", 1<<20), "RULE_TOO_LONG", "", "8192"},
		"just too long":         {`customer.id == "` + strings.Repeat("x", rule.MaxBytes) + `"`, "RULE_TOO_LONG", "", ""},
		"10k-deep parentheses":  {strings.Repeat("(", 10_000) + "true" + strings.Repeat(")", 10_000), "RULE_TOO_LONG", "", ""},
		"4k-deep parentheses":   {strings.Repeat("(", 4_000) + "true" + strings.Repeat(")", 4_000), "RULE_SYNTAX_ERROR", "", ""},
		"deep negation":         {strings.Repeat("!(", 2_000) + "true" + strings.Repeat(")", 2_000), "RULE_SYNTAX_ERROR", "", ""},
		"deep lists":            {strings.Repeat("[", 3_000) + strings.Repeat("]", 3_000) + " == []", "RULE_SYNTAX_ERROR", "", ""},
		"deep ternaries":        {strings.Repeat("true ? true : ", 500) + "true", "RULE_SYNTAX_ERROR", "", ""},
		"deep selects":          {"customer" + strings.Repeat(".a", 3000), "RULE_SYNTAX_ERROR", "", ""},
		"nested loops":          {nested(6, "true"), "RULE_TOO_COSTLY", "", "limit"},
		"many loops":            {strings.Repeat(nested(2, "true")+" && ", 80) + "true", "RULE_TOO_COSTLY", "", "limit"},
		"string growth":         {nested(3, `customer.id + customer.id + customer.id != ""`), "RULE_TOO_COSTLY", "", "limit"},
		"unbounded":             {`dyn(customer.id).all(x, x == x)`, "RULE_TOO_COSTLY", "", "unbounded"},
		"time zones":            {strings.Repeat(`as_of.getHours("Asia/Shanghai") == 3 || `, 150) + "false", "RULE_TOO_COSTLY", "", "limit"},
		"large regex":           {`customer.id.matches("(((a{99}){9}){9})")`, "RULE_INVALID", "", ""},
		"wrong regex":           {`customer.id.matches("(a")`, "RULE_INVALID", "1:21", ""},
		"regex of the customer": {`customer.id.matches(customer.city)`, "RULE_INVALID", "1:29", "literal"},
		"wrong currency":        {`revenue("RMB") > 1.0`, "RULE_INVALID", "1:9", "ISO 4217"},
		"no currency":           {`revenue() > 1.0`, "RULE_INVALID", "1:8", ""},
		"currency not literal":  {`revenue(customer.city) > 1.0`, "RULE_INVALID", "1:17", "literal"},
		"wrong zone":            {`as_of.getHours("Asia/Shangai") == 1`, "RULE_INVALID", "1:16", "zone"},
		"wrong duration":        {`as_of - orders.last_time > duration("30d")`, "RULE_INVALID", "1:37", ""},
		"wrong timestamp":       {`orders.last_time > timestamp("yesterday")`, "RULE_INVALID", "1:30", ""},
		"unknown function":      {`customer.city.sha256() == ""`, "RULE_INVALID", "", "sha256"},
		"name":                  {`customer.display_name == "王芳"`, "RULE_FIELD_NOT_READABLE", "1:1", "customer.display_name"},
		"birth date":            {`customer.birth_date.year < 1990`, "RULE_FIELD_NOT_READABLE", "1:1", "customer.birth_date"},
		"e-mail":                {`true || customer.email.endsWith("@x.cn")`, "RULE_FIELD_NOT_READABLE", "1:9", "customer.email"},
		"phone":                 {`has(customer.phone)`, "RULE_FIELD_NOT_READABLE", "1:5", "customer.phone"},
		"identifiers":           {`customer.identifiers.exists(i, i.value == "x")`, "RULE_FIELD_NOT_READABLE", "1:1", "customer.identifiers"},
		"segment":               {`segment("vip")`, "RULE_INVALID", "", "segment"},
	} {
		t.Run(name, func(t *testing.T) {
			began := time.Now()
			_, err := c.Compile(test.expression)
			if took := time.Since(began); took > time.Second {
				t.Errorf("took %s", took)
			}
			f, ok := fault.As(err)
			if !ok || f.Kind != fault.InvalidArgument || f.Reason != test.reason {
				t.Fatalf("got %v (%s), want %s", err, fault.ReasonOf(err), test.reason)
			}
			if len(f.Violations) != 1 || f.Violations[0].Field != "rule.expression" {
				t.Errorf("violations %v do not name rule.expression", f.Violations)
			}
			if test.place != "" && f.Metadata["line"]+":"+f.Metadata["column"] != test.place {
				t.Errorf("place %s:%s, want %s (%s)", f.Metadata["line"], f.Metadata["column"], test.place, f.Message)
			}
			if !strings.Contains(f.Message, test.says) || len(f.Message) > 400 {
				t.Errorf("message %q (%d bytes), want it short and to speak of %q", f.Message, len(f.Message), test.says)
			}
		})
	}
}

// What a shop may well write is not refused as costly.
func TestOrdinaryRulesAreCheapEnough(t *testing.T) {
	c := compiler(t)
	var cities []string
	for i := range 500 {
		cities = append(cities, fmt.Sprintf("%q", fmt.Sprintf("市%d", i)))
	}
	for _, expression := range []string{
		"customer.city in [" + strings.Join(cities, ", ") + "]",
		strings.Repeat(`(orders.count >= 3 && rfm.recency >= 4) || `, 100) + "false",
		`["a", "b", "c"].exists(p, customer.id.startsWith(p)) && customer.id.matches("^[a-z]{1,20}[0-9]+$")`,
		nested(2, "v0 + v1 < 30"),
	} {
		if _, err := c.Compile(expression); err != nil {
			t.Errorf("%.60s…: %v", expression, err)
		}
	}
}

func TestEvaluationErrorsAreFaults(t *testing.T) {
	c := compiler(t)
	for expression, says := range map[string]string{
		`10 / orders.count > 1`:                     "division by zero",
		`1 / 0 == 1`:                                "division by zero",
		`10 % orders.count > 1`:                     "modulus by zero",
		`9223372036854775807 + orders.days + 1 > 0`: "overflow",
		`[1, 2][orders.count + 2] == 1`:             "index out of bounds",
		`{"a": 1}[customer.city] == 1`:              "no such key",
		`int(customer.id) > 1`:                      "",
		`timestamp(customer.city) < as_of`:          "",
	} {
		r, err := c.Compile(expression)
		if err != nil {
			t.Errorf("%s: %v", expression, err)
			continue
		}
		s := rule.NewSubject()
		s.Set(&facts.Facts{Customer: facts.Customer{ID: "nobody"}})
		_, err = r.Holds(s)
		if fault.KindOf(err) != fault.FailedPrecondition || fault.ReasonOf(err) != "RULE_EVALUATION_FAILED" || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: got %v", expression, err)
		}
	}
}

func TestReadsValuations(t *testing.T) {
	c := compiler(t)
	for expression, want := range map[string]bool{
		`customer.region == "广东"`: false, `true`: false, `[1].all(orders, orders == 1)`: false,
		`orders.count > 1`: true, `revenue("CNY") > 1`: true, `revenue_minor("CNY") > 1`: true, `value.known`: true,
		`rfm.cell == "555"`: true, `has_valuation`: true, `customer.city == "" || as_of > timestamp("2026-01-01T00:00:00Z")`: true,
	} {
		r, err := c.Compile(expression)
		if err != nil {
			t.Fatalf("%s: %v", expression, err)
		}
		if r.ReadsValuations() != want {
			t.Errorf("%s: got %t", expression, !want)
		}
	}
}
