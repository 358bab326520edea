package events

import (
	"strings"

	"github.com/kehuhq/kehu/pkg/fault"
	"github.com/kehuhq/kehu/pkg/ident"
)

// wildcard stands for a customer whose id the caller does not know.
const wildcard = "-"

// parseSender reads `customers/{customer}` or `visitors/{visitor}`.
func parseSender(field, name string) (Identity, *fault.Fault) {
	kind, id, _ := strings.Cut(name, "/")
	if kind != "customers" && kind != "visitors" {
		return Identity{}, fault.Invalid(field, "must have the form customers/{customer} or visitors/{visitor}")
	}
	return Identity{Visitor: kind == "visitors", ID: id}, ident.Check(field, id)
}

// parseID reads the id in a name such as `customers/{customer}`.
func parseID(field, name, kind string) (string, *fault.Fault) {
	id, ok := strings.CutPrefix(name, kind+"/")
	if !ok {
		return "", fault.Invalid(field, "must have the form %s/{%s}", kind, strings.TrimSuffix(kind, "s"))
	}
	return id, ident.Check(field, id)
}

// parseEvent reads `customers/{customer}/events/{event}`, or that of a visitor.
func parseEvent(field, name string) (sender Identity, id string, f *fault.Fault) {
	parts := strings.Split(name, "/")
	if len(parts) != 4 || parts[2] != "events" {
		return Identity{}, "", fault.Invalid(field, "must have the form customers/{customer}/events/{event} or visitors/{visitor}/events/{event}")
	}
	if sender, f = parseSender(field, name[:len(parts[0])+1+len(parts[1])]); f != nil {
		return Identity{}, "", f
	}
	return sender, parts[3], ident.Check(field, parts[3])
}

func eventName(sender Identity, id string) string { return sender.String() + "/events/" + id }
