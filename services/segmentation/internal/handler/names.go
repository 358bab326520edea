// Package handler answers the segmentation service's RPCs: proto to domain and back.
package handler

import (
	"fmt"
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

// transitionName tells transitions apart: of one pass and customer there is one.
func transitionName(segment string, t domain.Transition) string {
	return fmt.Sprintf("%s/transitions/%d-%s", segmentName(segment), t.Generation, t.Customer)
}
