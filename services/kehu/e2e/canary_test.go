package e2e

import (
	"bytes"
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/cockroachdb/pebble/v2"
	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
)

// canaries are values that describe persons and occur nowhere else. None may be
// found where the data are kept.
var canaries = []string{
	"Zwölfboxkämpfer", "司马懿南宫", "zwoelf.boxkaempfer@example.net", "13912345671", "1931-07-23", "Quetzaltenango",
	"Hühnerhofstraße", "wx-openid-ocanary77", "爱好竹蜻蜓",
	"太小了穿不下去呀", "13887654329", "canary.buyer@example.org", "Blauwal-Müller", "18655554443", "refused.canary@", "拒收行的姓名",
}

// unseen holds phrases that are in the open by design, so that the test knows that
// it would see the others.
var unseen = []string{"canary-customer", "canary-order"}

// People are brought in by every way in; then no file of the store holds anything
// that describes one, neither as it is nor in a block that is compressed.
func TestNoFileTellsOfPersons(t *testing.T) {
	dir := t.TempDir()
	s := start(t, "kehu", "serve", "--data", dir, "--http", "127.0.0.1:0", "--grpc", "127.0.0.1:0")
	bringIn(t, s)
	if err := s.stop(t); err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := os.ReadFile(path)
		if err == nil {
			find(t, seen, path, content)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	locks, err := filepath.Glob(filepath.Join(dir, "*", "LOCK"))
	if err != nil || len(locks) < 6 {
		t.Fatalf("stores %v, %v", locks, err)
	}
	for _, lock := range locks {
		findInStore(t, seen, filepath.Dir(lock))
	}
	for _, open := range unseen {
		if !seen[open] {
			t.Errorf("%q was not found either: the test sees nothing", open)
		}
	}
}

// findInStore looks at what a store holds once its blocks are read.
func findInStore(t *testing.T, seen map[string]bool, dir string) {
	t.Helper()
	eachOf(t, dir, func(key, value []byte) {
		find(t, seen, dir+" key "+string(key), key)
		find(t, seen, dir+" value of "+string(key), value)
	})
}

// eachOf hands over what a store holds.
func eachOf(t *testing.T, dir string, see func(key, value []byte)) {
	t.Helper()
	db, err := pebble.Open(dir, &pebble.Options{ReadOnly: true, Logger: quiet{}})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	iter, err := db.NewIter(nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = iter.Close() }()
	for ok := iter.First(); ok; ok = iter.Next() {
		see(iter.Key(), iter.Value())
	}
	if err := iter.Error(); err != nil {
		t.Fatal(err)
	}
}

type quiet struct{}

func (quiet) Infof(string, ...any)           {}
func (quiet) Errorf(string, ...any)          {}
func (quiet) Fatalf(format string, a ...any) { panic(fmt.Sprintf(format, a...)) }

// find reports the canaries in a content.
func find(t *testing.T, seen map[string]bool, where string, content []byte) {
	t.Helper()
	for _, canary := range canaries {
		if bytes.Contains(content, []byte(canary)) {
			t.Errorf("%s holds %q", where, canary)
		}
	}
	for _, open := range unseen {
		seen[open] = seen[open] || bytes.Contains(content, []byte(open))
	}
}

// The same on MongoDB, where every document of every collection is looked at.
func TestNoDocumentTellsOfPersons(t *testing.T) {
	uri := freshMongo(t)
	keyring := filepath.Join(t.TempDir(), "keyring.json")
	if _, errs, code := kehu(t, "keys", "create", keyring); code != 0 {
		t.Fatal(errs)
	}
	s := start(t, "kehu", "serve", "--mongodb-uri", uri, "--keyring", keyring, "--http", "127.0.0.1:0", "--grpc", "127.0.0.1:0")
	bringIn(t, s)
	if err := s.stop(t); err != nil {
		t.Fatal(err)
	}
	ctx := t.Context()
	client, err := mongo.Connect(options.Client().ApplyURI(uri))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = client.Disconnect(context.WithoutCancel(ctx)) }()
	names, err := client.ListDatabaseNames(ctx, bson.D{})
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, name := range slices.DeleteFunc(names, func(name string) bool { return !strings.HasPrefix(name, "kehu_") }) {
		database := client.Database(name)
		collections, err := database.ListCollectionNames(ctx, bson.D{})
		if err != nil {
			t.Fatal(err)
		}
		for _, collection := range collections {
			cursor, err := database.Collection(collection).Find(ctx, bson.D{})
			if err != nil {
				t.Fatal(err)
			}
			for cursor.Next(ctx) {
				find(t, seen, name+"."+collection, cursor.Current)
			}
			if err := cursor.Err(); err != nil {
				t.Fatal(err)
			}
		}
	}
	for _, open := range unseen {
		if !seen[open] {
			t.Errorf("%q was not found either: the test sees nothing", open)
		}
	}
}

// bringIn tells a suite of the canaries, over the API and by files.
func bringIn(t *testing.T, s *server) {
	t.Helper()
	c := client{t, "http://" + s.addresses["http"]}
	c.post("/v1/customers?customer_id=canary-customer", map[string]any{
		"display_name": "Zwölfboxkämpfer", "birth_date": map[string]any{"year": 1931, "month": 7, "day": 23}, "city": "Quetzaltenango",
		"interests":        []string{"爱好竹蜻蜓"},
		"postal_addresses": []any{map[string]any{"city": "Quetzaltenango", "line": "Hühnerhofstraße 12"}},
		"identifiers": []any{
			map[string]any{"type": "IDENTIFIER_TYPE_EMAIL", "value": "zwoelf.boxkaempfer@example.net"},
			map[string]any{"type": "IDENTIFIER_TYPE_PHONE", "value": "13912345671"},
			map[string]any{"type": "IDENTIFIER_TYPE_WECHAT_OPENID", "namespace": "app", "value": "wx-openid-ocanary77"},
		},
	})
	c.do("PATCH", "/v1/customers/canary-customer?update_mask=display_name", map[string]any{"display_name": "司马懿南宫"}).ok()
	c.post("/v1/orders:batchRecord", map[string]any{"orders": []any{map[string]any{
		"name": "customers/canary-customer/orders/canary-order", "order_time": "2026-01-05T10:00:00Z",
		"amount": map[string]any{"currency_code": "CNY", "minor_units": "10000"},
	}}})
	c.post("/v1/customers/canary-customer/orders/canary-order:return", map[string]any{"return": map[string]any{
		"return_id": "r1", "return_time": "2026-01-06T10:00:00Z", "refund": map[string]any{"currency_code": "CNY", "minor_units": "100"}, "reason": "太小了穿不下去呀",
	}})
	c.post("/v1/segments?segmentId=known", map[string]any{"rule": map[string]any{"expression": `customer.city != "" && size(customer.interests) > 0`}})
	c.wait(c.post("/v1/segments/known:publish", map[string]any{}).str("name"))
	if told := c.get("/v1/segments/known/transitions"); !strings.Contains(told.text, "Quetzaltenango") || !strings.Contains(told.text, "爱好竹蜻蜓") {
		t.Errorf("segmentation does not know of the canaries: %s", told.text)
	}
	file := func(name, content string) string {
		path := filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	bought := file("orders.csv", "order_id,手机号,order_time,amount,currency,sku,quantity\n"+
		"o1,13887654329,2026-01-05 10:00,12.00,CNY,a,1\no1,13887654329,2026-01-05 10:00,12.00,CNY,b,2\n"+
		"o2,18655554443,2026-01-05 10:00,no money,CNY,a,1\n")
	mapping := file("map.yaml", "version: 1\nrows: item\namount: order\ncolumns:\n  order_id: order_id\n  customer_id: 手机号\n  order_time: order_time\n  amount: amount\n  currency: currency\n  sku: sku\n  quantity: quantity\n")
	mailed := file("mailed.csv", "Order Number,Email,Date,Total,currency\n1,canary.buyer@example.org,2026-01-05 10:00,12.00,EUR\n")
	known := file("customers.csv", "customer_id,display_name,email\nb,Blauwal-Müller,\nc,拒收行的姓名,refused.canary@\n")
	for _, args := range [][]string{
		{"import", "orders", bought, "--map", mapping},
		{"import", "orders", mailed, "--map", file("mailed.yaml", "version: 1\nrows: order\namount: order\ncolumns:\n  order_id: Order Number\n  customer_id: Email\n  order_time: Date\n  amount: Total\n  currency: currency\n")},
		{"import", "customers", known},
	} {
		if out, errs, code := kehu(t, append(args, "--server", s.addresses["grpc"])...); code > 1 {
			t.Fatalf("%v: %d %s%s", args, code, out, errs)
		}
	}
}
