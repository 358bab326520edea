package leads

import (
	"context"
	"errors"
	"sync"
	"time"

	"google.golang.org/protobuf/proto"

	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"
	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/fault"
	"github.com/kehuhq/kehu/pkg/rpc/aip"
	"github.com/kehuhq/kehu/pkg/rpc/etag"
	"github.com/kehuhq/kehu/pkg/stat"
)

const (
	// measureEvery is how long a measurement of the chances is used.
	measureEvery = time.Minute
	// measureLevel is the level of their intervals.
	measureLevel = 0.95
)

// chances are those of winning from each stage, CONTACT to AGREEMENT.
type chances [last]*profilev1.StageProbability

// of is the chance from a stage.
func (c *chances) of(s profilev1.LeadStage) *profilev1.StageProbability {
	if s < first || s > last {
		return nil
	}
	return c[s-first]
}

// odds keeps the policy and measures the chances.
type odds struct {
	policies *docstore.Collection[policyDoc]
	leads    *docstore.Collection[record]
	now      func() time.Time

	mu       sync.Mutex
	measured *chances
	at       time.Time // when they were
}

// policy is the policy in force.
func (o *odds) policy(ctx context.Context) (*profilev1.LeadPolicy, error) {
	doc, err := o.policies.Get(ctx, policyID)
	if errors.Is(err, docstore.ErrNotFound) {
		return defaults(&profilev1.LeadPolicy{}), nil
	}
	if err != nil {
		return nil, err
	}
	return readPolicy(doc)
}

func readPolicy(doc *policyDoc) (*profilev1.LeadPolicy, error) {
	p := &profilev1.LeadPolicy{}
	if err := proto.Unmarshal(doc.Content, p); err != nil {
		return nil, fault.New(fault.Internal, "STORED_DOCUMENT_DAMAGED", "the lead policy cannot be read").Because(err)
	}
	p = defaults(p)
	p.UpdateTime, p.Etag = aip.Timestamp(doc.UpdatedAt), etag.Of(doc.Version)
	return p, nil
}

// setPolicy replaces the policy.
func (o *odds) setPolicy(ctx context.Context, given *profilev1.LeadPolicy, validateOnly bool) (*profilev1.LeadPolicy, error) {
	if err := checkPolicy(given); err != nil {
		return nil, err
	}
	kept := proto.Clone(given).(*profilev1.LeadPolicy)
	kept.Name, kept.Etag, kept.UpdateTime = "", "", nil
	content, err := proto.Marshal(kept)
	if err != nil {
		return nil, err
	}
	doc, err := o.policies.Upsert(ctx, policyID, func(doc *policyDoc, _ bool) error {
		if err := etag.Check(given.GetEtag(), doc.Version); err != nil {
			return err
		}
		doc.Content = content
		if validateOnly {
			return docstore.ErrUnchanged
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	o.forget()
	if validateOnly || doc == nil {
		return defaults(kept), nil
	}
	return readPolicy(doc)
}

func checkPolicy(p *profilev1.LeadPolicy) error {
	given := p.GetStageProbabilities()
	if len(given) != 0 && len(given) != len(chances{}) {
		return fault.Invalid("stage_probabilities", "must be %d, one for each stage from CONTACT to AGREEMENT, are %d", len(chances{}), len(given))
	}
	for i := 1; i < len(given); i++ {
		if given[i] < given[i-1] {
			return fault.Invalid("stage_probabilities", "must never fall from one stage to the next: %v follows %v", given[i], given[i-1])
		}
	}
	return nil
}

// forget makes the chances be measured anew.
func (o *odds) forget() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.measured = nil
}

// chances are those in force. They are measured once a minute at most.
func (o *odds) chances(ctx context.Context) (*chances, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	now := o.now()
	if o.measured != nil && now.Sub(o.at) < measureEvery && !now.Before(o.at) {
		return o.measured, nil
	}
	measured, err := o.measure(ctx, now)
	if err != nil {
		return nil, err
	}
	o.measured, o.at = measured, now
	return measured, nil
}

// measure counts the closed leads in the index. A lead that was won stands at
// AGREEMENT, so it has reached every stage; one that was lost, those up to the
// furthest it was ever at.
func (o *odds) measure(ctx context.Context, now time.Time) (*chances, error) {
	p, err := o.policy(ctx)
	if err != nil {
		return nil, err
	}
	since := window(p, now)
	won, err := o.count(ctx, profilev1.LeadState_LEAD_STATE_WON, last, since)
	if err != nil {
		return nil, err
	}
	c, lost := new(chances), int64(0)
	for s := last; s >= first; s-- {
		here, err := o.count(ctx, profilev1.LeadState_LEAD_STATE_LOST, s, since)
		if err != nil {
			return nil, err
		}
		lost += here
		if c[s-first], err = chance(p, s, won, won+lost); err != nil {
			return nil, err
		}
	}
	return c, nil
}

func (o *odds) count(ctx context.Context, state profilev1.LeadState, reached profilev1.LeadStage, since time.Time) (int64, error) {
	r := docstore.Within(docstore.Key(number(state), number(reached)))
	r.Index, r.From = byReach, docstore.Key(number(state), number(reached), docstore.Time(since))
	return o.leads.Count(ctx, r)
}

// chance is that of a stage: the measured share with its Wilson interval where
// enough leads were closed, and the policy's where not.
func chance(p *profilev1.LeadPolicy, s profilev1.LeadStage, won, closed int64) (*profilev1.StageProbability, error) {
	c := &profilev1.StageProbability{
		Stage: s, Value: p.GetStageProbabilities()[s-first], ClosedLeads: closed, WonLeads: won,
		Source: profilev1.ProbabilitySource_PROBABILITY_SOURCE_POLICY,
	}
	if closed < int64(p.GetMinClosedLeads()) {
		return c, nil
	}
	e, err := stat.Wilson(won, closed, measureLevel)
	if err != nil {
		return nil, err
	}
	c.Source = profilev1.ProbabilitySource_PROBABILITY_SOURCE_MEASURED
	c.Value, c.Low, c.High, c.Level, c.Method = e.Value, e.Low, e.High, e.Level, string(e.Method)
	return c, nil
}
