package sheet

import "strings"

// split tells the fields of a row apart, MaxColumns and one at most. Where the
// row is malformed it does what it can.
func split(text, delimiter string, to []string) []string {
	for len(to) <= MaxColumns {
		var field string
		var more bool
		switch {
		case strings.HasPrefix(text, `"`):
			field, text, more = quoted(text[1:], delimiter)
			field = literal(field)
		case strings.HasPrefix(text, `="`):
			field, text, more = quoted(text[2:], delimiter)
		default:
			end := strings.IndexByte(text, delimiter[0])
			if end < 0 {
				return append(to, text)
			}
			field, text, more = text[:end], text[end+1:], true
		}
		to = append(to, field)
		if !more {
			break
		}
	}
	return to
}

// quoted reads a field behind its opening quote, and returns what follows the
// delimiter behind it.
func quoted(text, delimiter string) (field, rest string, more bool) {
	doubled := false
	for at := 0; ; {
		next := strings.IndexByte(text[at:], '"')
		if next < 0 {
			return text, "", false
		}
		at += next
		if strings.HasPrefix(text[at+1:], `"`) {
			doubled = true
			at += 2
			continue
		}
		field, rest = text[:at], text[at+1:]
		break
	}
	if doubled {
		field = strings.ReplaceAll(field, `""`, `"`)
	}
	_, rest, more = strings.Cut(rest, delimiter)
	return field, rest, more
}

// literal is the text that a field gives as a formula, ="00123": so spreadsheets
// are kept from taking it for a number. Other formulas stay as they are.
func literal(field string) string {
	inner, ok := strings.CutPrefix(field, `="`)
	if !ok {
		return field
	}
	if inner, ok = strings.CutSuffix(inner, `"`); !ok {
		return field
	}
	if strings.IndexByte(inner, '"') < 0 {
		return inner
	}
	if strings.IndexByte(strings.ReplaceAll(inner, `""`, ""), '"') >= 0 {
		return field // such as ="a"&"b"
	}
	return strings.ReplaceAll(inner, `""`, `"`)
}
