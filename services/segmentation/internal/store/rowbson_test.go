package store

import (
	"bytes"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"pgregory.net/rapid"

	"github.com/kehuhq/kehu/pkg/docstore"
)

// Rows written by hand are those that their tags describe, and are read back.
func TestRowsAreWrittenAsTagged(t *testing.T) {
	type taggedMembership membership // without the method
	type taggedTransition transition
	rapid.Check(t, func(t *rapid.T) {
		meta := docstore.Meta{
			ID: rapid.String().Draw(t, "id"), Version: rapid.Int64().Draw(t, "version"), WriteID: rapid.String().Draw(t, "write_id"),
			UpdatedAt: time.UnixMilli(rapid.Int64Range(0, 1<<42).Draw(t, "updated_at")).UTC(),
		}
		m := membership{meta, rapid.Int64().Draw(t, "since")}
		sameBSON(t, &m, (*taggedMembership)(&m))
		var readMembership membership
		if raw, err := bson.Marshal(&m); err != nil || bson.Unmarshal(raw, &readMembership) != nil || readMembership != m {
			t.Fatalf("%+v came back as %+v, %v", m, readMembership, err)
		}
		v := transition{meta, rapid.Bool().Draw(t, "left")}
		sameBSON(t, &v, (*taggedTransition)(&v))
	})
}

func sameBSON(t *rapid.T, byHand, tagged any) {
	t.Helper()
	a, errA := bson.Marshal(byHand)
	b, errB := bson.Marshal(tagged)
	if errA != nil || errB != nil || !bytes.Equal(a, b) {
		t.Fatalf("by hand %v, %v\nas tagged %v, %v", bson.Raw(a), errA, bson.Raw(b), errB)
	}
}
