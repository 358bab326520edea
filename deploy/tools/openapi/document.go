package main

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// object is a part of the document whose shape does not matter here. Its keys
// are written in alphabetical order, so that the output is stable.
type object = map[string]any

type document struct {
	OpenAPI    string                           `json:"openapi"`
	Info       object                           `json:"info"`
	Tags       []object                         `json:"tags"`
	Paths      map[string]map[string]*operation `json:"paths"`
	Components components                       `json:"components"`
}

type components struct {
	Parameters object            `json:"parameters"`
	Responses  object            `json:"responses"`
	Schemas    map[string]object `json:"schemas"`
}

type operation struct {
	ID          string               `json:"operationId"`
	Tags        []string             `json:"tags"`
	Summary     string               `json:"summary"`
	Parameters  []object             `json:"parameters,omitempty"`
	RequestBody object               `json:"requestBody,omitempty"`
	Responses   map[string]*response `json:"responses"`
}

type response struct {
	Ref         string            `json:"$ref,omitempty"`
	Description string            `json:"description,omitempty"`
	Headers     object            `json:"headers,omitempty"`
	Content     map[string]object `json:"content,omitempty"`
}

// finish turns the plugin's document into ours.
func (d *document) finish() error {
	d.Info = info
	if err := d.renamePaths(); err != nil {
		return err
	}
	ids := make(map[string]string)
	for path, methods := range d.Paths {
		for method, o := range methods {
			o.qualify(path)
			if other, taken := ids[o.ID]; taken {
				return fmt.Errorf("%s and %s are both %s", path, other, o.ID)
			}
			ids[o.ID] = path
			o.describeAnswer()
			d.describeHeaders(method, o)
			o.Responses["default"] = &response{Ref: "#/components/responses/Problem"}
		}
	}
	delete(d.Components.Schemas, "google.api.HttpBody")
	maps.Copy(d.Components.Schemas, schemas)
	d.Components.Parameters, d.Components.Responses = parameters, responses
	slices.SortFunc(d.Tags, func(a, b object) int {
		return strings.Compare(fmt.Sprint(a["name"]), fmt.Sprint(b["name"]))
	})
	return nil
}

// renamePaths names the parameters of paths after their resources, and joins
// what then is one path: the plugin names them after the fields of each request,
// as {name} and {customer.name}.
func (d *document) renamePaths() error {
	renamed := make(map[string]map[string]*operation, len(d.Paths))
	for path, methods := range d.Paths {
		better, names := rename(path)
		if renamed[better] == nil {
			renamed[better] = make(map[string]*operation)
		}
		for method, o := range methods {
			if renamed[better][method] != nil {
				return fmt.Errorf("%s %s is there twice", method, better)
			}
			o.renameParameters(names)
			renamed[better][method] = o
		}
	}
	d.Paths = renamed
	return nil
}

// rename returns the path with its parameters renamed, and the new names by the old.
func rename(path string) (string, map[string]string) {
	names := make(map[string]string)
	parts := strings.Split(path, "/")
	resource := ""
	for i, part := range parts {
		old, verb, found := strings.Cut(strings.TrimPrefix(part, "{"), "}")
		switch {
		case found:
			names[old] = resource
			parts[i] = "{" + resource + "}" + verb
		case strings.HasSuffix(part, "s"):
			resource = strings.TrimSuffix(part, "s")
		}
	}
	return strings.Join(parts, "/"), names
}

func (o *operation) renameParameters(names map[string]string) {
	for _, p := range o.Parameters {
		if name, ok := names[fmt.Sprint(p["name"])]; ok && p["in"] == "path" {
			p["name"], p["description"] = name, "Id of the "+name+"."
		}
	}
}

// shared are the paths of services that have the same name in several packages.
var shared = regexp.MustCompile(`^/v1/(?:operations/([a-z]+)|([a-z]+)/personalData:)`)

// qualify tells apart the operations of services that have the same name.
func (o *operation) qualify(path string) {
	if parts := shared.FindStringSubmatch(path); parts != nil {
		service := parts[1] + parts[2]
		o.ID = strings.ToUpper(service[:1]) + service[1:] + o.ID
	}
}
