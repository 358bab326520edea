package mongostore

import (
	"go.mongodb.org/mongo-driver/v2/event"

	"github.com/kehuhq/kehu/pkg/docstore"
)

// OpenMonitored is Open with a listener to every command.
func OpenMonitored(uri, database string, opts Options, m *event.CommandMonitor) (docstore.Engine, error) {
	e, err := open(uri, database, opts, m)
	return e, err
}

const (
	ScanBatch      = scanBatch
	PurgeStep      = purgeStep
	ChunkDocuments = chunkDocuments
)
