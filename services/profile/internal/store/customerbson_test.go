package store

import (
	"bytes"
	"testing"

	"go.mongodb.org/mongo-driver/v2/bson"
	"pgregory.net/rapid"

	"github.com/kehuhq/kehu/pkg/docstore"
)

// The same encoded by their tags.
type (
	taggedCustomer customer
	taggedClaim    claim
)

func TestCustomerIsWrittenAsItsTagsSay(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := &customer{Meta: anyMeta(t), CreatedAt: anyTime(t, "created"), Sealed: anySealed(t)}
		if rapid.Bool().Draw(t, "changed") {
			d.LastChange = &changeDoc{
				Seq: rapid.Int64().Draw(t, "seq"), Actor: rapid.String().Draw(t, "actor"), RequestID: rapid.String().Draw(t, "request"),
				Created: rapid.Bool().Draw(t, "new"), Fields: rapid.SliceOfN(rapid.String(), 0, 12).Draw(t, "fields"), Sealed: anySealed(t),
			}
		}
		if rapid.Bool().Draw(t, "requested") {
			d.Request = &requestKey{rapid.String().Draw(t, "id"), rapid.String().Draw(t, "hash")}
		}
		if rapid.Bool().Draw(t, "imported") {
			d.Origin = &origin{rapid.String().Draw(t, "import"), rapid.Int64().Draw(t, "row"), rapid.Bool().Draw(t, "new")}
		}
		if rapid.Bool().Draw(t, "merged") {
			d.Links.Into = &link{rapid.String().Draw(t, "customer"), rapid.String().Draw(t, "merge"), rapid.String().Draw(t, "token")}
		}
		for range rapid.IntRange(0, 12).Draw(t, "branches") {
			d.Links.Merged = append(d.Links.Merged, branch{rapid.String().Draw(t, "customer"), rapid.String().Draw(t, "token"), rapid.IntRange(0, 1e6).Draw(t, "records")})
		}
		compareBytes(t, d, (*taggedCustomer)(d))
	})
}

func TestClaimIsWrittenAsItsTagsSay(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := &claim{Meta: anyMeta(t), Customer: rapid.String().Draw(t, "customer"), Mark: rapid.String().Draw(t, "mark")}
		if rapid.Bool().Draw(t, "pending") {
			since := anyTime(t, "since")
			c.Pending = &since
		}
		compareBytes(t, c, (*taggedClaim)(c))
	})
}

func anyMeta(t *rapid.T) docstore.Meta {
	return docstore.Meta{
		ID: rapid.String().Draw(t, "_id"), Version: rapid.Int64().Draw(t, "version"),
		UpdatedAt: anyTime(t, "updated"), WriteID: rapid.String().Draw(t, "write id"),
	}
}

func compareBytes(t *rapid.T, byHand bson.Marshaler, tagged any) {
	got, err := byHand.MarshalBSON()
	if err != nil {
		t.Fatal(err)
	}
	want, err := bson.Marshal(tagged)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Fatalf("wrote %v\n want %v", bson.Raw(got), bson.Raw(want))
	}
}
