package main

import "strings"

const (
	jsonType   = "application/json"
	bodySchema = "#/components/schemas/google.api.HttpBody"
)

// describeAnswer says in which forms an answer comes.
func (o *operation) describeAnswer() {
	answer := o.Responses["200"]
	schema, _ := answer.Content[jsonType]["schema"].(object)
	text, streamed := strings.CutSuffix(answer.Description, " (streaming responses)")
	switch {
	case schema["$ref"] == bodySchema || resultOf(schema)["$ref"] == bodySchema:
		answer.Description = "The bytes, with their own content type. A transfer that breaks off is not whole."
		answer.Content = map[string]object{"*/*": {"schema": object{}}}
	case streamed:
		message := resultOf(schema)
		answer.Description = text + " A stream: of server-sent events, ended by an event `end`, or `error` with a problem; " +
			"or with `Accept: application/x-ndjson` one object a line."
		answer.Content = map[string]object{
			"text/event-stream": {"schema": message},
			"application/x-ndjson": {"schema": object{"type": "object", "properties": object{
				"result": message, "error": object{"$ref": "#/components/schemas/Problem"},
			}}},
		}
	case strings.HasPrefix(answer.Description, "A generic empty message"):
		answer.Description = "Done."
	}
}

// resultOf is the schema of a stream's messages.
func resultOf(schema object) object {
	properties, _ := schema["properties"].(object)
	result, _ := properties["result"].(object)
	return result
}

// describeHeaders adds the headers that stand for fields.
func (d *document) describeHeaders(method string, o *operation) {
	content, _ := o.RequestBody["content"].(object)
	body := d.fields(content)
	given := make(map[any]bool)
	for _, p := range o.Parameters {
		given[p["name"]] = true
	}
	if given["etag"] || body["etag"] && (method == "patch" || method == "post" && !o.creates()) {
		o.refer("IfMatch")
	}
	if given["requestId"] || body["requestId"] {
		o.refer("IdempotencyKey")
	}
	answer := o.Responses["200"]
	if schema := answer.Content[jsonType]; schema != nil && d.fields(object{jsonType: schema})["etag"] {
		answer.Headers = object{"ETag": object{"schema": object{"type": "string"}, "description": "Version of the resource."}}
		if method == "get" {
			o.refer("IfNoneMatch")
			o.Responses["304"] = &response{Description: "The caller has this version."}
		}
	}
}

// creates tells standard Create methods, whose body is the resource.
func (o *operation) creates() bool {
	_, verb, _ := strings.Cut(o.ID, "_")
	return strings.HasPrefix(verb, "Create")
}

func (o *operation) refer(parameter string) {
	o.Parameters = append(o.Parameters, object{"$ref": "#/components/parameters/" + parameter})
}

// fields are the names of the properties of what a content has as JSON.
func (d *document) fields(content object) map[string]bool {
	media, _ := content[jsonType].(object)
	schema, _ := media["schema"].(object)
	if ref, ok := schema["$ref"].(string); ok {
		schema = d.Components.Schemas[ref[strings.LastIndexByte(ref, '/')+1:]]
	}
	properties, _ := schema["properties"].(object)
	names := make(map[string]bool, len(properties))
	for name := range properties {
		names[name] = true
	}
	return names
}
