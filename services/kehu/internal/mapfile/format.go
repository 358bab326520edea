package mapfile

import (
	"bytes"
	"cmp"
	"errors"
	"maps"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"
)

const heading = `# How kehu reads the order export of this shop: kehu analyze FILE --map THIS
# columns: the title above each field's column; of several titles the first whose
#   value in the row is not empty counts. Fields that no column holds are left out.
# rows: order (a row is a whole order) or item (rows with the same order_id are one).
# amount: order (of the whole order, counted once) or line (summed over the rows).
# statuses: words of the status column: paid, pending, cancelled or returned.
`

// Format writes a mapping with a few lines on what its keys mean. The same
// mapping is always the same text, and Parse reads it back.
func Format(mapping *profilev1.OrderMapping) ([]byte, error) {
	document := &yaml.Node{Kind: yaml.MappingNode}
	put(document, keyVersion, &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!int", Value: "1"})
	putText(document, keyName, mapping.GetName())
	put(document, keyColumns, columnsNode(mapping.GetColumns()))
	putText(document, keyRows, wordFor(rows, mapping.GetRows()))
	putText(document, keyAmount, wordFor(amounts, mapping.GetAmount()))
	putText(document, keyZone, mapping.GetTimeZone())
	putText(document, keyCurrency, mapping.GetCurrencyCode())
	if len(mapping.GetStatuses()) > 0 {
		put(document, keyStatuses, wordsNode(mapping.GetStatuses()))
	}
	out := bytes.NewBufferString(heading)
	encoder := yaml.NewEncoder(out)
	encoder.SetIndent(2)
	err := encoder.Encode(document)
	return out.Bytes(), errors.Join(err, encoder.Close())
}

func columnsNode(columns *profilev1.OrderColumns) *yaml.Node {
	node := &yaml.Node{Kind: yaml.MappingNode}
	message := columns.ProtoReflect()
	fields := message.Descriptor().Fields()
	for i := range fields.Len() {
		list := message.Get(fields.Get(i)).List()
		if list.Len() == 0 {
			continue
		}
		titles := &yaml.Node{Kind: yaml.SequenceNode, Style: yaml.FlowStyle}
		for j := range list.Len() {
			titles.Content = append(titles.Content, text(list.Get(j).String()))
		}
		if list.Len() == 1 {
			titles = titles.Content[0]
		}
		put(node, string(fields.Get(i).Name()), titles)
	}
	return node
}

// wordsNode lists the words by what they mean, then by their text.
func wordsNode(words map[string]profilev1.OrderStatus) *yaml.Node {
	node := &yaml.Node{Kind: yaml.MappingNode}
	sorted := slices.SortedFunc(maps.Keys(words), func(a, b string) int {
		return cmp.Or(cmp.Compare(words[a], words[b]), cmp.Compare(a, b))
	})
	for _, word := range sorted {
		node.Content = append(node.Content, text(word), text(wordFor(statuses, words[word])))
	}
	return node
}

func wordFor[E comparable](known map[string]E, value E) string {
	for word, v := range known {
		if v == value {
			return word
		}
	}
	return ""
}

func putText(node *yaml.Node, key, value string) {
	if value != "" {
		put(node, key, text(value))
	}
}

func put(node *yaml.Node, key string, value *yaml.Node) {
	node.Content = append(node.Content, text(key), value)
}

// text is a string; in quotes where plain YAML could lose something of it.
func text(s string) *yaml.Node {
	node := &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: s}
	if strings.ContainsFunc(s, func(r rune) bool {
		return r < ' ' || r == 0x7f || r == 0x85 || r == 0x2028 || r == 0x2029 || r == 0xfeff
	}) {
		node.Style = yaml.DoubleQuotedStyle
	}
	return node
}
