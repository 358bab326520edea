package binding

import (
	"slices"
	"strings"

	"google.golang.org/genproto/googleapis/api/annotations"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// MaskOf is the update mask of a body with the fields: all of them but those
// that an update only carries along (name, etag and what the service sets), so
// that a caller can send back what it has read.
func (b *Binding) MaskOf(fields []string) string {
	var paths []string
	for _, name := range fields {
		field := b.Body.Fields().ByName(protoreflect.Name(name))
		if field == nil || name == "etag" || carried(field) {
			continue
		}
		paths = append(paths, name)
	}
	return strings.Join(paths, ",")
}

func carried(field protoreflect.FieldDescriptor) bool {
	behavior, _ := proto.GetExtension(field.Options(), annotations.E_FieldBehavior).([]annotations.FieldBehavior)
	return slices.Contains(behavior, annotations.FieldBehavior_OUTPUT_ONLY) ||
		slices.Contains(behavior, annotations.FieldBehavior_IDENTIFIER)
}
