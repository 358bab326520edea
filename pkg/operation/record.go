package operation

import (
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/kehuhq/kehu/pkg/docstore"
)

// Progress is how far an operation has come.
type Progress struct {
	Stage      string    `bson:"stage,omitempty"` // what it is doing, e.g. "scoring"
	Done       int64     `bson:"done,omitempty"`  // units done
	Total      int64     `bson:"total,omitempty"` // units in all; 0 when not yet known
	UpdateTime time.Time `bson:"update_time,omitempty"`
}

// record is the document of one operation. Whether it is running is no field of
// its own: it is as long as it has an owner and due_at lies ahead.
type record struct {
	docstore.Meta `bson:",inline"`

	Kind       string    `bson:"kind"`
	Request    []byte    `bson:"request"` // protobuf
	CreateTime time.Time `bson:"create_time"`

	// DueAt is when a worker may claim it: at once, at the time of the retry, or
	// when the present lease ends.
	DueAt time.Time `bson:"due_at"`
	// Owner is the manager that holds the lease, empty when nobody does.
	Owner string `bson:"owner,omitempty"`
	// Token counts the claims. It fences off the runs of earlier ones.
	Token int64 `bson:"token"`
	// Attempts counts the claims since the state last changed.
	Attempts int `bson:"attempts"`

	State      bson.Raw  `bson:"state,omitempty"` // of the last checkpoint, a stateBox
	Progress   Progress  `bson:"progress"`
	CancelTime time.Time `bson:"cancel_time,omitempty"` // when cancellation was asked for

	// Failure is a google.rpc.Status: of the last attempt, and of the operation
	// once it is done and has no Response.
	Failure    []byte    `bson:"failure,omitempty"`
	Response   []byte    `bson:"response,omitempty"` // google.protobuf.Any
	EndTime    time.Time `bson:"end_time,omitempty"`
	ExpireTime time.Time `bson:"expire_time,omitempty"`
}

func (r *record) done() bool { return !r.EndTime.IsZero() }

// The indexes: open operations by kind and due time, finished ones by the time
// they expire, and all, newest first, for lists with and without `done` filter.
const (
	byDue     = "due"
	byExpiry  = "expiry"
	byCreated = "created"
	byDone    = "done"
)

func schema() docstore.Schema[record] {
	return docstore.Schema[record]{
		Name: "operations",
		Indexes: []docstore.Index[record]{
			{Name: byDue, Key: func(r *record) string {
				if r.done() {
					return ""
				}
				return dueKey(r.Kind, r.DueAt)
			}},
			{Name: byExpiry, Key: func(r *record) string {
				if !r.done() {
					return ""
				}
				return docstore.Key(docstore.Time(r.ExpireTime))
			}},
			{Name: byCreated, Key: func(r *record) string {
				return docstore.Key(docstore.Desc(docstore.Time(r.CreateTime)))
			}},
			{Name: byDone, Key: func(r *record) string {
				return docstore.Key(doneKey(r.done()), docstore.Desc(docstore.Time(r.CreateTime)))
			}},
		},
	}
}

// dueKey leads with the kind, so that a process skips kinds it does not know, as
// during an upgrade, without reading past them.
func dueKey(kind string, at time.Time) string {
	return docstore.Key(docstore.String(kind), docstore.Time(at))
}

func doneKey(done bool) docstore.KeyPart {
	if done {
		return docstore.String("done")
	}
	return docstore.String("open")
}
