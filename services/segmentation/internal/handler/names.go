// Package handler answers the segmentation service's RPCs: proto to domain and back.
package handler

import (
	"strconv"
	"strings"

	"go.einride.tech/aip/resourcename"

	"github.com/kehuhq/kehu/pkg/fault"
	"github.com/kehuhq/kehu/pkg/ident"

	"github.com/kehuhq/kehu/services/segmentation/internal/domain"
)

// Patterns of the resource names.
const (
	segmentPattern    = "segments/{segment}"
	membershipPattern = "segments/{segment}/memberships/{customer}"
	revisionPattern   = "segments/{segment}/revisions/{revision}"
)

func segmentName(id string) string { return resourcename.Sprint(segmentPattern, id) }

// segmentID is the id in a segment's name, which stands in a field.
func segmentID(field, name string) (string, error) {
	var id string
	if f := parseName(field, name, segmentPattern, &id); f != nil {
		return "", f
	}
	if f := domain.CheckSegmentID(field, id); f != nil {
		return "", f
	}
	return id, nil
}

// membershipID is the ids in a membership's name, which stands in a field.
func membershipID(field, name string) (segment, customer string, err error) {
	if f := parseName(field, name, membershipPattern, &segment, &customer); f != nil {
		return "", "", f
	}
	if f := domain.CheckSegmentID(field, segment); f != nil {
		return "", "", f
	}
	if f := ident.Check(field, customer); f != nil {
		return "", "", f
	}
	return segment, customer, nil
}

// revisionID is the id and the number in a revision's name, which stands in a field.
func revisionID(field, name string) (segment string, number int64, err error) {
	var revision string
	if f := parseName(field, name, revisionPattern, &segment, &revision); f != nil {
		return "", 0, f
	}
	if f := domain.CheckSegmentID(field, segment); f != nil {
		return "", 0, f
	}
	if number, err = strconv.ParseInt(revision, 10, 64); err != nil || number < 1 || strconv.FormatInt(number, 10) != revision {
		return "", 0, fault.Invalid(field, "must end with the number of a revision, from 1")
	}
	return segment, number, nil
}

func revisionName(segment string, number int64) string {
	return resourcename.Sprint(revisionPattern, segment, strconv.FormatInt(number, 10))
}

func parseName(field, name, pattern string, ids ...*string) *fault.Fault {
	// The scanner would take "/segments/x" and full names too.
	if !strings.HasPrefix(name, "segments/") || resourcename.Sscan(name, pattern, ids...) != nil {
		return fault.Invalid(field, "must have the form %s", pattern)
	}
	return nil
}

func membershipName(segment, customer string) string {
	return resourcename.Sprint(membershipPattern, segment, customer)
}
