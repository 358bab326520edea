package mongostore_test

import (
	"testing"

	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/docstore/mongostore/mongotest"
	"github.com/kehuhq/kehu/pkg/docstore/storetest"
)

func TestConformance(t *testing.T) {
	mongotest.URI(t) // skips once, not in each part
	storetest.Run(t, func(t *testing.T) docstore.Engine { return mongotest.Open(t) })
}
