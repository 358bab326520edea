package handler

import (
	"context"

	segmentationv1 "github.com/kehuhq/kehu/gen/kehu/segmentation/v1"

	"github.com/kehuhq/kehu/services/segmentation/internal/app"
	"github.com/kehuhq/kehu/services/segmentation/internal/domain"
)

// EstimateSegment tells how large a segment would be.
func (h Estimates) EstimateSegment(ctx context.Context, r *segmentationv1.EstimateSegmentRequest) (*segmentationv1.SegmentEstimate, error) {
	s := domain.Segment{Definition: definitionOf(r)} // it has no id, as none that exists
	if r.GetSegment() != "" {
		id, err := segmentID("segment", r.GetSegment())
		if err != nil {
			return nil, err
		}
		if s, err = h.store.Get(ctx, id); err != nil {
			return nil, err
		}
	}
	e, err := h.app.Estimate(ctx, s, int(r.GetSampleSize()), r.GetLevel())
	if err != nil {
		return nil, err
	}
	return estimateProto(&e), nil
}

// Estimates answers the SegmentEstimateService.
type Estimates struct{ *Segments }

func estimateProto(e *app.Estimate) *segmentationv1.SegmentEstimate {
	p := &segmentationv1.SegmentEstimate{
		Size: e.Size, Low: e.Low, High: e.High, Share: e.Share, Level: e.Level, Method: string(e.Method),
		SampleSize: e.Sample, Population: e.Population, Exact: e.Exact, Failure: e.Failure, AsOf: timestamp(e.At), TimeZone: "UTC",
		Facts: app.ShownFacts(e.Criterion.Reads()), References: segmentNames(e.Criterion.Segments()), Cost: app.Cost(e.Criterion),
	}
	if e.Sample > 0 {
		p.FailingShare = float64(e.Failing) / float64(e.Sample)
	}
	return p
}

func segmentNames(ids []string) []string {
	var names []string
	for _, id := range ids {
		names = append(names, segmentName(id))
	}
	return names
}
