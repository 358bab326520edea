package importer

import (
	"maps"
	"slices"
	"strings"

	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"
	"github.com/kehuhq/kehu/pkg/fault"

	"github.com/kehuhq/kehu/services/profile/internal/mapping"
)

// kindFrom is what the rows of a file are; field names it.
func kindFrom(field string, p profilev1.ImportKind) (kind, error) {
	for k, kind := range protoKind {
		if kind == p {
			return k, nil
		}
	}
	return "", fault.Invalid(field, "must be IMPORT_KIND_CUSTOMERS, _ORDERS, _EVENTS, _CONSENTS or _IDENTITIES")
}

// columnMapping reads and checks how the columns are read; path is the field that
// says so.
func (f *file) columnMapping(path string, p *profilev1.ColumnMapping) (*mapping.Columns, error) {
	if p == nil {
		return nil, nil
	}
	l, ok := layouts[f.Kind]
	if !ok {
		return nil, fault.Invalid(path, "must be unset where the rows are orders: they have order_mapping")
	}
	if p.GetVersion() != 1 {
		return nil, fault.Invalid(path+".version", "must be 1, is %d", p.GetVersion())
	}
	if p.GetTimeZone() != "" && !mapping.KnownZone(p.GetTimeZone()) {
		return nil, fault.Invalid(path+".time_zone", "must be an IANA time zone such as Asia/Shanghai, is %q", clip(p.GetTimeZone(), 64))
	}
	m := &mapping.Columns{Name: p.GetName(), Zone: p.GetTimeZone(), Titles: make(map[string][]string)}
	taken := make(map[string]string)
	var faults []*fault.Fault
	for _, field := range slices.Sorted(maps.Keys(p.GetColumns())) {
		at := path + ".columns." + clip(field, 60)
		if !l.holds(field) {
			faults = append(faults, fault.Invalid(at, "is no field of such a row; known are %s", strings.Join(l.fields(), ", ")))
			continue
		}
		m.Titles[field] = p.GetColumns()[field].GetTitles()
		for _, title := range m.Titles[field] {
			folded := mapping.Fold(title)
			switch other, twice := taken[folded]; {
			case folded == "":
				faults = append(faults, fault.Invalid(at, "must not be empty"))
			case twice:
				faults = append(faults, fault.Invalid(at, "must have titles of its own: %q is also %s", clip(title, 60), other))
			}
			taken[folded] = field
		}
	}
	return m, fault.Merge(faults...)
}

// columnMappingProto is unset where our own titles are taken.
func columnMappingProto(m *mapping.Columns) *profilev1.ColumnMapping {
	if m == nil {
		return nil
	}
	p := &profilev1.ColumnMapping{Version: 1, Name: m.Name, TimeZone: m.Zone, Columns: make(map[string]*profilev1.ColumnTitles)}
	for field, titles := range m.Titles {
		p.Columns[field] = &profilev1.ColumnTitles{Titles: titles}
	}
	return p
}

// fields are the names of the columns.
func (l layout) fields() []string {
	all := make([]string, len(l.columns))
	for i, k := range l.columns {
		all[i] = k.name
	}
	return all
}

// holds reports whether a column can hold a field.
func (l layout) holds(field string) bool {
	return slices.Contains(l.fields(), field) || l.attributes && isAttribute(field) || l.open && strings.HasPrefix(field, ofProperties)
}

// mapped is the layout with the titles of a mapping in place of our own.
func (l layout) mapped(m *mapping.Columns) layout {
	if m == nil {
		return l
	}
	taken := make(map[string]bool)
	for _, titles := range m.Titles {
		for _, title := range titles {
			taken[mapping.Fold(title)] = true
		}
	}
	known := l.fields()
	columns := make([]column, 0, len(l.columns))
	for _, k := range l.columns {
		if titles := m.Titles[k.name]; len(titles) > 0 {
			k.titles = titles
		} else { // but for those that the mapping has given to others
			k.titles = slices.DeleteFunc(slices.Clone(k.titles), func(title string) bool { return taken[mapping.Fold(title)] })
		}
		columns = append(columns, k)
	}
	for _, field := range slices.Sorted(maps.Keys(m.Titles)) {
		if !slices.Contains(known, field) {
			columns = append(columns, column{field, m.Titles[field]})
		}
	}
	l.columns, l.ours = columns, false
	return l
}

// paths are the titles of all columns, for files that name none.
func (l layout) paths() []string {
	var all []string
	met := make(map[string]bool)
	for _, k := range l.columns {
		for _, title := range k.titles {
			if folded := mapping.Fold(title); !met[folded] {
				met[folded] = true
				all = append(all, title)
			}
		}
	}
	return all
}

// itemColumns are those of the items of an order in our own format, below items.
var itemColumns = []struct{ name, title string }{
	{string(mapping.SKU), "items.sku"}, {string(mapping.Quantity), "items.quantity"},
	{string(mapping.UnitPrice), "items.unit_price"}, {string(mapping.Category), "items.category"},
	{itemAmount, "items.amount"}, {itemDiscount, "items.discount"},
}

// inJSON is the layout of JSON lines, whose titles are paths. An order of our own
// format can have a list of items.
func (l layout) inJSON() layout {
	l.json = true
	if l.orders == nil || !l.ours {
		return l
	}
	l.columns = slices.Clone(l.columns)
	for _, i := range itemColumns {
		at := slices.IndexFunc(l.columns, func(k column) bool { return k.name == i.name })
		if at < 0 {
			l.columns = append(l.columns, column{i.name, []string{i.title}})
			continue
		}
		k := &l.columns[at]
		k.titles = append(slices.Clip(k.titles), i.title)
	}
	return l
}
