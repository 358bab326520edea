package journey

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"google.golang.org/protobuf/proto"

	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"
	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/rpc/etag"
	"github.com/kehuhq/kehu/pkg/updates"
	"github.com/kehuhq/kehu/pkg/vault"
	"google.golang.org/protobuf/types/known/timestamppb"
)

// Store keeps the policy and what persons said:
//
//	journey_policy   _id "policy"            the rules
//	stage_settings   _id customer!setting    stages that persons set
type Store struct {
	policies *docstore.Collection[policyDoc]
	settings *docstore.Collection[settingDoc]
	vault    *vault.Vault
}

// policyID is the id of the one policy.
const policyID = "policy"

type policyDoc struct {
	docstore.Meta `bson:",inline"`
	Rules         [][]byte `bson:"rules"` // StageRule as protobuf
	TimeZone      string   `bson:"time_zone"`
}

type settingDoc struct {
	docstore.Meta `bson:",inline"`
	Time          time.Time `bson:"time"`
	Stage         int       `bson:"stage"`
	Sealed        []byte    `bson:"sealed"` // a settingContent
}

// settingContent is what describes the person of a setting.
type settingContent struct {
	Reason string `bson:"reason"`
	By     string `bson:"by"`
}

// OpenStore opens the collections, creating them where they are missing.
func OpenStore(ctx context.Context, e docstore.Engine, v *vault.Vault, clock func() time.Time) (*Store, error) {
	s := &Store{vault: v}
	var errs [2]error
	s.policies, errs[0] = docstore.Open(ctx, e, docstore.Schema[policyDoc]{Name: "journey_policy"}, docstore.WithClock(clock))
	s.settings, errs[1] = docstore.Open(ctx, e, docstore.Schema[settingDoc]{Name: "stage_settings", Changes: true}, docstore.WithClock(clock))
	return s, errors.Join(errs[:]...)
}

// Policy is the one in force: that which was set, or the default rules in UTC.
func (s *Store) Policy(ctx context.Context) (*profilev1.JourneyPolicy, error) {
	doc, err := s.policies.Get(ctx, policyID)
	if errors.Is(err, docstore.ErrNotFound) {
		return policyProto(&policyDoc{})
	}
	if err != nil {
		return nil, err
	}
	return policyProto(doc)
}

func policyProto(d *policyDoc) (*profilev1.JourneyPolicy, error) {
	p := &profilev1.JourneyPolicy{Name: PolicyName, TimeZone: d.TimeZone, Version: d.Version, Etag: etag.Of(d.Version)}
	if d.Version > 0 {
		p.UpdateTime = timestamppb.New(d.UpdatedAt)
	}
	for _, raw := range d.Rules {
		rule := &profilev1.StageRule{}
		if err := proto.Unmarshal(raw, rule); err != nil {
			return nil, fmt.Errorf("journey policy: stored rule: %w", err)
		}
		p.Rules = append(p.Rules, rule)
	}
	if len(p.Rules) == 0 {
		p.Rules = DefaultRules()
	}
	return p, nil
}

// ChangePolicy changes the policy as docstore.Collection.Upsert does: change may
// run several times.
func (s *Store) ChangePolicy(ctx context.Context, change func(*profilev1.JourneyPolicy) error) (*profilev1.JourneyPolicy, error) {
	doc, err := s.policies.Upsert(ctx, policyID, func(d *policyDoc, _ bool) error {
		p, err := policyProto(d)
		if err != nil {
			return err
		}
		if err := change(p); err != nil {
			return err
		}
		d.TimeZone, d.Rules = p.GetTimeZone(), nil
		for _, rule := range p.GetRules() {
			raw, err := proto.MarshalOptions{Deterministic: true}.Marshal(rule)
			if err != nil {
				return err
			}
			d.Rules = append(d.Rules, raw)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return policyProto(doc)
}

// Set stores a setting, or returns that which is there under the same id.
func (s *Store) Set(ctx context.Context, set Setting) (Setting, error) {
	raw, err := bson.Marshal(settingContent{set.Reason, set.By})
	if err != nil {
		return set, err
	}
	id := docstore.ID(set.Customer, set.ID)
	sealed, err := s.vault.Seal(ctx, set.Customer, place(id), raw)
	if err != nil {
		return set, err
	}
	err = s.settings.Insert(ctx, &settingDoc{
		Meta: docstore.Meta{ID: id}, Time: time.UnixMilli(set.TimeMS), Stage: int(set.Stage), Sealed: sealed,
	})
	if errors.Is(err, docstore.ErrConflict) {
		doc, err := s.settings.Get(ctx, id)
		if err != nil {
			return set, err
		}
		return s.setting(ctx, doc)
	}
	return set, err
}

func place(id string) string { return "stage_settings!" + id }

func (s *Store) setting(ctx context.Context, d *settingDoc) (Setting, error) {
	set := d.bare()
	raw, err := s.vault.Open(ctx, set.Customer, place(d.ID), d.Sealed)
	if errors.Is(err, vault.ErrDestroyed) {
		return set, nil
	}
	if err != nil {
		return set, err
	}
	var content settingContent
	if err := bson.Unmarshal(raw, &content); err != nil {
		return set, fmt.Errorf("stage setting %s: %w", d.ID, err)
	}
	set.Reason, set.By = content.Reason, content.By
	return set, nil
}

// bare is the setting without what is sealed.
func (d *settingDoc) bare() Setting {
	parts := docstore.ParseID(d.ID)
	return Setting{Customer: parts[0], ID: parts[len(parts)-1], TimeMS: d.Time.UnixMilli(), Stage: Stage(d.Stage)}
}

// Of are the settings of a customer, who may be of several records, by time.
func (s *Store) Of(ctx context.Context, records []string) ([]Setting, error) {
	var all []Setting
	for _, record := range records {
		for doc, err := range s.settings.Scan(ctx, docstore.Within(docstore.ID(record))) {
			if err != nil {
				return nil, err
			}
			set, err := s.setting(ctx, doc)
			if err != nil {
				return nil, err
			}
			all = append(all, set)
		}
	}
	ByTime(all)
	return all, nil
}

// ByTime brings settings into the order of time.
func ByTime(all []Setting) {
	slices.SortStableFunc(all, func(a, b Setting) int {
		if a.TimeMS != b.TimeMS {
			return int(min(max(a.TimeMS-b.TimeMS, -1), 1))
		}
		return strings.Compare(a.ID, b.ID)
	})
}

// Updates tells of which records somebody said at which stage the customer is.
func (s *Store) Updates() updates.Source {
	return updates.Of("stage_settings", s.settings, updates.FirstPart[settingDoc])
}

// All yields all settings without what is sealed, in the order of the escaped ids
// of the records they were said of.
func (s *Store) All(ctx context.Context) iter.Seq2[Setting, error] {
	return s.bare(ctx, docstore.Range{})
}

// Bare is Of without what is sealed.
func (s *Store) Bare(ctx context.Context, records []string) ([]Setting, error) {
	var all []Setting
	for _, record := range records {
		for set, err := range s.bare(ctx, docstore.Within(docstore.ID(record))) {
			if err != nil {
				return nil, err
			}
			all = append(all, set)
		}
	}
	ByTime(all)
	return all, nil
}

// Within is All of the records of a span of customers, from is inside, to behind it.
func (s *Store) Within(ctx context.Context, from, to string) iter.Seq2[Setting, error] {
	var r docstore.Range
	if from != "" {
		r.From = docstore.ID(from)
	}
	if to != "" {
		r.To = docstore.ID(to)
	}
	return s.bare(ctx, r)
}

func (s *Store) bare(ctx context.Context, r docstore.Range) iter.Seq2[Setting, error] {
	return func(yield func(Setting, error) bool) {
		for doc, err := range s.settings.Scan(ctx, r) {
			var set Setting
			if err == nil {
				set = doc.bare()
			}
			if !yield(set, err) || err != nil {
				return
			}
		}
	}
}

// Sweep removes the tombstones that nobody can still need.
func (s *Store) Sweep(ctx context.Context, before time.Time) error {
	_, settings := s.settings.Sweep(ctx, before)
	_, policies := s.policies.Sweep(ctx, before)
	return errors.Join(settings, policies)
}
