// Package binding knows which RPC an HTTP request is for and where in the
// request each field stands, from the google.api.http options of the protos.
package binding

import (
	"fmt"
	"net/http"

	"google.golang.org/genproto/googleapis/api/annotations"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
)

// Place is where a field can be given.
type Place int

// The places.
const (
	Nowhere Place = iota
	InBody        // at the top level of the JSON body
	InQuery
)

// Answer is the form of an RPC's answer.
type Answer int

// The forms.
const (
	OneMessage Answer = iota
	Messages          // a stream of messages
	Raw               // a stream of bytes with a content type
)

// Binding is an RPC at an HTTP method and path.
type Binding struct {
	Method   string // HTTP
	Template string // path, e.g. "/v1/{name=customers/*}"
	RPC      protoreflect.MethodDescriptor
	Answer   Answer

	Body      protoreflect.MessageDescriptor // type of the JSON body; nil where there is none
	BodyField string                         // the request's field that the body is; empty is the whole request

	Etag      Place // of the version that the request depends on (If-Match)
	RequestID Place // of the key that makes it idempotent (Idempotency-Key)
	Mask      bool  // an update whose mask is update_mask in the query

	input    protoreflect.MessageDescriptor
	captured map[string]bool // paths of the fields in the template
}

// Table finds bindings.
type Table map[string]*Binding

// Load reads the bindings of all RPCs of the packages.
func Load(packages ...protoreflect.FullName) (Table, error) {
	t := make(Table)
	var err error
	for _, name := range packages {
		protoregistry.GlobalFiles.RangeFilesByPackage(name, func(file protoreflect.FileDescriptor) bool {
			for i := range file.Services().Len() {
				methods := file.Services().Get(i).Methods()
				for j := range methods.Len() {
					if err = t.add(methods.Get(j)); err != nil {
						return false
					}
				}
			}
			return true
		})
	}
	return t, err
}

// Find is the binding of a method and a path template; nil where there is none.
func (t Table) Find(method, template string) *Binding { return t[method+" "+template] }

func (t Table) add(method protoreflect.MethodDescriptor) error {
	rule, _ := proto.GetExtension(method.Options(), annotations.E_Http).(*annotations.HttpRule)
	if rule == nil {
		return nil // gRPC only
	}
	for _, r := range append(rule.GetAdditionalBindings(), rule) {
		b, err := newBinding(method, r)
		if err != nil {
			return fmt.Errorf("%s: %w", method.FullName(), err)
		}
		t[b.Method+" "+b.Template] = b
	}
	return nil
}

func newBinding(method protoreflect.MethodDescriptor, rule *annotations.HttpRule) (*Binding, error) {
	b := &Binding{RPC: method, input: method.Input()}
	switch pattern := rule.Pattern.(type) {
	case *annotations.HttpRule_Get:
		b.Method, b.Template = http.MethodGet, pattern.Get
	case *annotations.HttpRule_Post:
		b.Method, b.Template = http.MethodPost, pattern.Post
	case *annotations.HttpRule_Patch:
		b.Method, b.Template = http.MethodPatch, pattern.Patch
	case *annotations.HttpRule_Put:
		b.Method, b.Template = http.MethodPut, pattern.Put
	case *annotations.HttpRule_Delete:
		b.Method, b.Template = http.MethodDelete, pattern.Delete
	default:
		return nil, fmt.Errorf("no binding for %T", rule.Pattern)
	}
	var err error
	if b.captured, err = capturedBy(b.Template); err != nil {
		return nil, err
	}
	if err := b.bindBody(rule.Body); err != nil {
		return nil, err
	}
	if method.IsStreamingServer() {
		b.Answer = Messages
		if method.Output().FullName() == "google.api.HttpBody" {
			b.Answer = Raw
		}
	}
	b.placeFields()
	return b, nil
}

func (b *Binding) bindBody(body string) error {
	switch body {
	case "":
	case "*":
		b.Body = b.input
	default:
		field := b.input.Fields().ByName(protoreflect.Name(body))
		if field == nil || field.Message() == nil || field.IsList() || field.IsMap() {
			return fmt.Errorf("body %q is no message of the request", body)
		}
		b.Body, b.BodyField = field.Message(), body
	}
	return nil
}

// placeFields finds the fields that headers can stand for.
func (b *Binding) placeFields() {
	whole := b.Body != nil && b.BodyField == ""
	here := InQuery
	if whole {
		here = InBody
	}
	if isString(b.input, "request_id") {
		b.RequestID = here
	}
	switch {
	case isString(b.input, "etag"):
		b.Etag = here
	case b.Method == http.MethodPatch && b.Body != nil && isString(b.Body, "etag"):
		b.Etag = InBody
	}
	mask := b.input.Fields().ByName("update_mask")
	b.Mask = b.Method == http.MethodPatch && !whole && mask != nil && mask.Message() != nil
}

func isString(message protoreflect.MessageDescriptor, name protoreflect.Name) bool {
	field := message.Fields().ByName(name)
	return field != nil && field.Kind() == protoreflect.StringKind && !field.IsList()
}
