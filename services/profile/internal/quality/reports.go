package quality

import (
	"context"
	"errors"
	"time"

	"google.golang.org/protobuf/proto"

	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"
	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/fault"
)

// reportDoc is a report as it is stored, under the id of the operation that made it.
type reportDoc struct {
	docstore.Meta `bson:",inline"`
	AsOf          time.Time `bson:"as_of"`
	Report        []byte    `bson:"report"` // a DataQualityReport
}

// Reports keeps the reports.
type Reports struct {
	docs *docstore.Collection[reportDoc]
}

func openReports(ctx context.Context, engine docstore.Engine, clock func() time.Time) (*Reports, error) {
	docs, err := docstore.Open(ctx, engine, docstore.Schema[reportDoc]{
		Name: "quality_reports",
		Indexes: []docstore.Index[reportDoc]{{Name: "as_of", Key: func(d *reportDoc) string {
			return docstore.Key(docstore.Time(d.AsOf))
		}}},
	}, docstore.WithClock(clock))
	return &Reports{docs}, err
}

func (s *Reports) save(ctx context.Context, id string, r *profilev1.DataQualityReport) error {
	raw, err := proto.Marshal(r)
	if err != nil {
		return err
	}
	_, err = s.docs.Upsert(ctx, docstore.ID(id), func(d *reportDoc, _ bool) error {
		d.AsOf, d.Report = r.GetAsOf().AsTime(), raw
		return nil
	})
	return err
}

// latest is the id by which the newest report goes, too.
const latest = "latest"

// Get returns a report, or a NotFound fault DATA_QUALITY_REPORT_NOT_FOUND.
func (s *Reports) Get(ctx context.Context, id string) (*profilev1.DataQualityReport, error) {
	if id == latest {
		newest, _, err := s.Page(ctx, nil, 1)
		if err != nil {
			return nil, err
		}
		if len(newest) == 0 {
			return nil, fault.New(fault.NotFound, "DATA_QUALITY_REPORT_NOT_FOUND", "data quality has not been assessed yet: call AssessDataQuality")
		}
		return newest[0], nil
	}
	d, err := s.docs.Get(ctx, docstore.ID(id))
	if errors.Is(err, docstore.ErrNotFound) {
		return nil, fault.New(fault.NotFound, "DATA_QUALITY_REPORT_NOT_FOUND", "there is no data quality report %q", id)
	}
	if err != nil {
		return nil, err
	}
	return d.report()
}

func (d *reportDoc) report() (*profilev1.DataQualityReport, error) {
	r := new(profilev1.DataQualityReport)
	return r, proto.Unmarshal(d.Report, r)
}

// Page lists reports, the newest first.
func (s *Reports) Page(ctx context.Context, after *docstore.Position, size int) ([]*profilev1.DataQualityReport, *docstore.Position, error) {
	docs, next, err := s.docs.Page(ctx, docstore.Range{Index: "as_of", Reverse: true, After: after, Limit: size})
	if err != nil {
		return nil, nil, err
	}
	reports := make([]*profilev1.DataQualityReport, len(docs))
	for i, d := range docs {
		if reports[i], err = d.report(); err != nil {
			return nil, nil, err
		}
	}
	return reports, next, nil
}
