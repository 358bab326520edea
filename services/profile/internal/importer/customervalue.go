package importer

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"reflect"
	"strconv"
	"strings"
	"time"

	"github.com/kehuhq/kehu/pkg/fault"

	"github.com/kehuhq/kehu/services/profile/internal/domain"
	"github.com/kehuhq/kehu/services/profile/internal/sheet"
)

// read reads the value of a field of a customer. What is not one of the words
// that there are refuses the row; any other value that cannot be is to be left out.
func (r *customerRows) read(field *domain.Field, text string, to reflect.Value) (refuse, leave *fault.Fault) {
	switch v := to.Addr().Interface().(type) {
	case *domain.BirthDate:
		*v, leave = birthDate(text, r.now)
	case *domain.Country:
		*v, leave = country(text)
	case *[]string:
		*v = list(text)
	case *string:
		*v = text
	case *int64:
		n, err := strconv.ParseInt(plain(text), 10, 64)
		if err != nil {
			return nil, invalid(field.Name, "NUMBER_MALFORMED", "must be a whole number, is %q", clip(text, 40))
		}
		*v = n
	case interface{ Words() []string }:
		var found string
		found, refuse = word(field.Name, text, v.Words()...)
		to.SetString(found)
	default:
		leave = records(field.Name, text, v)
	}
	return refuse, leave
}

func country(text string) (domain.Country, *fault.Fault) {
	whose := domain.Customer{ID: "-", Details: domain.Details{Country: domain.Country(plain(text))}}
	if f, wrong := fault.As(whose.Normalize(time.Time{})); wrong {
		return "", f
	}
	return whose.Country, nil
}

// list reads several texts in one value, with a semicolon, a bar or a Chinese
// enumeration comma between them, or as a JSON list.
func list(text string) []string {
	var all []string
	if strings.HasPrefix(text, "[") {
		if value, f := sheet.ParseValue(text); f == nil {
			parts, _ := value.([]any)
			for _, part := range parts {
				if part := tidy(sheet.Text(part)); part != "" {
					all = append(all, part)
				}
			}
			return all
		}
	}
	for _, part := range strings.FieldsFunc(text, func(r rune) bool { return strings.ContainsRune(";；|、", r) }) {
		if part = tidy(part); part != "" {
			all = append(all, part)
		}
	}
	return all
}

// records reads a list of records, such as social accounts, which stands in its
// column as it does in the JSON of the API, with the names of the protos.
func records(column, text string, to any) *fault.Fault {
	d := json.NewDecoder(bytes.NewReader([]byte(text)))
	d.DisallowUnknownFields()
	err := d.Decode(to)
	if err == nil {
		if _, more := d.Token(); errors.Is(more, io.EOF) {
			return nil
		}
	}
	reflect.ValueOf(to).Elem().SetZero()
	return invalid(column, "RECORDS_MALFORMED", "must be a JSON list of records with the fields of the API, is %q", clip(text, 60))
}
