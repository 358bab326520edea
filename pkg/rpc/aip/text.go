package aip

import (
	"fmt"
	"strings"
	"unicode"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/kehuhq/kehu/pkg/fault"
)

// prose are the names of fields whose text may have several lines.
var prose = map[protoreflect.Name]bool{
	"note": true, "notes": true, "reason": true, "reasons": true, "strategy": true, "process": true, "payment": true,
	"report": true, "instructions": true, "description": true, "effect": true, "zh": true, "en": true,
}

// CheckText reports every text of a message that holds control characters, or
// line breaks where there can be only one line. Lengths are the validator's.
func CheckText(m proto.Message) error {
	var all []*fault.Fault
	checkMessage(m.ProtoReflect(), "", &all)
	return fault.Merge(all...)
}

func checkMessage(m protoreflect.Message, path string, all *[]*fault.Fault) {
	m.Range(func(field protoreflect.FieldDescriptor, value protoreflect.Value) bool {
		at := path + string(field.Name())
		switch {
		case field.IsMap():
			value.Map().Range(func(key protoreflect.MapKey, _ protoreflect.Value) bool {
				if field.MapKey().Kind() == protoreflect.StringKind {
					checkLine(at, key.String(), false, all)
				}
				return true
			})
		case field.IsList():
			for i := range value.List().Len() {
				checkValue(field, value.List().Get(i), fmt.Sprintf("%s[%d]", at, i), all)
			}
		default:
			checkValue(field, value, at, all)
		}
		return true
	})
}

func checkValue(field protoreflect.FieldDescriptor, value protoreflect.Value, path string, all *[]*fault.Fault) {
	switch field.Kind() {
	case protoreflect.StringKind:
		checkLine(path, value.String(), prose[field.Name()], all)
	case protoreflect.MessageKind:
		checkMessage(value.Message(), path+".", all)
	}
}

func checkLine(path, text string, lines bool, all *[]*fault.Fault) {
	forbidden := func(r rune) bool {
		return unicode.IsControl(r) && !(lines && strings.ContainsRune("\n\r\t", r))
	}
	if !strings.ContainsFunc(text, forbidden) {
		return
	}
	if lines {
		*all = append(*all, fault.Invalid(path, "must hold no control characters but tabs and line breaks"))
	} else {
		*all = append(*all, fault.Invalid(path, "must hold no control characters or line breaks"))
	}
}
