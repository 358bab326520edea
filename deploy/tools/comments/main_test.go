package main

import (
	"bytes"
	"strings"
	"testing"
)

const image = `{"file": [{
  "package": "kehu.shop.v1",
  "messageType": [{"name": "Order", "field": [{"name": "id"}, {"name": "note"}],
    "nestedType": [{"name": "Item", "field": [{"name": "sku"}]}]}],
  "service": [{"name": "Orders", "method": [{"name": "GetOrder"}]}],
  "sourceCodeInfo": {"location": [
    {"path": [6, 0], "leadingComments": " Keeps orders.\n"},
    {"path": [6, 0, 2, 0], "leadingComments": " Returns one\n order & more.\n"},
    {"path": [4, 0], "leadingComments": " An order.\n"},
    {"path": [4, 0, 2, 1], "leadingComments": " Free text.\n"},
    {"path": [4, 0, 2, 0]},
    {"path": [4, 0, 3, 0, 2, 0], "leadingComments": " Stock keeping unit.\n"},
    {"path": [4, 0, 2, 1, 3], "leadingComments": " of a name\n"}
  ]}
}, {"package": "google.api", "service": [{"name": "S"}],
    "sourceCodeInfo": {"location": [{"path": [6, 0], "leadingComments": "not ours"}]}}]}`

const want = `{
  "kehu.shop.v1.Order.Item.sku": "Stock keeping unit.",
  "kehu.shop.v1.Order.note": "Free text.",
  "kehu.shop.v1.Orders": "Keeps orders.",
  "kehu.shop.v1.Orders.GetOrder": "Returns one order & more."
}
`

func TestCommentsByName(t *testing.T) {
	var out bytes.Buffer
	if err := run(strings.NewReader(image), &out); err != nil {
		t.Fatal(err)
	}
	if out.String() != want {
		t.Errorf("got %s\nwant %s", out.String(), want)
	}
}
