// Package mongotest gives tests a MongoDB: the server at KEHU_TEST_MONGODB_URI
// if that is set, else the stand-in of deploy/mongo-standin, which runs as a
// child process for as long as the test binary does.
package mongotest

import (
	"context"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/oklog/ulid/v2"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/docstore/mongostore"
)

const dropTimeout = 10 * time.Second

// shared is the stand-in of this test binary. Nobody stops it: it ends with us.
var shared = sync.OnceValues(func() (*Standin, error) { return start(0) })

// URI returns the connection string of the MongoDB to test against. Where there
// is none, it skips the test, or fails it if CI is set.
func URI(t testing.TB) string {
	t.Helper()
	if uri := os.Getenv("KEHU_TEST_MONGODB_URI"); uri != "" {
		return uri
	}
	needStandin(t)
	s, err := shared()
	if err != nil {
		t.Fatalf("starting the MongoDB stand-in: %v", err)
	}
	return s.URI
}

// Database returns a URI and a new database's name there. The database is
// dropped when the test ends.
func Database(t testing.TB) (uri, database string) {
	t.Helper()
	uri = URI(t)
	database = "kehu_test_" + strings.ToLower(ulid.Make().String())
	t.Cleanup(func() {
		if err := drop(uri, database); err != nil {
			t.Errorf("dropping database %s: %v", database, err)
		}
	})
	return uri, database
}

// Open returns an engine on a database of its own, closed and dropped when the
// test ends.
func Open(t testing.TB) docstore.Engine {
	t.Helper()
	uri, database := Database(t)
	e, err := mongostore.Open(context.Background(), uri, database, mongostore.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := e.Close(); err != nil {
			t.Errorf("closing: %v", err)
		}
	})
	return e
}

func drop(uri, database string) error {
	ctx, cancel := context.WithTimeout(context.Background(), dropTimeout)
	defer cancel()
	client, err := mongo.Connect(options.Client().ApplyURI(uri))
	if err != nil {
		return err
	}
	err = client.Database(database).Drop(ctx)
	if e := client.Disconnect(ctx); err == nil {
		err = e
	}
	return err
}

// needStandin skips, or fails, a test that needs the stand-in where it was not built.
func needStandin(t testing.TB) {
	t.Helper()
	if _, err := os.Stat(jar()); err == nil {
		return
	}
	message := fmt.Sprintf(`THE MONGODB HALF OF THE TESTS IS NOT RUN: there is no MongoDB to test against.
Set KEHU_TEST_MONGODB_URI to a server's connection string, or build the stand-in with "make mongo-standin"
(needs Java 17 and Maven; looked for at %s, KEHU_TEST_MONGODB_STANDIN changes that).`, jar())
	if os.Getenv("CI") != "" {
		t.Fatal(message)
	}
	t.Skip(message)
}
