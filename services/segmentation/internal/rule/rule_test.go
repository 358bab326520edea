package rule_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/kehuhq/kehu/pkg/fault"

	"github.com/kehuhq/kehu/services/segmentation/internal/criterion"
	"github.com/kehuhq/kehu/services/segmentation/internal/facts"
	"github.com/kehuhq/kehu/services/segmentation/internal/facts/factstest"
	"github.com/kehuhq/kehu/services/segmentation/internal/rule"
)

func compiler(t testing.TB) *rule.Compiler {
	t.Helper()
	c, err := rule.NewCompiler(factstest.Attributes())
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// noon is when the tests' cases are.
var noon = time.Date(2026, 7, 1, 12, 0, 0, 0, time.UTC)

func caseOf(f *facts.Facts) *criterion.Case {
	return &criterion.Case{Facts: f, At: noon, In: func(segment string) (bool, error) { return segment == "vip" && f.Customer.ID == "wang", nil }}
}

func wang() *facts.Facts {
	risk := 0.25
	return &facts.Facts{
		Customer: facts.Customer{
			ID: "wang", Kind: "INDIVIDUAL", Gender: "FEMALE", Region: "广东", City: "深圳", Acquisition: "REFERRAL",
			Country: "CN", Area: "URBAN", Education: "BACHELOR", Occupation: "nurse", MaritalStatus: "MARRIED", HouseholdSize: 3,
			BirthDate: facts.Date{Year: 1990, Month: 7, Day: 9}, IncomeBand: "10-20万/年", Stage: "ACTIVE",
			Interests: []string{"hiking", "茶"}, Lifestyles: []string{"health"}, Brands: []string{"A"}, Channels: []string{"wechat"},
			StageTime: noon.AddDate(0, 0, -5), CreateTime: noon.AddDate(-1, 0, 0), LastSeenTime: noon.Add(-time.Hour),
			Attributes: map[string]any{
				"tier": "gold", "points": int64(120), "weight": 51.5, "vip": true, "hobbies": []string{"chess"},
				"joined": facts.Date{Year: 2024, Month: 2, Day: 29}, "renewed": noon.AddDate(0, 0, -30),
			},
		},
		Feedback:   facts.Feedback{Responses: 2, Satisfaction: 0.9, LastResponseTime: noon.AddDate(0, 0, -3)},
		Referral:   facts.Referral{Invitations: 5, Referees: 2, Qualified: 1, LastQualifyTime: noon.AddDate(0, -1, 0)},
		Prediction: facts.Prediction{ChurnRisk: &risk, Residual: &facts.Money{Currency: "CNY", Minor: 9900}},
		AsOf:       time.Date(2026, 7, 1, 0, 0, 0, 0, time.UTC), Valued: true,
		Orders: facts.Orders{
			Count: 4, Days: 3,
			FirstTime: time.Date(2025, 12, 31, 17, 0, 0, 0, time.UTC), LastTime: time.Date(2026, 6, 19, 3, 0, 0, 0, time.UTC),
			Recent: []facts.Order{
				{Time: time.Date(2025, 12, 31, 17, 0, 0, 0, time.UTC), Net: facts.Money{Currency: "CNY", Minor: 100_000}},
				{Time: time.Date(2026, 6, 1, 3, 0, 0, 0, time.UTC), Net: facts.Money{Currency: "CNY", Minor: 20_000}},
				{Time: time.Date(2026, 6, 19, 2, 0, 0, 0, time.UTC), Net: facts.Money{Currency: "JPY", Minor: 900}},
				{Time: time.Date(2026, 6, 19, 3, 0, 0, 0, time.UTC), Net: facts.Money{Currency: "CNY", Minor: 3456}},
			},
		},
		Revenue: []facts.Money{{Currency: "CNY", Minor: 123456}, {Currency: "JPY", Minor: 900}},
		Value:   facts.Value{Known: true, Historic: facts.Money{Currency: "CNY", Minor: 40050}, Coverage: 0.75},
		RFM:     facts.Scores{Recency: 5, Frequency: 4, Monetary: 5, Cell: "545", Group: "IMPORTANT_VALUE", Segment: "Champions"},
	}
}

// Every fact and function gives the value that docs/facts.md promises.
func TestFacts(t *testing.T) {
	c := compiler(t)
	nobody := &facts.Facts{Customer: facts.Customer{ID: "nobody"}, AsOf: noon}
	for expression, want := range map[string][2]bool{ // of wang, of nobody
		`customer.id == "wang" && customer.kind == "INDIVIDUAL" && customer.gender == "FEMALE"`:                                               {true, false},
		`customer.region == "广东" && customer.city == "深圳" && customer.acquisition == "REFERRAL"`:                                              {true, false},
		`customer.kind == "" && customer.gender == "" && customer.acquisition == ""`:                                                          {false, true},
		`orders.count == 4 && orders.days == 3 && days_since(orders.last_time) == 12`:                                                         {true, false},
		`orders.count == 0 && orders.days == 0 && days_since(orders.last_time) == 2147483647`:                                                 {false, true},
		`days_since(orders.last_time) <= 90`:                                                                                                  {true, false},
		`days_since(orders.last_time, "Asia/Shanghai") == 12 && days_since(orders.first_time, "Asia/Shanghai") == 181`:                        {true, false},
		`within(orders.last_time, days(13)) && !within(orders.last_time, duration("288h"))`:                                                   {true, false},
		`now - orders.last_time < duration("720h") && now > orders.last_time + days(12)`:                                                      {true, false},
		`now >= timestamp("2026-07-01T12:00:00Z") && !(timestamp("2026-07-01T12:00:00Z") < now)`:                                              {true, true},
		`orders_within(days(31)) == 3 && orders_within(days(13)) == 2 && orders_within(days(1)) == 0`:                                         {true, false},
		`revenue_within("CNY", days(31)) == 234.56 && revenue_within("CNY", days(13)) < 34.57`:                                                {true, false},
		`age(customer.birth_date) == 35 && age(customer.birth_date, "Asia/Shanghai") == 35`:                                                   {true, false},
		`age(customer.birth_date) == -1 && days_until(customer.birth_date) == 2147483647`:                                                     {false, true},
		`days_until(customer.birth_date) == 8 && days_until(customer.birth_date, "Asia/Shanghai") <= 8`:                                       {true, false},
		`customer.birth_date < date("1990-07-10") && customer.birth_date == date("1990-07-09") && year(customer.birth_date) == 1990`:          {true, false},
		`month(customer.birth_date) == 7 && day(customer.birth_date) == 9 && date("2026-07-01") >= date("2026-06-30")`:                        {true, false},
		`customer.country == "CN" && customer.area == "URBAN" && customer.education == "BACHELOR" && customer.occupation == "nurse"`:          {true, false},
		`customer.marital_status == "MARRIED" && customer.household_size == 3 && customer.income_band == "10-20万/年"`:                          {true, false},
		`"hiking" in customer.interests && "health" in customer.lifestyles && "A" in customer.brands && "wechat" in customer.channels`:        {true, false},
		`customer.interests.exists(i, i.startsWith("hik")) && size(customer.interests) == 2`:                                                  {true, false},
		`customer.stage == "ACTIVE" && days_since(customer.stage_time) == 5 && within(customer.last_seen_time, days(1))`:                      {true, false},
		`customer.create_time < now && customer.create_time.getFullYear() == 2025`:                                                            {true, false},
		`attributes.tier == "gold" && attributes.points > 100 && attributes.weight < 52.0 && attributes.vip && "chess" in attributes.hobbies`: {true, false},
		`attributes.joined == date("2024-02-29") && days_since(attributes.joined) > 800 && days_since(attributes.renewed) == 30`:              {true, false},
		`attributes.tier == "" && attributes.points == 0 && !attributes.vip && size(attributes.hobbies) == 0`:                                 {false, true},
		`has(attributes.tier) && has(customer.gender) && has(orders.last_time) && has(prediction.churn_risk) && has(customer.birth_date)`:     {true, false},
		`has(orders.count) && !has(prediction.overdue)`:                                                                                       {true, true},
		`has(value.historic) && has(rfm.monetary) && has(feedback.satisfaction) && has(customer.household_size)`:                              {true, false},
		`feedback.responses == 2 && feedback.satisfaction >= 0.9 && days_since(feedback.last_response_time) == 3`:                             {true, false},
		`referral.invitations == 5 && referral.referees == 2 && referral.qualified == 1 && within(referral.last_qualify_time, days(60))`:      {true, false},
		`prediction.churn_risk == 0.25 && prediction.residual_value == 99.0 && prediction.residual_value_minor == 9900`:                       {true, false},
		`prediction.alive_probability == 0.0 && !prediction.churned && prediction.expected_orders == 0.0 && prediction.overdue == 0.0`:        {true, true},
		`in_segment("vip")`:                        {true, false},
		`in_segment("vip") || in_segment("loyal")`: {true, false},
		`[true].exists(x, x && in_segment("vip")) && [1].all(x, days_since(orders.last_time) > x)`:                                                                         {true, false},
		`(has_valuation && orders.count > 3) == true`:                                                                                                                      {true, false},
		`orders.count > 2.5 && 3 < orders.count && customer.city != "广州" && "a" < customer.id`:                                                                             {true, false},
		`orders.first_time.getMonth("Asia/Shanghai") == 0 && orders.first_time.getDate("Asia/Shanghai") == 1 && orders.first_time.getDayOfMonth("+08:00") == 0`:            {true, true},
		`orders.first_time.getDayOfWeek("Asia/Shanghai") == 4 && orders.first_time.getDayOfYear("Asia/Shanghai") == 0 && orders.first_time.getHours("Asia/Shanghai") == 1`: {true, false},
		`orders.first_time.getMinutes("Asia/Kolkata") == 30 && orders.first_time.getSeconds("UTC") == 0 && orders.first_time.getMilliseconds("UTC") == 0`:                  {true, false},
		`orders.first_time.getFullYear() == 2025`:                                          {true, false},
		`orders.first_time.getFullYear("Asia/Shanghai") == 2026`:                           {true, false},
		`orders.last_time < orders.first_time + duration("24h")`:                           {false, true},
		`orders.last_time == timestamp("1900-01-01T00:00:00Z")`:                            {false, true},
		`as_of - orders.last_time < duration("720h")`:                                      {true, false},
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
		for i, f := range []*facts.Facts{wang(), nobody} {
			if got, err := r.Evaluate(caseOf(f)); err != nil || got.Belongs != want[i] {
				t.Errorf("%s of %s: got %t, %v, want %t", expression, f.Customer.ID, got.Belongs, err, want[i])
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
		"has of no fact":        {`has(orders.cuont)`, "RULE_FACT_UNKNOWN", "1:5", "orders.count"},
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
		"time zones":            {nested(2, `v0 + v1 < as_of.getHours("Asia/Shanghai") + as_of.getMinutes("Asia/Tokyo") + as_of.getDate("UTC") + as_of.getMonth("UTC") + as_of.getDate("+08:00") + as_of.getMonth("UTC") + as_of.getDate("+08:00") + as_of.getMonth("UTC")`), "RULE_TOO_COSTLY", "", "limit"},
		"zone of a customer":    {`as_of.getHours(customer.city) == 1`, "RULE_INVALID", "1:24", "literal"},
		"zone of no instant":    {`customer.city.getHours("UTC") == 1`, "RULE_INVALID", "1:23", "getHours"},
		"hidden reading":        {`@getHours(as_of, "UTC") == 1`, "RULE_SYNTAX_ERROR", "1:1", ""},
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
		"beliefs":               {`"x" in customer.beliefs`, "RULE_FIELD_NOT_READABLE", "1:8", "customer.beliefs"},
		"sensitive attribute":   {`attributes.health == "x"`, "RULE_FIELD_NOT_READABLE", "1:1", "consent"},
		"unknown attribute":     {`attributes.tire == "gold"`, "RULE_FACT_UNKNOWN", "1:1", "attributes.tier"},
		"attribute's type":      {`attributes.points == "gold"`, "RULE_INVALID", "1:19", "overload"},
		"recency days":          {`orders.recency_days > 90`, "RULE_FACT_UNKNOWN", "1:1", "days_since(orders.last_time)"},
		"now in arithmetic":     {`now.getHours() == 3`, "RULE_INVALID", "1:1", "now can only be compared"},
		"now for equality":      {`true && now == orders.last_time`, "RULE_INVALID", "1:9", "now can only be compared"},
		"now twice":             {`now - orders.last_time > now - orders.first_time`, "RULE_INVALID", "1:1", "now can only be compared"},
		"now within a loop":     {`[days(1)].exists(d, now > orders.last_time + d)`, "RULE_INVALID", "1:21", "now can only be compared"},
		"now as text":           {`string(now) > ""`, "RULE_INVALID", "1:8", "now can only be compared"},
		"wrong zone of days":    {`days_since(orders.last_time, "Shanghai") > 1`, "RULE_INVALID", "1:30", "zone"},
		"zone not literal":      {`days_since(orders.last_time, customer.city) > 1`, "RULE_INVALID", "1:38", "literal"},
		"days of a text":        {`days_since(customer.city) > 1`, "RULE_INVALID", "1:11", "overload"},
		"age of an instant":     {`age(orders.last_time) > 1`, "RULE_INVALID", "1:4", "overload"},
		"wrong date":            {`customer.birth_date > date("1990-02-30")`, "RULE_INVALID", "1:28", "date"},
		"date not literal":      {`customer.birth_date > date(customer.city)`, "RULE_INVALID", "1:36", "literal"},
		"too many days":         {`within(orders.last_time, days(999999999))`, "RULE_INVALID", "", "days"},
		"days as duration":      {`within(orders.last_time, duration("90d"))`, "RULE_INVALID", "1:35", ""},
		"within without span":   {`within(orders.last_time, 90)`, "RULE_INVALID", "1:7", "overload"},
		"wrong currency within": {`revenue_within("RMB", days(30)) > 1.0`, "RULE_INVALID", "1:16", "ISO 4217"},
		"segment's name":        {`in_segment("segments/vip")`, "RULE_INVALID", "1:12", "id of a segment"},
		"segment not literal":   {`in_segment(customer.city)`, "RULE_INVALID", "1:20", "literal"},
		"hidden function":       {`@known("customer.city")`, "RULE_SYNTAX_ERROR", "1:1", ""},
		"many windows":          {strings.Repeat(`orders_within(days(9)) > 3 || `, 120) + "false", "RULE_TOO_COSTLY", "", "limit"},
		"loops over lists":      {`customer.interests.exists(a, customer.brands.exists(b, customer.channels.exists(c, a == b && b == c)))`, "RULE_TOO_COSTLY", "", "limit"},
		"texts of lists":        {`attributes.hobbies.exists(h, h.matches("^(a|b)*c$") && attributes.hobbies.exists(g, g.contains(h)))`, "RULE_TOO_COSTLY", "", "limit"},
		"e-mail":                {`true || customer.email.endsWith("@x.cn")`, "RULE_FIELD_NOT_READABLE", "1:9", "customer.email"},
		"phone":                 {`has(customer.phone)`, "RULE_FIELD_NOT_READABLE", "1:5", "customer.phone"},
		"identifiers":           {`customer.identifiers.exists(i, i.value == "x")`, "RULE_FIELD_NOT_READABLE", "1:1", "customer.identifiers"},
		"segment":               {`segment("vip")`, "RULE_INVALID", "", "segment"},
	} {
		t.Run(name, func(t *testing.T) {
			var err error
			within(t, "compiling", func() { _, err = c.Compile(test.expression) })
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
		_, err = r.Evaluate(caseOf(&facts.Facts{Customer: facts.Customer{ID: "nobody"}}))
		if fault.KindOf(err) != fault.FailedPrecondition || fault.ReasonOf(err) != "RULE_EVALUATION_FAILED" || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: got %v", expression, err)
		}
	}
}

// A rule tells which facts it reads, which segments it asks about, and what it costs.
func TestReadsAndSegments(t *testing.T) {
	c := compiler(t)
	for expression, want := range map[string]struct{ reads, segments string }{
		`customer.region == "广东"`:               {"customer.region", ""},
		`true`:                                  {"", ""},
		`[1].all(orders, orders == 1)`:          {"", ""},
		`revenue("CNY") > 1 || orders.days > 1`: {"orders.days revenue", ""},
		`in_segment("vip") && !in_segment("loyal") && in_segment("vip")`:              {"", "loyal vip"},
		`orders_within(days(90)) > 1 && revenue_within("CNY", days(1)) > 1`:           {"orders.recent", ""},
		`has(value.historic) && has(attributes.tier) && age(customer.birth_date) > 3`: {"attributes.tier customer.birth_date value.historic value.known", ""},
		`customer.interests.exists(i, i == customer.city)`:                            {"customer.city customer.interests", ""},
		`now - orders.last_time > days(9)`:                                            {"orders.last_time", ""},
	} {
		r, err := c.Compile(expression)
		if err != nil {
			t.Fatalf("%s: %v", expression, err)
		}
		if reads, segments := strings.Join(r.Reads(), " "), strings.Join(r.Segments(), " "); reads != want.reads || segments != want.segments {
			t.Errorf("%s: reads %q, asks about %q", expression, reads, segments)
		}
		if r.Cost() > rule.MaxCost {
			t.Errorf("%s: costs %d", expression, r.Cost())
		}
	}
}
