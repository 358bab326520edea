package call

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"google.golang.org/genproto/googleapis/api/annotations"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/kehuhq/kehu/pkg/fault"
)

// fieldFlag is a flag that gives the value of one field of a request, or of a
// message directly in it. It is checked as it is read.
type fieldFlag struct {
	name  string
	path  []protoreflect.FieldDescriptor
	texts []string
}

func (f *fieldFlag) field() protoreflect.FieldDescriptor { return f.path[len(f.path)-1] }

// String is empty: a field that is not given has no value to show.
func (f *fieldFlag) String() string { return "" }

// Type is the placeholder that help shows.
func (f *fieldFlag) Type() string {
	field := f.field()
	switch {
	case field.IsMap():
		return "KEY=VALUE"
	case field.Enum() != nil:
		return "NAME"
	case field.Message() != nil:
		switch field.Message().FullName() {
		case "google.protobuf.Timestamp":
			return "TIME"
		case "google.protobuf.Duration":
			return "DURATION"
		case "google.protobuf.FieldMask":
			return "FIELDS"
		case "google.type.Date":
			return "DATE"
		default:
			return "JSON"
		}
	case field.Kind() == protoreflect.StringKind:
		return "TEXT"
	case field.Kind() == protoreflect.BytesKind:
		return "BASE64"
	case field.Kind() == protoreflect.BoolKind:
		return "bool"
	default:
		return "NUMBER"
	}
}

// Set takes one value.
func (f *fieldFlag) Set(text string) error {
	field := f.field()
	if !field.IsList() && !field.IsMap() && len(f.texts) > 0 {
		return fmt.Errorf("is given twice")
	}
	if err := parse(field, text, newMessage(field.ContainingMessage())); err != nil {
		return err
	}
	f.texts = append(f.texts, text)
	return nil
}

// apply writes the flag's values into a request, over what is there.
func (f *fieldFlag) apply(request protoreflect.Message) error {
	for _, step := range f.path[:len(f.path)-1] {
		request = request.Mutable(step).Message()
	}
	field := f.field()
	request.Clear(field)
	for _, text := range f.texts {
		part := newMessage(field.ContainingMessage())
		if err := parse(field, text, part); err != nil {
			return fault.Invalid("--"+f.name, "%v", err)
		}
		if !field.HasPresence() && !part.Has(field) {
			continue // a zero: that is what clearing has left
		}
		proto.Merge(request.Interface(), part.Interface())
	}
	return nil
}

func (f *fieldFlag) usage() string {
	field := f.field()
	text := strings.ReplaceAll(comment(field), "`", "'") // pflag takes back quotes for a placeholder
	switch {
	case field.IsList():
		text += " Repeat the flag for each."
	case field.IsMap():
		text += " Repeat the flag for each entry."
	}
	if field.Enum() != nil {
		text += " " + strings.ToUpper(form(field)[:1]) + form(field)[1:] + "."
	}
	return strings.TrimSpace(text)
}

// flagsOf declares a flag for each field of a request, and for each field of
// the messages in it, with a dot between. What is deeper is given as JSON.
func flagsOf(cmd *cobra.Command, request protoreflect.MessageDescriptor) []*fieldFlag {
	var all []*fieldFlag
	add := func(path ...protoreflect.FieldDescriptor) {
		f := &fieldFlag{name: flagName(path), path: path}
		if cmd.Flags().Lookup(f.name) != nil {
			return // a flag of the command itself: the field is given by --json
		}
		flag := cmd.Flags().VarPF(f, f.name, "", f.usage())
		switch field := f.field(); {
		case field.Kind() == protoreflect.BoolKind && !field.IsList():
			flag.NoOptDefVal = "true"
		case field.Enum() != nil && !field.IsMap():
			_ = cmd.RegisterFlagCompletionFunc(f.name, cobra.FixedCompletions(enumNames(field.Enum()), cobra.ShellCompDirectiveNoFileComp))
		}
		all = append(all, f)
	}
	for field := range fieldsOf(request) {
		add(field)
		if field.Message() == nil || field.IsList() || field.IsMap() || messageForms[field.Message().FullName()] != "" ||
			field.Message().FullName() == request.FullName() {
			continue
		}
		for inner := range fieldsOf(field.Message()) {
			add(field, inner)
		}
	}
	return all
}

// fieldsOf are the fields that a caller may set.
func fieldsOf(message protoreflect.MessageDescriptor) func(yield func(protoreflect.FieldDescriptor) bool) {
	return func(yield func(protoreflect.FieldDescriptor) bool) {
		for i := range message.Fields().Len() {
			field := message.Fields().Get(i)
			behaviours, _ := proto.GetExtension(field.Options(), annotations.E_FieldBehavior).([]annotations.FieldBehavior)
			if !slices.Contains(behaviours, annotations.FieldBehavior_OUTPUT_ONLY) && !yield(field) {
				return
			}
		}
	}
}

func flagName(path []protoreflect.FieldDescriptor) string {
	names := make([]string, len(path))
	for i, field := range path {
		names[i] = kebab(string(field.Name()))
	}
	return strings.Join(names, ".")
}
