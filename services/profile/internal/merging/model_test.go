package merging_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"pgregory.net/rapid"

	"github.com/kehuhq/kehu/pkg/docstore"
)

// ids order differently escaped than not, and begin one another.
var ids = []string{"a", "a-1", "a1", "b", "会 员", "z"}

// command is one thing that happens.
type command struct {
	Do         string
	At, Other  string
	Name, City string
	Mails      []string
	Order      string
	Amount     int64
}

var commands = rapid.SliceOfN(rapid.Custom(func(t *rapid.T) command {
	return command{
		Do: rapid.SampledFrom([]string{"update", "update", "mail", "order", "order", "return", "merge", "merge", "unmerge"}).Draw(t, "do"),
		At: rapid.SampledFrom(ids).Draw(t, "at"), Other: rapid.SampledFrom(ids).Draw(t, "other"),
		Name:  rapid.SampledFrom([]string{"", "x", "y"}).Draw(t, "name"),
		City:  rapid.SampledFrom([]string{"", "深圳", "广州"}).Draw(t, "city"),
		Mails: rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"1@e.cn", "2@e.cn", "3@e.cn", "4@e.cn"}), 0, 2, rapid.ID).Draw(t, "mails"),
		Order: rapid.SampledFrom([]string{"1", "2", "3"}).Draw(t, "order"), Amount: rapid.Int64Range(1, 9).Draw(t, "amount"),
	}
}), 20, 60)

// model is what the service is meant to be: records, and a tree of them.
type model struct {
	records map[string]*record
	parent  map[string]string
	below   map[string][]string // in the order in which they were merged
}

type record struct {
	name, city string
	mails      []string
	orders     map[string]*placed
}

type placed struct{ amount, refunded int64 }

func newModel() *model {
	return &model{map[string]*record{}, map[string]string{}, map[string][]string{}}
}

func (m *model) at(id string) *record {
	if m.records[id] == nil {
		m.records[id] = &record{orders: map[string]*placed{}}
	}
	return m.records[id]
}

func (m *model) root(id string) string {
	for m.parent[id] != "" {
		id = m.parent[id]
	}
	return id
}

// family are the records of a customer, the root first.
func (m *model) family(root string) []string {
	all := []string{root}
	for _, id := range m.below[root] {
		all = append(all, m.family(id)...)
	}
	return all
}

// do is what a command does, and the reason why it is refused.
func (m *model) do(c command) string {
	switch c.Do {
	case "update":
		return m.update(c, c.Name, c.City, c.Mails)
	case "mail":
		known := &record{}
		if m.records[c.At] != nil {
			known = m.records[c.At]
		}
		all := slices.Clone(known.mails)
		for _, mail := range c.Mails {
			if !slices.Contains(all, mail) && !m.taken(c.At, mail) { // an import leaves others theirs
				all = append(all, mail)
			}
		}
		return m.update(c, known.name, known.city, all)
	case "order":
		order := m.at(c.At).orders[c.Order]
		if order != nil && c.Amount < order.refunded {
			return "REFUND_EXCEEDS_AMOUNT"
		}
		if order == nil {
			order = &placed{}
			m.at(c.At).orders[c.Order] = order
		}
		order.amount = c.Amount
	case "return":
		if m.records[c.At] == nil || m.records[c.At].orders[c.Order] == nil {
			return "ORDER_NOT_FOUND"
		}
		order := m.records[c.At].orders[c.Order]
		if order.amount-order.refunded < 1 {
			return "REFUND_EXCEEDS_AMOUNT"
		}
		order.refunded++
	case "merge":
		return m.merge(c)
	case "unmerge":
		return m.unmerge(c.At)
	}
	return "ok"
}

// taken reports whether another record has a mail address.
func (m *model) taken(at, mail string) bool {
	for id, r := range m.records {
		if id != at && slices.Contains(r.mails, mail) {
			return true
		}
	}
	return false
}

func (m *model) update(c command, name, city string, mails []string) string {
	for _, mail := range mails {
		if m.taken(c.At, mail) {
			return "IDENTIFIER_TAKEN"
		}
	}
	r := m.at(c.At)
	r.name, r.city, r.mails = name, city, mails
	return "ok"
}

func (m *model) merge(c command) string {
	root := m.root(c.At)
	switch {
	case m.records[c.At] == nil, m.records[c.Other] == nil:
		return "CUSTOMER_NOT_FOUND"
	case c.Other == c.At, c.Other == root:
		return "MERGE_WITH_ITSELF"
	case m.parent[c.Other] != "":
		return "CUSTOMER_MERGED"
	}
	m.parent[c.Other] = root
	m.below[root] = append(m.below[root], c.Other)
	return "ok"
}

func (m *model) unmerge(id string) string {
	parent := m.parent[id]
	switch {
	case m.records[id] == nil:
		return "CUSTOMER_NOT_FOUND"
	case parent == "":
		return "CUSTOMER_NOT_MERGED"
	}
	delete(m.parent, id)
	m.below[parent] = slices.DeleteFunc(m.below[parent], func(other string) bool { return other == id })
	return "ok"
}

// roots are the customers, in the order of their escaped ids.
func (m *model) roots() []string {
	return slices.SortedFunc(maps.Keys(m.records), func(a, b string) int {
		return strings.Compare(docstore.ID(a), docstore.ID(b))
	})
}

// view is a customer in a line.
func (m *model) view(root string) string {
	var name, city string
	var mails []string
	family := m.family(root)
	for _, id := range family {
		r := m.records[id]
		if name == "" {
			name = r.name
		}
		if city == "" {
			city = r.city
		}
		mails = append(mails, r.mails...)
	}
	return fmt.Sprintf("%s %q %q %q %q", root, name, city, mails, family[1:])
}

// orders are those of a customer by their ids, one line each.
func (m *model) orders(root string) []string {
	var lines []string
	for _, order := range []string{"1", "2", "3"} {
		for _, id := range m.roots() {
			if r := m.records[id]; m.root(id) == root && r.orders[order] != nil {
				lines = append(lines, fmt.Sprint(id, " ", order, " ", *r.orders[order]))
			}
		}
	}
	return lines
}

// history is what a customer's counting orders came to, record by record.
func (m *model) history(root string) string {
	var net []int64
	for _, id := range m.family(root) {
		for _, order := range []string{"1", "2", "3"} {
			if o := m.records[id].orders[order]; o != nil && o.refunded < o.amount {
				net = append(net, o.amount-o.refunded)
			}
		}
	}
	if net == nil {
		return ""
	}
	return fmt.Sprint(root, " ", net)
}
