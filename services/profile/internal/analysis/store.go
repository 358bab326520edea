package analysis

import (
	"context"
	"errors"
	"fmt"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	apiv1 "github.com/kehuhq/kehu/gen/kehu/api/v1"
	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"
	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/fault"
)

// store keeps the analyses:
//
//	analyses            _id analysis                  what was asked, and the answer
//	analysis_customers  _id analysis!run!customer     who is behind which figure
type store struct {
	analyses *docstore.Collection[analysisDoc]
	members  *docstore.Collection[memberDoc]
}

// analysisDoc is an analysis as it is stored.
type analysisDoc struct {
	docstore.Meta `bson:",inline"`
	CreatedAt     time.Time `bson:"created_at"`
	Asked         []byte    `bson:"asked"` // Analysis as protobuf, as it was asked for
	Hash          string    `bson:"hash"`  // of the request, which tells a repeated one
	Operation     string    `bson:"operation"`
	State         int32     `bson:"state"`
	Answer        []byte    `bson:"answer,omitempty"` // Analysis with nothing but what the run found
	Error         []byte    `bson:"error,omitempty"`  // ItemStatus
	Run           string    `bson:"run,omitempty"`    // whose lists are those of the answer
	EndedAt       time.Time `bson:"ended_at"`
}

// memberDoc is a customer on a list.
type memberDoc struct {
	docstore.Meta `bson:",inline"`
	List          string `bson:"list"`
	Value         string `bson:"value"`
	TimeMS        int64  `bson:"time_ms"` // 0 is none
}

const (
	byCreated = "created"
	byList    = "list"
)

func openStore(ctx context.Context, e docstore.Engine, clock func() time.Time) (*store, error) {
	s := &store{}
	var errs [2]error
	s.analyses, errs[0] = docstore.Open(ctx, e, docstore.Schema[analysisDoc]{
		Name: "analyses",
		Indexes: []docstore.Index[analysisDoc]{{Name: byCreated, Key: func(d *analysisDoc) string {
			return docstore.Key(docstore.Desc(docstore.Time(d.CreatedAt)))
		}}},
	}, docstore.WithClock(clock))
	s.members, errs[1] = docstore.Open(ctx, e, docstore.Schema[memberDoc]{
		Name: "analysis_customers",
		Indexes: []docstore.Index[memberDoc]{{Name: byList, Key: func(d *memberDoc) string {
			parts := docstore.ParseID(d.ID)
			return listKey(parts[0], parts[1], d.List, d.Value) + "!" + docstore.Key(docstore.String(parts[2]))
		}}},
	}, docstore.WithClock(clock))
	return s, errors.Join(errs[:]...)
}

// listKey begins the keys of all on a list with a value.
func listKey(analysis, run, list, value string) string {
	return docstore.Key(docstore.String(analysis), docstore.String(run), docstore.String(list), docstore.String(value))
}

// runID names a run of an operation.
func runID(operation string, token int64) string { return fmt.Sprintf("%s.%016x", operation, token) }

// get returns an analysis, or a NotFound fault ANALYSIS_NOT_FOUND.
func (s *store) get(ctx context.Context, id string) (*analysisDoc, error) {
	doc, err := s.analyses.Get(ctx, id)
	if errors.Is(err, docstore.ErrNotFound) {
		return nil, notFound(id).Because(err)
	}
	return doc, err
}

func notFound(id string) *fault.Fault {
	return fault.New(fault.NotFound, "ANALYSIS_NOT_FOUND", "there is no analysis %q", id)
}

// end writes how an analysis ended, unless it has ended or was deleted.
func (s *store) end(ctx context.Context, id, operation string, change func(*analysisDoc)) (*analysisDoc, error) {
	doc, err := s.analyses.Update(ctx, id, func(d *analysisDoc) error {
		if d.Operation != operation || d.State != int32(profilev1.AnalysisState_ANALYSIS_STATE_RUNNING) {
			return docstore.ErrUnchanged
		}
		change(d)
		return nil
	})
	if errors.Is(err, docstore.ErrNotFound) {
		return nil, notFound(id).Because(err)
	}
	return doc, err
}

// proto is the analysis as callers see it.
func (d *analysisDoc) proto() (*profilev1.Analysis, error) {
	a := &profilev1.Analysis{}
	if err := proto.Unmarshal(d.Asked, a); err != nil {
		return nil, fmt.Errorf("analysis %s: stored request: %w", d.ID, err)
	}
	if err := (proto.UnmarshalOptions{Merge: true}).Unmarshal(d.Answer, a); err != nil {
		return nil, fmt.Errorf("analysis %s: stored answer: %w", d.ID, err)
	}
	a.Name, a.State, a.Operation = analysisName(d.ID), profilev1.AnalysisState(d.State), operationName(d.Operation)
	a.CreateTime = timestamppb.New(d.CreatedAt)
	if !d.EndedAt.IsZero() {
		a.EndTime = timestamppb.New(d.EndedAt)
	}
	if len(d.Error) > 0 {
		a.Error = &apiv1.ItemStatus{}
		if err := proto.Unmarshal(d.Error, a.Error); err != nil {
			return nil, fmt.Errorf("analysis %s: stored error: %w", d.ID, err)
		}
	}
	return a, nil
}
