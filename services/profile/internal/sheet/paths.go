package sheet

import (
	"strings"

	"github.com/kehuhq/kehu/pkg/fault"
)

// paths finds the members of an object that are fields of a row.
type paths struct {
	titles int
	at     map[string]int      // by folded path
	under  map[string]struct{} // folded paths under which there are titles
	fold   func(string) string
	folded map[string]string // names met, folded
}

// maxFolded bounds how many names are remembered.
const maxFolded = 10_000

func newPaths(titles []string, fold func(string) string) *paths {
	p := &paths{
		titles: len(titles), at: make(map[string]int, len(titles)), under: make(map[string]struct{}),
		fold: fold, folded: make(map[string]string),
	}
	for i, title := range titles {
		path := fold(title)
		p.at[path] = i
		for at := strings.IndexByte(path, '.'); at >= 0; {
			p.under[path[:at]] = struct{}{}
			next := strings.IndexByte(path[at+1:], '.')
			if next < 0 {
				break
			}
			at += 1 + next
		}
	}
	return p
}

func (p *paths) count() int {
	if p == nil {
		return 0
	}
	return p.titles
}

// name is the folded form of a name.
func (p *paths) name(name string) string {
	folded, met := p.folded[name]
	if !met {
		folded = p.fold(name)
		if len(p.folded) < maxFolded {
			p.folded[name] = folded
		}
	}
	return folded
}

// fill fills a row with the members of an object.
func (p *paths) fill(row *Row, object Object) *fault.Fault {
	if p == nil {
		row.Others = object
		return nil
	}
	return p.members(row, row.Fields, "", "", object)
}

// members puts the members of the object at a path, which is shown as it stands in the file
// and ends in a point, into fields.
func (p *paths) members(row *Row, fields []string, path, shown string, object Object) *fault.Fault {
	for _, m := range object {
		at := path + p.name(m.Name)
		_, inside := p.under[at]
		switch value := m.Value.(type) {
		case nil:
			continue
		case Object:
			if inside {
				if f := p.members(row, fields, at+".", shown+m.Name+".", value); f != nil {
					return f
				}
				continue
			}
		case []any:
			if inside && objects(value) {
				if f := p.parts(row, at+".", shown+m.Name+".", value); f != nil {
					return f
				}
				continue
			}
		}
		place, known := p.at[at]
		if !known {
			row.Others = append(row.Others, Member{shown + m.Name, m.Value})
			continue
		}
		if fields[place] != "" {
			return twiceInObject(shown + m.Name)
		}
		fields[place] = Text(m.Value)
	}
	return nil
}

func objects(list []any) bool {
	for _, value := range list {
		if _, is := value.(Object); !is {
			return false
		}
	}
	return true
}

func (p *paths) parts(row *Row, path, shown string, list []any) *fault.Fault {
	for _, value := range list {
		fields := make([]string, p.titles)
		object, _ := value.(Object) // as all in the list are
		if f := p.members(row, fields, path, shown, object); f != nil {
			return f
		}
		row.Parts = append(row.Parts, fields)
	}
	return nil
}
