package bench

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"
	"google.golang.org/grpc"
	"google.golang.org/grpc/encoding"

	apiv1 "github.com/kehuhq/kehu/gen/kehu/api/v1"
	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"
)

// kind is what is loaded.
type kind int

const (
	ofCustomers kind = iota
	ofOrders
	ofEvents
	kinds
)

func (k kind) String() string { return [kinds]string{"customers", "orders", "events"}[k] }

const (
	loadBatch   = 1000 // records of a call
	loadCallers = 4
	readPause   = 5 * time.Millisecond // between two reads of the one who reads meanwhile
)

// count is how many there are of a kind.
func (b *base) count(k kind) int { return b.customers * [kinds]int{1, ordersEach, eventsEach}[k] }

// loading is what became of loading one kind.
type loading struct {
	count int
	took  time.Duration
	// How long reads took that were made meanwhile, by id and by phone number.
	gets, lookups []time.Duration
	// What processors it took, in seconds: of the server (of ourselves, where there
	// is none), and of the callers. It bears less of what else the machine does.
	work, calling float64
}

func (l loading) rate() float64 { return float64(l.count) / l.took.Seconds() }

// each is seconds of a processor in µs for one record.
func (l loading) each(seconds float64) float64 { return seconds * 1e6 / float64(l.count) }

// load writes all records of a kind, some calls at a time, while one caller reads
// customers at random: any, or of those already written. Where ctx ends it tells
// of what was written by then, with the error.
func (b *base) load(ctx context.Context, to *child, k kind) (done loading, err error) {
	conn := to.conn
	work, calling := to.processor(), ownProcessor()
	defer func() { done.work, done.calling = to.processor()-work, ownProcessor()-calling }()
	group, ctx := errgroup.WithContext(ctx)
	var next, written atomic.Int64
	var at [loadCallers]atomic.Int64 // what each caller writes: all before the least of them is written
	start := time.Now()
	writers, writing := errgroup.WithContext(ctx)
	for caller := range loadCallers {
		writers.Go(func() error {
			for writing.Err() == nil {
				from := int(next.Add(loadBatch)) - loadBatch
				at[caller].Store(int64(from))
				to := min(from+loadBatch, b.count(k))
				if from >= to {
					return nil
				}
				if err := b.send(writing, conn, k, from, to); err != nil {
					return err
				}
				written.Add(int64(to - from))
			}
			return writing.Err()
		})
	}
	reading, stop := context.WithCancel(ctx)
	group.Go(func() error {
		there := func() int {
			if k == ofCustomers {
				least := at[0].Load()
				for caller := range at {
					least = min(least, at[caller].Load())
				}
				return min(int(least), b.customers) // who has nothing left to write is behind the end
			}
			return b.customers
		}
		return done.readMeanwhile(reading, conn, there)
	})
	group.Go(func() error { defer stop(); return writers.Wait() })
	err = group.Wait()
	done.count, done.took = int(written.Load()), time.Since(start)
	return done, err
}

// send writes the records with numbers from from up to to.
func (b *base) send(ctx context.Context, conn grpc.ClientConnInterface, k kind, from, to int) (err error) {
	switch k {
	case ofCustomers:
		request := &profilev1.BatchUpsertCustomersRequest{}
		for n := from; n < to; n++ {
			request.Customers = append(request.Customers, b.customer(n))
		}
		answer, err := profilev1.NewCustomerServiceClient(conn).BatchUpsertCustomers(ctx, request)
		return refusal(answer.GetStatuses(), err)
	case ofOrders:
		request := &profilev1.BatchRecordOrdersRequest{}
		for n := from; n < to; n++ {
			request.Orders = append(request.Orders, b.order(n))
		}
		answer, err := profilev1.NewOrderServiceClient(conn).BatchRecordOrders(ctx, request)
		return refusal(answer.GetStatuses(), err)
	}
	var request []byte
	for n := from; n < to && err == nil; n++ {
		request, err = b.appendEvent(request, n)
	}
	if err != nil {
		return err
	}
	answer := new(profilev1.IngestEventsResponse)
	err = conn.Invoke(ctx, profilev1.EventService_IngestEvents_FullMethodName, request, answer, grpc.ForceCodecV2(encoded{encoding.GetCodecV2("proto")}))
	for _, s := range answer.GetStatuses() {
		if s.GetOutcome() != profilev1.EventOutcome_EVENT_OUTCOME_ACCEPTED {
			return fmt.Errorf("an event was not taken in: %v", s)
		}
	}
	return err
}

func refusal(statuses []*apiv1.ItemStatus, err error) error {
	for _, s := range statuses {
		if s.GetCode() != 0 {
			return fmt.Errorf("a record was refused: %v", s)
		}
	}
	return err
}

// readMeanwhile reads a customer by id and one by phone number, again and again
// until ctx ends. there is how many customers there are.
func (l *loading) readMeanwhile(ctx context.Context, conn grpc.ClientConnInterface, there func() int) error {
	random := rand.New(rand.NewPCG(3, 4))
	ways := readers(conn)
	clock := time.NewTicker(readPause)
	defer clock.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-clock.C:
		}
		if there() == 0 {
			continue
		}
		for _, way := range []struct {
			read  read
			times *[]time.Duration
		}{{ways[0].read, &l.gets}, {ways[1].read, &l.lookups}} {
			start := time.Now()
			err := way.read(ctx, random.IntN(there()))
			if ctx.Err() != nil {
				return nil
			}
			if err != nil {
				return err
			}
			*way.times = append(*way.times, time.Since(start))
		}
	}
}

// quantile is that of some times; they are sorted. 0 where there are none.
func quantile(times []time.Duration, q float64) time.Duration {
	if len(times) == 0 {
		return 0
	}
	slices.Sort(times)
	return times[min(int(q*float64(len(times))), len(times)-1)]
}
