package importer_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"log/slog"
	"testing"
	"time"

	"cloud.google.com/go/longrunning/autogen/longrunningpb"
	"github.com/cockroachdb/pebble/v2/vfs"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/durationpb"

	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"
	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/docstore/pebblestore"
	"github.com/kehuhq/kehu/pkg/operation"
	"github.com/kehuhq/kehu/pkg/rpc"
	"github.com/kehuhq/kehu/pkg/vault/vaulttest"

	"github.com/kehuhq/kehu/services/profile/internal/app"
	"github.com/kehuhq/kehu/services/profile/internal/attributes"
	"github.com/kehuhq/kehu/services/profile/internal/consents"
	"github.com/kehuhq/kehu/services/profile/internal/domain"
	"github.com/kehuhq/kehu/services/profile/internal/events"
	"github.com/kehuhq/kehu/services/profile/internal/importer"
	"github.com/kehuhq/kehu/services/profile/internal/merging"
	"github.com/kehuhq/kehu/services/profile/internal/store"
)

// process is a profile service as far as imports go, behind a real gRPC server.
type process struct {
	imports profilev1.ImportServiceClient
	ops     profilev1.OperationServiceClient
	store   *store.Store
	did     *events.Store
	decided *consents.Store
	sweep   func(context.Context) error
	idle    func() // ends the work on operations
	stop    func() // as a signal that leaves no time
}

func memory(t testing.TB, fs vfs.FS) docstore.Engine {
	t.Helper()
	engine, err := pebblestore.Open("profile", pebblestore.Options{FS: fs, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	return engine
}

// fresh is a process on an empty store in memory.
func fresh(t testing.TB) *process {
	t.Helper()
	engine := memory(t, vfs.NewMem())
	p := begin(t, engine)
	t.Cleanup(func() {
		p.stop()
		if err := engine.Close(); err != nil {
			t.Error(err)
		}
	})
	return p
}

// keepsNothing reports what imports that have ended kept for their own use.
func keepsNothing(t testing.TB, engine docstore.Engine) {
	t.Helper()
	for _, name := range []string{"import_lines", "import_keys"} {
		table, err := engine.Table(t.Context(), docstore.Layout{Name: name, Indexes: []string{"tombstones"}})
		if err != nil {
			t.Fatal(err)
		}
		if n, err := table.Count(t.Context(), docstore.Range{}); err != nil || n != 0 {
			t.Fatalf("%d documents are left in %s (%v)", n, name, err)
		}
	}
}

// begin starts a process on a store that stays the caller's.
func begin(t testing.TB, engine docstore.Engine) *process {
	t.Helper()
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	must := func(err error) {
		if err != nil {
			t.Helper()
			t.Fatal(err)
		}
	}
	s, err := store.Open(ctx, engine, vaulttest.On(t, engine), time.Now)
	must(err)
	manager, err := operation.NewManager(ctx, engine, operation.Config{
		Service: "profile", Lease: 300 * time.Millisecond, Poll: 20 * time.Millisecond, Logger: slog.New(slog.DiscardHandler),
	})
	must(err)
	v, a := vaulttest.On(t, engine), app.New(s, time.Now)
	did, err := events.OpenStore(ctx, engine, v, merging.NewFamilies(s.Customers), time.Now)
	must(err)
	decided, err := consents.Open(ctx, engine, v, s.Customers, time.Now)
	must(err)
	own, err := attributes.Open(ctx, engine, time.Now)
	must(err)
	i, err := importer.New(ctx, importer.Deps{
		Engine: engine, Vault: v, Recorder: a, Operations: manager, Clock: time.Now,
		Events: events.NewRecorder(did, a, own, time.Now), Consents: decided,
	})
	must(err)

	server, err := rpc.NewServer(rpc.DefaultServerConfig())
	must(err)
	server.Register(func(r grpc.ServiceRegistrar) {
		profilev1.RegisterImportServiceServer(r, i)
		profilev1.RegisterOperationServiceServer(r, operation.NewServer(manager))
	})
	listener, conn, err := rpc.Pipe(rpc.DefaultClientConfig("profile"))
	must(err)
	ended := make(chan error, 2)
	go func() { ended <- server.Serve(ctx, listener) }()
	go func() { ended <- manager.Serve(ctx) }()
	stopped := false
	idle := func() {
		if err := manager.Close(ctx); err != nil {
			t.Error(err)
		}
	}
	return &process{
		imports: profilev1.NewImportServiceClient(conn), ops: profilev1.NewOperationServiceClient(conn), store: s, did: did, decided: decided, sweep: i.Sweep, idle: idle,
		stop: func() {
			if stopped {
				return
			}
			stopped = true
			cancel()
			if err := conn.Close(); err != nil {
				t.Error(err)
			}
			for range 2 {
				if err := <-ended; err != nil && !errors.Is(err, grpc.ErrServerStopped) { // before it began
					t.Error(err)
				}
			}
		},
	}
}

// csvFile is a file to import, with the settings for it.
type csvFile struct {
	*profilev1.Import
	data []byte
}

func orders(data string) csvFile {
	return announce(profilev1.ImportKind_IMPORT_KIND_ORDERS, []byte(data))
}
func customers(data string) csvFile {
	return announce(profilev1.ImportKind_IMPORT_KIND_CUSTOMERS, []byte(data))
}

func announce(kind profilev1.ImportKind, data []byte) csvFile {
	sum := sha256.Sum256(data)
	return csvFile{&profilev1.Import{
		Kind: kind, FileSha256: hex.EncodeToString(sum[:]), FileBytes: int64(len(data)), FileName: "test.csv",
	}, data}
}

// create announces the file.
func (p *process) create(t testing.TB, f csvFile) *profilev1.Import {
	t.Helper()
	i, err := p.imports.CreateImport(t.Context(), &profilev1.CreateImportRequest{Import: f.Import})
	if err != nil {
		t.Fatal(err)
	}
	return i
}

// run imports a file through a stream of chunks of the given size.
func (p *process) run(t testing.TB, f csvFile, chunk int) *profilev1.Import {
	t.Helper()
	i := p.create(t, f)
	if err := p.stream(t.Context(), f, i, chunk); err != nil {
		t.Fatal(err)
	}
	return p.finished(t, i.GetName())
}

// stream sends a file from where the import stands.
func (p *process) stream(ctx context.Context, f csvFile, i *profilev1.Import, chunk int) error {
	stream, err := p.imports.StreamImport(ctx)
	if err != nil {
		return err
	}
	sent := make(chan struct{})
	go func() {
		defer close(sent)
		offset := i.GetDurableBytes()
		for last := false; !last; {
			end := min(offset+int64(chunk), int64(len(f.data)))
			last = end == int64(len(f.data))
			if stream.Send(&profilev1.AppendImportRequest{Name: i.GetName(), Offset: offset, Data: f.data[offset:end], Last: last}) != nil {
				return
			}
			offset = end
		}
		_ = stream.CloseSend()
	}()
	defer func() { <-sent }()
	for {
		if _, err := stream.Recv(); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
	}
}

const within = 2 * time.Minute

// finished waits for the end of an import.
func (p *process) finished(t testing.TB, name string) *profilev1.Import {
	t.Helper()
	deadline := time.Now().Add(within)
	i := p.get(t, name)
	for i.GetState() == profilev1.ImportState_IMPORT_STATE_ASSEMBLING {
		op, err := p.ops.WaitOperation(t.Context(), &longrunningpb.WaitOperationRequest{Name: i.GetOperation(), Timeout: durationpb.New(time.Second)})
		if err != nil || op.GetError() != nil || time.Now().After(deadline) {
			t.Fatalf("operation of %s: %v, %v", name, op, err)
		}
		i = p.get(t, name)
	}
	return i
}

func (p *process) get(t testing.TB, name string) *profilev1.Import {
	t.Helper()
	i, err := p.imports.GetImport(t.Context(), &profilev1.GetImportRequest{Name: name})
	if err != nil {
		t.Fatal(err)
	}
	return i
}

// stored returns all orders that are stored, by customer and id, the anonymous
// ones first.
func (p *process) stored(t testing.TB) []domain.Order {
	t.Helper()
	nobody, err := p.store.Orders.Page(t.Context(), domain.Anonymous, nil, 10000)
	if err != nil {
		t.Fatal(err)
	}
	all := nobody.Items
	var after *docstore.Position
	for {
		page, err := p.store.Customers.Page(t.Context(), after, 1000)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range page.Items {
			of, err := p.store.Orders.Page(t.Context(), c.ID, nil, 10000)
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, of.Items...)
		}
		if after = page.Next; after == nil {
			return all
		}
	}
}

// rejected downloads the rejected rows.
func (p *process) rejected(t testing.TB, name string) string {
	t.Helper()
	stream, err := p.imports.DownloadRejectedRows(t.Context(), &profilev1.DownloadRejectedRowsRequest{Name: name})
	if err != nil {
		t.Fatal(err)
	}
	var all bytes.Buffer
	for {
		part, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return all.String()
		}
		if err != nil {
			t.Fatal(err)
		}
		all.Write(part.GetData())
	}
}

// reason is that of a status.
func reason(err error) string {
	for _, d := range status.Convert(err).Details() {
		if info, ok := d.(*errdetails.ErrorInfo); ok {
			return info.GetReason()
		}
	}
	return ""
}
