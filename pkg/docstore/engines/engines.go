// Package engines picks the storage engine that a process is configured for.
package engines

import (
	"context"
	"log/slog"
	"path/filepath"
	"strings"

	"github.com/kehuhq/kehu/pkg/config"
	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/docstore/mongostore"
	"github.com/kehuhq/kehu/pkg/docstore/pebblestore"
)

// Config says where the services of a process keep their documents: in
// directories below Data, or in databases of a MongoDB. Exactly one is set.
type Config struct {
	Data       string `koanf:"data" usage:"directory of the embedded store; each service keeps its documents in a directory of its own below it"`
	MongoDBURI string `koanf:"mongodb_uri" usage:"MongoDB to use instead, e.g. mongodb://localhost:27017; each service has a database kehu_<service>"`
	Keyring    string `koanf:"keyring" usage:"file with the keys under which personal data are sealed; with data, keyring.json there by default, made at the first start; with mongodb_uri it must be given"`
	// SkipIndexes leaves MongoDB's indexes to `kehu migrate`.
	SkipIndexes bool `koanf:"skip_indexes" usage:"leave MongoDB's indexes to kehu migrate"`
	// Temporary data need not survive the process, and their keys do not: no
	// setting, but for callers that remove the data afterwards.
	Temporary bool `koanf:"-"`
}

// Validate reports every setting that is wrong.
func (c Config) Validate() error {
	var check config.Validator
	check.Require((c.Data == "") != (c.MongoDBURI == ""), "data", "give either data, a directory, or mongodb_uri")
	return check.Err()
}

// Open opens the store of one service.
func Open(ctx context.Context, c Config, service string, log *slog.Logger) (docstore.Engine, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	if c.MongoDBURI != "" {
		return mongostore.Open(ctx, c.MongoDBURI, Database(service), mongostore.Options{SkipIndexes: c.SkipIndexes})
	}
	return pebblestore.Open(filepath.Join(c.Data, service), pebblestore.Options{Logger: log, Volatile: c.Temporary})
}

// Database is the name of a service's MongoDB database.
func Database(service string) string { return "kehu_" + strings.ReplaceAll(service, "-", "_") }
