package main

import (
	"encoding/json"
	"strings"
	"testing"
)

// merged is what the plugin makes of a small API.
const merged = `{"openapi": "3.1.0", "info": {"title": "x"}, "tags": [{"name": "B"}, {"name": "A"}],
"paths": {
  "/v1/cats/{name}": {"get": {"operationId": "Cats_GetCat", "parameters": [{"name": "name", "in": "path"}],
    "responses": {"200": {"description": "A cat.", "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Cat"}}}}}}},
  "/v1/cats/{cat.name}": {"patch": {"operationId": "Cats_UpdateCat", "parameters": [{"name": "cat.name", "in": "path"}],
    "requestBody": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Cat"}}}},
    "responses": {"200": {"description": "A cat."}}}},
  "/v1/cats": {"post": {"operationId": "Cats_CreateCat", "parameters": [{"name": "requestId", "in": "query"}],
    "requestBody": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Cat"}}}},
    "responses": {"200": {"description": "A cat."}}}},
  "/v1/cats/{name}/kittens/{name_1}:feed": {"get": {"operationId": "Cats_Feed",
    "parameters": [{"name": "name", "in": "path"}, {"name": "name_1", "in": "path"}, {"name": "name", "in": "query"}],
    "responses": {"200": {"description": "Food. (streaming responses)", "content": {"application/json": {"schema":
      {"properties": {"result": {"$ref": "#/components/schemas/Food"}}}}}}}}},
  "/v1/operations/pets/{name}": {"get": {"operationId": "Operations_Get", "responses": {"200": {"description": "An operation."}}}},
  "/v1/operations/zoo/{name}": {"get": {"operationId": "Operations_Get", "responses": {"200": {"description": "An operation."}}}}
}, "components": {"schemas": {"Cat": {"properties": {"etag": {"type": "string"}}}, "Food": {}, "google.api.HttpBody": {}}}}`

func finished(t *testing.T, text string) document {
	t.Helper()
	var out strings.Builder
	if err := run(strings.NewReader(text), &out); err != nil {
		t.Fatal(err)
	}
	var again strings.Builder
	if err := run(strings.NewReader(text), &again); err != nil || again.String() != out.String() {
		t.Error("the output is not stable")
	}
	var d document
	if err := json.Unmarshal([]byte(out.String()), &d); err != nil {
		t.Fatal(err)
	}
	return d
}

func TestPaths(t *testing.T) {
	d := finished(t, merged)
	cat := d.Paths["/v1/cats/{cat}"]
	if len(cat) != 2 || cat["get"].Parameters[0]["name"] != "cat" || cat["patch"].Parameters[0]["name"] != "cat" {
		t.Errorf("got %v", cat)
	}
	feed := d.Paths["/v1/cats/{cat}/kittens/{kitten}:feed"]["get"]
	if feed == nil || feed.Parameters[1]["name"] != "kitten" || feed.Parameters[2]["name"] != "name" {
		t.Fatalf("got %v", feed)
	}
	if got := d.Paths["/v1/operations/zoo/{operation}"]["get"].ID; got != "ZooOperations_Get" {
		t.Errorf("got %s", got)
	}
}

func TestAnswersAndHeaders(t *testing.T) {
	d := finished(t, merged)
	content := d.Paths["/v1/cats/{cat}/kittens/{kitten}:feed"]["get"].Responses["200"].Content
	schema, _ := content["text/event-stream"]["schema"].(object)
	if len(content) != 2 || schema["$ref"] != "#/components/schemas/Food" {
		t.Errorf("a stream: %v", content)
	}
	for _, want := range []struct{ path, method, parameter string }{
		{"/v1/cats/{cat}", "get", "IfNoneMatch"},
		{"/v1/cats/{cat}", "patch", "IfMatch"},
		{"/v1/cats", "post", "IdempotencyKey"},
	} {
		o := d.Paths[want.path][want.method]
		last := o.Parameters[len(o.Parameters)-1]["$ref"]
		if last != "#/components/parameters/"+want.parameter || len(o.Parameters) != 2 {
			t.Errorf("%s %s: %v", want.method, want.path, o.Parameters)
		}
	}
	for path, methods := range d.Paths {
		for _, o := range methods {
			if o.Responses["default"] == nil {
				t.Errorf("%s says nothing of errors", path)
			}
		}
	}
	if d.Components.Schemas["Problem"] == nil || d.Components.Responses["Problem"] == nil || d.Info["title"] != "Kehu" {
		t.Error("parts are missing")
	}
}

func TestSameOperationTwice(t *testing.T) {
	if err := run(strings.NewReader(strings.ReplaceAll(merged, "Cats_Feed", "Cats_GetCat")), &strings.Builder{}); err == nil {
		t.Error("two operations of one id were taken")
	}
}
