package cli

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"google.golang.org/protobuf/types/known/structpb"

	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"
)

// comparisons are how a condition is written. Those that begin with another one
// come before it.
var comparisons = []struct {
	sign     string
	operator profilev1.ConditionOperator
}{
	{">=", profilev1.ConditionOperator_CONDITION_OPERATOR_AT_LEAST},
	{"<=", profilev1.ConditionOperator_CONDITION_OPERATOR_AT_MOST},
	{"!=", profilev1.ConditionOperator_CONDITION_OPERATOR_IS_NOT},
	{"=", profilev1.ConditionOperator_CONDITION_OPERATOR_IS},
	{">", profilev1.ConditionOperator_CONDITION_OPERATOR_ABOVE},
	{"<", profilev1.ConditionOperator_CONDITION_OPERATOR_BELOW},
	{"~", profilev1.ConditionOperator_CONDITION_OPERATOR_CONTAINS},
}

// condition reads FIELD, a comparison and VALUE, or several values with commas
// between for = and !=. Numbers and true and false are such, unless in quotes.
func condition(flag, text string) (*profilev1.Condition, error) {
	at := strings.IndexAny(text, "><!=~")
	if at > 0 {
		for _, c := range comparisons {
			rest, found := strings.CutPrefix(text[at:], c.sign)
			if !found {
				continue
			}
			parts := []string{rest}
			operator := c.operator
			if c.sign == "=" || c.sign == "!=" {
				if parts = strings.Split(rest, ","); len(parts) > 1 {
					operator = map[string]profilev1.ConditionOperator{
						"=": profilev1.ConditionOperator_CONDITION_OPERATOR_IN, "!=": profilev1.ConditionOperator_CONDITION_OPERATOR_NOT_IN,
					}[c.sign]
				}
			}
			made := &profilev1.Condition{Field: strings.TrimSpace(text[:at]), Operator: operator}
			for _, part := range parts {
				made.Values = append(made.Values, valueOf(strings.TrimSpace(part)))
			}
			return made, nil
		}
	}
	return nil, usageError{fmt.Errorf("--%s must be a field, one of >= <= != = > < ~, and a value, e.g. 'customer.region=广东'; is %q", flag, text)}
}

func valueOf(text string) *structpb.Value {
	if len(text) >= 2 && text[0] == '"' && text[len(text)-1] == '"' {
		return structpb.NewStringValue(text[1 : len(text)-1])
	}
	if n, err := strconv.ParseFloat(text, 64); err == nil {
		return structpb.NewNumberValue(n)
	}
	switch text {
	case "true", "false":
		return structpb.NewBoolValue(text == "true")
	default:
		return structpb.NewStringValue(text)
	}
}

// selector reads TYPE or TYPE:NAME of events.
func selector(flag, text string) (*profilev1.EventSelector, error) {
	kind, name, _ := strings.Cut(text, ":")
	if kind == "" && name == "" {
		return nil, usageError{fmt.Errorf("--%s must be a type of event, e.g. page, view, cart, purchase or order, with :NAME where needed; is %q", flag, text)}
	}
	return &profilev1.EventSelector{Type: kind, Name: name}, nil
}

// unitOf reads a period of the calendar.
func unitOf(flag, text string) (profilev1.CalendarUnit, error) {
	unit, known := map[string]profilev1.CalendarUnit{
		"day": profilev1.CalendarUnit_CALENDAR_UNIT_DAY, "week": profilev1.CalendarUnit_CALENDAR_UNIT_WEEK, "month": profilev1.CalendarUnit_CALENDAR_UNIT_MONTH,
	}[text]
	if !known {
		return 0, oneOf(flag, text, "day", "week", "month")
	}
	return unit, nil
}

// window reads a duration, also in days: 30d.
func window(flag, text string) (time.Duration, error) {
	if days, found := strings.CutSuffix(text, "d"); found {
		if n, err := strconv.ParseUint(days, 10, 16); err == nil && n <= 3650 {
			return time.Duration(n) * 24 * time.Hour, nil
		}
	}
	d, err := time.ParseDuration(text)
	if err != nil || d <= 0 {
		return 0, usageError{fmt.Errorf("--%s must be a duration, e.g. 30d, 36h or 90m, is %q", flag, text)}
	}
	return d, nil
}
