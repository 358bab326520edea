// Package call makes a command of every method of every service, from the
// descriptors of the protos that are compiled in. None is written by hand: what
// the API can do, the command line can do.
package call

import (
	"encoding/json"
	"slices"
	"strings"
	"sync"
	"unicode"

	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"

	"github.com/kehuhq/kehu/gen/comments"
)

// Group is the gRPC services of one of the suite's services, e.g. "profile".
type Group struct {
	Name     string
	Services []protoreflect.ServiceDescriptor
}

// Groups are all services that are compiled in, in the order of their names.
func Groups() []Group {
	byName := make(map[string][]protoreflect.ServiceDescriptor)
	protoregistry.GlobalFiles.RangeFiles(func(file protoreflect.FileDescriptor) bool {
		parts := strings.Split(string(file.Package()), ".")
		if len(parts) == 3 && parts[0] == "kehu" {
			for i := range file.Services().Len() {
				byName[parts[1]] = append(byName[parts[1]], file.Services().Get(i))
			}
		}
		return true
	})
	groups := make([]Group, 0, len(byName))
	for name, services := range byName {
		slices.SortFunc(services, func(a, b protoreflect.ServiceDescriptor) int {
			return strings.Compare(string(a.FullName()), string(b.FullName()))
		})
		groups = append(groups, Group{name, services})
	}
	slices.SortFunc(groups, func(a, b Group) int { return strings.Compare(a.Name, b.Name) })
	return groups
}

// kebab writes a name of the protos as the command line does: GetCustomer and
// get_customer are get-customer, SubmitNPSScore is submit-nps-score.
func kebab(name string) string {
	runes := []rune(name)
	var b strings.Builder
	for i, r := range runes {
		switch {
		case r == '_':
			b.WriteByte('-')
			continue
		case unicode.IsUpper(r) && i > 0 && runes[i-1] != '_':
			endsWord := i+1 < len(runes) && unicode.IsLower(runes[i+1])
			if !unicode.IsUpper(runes[i-1]) || endsWord {
				b.WriteByte('-')
			}
		}
		b.WriteRune(unicode.ToLower(r))
	}
	return b.String()
}

var commentsByName = sync.OnceValue(func() map[string]string {
	all := make(map[string]string)
	if err := json.Unmarshal(comments.Document, &all); err != nil {
		panic(err) // generated: a defect that every start shows
	}
	return all
})

// comment is what the protos say of a service, method or field.
func comment(d protoreflect.Descriptor) string { return commentsByName()[string(d.FullName())] }

// headline is the first sentence of a comment.
func headline(text string) string {
	if end := strings.Index(text, ". "); end >= 0 {
		text = text[:end]
	}
	return strings.TrimSuffix(text, ".")
}
