package schemes

import (
	"crypto/sha256"
	"encoding/hex"
	"regexp"
	"slices"
	"strings"

	"go.einride.tech/aip/resourcename"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/fault"
	"github.com/kehuhq/kehu/pkg/rpc/page"
)

// Patterns of the resource names.
const (
	schemePattern = "schemes/{scheme}"
	runPattern    = "schemes/{scheme}/runs/{run}"
)

var (
	schemeID = regexp.MustCompile(`^[a-z][a-z0-9-]{0,31}$`)
	runID    = regexp.MustCompile(`^[a-z0-9-]{1,63}$`)
)

func schemeName(id string) string      { return resourcename.Sprint(schemePattern, id) }
func runName(scheme, id string) string { return resourcename.Sprint(runPattern, scheme, id) }

func parseScheme(field, name string) (id string, err error) {
	if !strings.HasPrefix(name, "schemes/") || resourcename.Sscan(name, schemePattern, &id) != nil || !schemeID.MatchString(id) {
		return "", fault.Invalid(field, "must have the form %s", schemePattern)
	}
	return id, nil
}

func parseRun(field, name string) (scheme, id string, err error) {
	if !strings.HasPrefix(name, "schemes/") || resourcename.Sscan(name, runPattern, &scheme, &id) != nil || !schemeID.MatchString(scheme) || !runID.MatchString(id) {
		return "", "", fault.Invalid(field, "must have the form %s", runPattern)
	}
	return scheme, id, nil
}

// place is where the page asked for begins, nil for the first, and its size.
func place(r page.Request) (*docstore.Position, int, error) {
	token, size, err := page.Of(r)
	if err != nil || token == (page.Token{}) {
		return nil, size, err
	}
	return &token.Position, size, nil
}

func nextToken(next *docstore.Position, r page.Request) (string, error) {
	if next == nil {
		return "", nil
	}
	return page.Token{Position: *next}.Encode(r)
}

// requestKey recognises a repeated call.
type requestKey struct {
	ID   string `bson:"id"`
	Hash string `bson:"hash"`
}

func keyOf(r interface {
	proto.Message
	GetRequestId() string
}) (requestKey, error) {
	if r.GetRequestId() == "" {
		return requestKey{}, nil
	}
	content := proto.Clone(r).ProtoReflect()
	for _, name := range []protoreflect.Name{"request_id", "validate_only"} {
		if field := content.Descriptor().Fields().ByName(name); field != nil {
			content.Clear(field)
		}
	}
	body, err := proto.MarshalOptions{Deterministic: true}.Marshal(content.Interface())
	if err != nil {
		return requestKey{}, err
	}
	hash := sha256.Sum256(body)
	return requestKey{ID: r.GetRequestId(), Hash: hex.EncodeToString(hash[:])}, nil
}

// changeable are the fields of a scheme that an update can change.
var changeable = []string{"display_name", "objective", "method", "data", "variables", "thresholds", "weights"}

// fields are those that an update changes: all for "*", those that are set for no mask.
func fields(paths []string, given proto.Message) ([]string, error) {
	if len(paths) == 0 {
		var set []string
		given.ProtoReflect().Range(func(field protoreflect.FieldDescriptor, _ protoreflect.Value) bool {
			if slices.Contains(changeable, string(field.Name())) {
				set = append(set, string(field.Name()))
			}
			return true
		})
		return set, nil
	}
	if slices.Equal(paths, []string{"*"}) {
		return changeable, nil
	}
	for _, path := range paths {
		if !slices.Contains(changeable, path) {
			return nil, fault.Invalid("update_mask", "must name only fields that can be changed (%s), each as a whole, not %.80q",
				strings.Join(changeable, ", "), path)
		}
	}
	return paths, nil
}
