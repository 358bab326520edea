package importer

import (
	"slices"

	"github.com/kehuhq/kehu/services/profile/internal/domain"
	"github.com/kehuhq/kehu/services/profile/internal/mapping"
)

// column is what a column may hold, and the titles it may have then: of several
// columns with it, the one whose title comes first counts, unless it is empty.
type column struct {
	name   string
	titles []string
}

// layout is the columns that a file may have.
type layout struct {
	columns []column
	// required are the columns that it must have, of each group one.
	required [][]string
	// ours is the format of our own, whose columns are called by their names, and
	// not as the file has them.
	ours bool
	// orders says how rows of orders are read; nil for what is no order.
	orders *mapping.Mapping
	// attributes tells that there may be columns of attributes.
	attributes bool
	open       bool // columns that are not known are read too
	json       bool // titles are paths of JSON lines
}

// layouts are those of everything but orders.
var layouts = map[kind]layout{
	ofCustomers: customerLayout, ofEvents: eventLayout, ofConsents: consentLayout, ofIdentities: identityLayout,
}

// customerLayout is that of customers: a column for each field of a customer,
// for each type of identifier, and for an address.
var customerLayout = func() layout {
	l := layout{required: [][]string{{"customer_id"}}, ours: true, attributes: true}
	add := func(name string, titles ...string) {
		l.columns = append(l.columns, column{name, append([]string{name}, titles...)})
	}
	add("customer_id")
	for i := range domain.Fields {
		switch name := domain.Fields[i].Name; name {
		case "display_name":
			add(name, "name")
		case "identifiers", "attributes":
		default:
			add(name)
		}
	}
	for _, i := range identifierColumns {
		if add(i.column); i.namespace != "" {
			add(i.namespace)
		}
	}
	for _, name := range addressColumns {
		add(name)
	}
	return l
}()

// orderLayout is that of a mapping; nil is our own format.
func orderLayout(m *mapping.Mapping) layout {
	l := layout{orders: m, ours: m == nil}
	if m == nil {
		l.orders = mapping.Kehu()
	}
	for _, f := range mapping.Fields {
		if l.orders.Has(f) {
			l.columns = append(l.columns, column{string(f), l.orders.Columns[f]})
		}
	}
	for _, group := range l.orders.Required() {
		names := make([]string, len(group))
		for i, f := range group {
			names[i] = string(f)
		}
		l.required = append(l.required, names)
	}
	return l
}

// titled reports whether a column with a folded title is this one.
func (k *column) titled(folded string) bool {
	return slices.ContainsFunc(k.titles, func(title string) bool { return mapping.Fold(title) == folded })
}

// titles are those that a group of columns may have.
func (l layout) titles(group []string) []string {
	var all []string
	for _, name := range group {
		for _, k := range l.columns {
			if k.name == name {
				all = append(all, k.titles...)
			}
		}
	}
	return all
}
