package storetest

import (
	"context"
	"sync/atomic"

	"github.com/kehuhq/kehu/pkg/docstore"
)

// Faulty is an engine on a bad line: it can lose the answer to a write that was
// performed, or the request.
type Faulty struct {
	docstore.Engine
	answers, requests atomic.Int64
}

// LoseAnswers lets the next n writes be performed and then time out.
func (f *Faulty) LoseAnswers(n int) { f.answers.Store(int64(n)) }

// LoseRequests lets the next n writes time out without being performed.
func (f *Faulty) LoseRequests(n int) { f.requests.Store(int64(n)) }

// Table opens a table whose writes suffer from the line.
func (f *Faulty) Table(ctx context.Context, layout docstore.Layout) (docstore.Table, error) {
	table, err := f.Engine.Table(ctx, layout)
	if err != nil {
		return nil, err
	}
	return &faultyTable{Table: table, line: f}, nil
}

type faultyTable struct {
	docstore.Table
	line *Faulty
}

func (t *faultyTable) Write(ctx context.Context, writes []docstore.Write) ([]error, error) {
	if t.line.requests.Add(-1) >= 0 {
		return nil, context.DeadlineExceeded
	}
	errs, err := t.Table.Write(ctx, writes)
	if t.line.answers.Add(-1) >= 0 {
		return nil, context.DeadlineExceeded
	}
	return errs, err
}
