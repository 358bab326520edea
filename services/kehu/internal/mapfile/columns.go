package mapfile

import (
	"strings"

	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"
)

// ReadColumns reads the mapping at path of a file that holds no orders. What is wrong
// in it is as with Read; which fields there are, the server knows.
func ReadColumns(path string) (*profilev1.ColumnMapping, error) {
	return readFile(path, ParseColumns)
}

// ParseColumns reads a mapping of a file that holds no orders, as strictly as Parse.
func ParseColumns(text []byte) (*profilev1.ColumnMapping, error) {
	entries, err := document(text)
	if err != nil {
		return nil, err
	}
	mapping := &profilev1.ColumnMapping{Version: version}
	for _, e := range entries {
		switch e.key {
		case keyVersion:
		case keyName:
			mapping.Name, err = scalar(e)
		case keyColumns:
			mapping.Columns, err = anyColumns(e)
		case keyZone:
			mapping.TimeZone, err = zone(e)
		default:
			err = wrong(e.line, "%q is not known; known are %s", e.key, strings.Join([]string{keyVersion, keyName, keyColumns, keyZone}, ", "))
		}
		if err != nil {
			return nil, err
		}
	}
	if len(mapping.GetColumns()) == 0 {
		return nil, wrong(0, "columns is missing: name the columns that hold the fields")
	}
	return mapping, nil
}

func anyColumns(e entry) (map[string]*profilev1.ColumnTitles, error) {
	entries, err := entriesOf(e.value, e.key)
	if err != nil {
		return nil, err
	}
	columns := make(map[string]*profilev1.ColumnTitles, len(entries))
	for _, c := range entries {
		all, err := titles(c)
		if err != nil {
			return nil, err
		}
		columns[c.key] = &profilev1.ColumnTitles{Titles: all}
	}
	return columns, nil
}
