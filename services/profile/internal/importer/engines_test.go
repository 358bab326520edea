package importer_test

import (
	"reflect"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"
	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/docstore/mongostore/mongotest"
	"github.com/kehuhq/kehu/pkg/refdata"
)

// The same files leave the same behind on both engines.
func TestEnginesAgree(t *testing.T) {
	mongo := mongotest.Open(t)
	embedded := memory(t, vfs.NewMem())
	files := []csvFile{orders(small)}
	for _, s := range scenarios() {
		files = append(files, s.file)
	}
	cdnow := announce(profilev1.ImportKind_IMPORT_KIND_ORDERS, refdata.Bytes(t, "data/cdnow_orders.csv"))
	run := func(engine docstore.Engine) (results []result) {
		p := begin(t, engine)
		defer p.stop()
		files := files
		for _, e := range append(exports, export{"taobao_later.csv", nil}) {
			files = append(files, e.file(t, p))
		}
		for _, f := range append(files, cdnow) { // the large one last: the stand-in for MongoDB looks through all there is
			results = append(results, p.result(t, p.run(t, f, 10_000)))
		}
		return results
	}
	a, b := run(embedded), run(mongo)
	for n := range a {
		if !reflect.DeepEqual(a[n], b[n]) {
			t.Errorf("file %d: embedded\n%.2000v\nMongoDB\n%.2000v", n, a[n], b[n])
		}
		if a[n].state != profilev1.ImportState_IMPORT_STATE_DONE {
			t.Errorf("file %d: %v", n, a[n].state)
		}
	}
	if err := embedded.Close(); err != nil {
		t.Error(err)
	}
}
