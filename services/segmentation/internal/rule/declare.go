package rule

import (
	"math"
	"strings"
	"time"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/operators"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/parser"

	"github.com/kehuhq/kehu/services/segmentation/internal/facts"
)

// The functions of expressions, beside those of CEL.
const (
	revenueFunction       = "revenue"
	revenueMinorFunction  = "revenue_minor"
	daysSinceFunction     = "days_since"
	withinFunction        = "within"
	ageFunction           = "age"
	daysUntilFunction     = "days_until"
	ordersWithinFunction  = "orders_within"
	revenueWithinFunction = "revenue_within"
	inSegmentFunction     = "in_segment"
	daysFunction          = "days"
	dateFunction          = "date"
	// knownFunction is what has(fact) is turned into; nobody can write it.
	knownFunction = "@known"
	// nowName is the present time.
	nowName = "now"
)

// function is one way to call a function that depends on the customer or the time.
type function struct {
	name     string
	overload string
	args     []*cel.Type
	result   *cel.Type
	// reads are the facts that a call reads besides its arguments.
	reads []string
	// cost is what a call takes, in the unit of CEL's estimates: some 50 ns.
	cost uint64
}

var customerFunctions = []function{
	{revenueFunction, "revenue_string", []*cel.Type{cel.StringType}, cel.DoubleType, []string{"revenue"}, 2},
	{revenueMinorFunction, "revenue_minor_string", []*cel.Type{cel.StringType}, cel.IntType, []string{"revenue"}, 2},
	{daysSinceFunction, "days_since_timestamp", []*cel.Type{cel.TimestampType}, cel.IntType, nil, 5},
	{daysSinceFunction, "days_since_timestamp_zone", []*cel.Type{cel.TimestampType, cel.StringType}, cel.IntType, nil, 20},
	{daysSinceFunction, "days_since_date", []*cel.Type{dateType}, cel.IntType, nil, 20},
	{daysSinceFunction, "days_since_date_zone", []*cel.Type{dateType, cel.StringType}, cel.IntType, nil, 20},
	{withinFunction, "within_timestamp_duration", []*cel.Type{cel.TimestampType, cel.DurationType}, cel.BoolType, nil, 5},
	{ageFunction, "age_date", []*cel.Type{dateType}, cel.IntType, nil, 20},
	{ageFunction, "age_date_zone", []*cel.Type{dateType, cel.StringType}, cel.IntType, nil, 20},
	{daysUntilFunction, "days_until_date", []*cel.Type{dateType}, cel.IntType, nil, 50},
	{daysUntilFunction, "days_until_date_zone", []*cel.Type{dateType, cel.StringType}, cel.IntType, nil, 50},
	{ordersWithinFunction, "orders_within_duration", []*cel.Type{cel.DurationType}, cel.IntType, []string{"orders.recent"}, 100},
	{revenueWithinFunction, "revenue_within_string_duration", []*cel.Type{cel.StringType, cel.DurationType}, cel.DoubleType, []string{"orders.recent"}, 100},
	{inSegmentFunction, "in_segment_string", []*cel.Type{cel.StringType}, cel.BoolType, nil, 10},
	{knownFunction, "known_string", []*cel.Type{cel.StringType}, cel.BoolType, nil, 5},
}

var functionsByOverload = func() map[string]*function {
	m := make(map[string]*function, len(customerFunctions))
	for i := range customerFunctions {
		m[customerFunctions[i].overload] = &customerFunctions[i]
	}
	return m
}()

// Functions lists how functions beside those of CEL are called, e.g.
// "days_since(timestamp, string)".
func Functions() []string {
	calls := []string{"days(int)", "date(string)", "year(date)", "month(date)", "day(date)", "has(fact)"}
	for _, f := range customerFunctions {
		if f.name == knownFunction {
			continue
		}
		var args []string
		for _, arg := range f.args {
			args = append(args, strings.ToLower(strings.TrimPrefix(arg.String(), "google.protobuf.")))
		}
		calls = append(calls, f.name+"("+strings.Join(args, ", ")+")")
	}
	return calls
}

// declarations are all that expressions can use.
func (c *Compiler) declarations() []cel.EnvOption {
	options := []cel.EnvOption{
		cel.Macros(cel.GlobalMacro(operators.Has, 1, c.has)),
		cel.Variable(nowName, cel.TimestampType),
		cel.Function(daysFunction, cel.Overload("days_int", []*cel.Type{cel.IntType}, cel.DurationType, cel.UnaryBinding(days))),
		cel.Function(dateFunction, cel.Overload("date_string", []*cel.Type{cel.StringType}, dateType, cel.UnaryBinding(dateFromText))),
	}
	for _, name := range []string{operators.Less, operators.LessEquals, operators.Greater, operators.GreaterEquals} {
		options = append(options, cel.Function(name, cel.Overload(name+"date", []*cel.Type{dateType, dateType}, cel.BoolType)))
	}
	for name, part := range map[string]func(date) int{
		"year": func(d date) int { return d.Year }, "month": func(d date) int { return d.Month }, "day": func(d date) int { return d.Day },
	} {
		options = append(options, cel.Function(name, cel.Overload(name+"_date", []*cel.Type{dateType}, cel.IntType,
			cel.UnaryBinding(func(v ref.Val) ref.Val { return partOf(v, part) }))))
	}
	for _, f := range customerFunctions {
		options = append(options, cel.Function(f.name, cel.Overload(f.overload, f.args, f.result, cel.LateFunctionBinding())))
	}
	options = append(options, clockDeclarations()...)
	for name, field := range c.slots {
		options = append(options, cel.Variable(name, celType(field.Type)))
	}
	return options
}

func celType(t facts.Type) *cel.Type {
	switch t {
	case facts.Bool:
		return cel.BoolType
	case facts.Int:
		return cel.IntType
	case facts.Double:
		return cel.DoubleType
	case facts.Timestamp:
		return cel.TimestampType
	case facts.Calendar:
		return dateType
	case facts.Texts:
		return cel.ListType(cel.StringType)
	}
	return cel.StringType
}

// has makes has(fact) ask whether the fact is known. Of anything else it is CEL's own.
func (c *Compiler) has(helper cel.MacroExprFactory, target ast.Expr, args []ast.Expr) (ast.Expr, *cel.Error) {
	if name, ok := path(args[0]); ok && c.slots[name] != nil {
		return helper.NewCall(knownFunction, helper.NewLiteral(types.String(name))), nil
	}
	return parser.MakeHas(helper, target, args)
}

// path is the dotted name of an expression such as orders.count.
func path(e ast.Expr) (string, bool) {
	switch e.Kind() {
	case ast.IdentKind:
		return e.AsIdent(), true
	case ast.SelectKind:
		operand, ok := path(e.AsSelect().Operand())
		return operand + "." + e.AsSelect().FieldName(), ok
	}
	return "", false
}

// days is a duration of so many days of 24 hours.
func days(v ref.Val) ref.Val {
	n, ok := v.(types.Int)
	if !ok {
		return types.MaybeNoSuchOverloadErr(v)
	}
	const most = math.MaxInt64 / int64(24*time.Hour)
	if n > types.Int(most) || n < types.Int(-most) {
		return types.NewErr("days(%d) is longer than any duration: %d days at most", n, most)
	}
	return types.Duration{Duration: time.Duration(n) * 24 * time.Hour}
}

func dateFromText(v ref.Val) ref.Val {
	text, _ := v.(types.String)
	d, ok := parseDate(string(text))
	if !ok {
		return types.NewErr("%q is not a date such as 1990-05-17", string(text))
	}
	return date(d)
}

func partOf(v ref.Val, part func(date) int) ref.Val {
	d, ok := v.(date)
	if !ok {
		return types.MaybeNoSuchOverloadErr(v)
	}
	return types.Int(part(d))
}
