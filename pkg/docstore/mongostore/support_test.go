package mongostore_test

import (
	"context"
	"fmt"
	"net"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/event"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/docstore/mongostore"
	"github.com/kehuhq/kehu/pkg/docstore/mongostore/mongotest"
)

// patience bounds what a test waits for; nothing should come near it.
const patience = 20 * time.Second

var people = docstore.Layout{Name: "people", Indexes: []string{"city"}}

// document is a stored document of a given version, in the index unless city is empty.
func document(id string, version int64, writeID, city string) bson.Raw {
	keys := bson.D{}
	if city != "" {
		keys = append(keys, bson.E{Key: "city", Value: city})
	}
	raw, err := bson.Marshal(bson.D{
		{Key: "_id", Value: id}, {Key: "version", Value: version}, {Key: "write_id", Value: writeID}, {Key: "keys", Value: keys},
	})
	if err != nil {
		panic(err)
	}
	return raw
}

func create(id, city string) docstore.Write {
	return docstore.Write{ID: id, Expect: docstore.Absent, Doc: document(id, 1, "created", city)}
}

func replace(id string, expect int64, writeID string) docstore.Write {
	return docstore.Write{ID: id, Expect: expect, Doc: document(id, max(expect, 0)+1, writeID, "")}
}

func mustWrite(t *testing.T, table docstore.Table, writes ...docstore.Write) {
	t.Helper()
	errs, err := table.Write(t.Context(), writes)
	if err != nil {
		t.Fatal(err)
	}
	for i, err := range errs {
		if err != nil {
			t.Fatalf("writing %s: %v", writes[i].ID, err)
		}
	}
}

func ids(t *testing.T, table docstore.Table, r docstore.Range) []string {
	t.Helper()
	var ids []string
	for entry, err := range table.Scan(t.Context(), r) {
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, entry.ID)
	}
	return ids
}

// commands is a monitor that keeps what was sent.
type commands struct {
	mu   sync.Mutex
	sent []*event.CommandStartedEvent
	// after, where set, is called after each command has succeeded.
	after func(*event.CommandSucceededEvent)
}

func (c *commands) monitor() *event.CommandMonitor {
	return &event.CommandMonitor{
		Started: func(_ context.Context, e *event.CommandStartedEvent) {
			c.mu.Lock()
			defer c.mu.Unlock()
			kept := *e
			kept.Command = append(bson.Raw(nil), e.Command...)
			c.sent = append(c.sent, &kept)
		},
		Succeeded: func(_ context.Context, e *event.CommandSucceededEvent) {
			c.mu.Lock()
			after := c.after
			c.mu.Unlock()
			if after != nil {
				after(e)
			}
		},
	}
}

func (c *commands) onSuccess(f func(*event.CommandSucceededEvent)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.after = f
}

// named returns what was sent under one of the names.
func (c *commands) named(names ...string) []bson.Raw {
	c.mu.Lock()
	defer c.mu.Unlock()
	var found []bson.Raw
	for _, e := range c.sent {
		for _, name := range names {
			if e.CommandName == name {
				found = append(found, e.Command)
			}
		}
	}
	return found
}

// openMonitored opens a table on a database of its own and listens to its
// commands. query is appended to the connection string. The client returned
// reaches the same database by itself.
func openMonitored(t *testing.T, query string, opts mongostore.Options) (docstore.Engine, *commands, *mongo.Database) {
	t.Helper()
	uri, database := mongotest.Database(t)
	c := &commands{}
	e, err := mongostore.OpenMonitored(withQuery(t, uri, query), database, opts, c.monitor())
	if err != nil {
		t.Fatal(err)
	}
	side, err := mongo.Connect(options.Client().ApplyURI(uri))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = e.Close()
		_ = side.Disconnect(context.Background())
	})
	return e, c, side.Database(database)
}

func withQuery(t *testing.T, uri, query string) string {
	t.Helper()
	u, err := url.Parse(uri)
	if err != nil {
		t.Fatal(err)
	}
	u.RawQuery = strings.Trim(u.RawQuery+"&"+query, "&")
	return u.String()
}

func openTable(t *testing.T, e docstore.Engine) docstore.Table {
	t.Helper()
	table, err := e.Table(t.Context(), people)
	if err != nil {
		t.Fatal(err)
	}
	return table
}

// proxy passes bytes between clients and a server until it is told to swallow
// them: the connections then stay open, and nothing arrives.
type proxy struct {
	address  string
	swallows atomic.Bool
}

func startProxy(t *testing.T, server string) *proxy {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &proxy{address: l.Addr().String()}
	var running sync.WaitGroup
	var mu sync.Mutex
	var open []net.Conn
	running.Go(func() {
		for {
			client, err := l.Accept()
			if err != nil {
				return
			}
			upstream, err := net.Dial("tcp", server)
			if err != nil {
				_ = client.Close()
				continue
			}
			mu.Lock()
			open = append(open, client, upstream)
			mu.Unlock()
			running.Go(func() { p.pass(upstream, client) })
			running.Go(func() { p.pass(client, upstream) })
		}
	})
	t.Cleanup(func() {
		_ = l.Close()
		mu.Lock()
		for _, c := range open {
			_ = c.Close()
		}
		mu.Unlock()
		running.Wait()
	})
	return p
}

func (p *proxy) pass(to, from net.Conn) {
	defer func() { _, _ = to.Close(), from.Close() }()
	buffer := make([]byte, 64<<10)
	for {
		n, err := from.Read(buffer)
		if err != nil {
			return
		}
		if p.swallows.Load() {
			continue
		}
		if _, err := to.Write(buffer[:n]); err != nil {
			return
		}
	}
}

func name(i int) string { return fmt.Sprintf("p%06d", i) }
