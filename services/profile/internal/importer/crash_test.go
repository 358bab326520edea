package importer_test

import (
	"context"
	"fmt"
	"iter"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"

	"cloud.google.com/go/longrunning/autogen/longrunningpb"
	"github.com/cockroachdb/pebble/v2/vfs"
	"go.mongodb.org/mongo-driver/v2/bson"
	"google.golang.org/protobuf/types/known/durationpb"

	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"
	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/fault"
)

// madeFile makes a file of rows, some of which cannot be, and some of which have
// the key of one before them.
func madeFile(rng *rand.Rand, rows int, items bool) csvFile {
	var file strings.Builder
	file.WriteString("order_id,customer_id,order_time,amount,currency,channel")
	if items {
		file.WriteString(",sku")
	}
	file.WriteString("\n")
	for range rows {
		amount := fmt.Sprintf("%d.%02d", rng.IntN(1000), rng.IntN(100))
		if rng.IntN(20) == 0 {
			amount = "N/A"
		}
		fmt.Fprintf(&file, "o%d,客户%d,2025-03-%02d,%s,CNY,\"a, b\"", rng.IntN(rows), rng.IntN(3), 1+rng.IntN(28), amount)
		if items {
			fmt.Fprintf(&file, ",s%d", rng.IntN(5))
		}
		file.WriteString("\n")
	}
	return orders(file.String())
}

// madeExport makes the export of a platform: the rows of an order repeat what is
// the order's, or leave it blank, and are anywhere in the file. Some contradict
// each other, and some orders have no buyer, or are not paid.
func madeExport(rng *rand.Rand, rows int) csvFile {
	var file strings.Builder
	file.WriteString("id,who,paid,total,back,state,what\n")
	for range rows {
		order := rng.IntN(rows / 2)
		who, paid, state := fmt.Sprint("k", order%5), fmt.Sprintf("2025-%02d-01", 1+order%7), "ok"
		switch order % 11 {
		case 0:
			who = ""
		case 1:
			who = "k***1"
		case 2:
			state = "gone"
		case 3:
			state, paid = "open", ""
		}
		total := fmt.Sprintf("%d.50", order)
		switch rng.IntN(40) {
		case 0:
			total = "9.99"
		case 1:
			file.WriteString("合计,,,1,,,\n,,,,,,\n")
		}
		if rng.IntN(3) == 0 {
			who, paid, total, state = "", "", "", ""
		}
		fmt.Fprintf(&file, "o%d,%s,%s,%s,%s,%s,s%d\n", order, who, paid, total, []string{"", "0.50"}[order%2], state, rng.IntN(5))
	}
	f := orders(file.String())
	f.OrderMapping = &profilev1.OrderMapping{
		Version: 1, CurrencyCode: "CNY", Amount: profilev1.AmountMeaning_AMOUNT_MEANING_ORDER,
		Columns: &profilev1.OrderColumns{
			OrderId: []string{"id"}, CustomerId: []string{"who"}, PaidTime: []string{"paid"}, Amount: []string{"total"},
			Refunded: []string{"back"}, Status: []string{"state"}, Sku: []string{"what"},
		},
		Statuses: map[string]profilev1.OrderStatus{
			"ok": profilev1.OrderStatus_ORDER_STATUS_PAID, "open": profilev1.OrderStatus_ORDER_STATUS_PENDING,
			"gone": profilev1.OrderStatus_ORDER_STATUS_CANCELLED,
		},
	}
	return f
}

// result is what an import leaves behind.
type result struct {
	created, updated, unchanged, rejected, rows int64
	state                                       profilev1.ImportState
	orders                                      []string
	told                                        string
	kept                                        []string
}

func (p *process) result(t testing.TB, i *profilev1.Import) result {
	t.Helper()
	r := result{i.GetCreated(), i.GetUpdated(), i.GetUnchanged(), i.GetRejected(), i.GetRows(), i.GetState(), nil, p.told(t, i), p.kept(t)}
	slices.Sort(r.kept)
	for _, o := range p.stored(t) {
		r.orders = append(r.orders, fmt.Sprint(o.Customer, o.ID, o.Time, o.Amount, o.Currency, o.Channel, o.Items, o.Row, o.Origin.Row))
	}
	return r
}

// scenario is an import that is disturbed.
type scenario struct {
	name   string
	file   csvFile
	before []csvFile // imported earlier
}

func scenarios() []scenario {
	rng := rand.New(rand.NewPCG(7, 11))
	rows, items := madeFile(rng, 120, false), madeFile(rng, 2600, true) // assembled in two steps
	half := orders(string(rows.data[:1+strings.LastIndexByte(string(rows.data[:len(rows.data)/2]), '\n')]))
	return []scenario{
		{"orders", rows, nil},
		{"orders that are there already", rows, []csvFile{half}},
		{"items", items, nil},
		{"an export", madeExport(rng, 2400), nil},
		{"events", madeEvents(rng, 90, false), nil},
		{"events of JSON lines", madeEvents(rng, 90, true), nil},
		{"consents", madeConsents(rng, 90), nil},
		{"identities", madeIdentities(rng, 90), nil},
		{"customers whose phones are others'", madeCustomers(rng, 60), []csvFile{madeIdentities(rng, 60)}},
	}
}

// undisturbed is what comes out where nothing goes wrong.
func (s scenario) undisturbed(t *testing.T) result {
	t.Helper()
	p := fresh(t)
	for _, f := range s.before {
		p.run(t, f, 1<<20)
	}
	return p.result(t, p.run(t, s.file, 1<<20))
}

// prepare makes a store on which the files before were imported.
func (s scenario) prepare(t *testing.T, fs vfs.FS) docstore.Engine {
	t.Helper()
	engine := memory(t, fs)
	p := begin(t, engine)
	for _, f := range s.before {
		p.run(t, f, 1<<20)
	}
	p.stop()
	return engine
}

// check ends the import on what a crash has left, and compares.
func (s scenario) check(t *testing.T, engine docstore.Engine, acknowledged int64, want result) {
	t.Helper()
	p := begin(t, engine)
	defer p.stop()
	i := p.create(t, s.file)
	if i.GetDurableBytes() < acknowledged {
		t.Fatalf("%d bytes were acknowledged, %d are durable", acknowledged, i.GetDurableBytes())
	}
	if i.GetState() == profilev1.ImportState_IMPORT_STATE_RECEIVING {
		if err := p.stream(t.Context(), s.file, i, len(s.file.data)/9); err != nil {
			t.Fatal(err)
		}
	}
	got := p.result(t, p.finished(t, i.GetName()))
	if !reflect.DeepEqual(got, want) {
		t.Fatalf("after the crash:\n%+v\nwant:\n%+v", got, want)
	}
	if err := p.sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	keepsNothing(t, engine)
}

// The power fails at random moments, with any part of what was not synced
// surviving: what was acknowledged is there, and nothing is there twice.
func TestPowerFailure(t *testing.T) {
	for _, s := range scenarios() {
		t.Run(s.name, func(t *testing.T) {
			want := s.undisturbed(t)
			rng := rand.New(rand.NewPCG(3, 5))
			for range 6 {
				fs := vfs.NewCrashableMem()
				engine := s.prepare(t, fs)
				p := begin(t, engine)
				i := p.create(t, s.file)
				acknowledged := int64(0)
				for range rng.IntN(8) {
					ack := p.append(t, s.file, i.GetName(), acknowledged, len(s.file.data)/30+rng.IntN(len(s.file.data)/4))
					acknowledged = ack.GetDurableBytes()
				}
				crashed := fs.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: rng.IntN(101), RNG: rng})
				p.stop()
				if err := engine.Close(); err != nil {
					t.Fatal(err)
				}
				recovered := memory(t, crashed)
				s.check(t, recovered, acknowledged, want)
				if err := recovered.Close(); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
}

// append sends the next chunk of a file, unless all of it is there.
func (p *process) append(t testing.TB, f csvFile, name string, offset int64, size int) *profilev1.AppendImportResponse {
	t.Helper()
	end := min(offset+int64(size), int64(len(f.data)))
	ack, err := p.imports.AppendImport(t.Context(), &profilev1.AppendImportRequest{
		Name: name, Offset: offset, Data: f.data[offset:end], Last: end == int64(len(f.data)),
	})
	if err != nil {
		t.Fatal(err)
	}
	return ack
}

// The process dies at each of its writes, which is performed or not.
func TestDiesAtAnyWrite(t *testing.T) {
	for _, s := range scenarios() {
		t.Run(s.name, func(t *testing.T) {
			want := s.undisturbed(t)
			for dieAt, alive := 1, false; !alive; dieAt += 1 + dieAt/4 {
				for _, lost := range []bool{false, true} {
					engine := s.prepare(t, vfs.NewMem())
					w := &mortal{Engine: engine, dieAt: dieAt, lost: lost}
					acknowledged := s.run(t, w)
					alive = !w.died()
					s.check(t, engine, acknowledged, want)
					if err := engine.Close(); err != nil {
						t.Fatal(err)
					}
				}
			}
		})
	}
}

// run imports the file on an engine until it fails or all is done, and returns how
// much was acknowledged.
func (s scenario) run(t *testing.T, engine docstore.Engine) (acknowledged int64) {
	t.Helper()
	p := begin(t, engine)
	defer p.stop()
	i, err := p.imports.CreateImport(t.Context(), &profilev1.CreateImportRequest{Import: s.file.Import})
	size := int64(len(s.file.data))
	for err == nil && acknowledged < size {
		var ack *profilev1.AppendImportResponse
		end := min(acknowledged+size/8+200, size)
		ack, err = p.imports.AppendImport(t.Context(), &profilev1.AppendImportRequest{
			Name: i.GetName(), Offset: acknowledged, Data: s.file.data[acknowledged:end], Last: end == size,
		})
		acknowledged = max(acknowledged, ack.GetDurableBytes())
	}
	if err == nil { // items are put together, or not
		_, _ = p.ops.WaitOperation(t.Context(), &longrunningpb.WaitOperationRequest{
			Name: p.operation(t, i.GetName()), Timeout: durationpb.New(within),
		})
	}
	return acknowledged
}

// operation is that of an import, as far as the import can still be read.
func (p *process) operation(t testing.TB, name string) string {
	t.Helper()
	i, _ := p.imports.GetImport(t.Context(), &profilev1.GetImportRequest{Name: name})
	return i.GetOperation()
}

// mortal is a process's connection to its engine, until the process dies.
type mortal struct {
	docstore.Engine
	mu     sync.Mutex
	writes int
	dieAt  int  // the write that is the last
	lost   bool // it is performed, but its answer lost
}

var errDead = fault.New(fault.Unavailable, "STORE_UNAVAILABLE", "the process is dead")

func (m *mortal) died() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.writes >= m.dieAt
}

func (m *mortal) Table(ctx context.Context, l docstore.Layout) (docstore.Table, error) {
	t, err := m.Engine.Table(ctx, l)
	return &mortalTable{t, m}, err
}

// write tells whether a write is performed, and whether it is answered.
func (m *mortal) write() (perform, answer bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.writes++
	return m.writes < m.dieAt || m.writes == m.dieAt && m.lost, m.writes < m.dieAt
}

type mortalTable struct {
	docstore.Table
	engine *mortal
}

func (t *mortalTable) Get(ctx context.Context, id string) (bson.Raw, error) {
	if t.engine.died() {
		return nil, errDead
	}
	return t.Table.Get(ctx, id)
}

func (t *mortalTable) GetMany(ctx context.Context, ids []string) ([]bson.Raw, error) {
	if t.engine.died() {
		return nil, errDead
	}
	return t.Table.GetMany(ctx, ids)
}

func (t *mortalTable) Write(ctx context.Context, writes []docstore.Write) ([]error, error) {
	perform, answer := t.engine.write()
	if !perform {
		return nil, errDead
	}
	errs, err := t.Table.Write(ctx, writes)
	if !answer {
		return nil, errDead
	}
	return errs, err
}

func (t *mortalTable) Scan(ctx context.Context, r docstore.Range) iter.Seq2[docstore.Entry, error] {
	if t.engine.died() {
		return func(yield func(docstore.Entry, error) bool) { yield(docstore.Entry{}, errDead) }
	}
	return t.Table.Scan(ctx, r)
}
