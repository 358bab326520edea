package rule

import (
	"strings"
	"time"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
)

// readings are what CEL tells of an instant in a time zone. CEL itself reads the
// zone's file for each call, which takes twenty times as long as all else in a rule;
// here zones are kept.
var readings = map[string]func(time.Time) int{
	"getFullYear":     time.Time.Year,
	"getMonth":        func(t time.Time) int { return int(t.Month()) - 1 },
	"getDate":         time.Time.Day,
	"getDayOfMonth":   func(t time.Time) int { return t.Day() - 1 },
	"getDayOfWeek":    func(t time.Time) int { return int(t.Weekday()) },
	"getDayOfYear":    func(t time.Time) int { return t.YearDay() - 1 },
	"getHours":        time.Time.Hour,
	"getMinutes":      time.Time.Minute,
	"getSeconds":      time.Time.Second,
	"getMilliseconds": func(t time.Time) int { return t.Nanosecond() / int(time.Millisecond) },
}

// readingPrefix begins the names of the functions that t.getHours(zone) and its like
// are turned into; nobody can write them.
const readingPrefix = "@"

// readingCost is of one such call, in the unit of CEL's estimates.
const readingCost = 10

func clockDeclarations() []cel.EnvOption {
	var options []cel.EnvOption
	for name, reading := range readings {
		options = append(options,
			cel.Macros(cel.ReceiverMacro(name, 1, func(helper cel.MacroExprFactory, target ast.Expr, args []ast.Expr) (ast.Expr, *cel.Error) {
				return helper.NewCall(readingPrefix+name, target, args[0]), nil
			})),
			cel.Function(readingPrefix+name, cel.Overload(readingPrefix+name, []*cel.Type{cel.TimestampType, cel.StringType}, cel.IntType,
				cel.BinaryBinding(func(instant, zone ref.Val) ref.Val { return read(instant, zone, reading) }))))
	}
	return options
}

func read(instant, zone ref.Val, reading func(time.Time) int) ref.Val {
	t, ok := instant.(types.Timestamp)
	if !ok {
		return types.MaybeNoSuchOverloadErr(instant)
	}
	location, ok := zoneOf(text(zone))
	if !ok {
		return types.NewErr("%q is not %s", text(zone), zoneWanted)
	}
	return types.Int(reading(t.In(location)))
}

func isReading(function string) bool {
	name, ok := strings.CutPrefix(function, readingPrefix)
	return ok && readings[name] != nil
}
