// Package handler answers the feedback service's RPCs: proto to domain and back.
package handler

import (
	"go.einride.tech/aip/resourcename"

	"github.com/kehuhq/kehu/pkg/fault"

	"github.com/kehuhq/kehu/services/feedback/internal/domain"
)

// Patterns of the resource names.
const (
	surveyPattern   = "surveys/{survey}"
	responsePattern = "surveys/{survey}/responses/{response}"
)

func surveyName(id string) string { return resourcename.Sprint(surveyPattern, id) }

func responseName(survey, id string) string { return resourcename.Sprint(responsePattern, survey, id) }

// surveyID is the id in a survey's name, which stands in a field.
func surveyID(field, name string) (string, error) {
	var id string
	if !scan(name, surveyPattern, &id) {
		return "", malformed(field, surveyPattern)
	}
	if f := domain.CheckSurveyID(field, id); f != nil {
		return "", f
	}
	return id, nil
}

// responseID is the ids in a response's name, which stands in a field.
func responseID(field, name string) (survey, id string, err error) {
	if !scan(name, responsePattern, &survey, &id) {
		return "", "", malformed(field, responsePattern)
	}
	if f := domain.CheckSurveyID(field, survey); f != nil {
		return "", "", f
	}
	if f := domain.CheckResponseID(field, id); f != nil {
		return "", "", f
	}
	return survey, id, nil
}

// scan is resourcename.Sscan without the other forms it takes: "/surveys/x", full
// names, and "surveys/{x}" for x.
func scan(name, pattern string, ids ...*string) bool {
	if resourcename.Sscan(name, pattern, ids...) != nil {
		return false
	}
	found := make([]string, len(ids))
	for i, id := range ids {
		found[i] = *id
	}
	return resourcename.Sprint(pattern, found...) == name
}

func malformed(field, pattern string) *fault.Fault {
	return fault.Invalid(field, "must have the form %s", pattern)
}
