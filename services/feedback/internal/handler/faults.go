package handler

import (
	"strings"

	"github.com/kehuhq/kehu/pkg/fault"
)

// renamed says where in the request the fields stand that a fault about a record
// names: "score" becomes "response.score".
func renamed(err error, path func(field string) string) error {
	f, ok := fault.As(err)
	if !ok || len(f.Violations) == 0 {
		return err
	}
	moved := *f
	moved.Violations = make([]fault.Violation, len(f.Violations))
	for i, v := range f.Violations {
		field := path(v.Field)
		moved.Message = strings.Replace(moved.Message, v.Field+": ", field+": ", 1)
		moved.Violations[i] = fault.Violation{Field: field, Description: v.Description}
	}
	return &moved
}

// inSurvey and its like are the paths in requests that carry one record.
func inSurvey(field string) string { return "survey." + field }

func inCreateSurvey(field string) string {
	switch field {
	case "name":
		return "survey_id"
	case "request_id":
		return field
	}
	return "survey." + field
}

func inSubmitResponse(field string) string {
	switch field {
	case "name":
		return "response_id"
	case "request_id":
		return field
	}
	return "response." + field
}
