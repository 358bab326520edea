package domain

import (
	"fmt"
	"math"
	"reflect"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/kehuhq/kehu/pkg/fault"
)

// checked is a value with a rule of its own, which may bring it into its one form.
type checked interface {
	check(field string, now time.Time) *fault.Fault
}

// worded is a value out of a few.
type worded interface{ Words() []string }

// structs remembers the fields of the structs that lists hold.
var structs sync.Map // reflect.Type → []Field

func structFields(t reflect.Type) []Field {
	if known, ok := structs.Load(t); ok {
		return known.([]Field)
	}
	fields := fieldsOf(t)
	structs.Store(t, fields)
	return fields
}

// check reports what is wrong with a value, brings it into the form in which it
// is compared, and names what is wrong by its path.
func check(path string, v reflect.Value, b bounds, now time.Time, all *faults) {
	if empty(v) {
		if b.required {
			all.add(fault.Invalid(path, "must be set"))
		}
		if v.Kind() == reflect.Slice {
			v.SetZero()
		}
		return
	}
	if v.CanAddr() {
		if own, ok := v.Addr().Interface().(checked); ok {
			all.add(own.check(path, now))
			return
		}
	}
	if own, ok := v.Interface().(worded); ok {
		if word := v.String(); word != "" && !slices.Contains(own.Words(), word) {
			all.add(fault.Invalid(path, "must be one of %q, is %q", own.Words(), short(word)))
		}
		return
	}
	switch v.Kind() {
	case reflect.String:
		all.add(checkLine(path, v.String(), int(b.max)))
	case reflect.Int64:
		if n := v.Int(); n < 0 || b.max > 0 && n > b.max {
			all.add(fault.Invalid(path, "must be from 0 to %d, is %d", orMost(b.max), n))
		}
	case reflect.Float64:
		if x := v.Float(); x < 0 || math.IsInf(x, 0) || math.IsNaN(x) {
			all.add(fault.Invalid(path, "must be a number from 0, is %v", x))
		}
	case reflect.Slice:
		checkList(path, v, b, now, all)
	case reflect.Struct:
		if at, ok := v.Interface().(time.Time); ok {
			all.add(checkInstant(path, &at))
			v.Set(reflect.ValueOf(at))
			return
		}
		fields := structFields(v.Type())
		for i := range fields {
			check(path+"."+fields[i].Name, v.Field(i), fields[i].bounds, now, all)
		}
	}
}

func orMost(n int64) int64 {
	if n == 0 {
		return math.MaxInt64
	}
	return n
}

func checkList(path string, v reflect.Value, b bounds, now time.Time, all *faults) {
	if int64(v.Len()) > b.items {
		all.add(fault.Invalid(path, "must be at most %d, are %d", b.items, v.Len()))
		return
	}
	if texts, ok := v.Addr().Interface().(*[]string); ok {
		checkTexts(path, texts, int(b.max), all)
		return
	}
	for i := range v.Len() {
		check(fmt.Sprintf("%s[%d]", path, i), v.Index(i), bounds{}, now, all)
	}
}

// checkTexts checks the texts of a list, takes the spaces around them away, and
// keeps of those given twice the first.
func checkTexts(path string, texts *[]string, limit int, all *faults) {
	var kept []string
	for i, text := range *texts {
		text = strings.TrimSpace(text)
		at := fmt.Sprintf("%s[%d]", path, i)
		if f := checkLine(at, text, limit); f != nil {
			all.add(f)
		} else if text == "" {
			all.add(fault.Invalid(at, "must not be empty"))
		} else if !slices.Contains(kept, text) {
			kept = append(kept, text)
		}
	}
	*texts = kept
}

// checkInstant reports a time that the API could not show, and brings it to the
// precision of the store; the zero time is none.
func checkInstant(path string, at *time.Time) *fault.Fault {
	*at = at.UTC().Truncate(time.Millisecond)
	if !at.IsZero() && (at.Year() < 1 || at.Year() > 9999) {
		return fault.Invalid(path, "must be an instant between the years 1 and 9999")
	}
	return nil
}

// checkName reports what cannot be the name of an attribute.
func checkName(field, name string) *fault.Fault {
	if !AttributeName(name) {
		return fault.Invalid(field, "must be of a–z, 0–9 and _, begin with a letter and have at most 63 characters, is %q", short(name))
	}
	return nil
}

// AttributeName reports whether an attribute can have the name.
func AttributeName(name string) bool {
	if len(name) == 0 || len(name) > 63 || name[0] < 'a' || name[0] > 'z' || !utf8.ValidString(name) {
		return false
	}
	return !strings.ContainsFunc(name, func(r rune) bool {
		return r != '_' && (r < 'a' || r > 'z') && (r < '0' || r > '9')
	})
}
