package mapping

import (
	"slices"
	"strings"

	"github.com/kehuhq/kehu/pkg/fault"
)

var presets = []*Mapping{kehu, taobao, jd, youzan, shopify}

// Preset returns the preset of a name, or a fault UNKNOWN_PRESET of the field.
func Preset(field, name string) (*Mapping, error) {
	names := make([]string, len(presets))
	for i, m := range presets {
		if m.Name == name {
			return m, nil
		}
		names[i] = m.Name
	}
	f := fault.Invalid(field, "must be auto, %s, is %q", strings.Join(names, ", "), name)
	f.Reason = "UNKNOWN_PRESET"
	return nil, f
}

// Detect returns the preset that fits a header best: of those whose required
// columns are all there, the one that recognises most columns. The fault
// PRESET_UNKNOWN names the preset that comes nearest and what it misses;
// PRESET_AMBIGUOUS those that fit alike.
func Detect(header []string) (*Mapping, *fault.Fault) {
	folded := make([]string, len(header))
	for i, title := range header {
		folded[i] = Fold(title)
	}
	var best, nearest fit
	var alike []string
	for _, m := range presets {
		f := m.fit(folded)
		switch {
		case len(f.missing) > 0:
			if nearest.m == nil || f.nearer(nearest) {
				nearest = f
			}
		case f.known > best.known:
			best, alike = f, []string{m.Name}
		case f.known == best.known:
			alike = append(alike, m.Name)
		}
	}
	switch {
	case len(alike) == 1:
		return best.m, nil
	case len(alike) > 1:
		return nil, fault.New(fault.InvalidArgument, "PRESET_AMBIGUOUS",
			"the file could be one of %s: say which with --preset (preset), or map its columns with --map (order_mapping)", strings.Join(alike, ", "))
	}
	return nil, nearest.refusal()
}

// fit is how a preset fits a header.
type fit struct {
	m       *Mapping
	known   int      // columns recognised
	missing []string // titles, for each group of required fields
}

func (m *Mapping) fit(folded []string) fit {
	f := fit{m: m}
	found := make(map[Field]bool)
	for _, field := range Fields {
		for _, title := range m.Columns[field] {
			if slices.Contains(folded, Fold(title)) {
				found[field] = true
				f.known++
			}
		}
	}
	for _, group := range m.Required() {
		if !slices.ContainsFunc(group, func(field Field) bool { return found[field] }) {
			f.missing = append(f.missing, m.Columns[group[0]][0])
		}
	}
	return f
}

// nearer compares presets that lack something.
func (f fit) nearer(other fit) bool {
	if len(f.missing) != len(other.missing) {
		return len(f.missing) < len(other.missing)
	}
	return f.known > other.known
}

func (f fit) refusal() *fault.Fault {
	if f.known == 0 {
		return fault.New(fault.InvalidArgument, "PRESET_UNKNOWN",
			"the first row must name the columns, and none of them is known: map them with --map (order_mapping)")
	}
	return fault.New(fault.InvalidArgument, "PRESET_UNKNOWN",
		"the columns are those of no known export. Nearest is %s, which lacks %s: map the columns with --map (order_mapping)",
		f.m.Name, strings.Join(f.missing, ", ")).With("nearest", f.m.Name)
}
