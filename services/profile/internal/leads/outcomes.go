package leads

import (
	"cmp"
	"context"
	"slices"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"
	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/fault"
	"github.com/kehuhq/kehu/pkg/rpc/aip"
	"github.com/kehuhq/kehu/pkg/stat"
)

const (
	outcomeLevel    = 0.95
	mostCompetitors = 500
)

// tally counts how leads ended, and why.
type tally struct {
	name      string
	won, lost int64
	reasons   map[profilev1.CloseReason]*profilev1.ReasonCount
}

func newTally() *tally {
	return &tally{reasons: make(map[profilev1.CloseReason]*profilev1.ReasonCount)}
}

func (t *tally) add(r *record) {
	won := r.State == profilev1.LeadState_LEAD_STATE_WON
	t.name = r.Competitor
	if won {
		t.won++
	} else {
		t.lost++
	}
	for _, reason := range r.Reasons {
		c := t.reasons[reason]
		if c == nil {
			c = &profilev1.ReasonCount{Reason: reason}
			t.reasons[reason] = c
		}
		if won {
			c.Won++
		} else {
			c.Lost++
		}
	}
}

func (t *tally) counts() []*profilev1.ReasonCount {
	list := make([]*profilev1.ReasonCount, 0, len(t.reasons))
	for _, c := range t.reasons {
		list = append(list, c)
	}
	slices.SortFunc(list, func(a, b *profilev1.ReasonCount) int {
		return cmp.Or(cmp.Compare(b.GetWon()+b.GetLost(), a.GetWon()+a.GetLost()), cmp.Compare(a.GetReason(), b.GetReason()))
	})
	return list
}

func (t *tally) rate(level float64) (*profilev1.WinRate, error) {
	rate := &profilev1.WinRate{Won: t.won, Lost: t.lost, Level: level, Method: string(stat.MethodWilson)}
	if t.won+t.lost == 0 {
		return rate, nil
	}
	e, err := stat.Wilson(t.won, t.won+t.lost, level)
	if err != nil {
		return nil, err
	}
	rate.Value, rate.Low, rate.High = &e.Value, &e.Low, &e.High
	return rate, nil
}

// AnalyzeLeadOutcomes tells why leads were won and lost.
func (s *Server) AnalyzeLeadOutcomes(ctx context.Context, r *profilev1.AnalyzeLeadOutcomesRequest) (*profilev1.LeadOutcomes, error) {
	now := s.now()
	from, to, err := period(r, now)
	if err != nil {
		return nil, err
	}
	level, err := levelOf(r.GetLevel(), outcomeLevel)
	if err != nil {
		return nil, err
	}
	overall, rivals, others := newTally(), make(map[string]*tally), int64(0)
	scan := docstore.Range{Index: byClosing, From: docstore.Key(docstore.Time(from)), To: docstore.Key(docstore.Time(to))}
	for doc, err := range s.docs.Scan(ctx, scan) {
		if err != nil {
			return nil, err
		}
		overall.add(doc)
		key := fold(doc.Competitor)
		if rivals[key] == nil {
			if len(rivals) >= mostCompetitors {
				others++
				continue
			}
			rivals[key] = newTally()
		}
		rivals[key].add(doc)
	}
	answer := &profilev1.LeadOutcomes{
		Reasons: overall.counts(), OtherLeads: others,
		From: timestamppb.New(from), To: timestamppb.New(to), AsOf: timestamppb.New(now), TimeZone: "UTC",
	}
	if answer.Overall, err = overall.rate(level); err != nil {
		return nil, err
	}
	answer.Competitors, err = against(rivals, level)
	return answer, err
}

// against is how leads ended by competitor, the most frequent first.
func against(rivals map[string]*tally, level float64) ([]*profilev1.CompetitorOutcome, error) {
	list := make([]*profilev1.CompetitorOutcome, 0, len(rivals))
	for _, t := range rivals {
		rate, err := t.rate(level)
		if err != nil {
			return nil, err
		}
		list = append(list, &profilev1.CompetitorOutcome{Competitor: t.name, WinRate: rate, Reasons: t.counts()})
	}
	slices.SortFunc(list, func(a, b *profilev1.CompetitorOutcome) int {
		met := func(o *profilev1.CompetitorOutcome) int64 { return o.GetWinRate().GetWon() + o.GetWinRate().GetLost() }
		return cmp.Or(cmp.Compare(met(b), met(a)), cmp.Compare(a.GetCompetitor(), b.GetCompetitor()))
	})
	return list, nil
}

// period is from when to when leads were closed; the last year by default.
func period(r *profilev1.AnalyzeLeadOutcomesRequest, now time.Time) (from, to time.Time, err error) {
	if from, err = aip.Instant("from", r.GetFrom()); err != nil {
		return from, to, err
	}
	if to, err = aip.Instant("to", r.GetTo()); err != nil {
		return from, to, err
	}
	if to.IsZero() {
		to = now.Add(time.Millisecond) // what was closed just now counts
	}
	if from.IsZero() {
		from = to.AddDate(-1, 0, 0)
	}
	if from.After(to) {
		return from, to, fault.Invalid("from", "must not be after to")
	}
	return from, to, nil
}
