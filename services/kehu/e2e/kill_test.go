package e2e

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"google.golang.org/grpc"

	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"
	"github.com/kehuhq/kehu/pkg/rpc"
	"github.com/kehuhq/kehu/services/kehu/internal/upload"
)

const (
	kills     = 50
	killRows  = 300_000
	customers = 20_000
)

// TestKilledImports kills the server at fifty random moments of an import while
// the client keeps on. Whatever was acknowledged is there afterwards, once.
func TestKilledImports(t *testing.T) {
	path, total := bigFile(t)
	dir := t.TempDir()
	s := start(t, "kehu", "serve", "--data", dir, "--http", "127.0.0.1:0", "--grpc", "127.0.0.1:0")
	address := s.addresses["grpc"]
	conn, err := rpc.Dial(address, rpc.DefaultClientConfig("profile"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()

	k := &killer{t: t, server: s, dir: dir, address: address, moments: moments(path), last: make(chan int64, 1), stopped: make(chan struct{})}
	go k.run(conn)
	done, err := upload.Send(t.Context(), conn, path, upload.Settings{
		Kind: profilev1.ImportKind_IMPORT_KIND_ORDERS, Currency: "CNY", Patience: 2 * time.Minute,
		Acknowledged: func(ack *profilev1.AppendImportResponse) { k.acknowledged(ack.GetDurableBytes()) },
	})
	k.finish()
	if err != nil {
		t.Fatal(err)
	}
	if k.killed != kills {
		t.Errorf("the server was killed %d times, want %d", k.killed, kills)
	}
	if done.GetRows() != killRows || done.GetCreated() != killRows || done.GetRejected() != 0 || done.GetUpdated() != 0 {
		t.Errorf("rows %d, created %d, updated %d, rejected %d; want %d created",
			done.GetRows(), done.GetCreated(), done.GetUpdated(), done.GetRejected(), killRows)
	}
	orders, sum := stored(t, conn)
	if orders != killRows || sum != total {
		t.Errorf("%d orders of %d fen, want %d of %d", orders, sum, killRows, total)
	}
}

// bigFile writes a file of orders and returns the sum of their amounts.
func bigFile(t *testing.T) (path string, total int64) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "orders.csv")
	file, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	w := bufio.NewWriter(file)
	fmt.Fprintln(w, "order_id,customer_id,order_time,amount,currency")
	rng := rand.New(rand.NewPCG(1, 2))
	for i := range killRows {
		fen := rng.Int64N(100_000)
		total += fen
		day := time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC).AddDate(0, 0, i*365/killRows)
		fmt.Fprintf(w, "o%07d,c%05d,%s,%d.%02d,CNY\n", i, rng.IntN(customers), day.Format(time.DateOnly), fen/100, fen%100)
	}
	if err := errors.Join(w.Flush(), file.Close()); err != nil {
		t.Fatal(err)
	}
	return path, total
}

// moment is when to kill: so many bytes are acknowledged, and then some time.
type moment struct {
	bytes int64
	delay time.Duration
}

// moments are random and the same in every run.
func moments(path string) []moment {
	info, err := os.Stat(path)
	if err != nil {
		panic(err)
	}
	rng := rand.New(rand.NewPCG(50, 9))
	at := make([]moment, kills)
	for i := range at {
		at[i] = moment{rng.Int64N(info.Size() * 9 / 10), time.Duration(rng.Int64N(int64(20 * time.Millisecond)))}
	}
	slices.SortFunc(at, func(a, b moment) int { return int(a.bytes - b.bytes) })
	return at
}

// killer kills the server at its moments and starts it again on the same port
// and data.
type killer struct {
	t       *testing.T
	server  *server
	dir     string
	address string
	moments []moment
	last    chan int64 // the acknowledgement that is not looked at yet
	stopped chan struct{}
	killed  int
}

// acknowledged hands on the newest acknowledgement, without waiting.
func (k *killer) acknowledged(bytes int64) {
	select {
	case <-k.last:
	default:
	}
	k.last <- bytes
}

func (k *killer) finish() {
	close(k.last)
	<-k.stopped
}

func (k *killer) run(conn grpc.ClientConnInterface) {
	defer close(k.stopped)
	for bytes := range k.last {
		if k.killed == len(k.moments) || bytes < k.moments[k.killed].bytes {
			continue
		}
		<-time.After(k.moments[k.killed].delay)
		k.server.kill()
		k.killed++
		next, err := launch("kehu", "serve", "--data", k.dir, "--http", "127.0.0.1:0", "--grpc", k.address)
		if err != nil {
			k.t.Errorf("after kill %d: %v", k.killed, err)
			return
		}
		k.server = next
		k.t.Cleanup(next.kill)
		k.check(conn, bytes)
	}
}

// check holds what the server remembers against what it had acknowledged.
func (k *killer) check(conn grpc.ClientConnInterface, acknowledged int64) {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	list, err := profilev1.NewImportServiceClient(conn).ListImports(ctx, &profilev1.ListImportsRequest{}, grpc.WaitForReady(true))
	if err != nil {
		k.t.Errorf("after kill %d: %v", k.killed, err)
		return
	}
	if got := list.GetImports()[0].GetDurableBytes(); got < acknowledged {
		k.t.Errorf("after kill %d: %d bytes are durable, %d had been acknowledged", k.killed, got, acknowledged)
	}
}

// stored counts the orders that profile has, and adds them up.
func stored(t *testing.T, conn grpc.ClientConnInterface) (orders int, sum int64) {
	t.Helper()
	stream, err := profilev1.NewOrderServiceClient(conn).StreamPurchaseHistories(t.Context(), &profilev1.StreamPurchaseHistoriesRequest{})
	if err != nil {
		t.Fatal(err)
	}
	for {
		batch, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return orders, sum
		}
		if err != nil {
			t.Fatal(err)
		}
		for _, history := range batch.GetHistories() {
			orders += len(history.GetNetMinor())
			for _, minor := range history.GetNetMinor() {
				sum += minor
			}
		}
	}
}
