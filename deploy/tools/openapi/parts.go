package main

// info begins the document.
var info = object{
	"title":   "Kehu",
	"version": "v1",
	"summary": "Know your customers: who they are, which groups they form and what each is worth.",
	"description": "JSON over HTTP for every method of Kehu's services.\n\n" +
		"Names of fields are taken in camelCase and in snake_case; fields that are not known are refused. " +
		"64-bit numbers are strings. Every error is a problem of RFC 9457, and programs go by its `reason`. " +
		"`X-Request-Id` comes back with every answer. " +
		"`Grpc-Timeout` (e.g. `10S`) bounds the time that a call may take.",
	"license": object{"name": "Apache-2.0", "identifier": "Apache-2.0"},
}

func text(description string) object {
	return object{"type": "string", "description": description}
}

// schemas are those that no proto has.
var schemas = map[string]object{
	"Problem": {
		"type":        "object",
		"description": "What went wrong: problem details of RFC 9457.",
		"required":    []string{"type", "title", "status", "detail", "instance", "reason", "domain"},
		"properties": object{
			"type":     text("Always about:blank."),
			"title":    text("The HTTP status in words."),
			"status":   object{"type": "integer", "description": "The HTTP status."},
			"detail":   text("Plain English: what is wrong and what would be right. It may change."),
			"instance": text("Id of the request, for those who search the logs."),
			"reason":   text("Stable, in UPPER_SNAKE, e.g. CUSTOMER_NOT_FOUND."),
			"domain":   text("Who defines the reason: kehu."),
			"metadata": object{"type": "object", "additionalProperties": object{"type": "string"}, "description": "More about the reason."},
			"violations": object{"type": "array", "description": "The fields that are wrong.", "items": object{
				"type": "object",
				"properties": object{
					"field":       text("Path of the field, e.g. customer.identifiers[0].type."),
					"description": text("What would be right."),
				},
			}},
		},
	},
}

var responses = object{
	"Problem": object{
		"description": "It did not work.",
		"content": object{"application/problem+json": object{
			"schema": object{"$ref": "#/components/schemas/Problem"},
		}},
	},
}

func header(name, description string) object {
	return object{"name": name, "in": "header", "description": description, "schema": object{"type": "string"}}
}

var parameters = object{
	"IfMatch": header("If-Match", "The ETag of the version to change, or `*`: "+
		"when it is another by now, the answer is 412. The same as the field etag."),
	"IfNoneMatch": header("If-None-Match", "The ETag of the version that the caller has: while it is the same, the answer is 304."),
	"IdempotencyKey": header("Idempotency-Key", "A key of the caller's, e.g. a UUID, that makes a repeated call return the first one's result. "+
		"The same as the field requestId."),
}
