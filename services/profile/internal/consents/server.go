package consents

import (
	"context"
	"slices"

	"google.golang.org/protobuf/types/known/timestamppb"

	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"
	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/fault"
	"github.com/kehuhq/kehu/pkg/rpc/aip"
	"github.com/kehuhq/kehu/pkg/rpc/etag"

	"github.com/kehuhq/kehu/services/profile/internal/sealed"
)

const (
	consentPattern  = "customers/{customer}/consents/{purpose}"
	customerPattern = "customers/{customer}"
)

// Server is the ConsentService. It is safe for concurrent use.
type Server struct {
	profilev1.UnimplementedConsentServiceServer
	store *Store
}

// NewServer makes the service.
func NewServer(s *Store) *Server { return &Server{store: s} }

// family is the records of the customer to whom one belongs, the root first. A
// record that there is not is a NotFound fault CUSTOMER_NOT_FOUND.
func (s *Server) family(ctx context.Context, customer string) ([]string, error) {
	forest, there, err := s.store.customers.Kin(ctx, []string{customer})
	if err != nil {
		return nil, err
	}
	if _, known := there[customer]; !known {
		return nil, fault.New(fault.NotFound, "CUSTOMER_NOT_FOUND", "there is no customer %q", customer)
	}
	return forest.Members(customer), nil
}

// consent shows what the records of a customer say about a purpose.
func (s *Server) consent(ctx context.Context, purpose *profilev1.Purpose, id string, members []string, records []*record) (*profilev1.Consent, error) {
	now := s.store.now()
	current := inForce(records)
	answer := &profilev1.Consent{
		Name:    aip.Name(consentPattern, members[0], id),
		Allowed: allows(purpose, current, now),
	}
	type kept struct {
		customer string
		decision *decision
	}
	var all []kept
	var version int64
	for _, r := range records {
		if r == nil {
			continue
		}
		customer, _ := r.ids()
		version += r.Version
		for i := range r.Decisions {
			all = append(all, kept{customer, &r.Decisions[i]})
		}
	}
	slices.SortStableFunc(all, func(a, b kept) int {
		if later(a.decision, b.decision) {
			return -1
		}
		return 1
	})
	for _, k := range all[:min(len(all), maxDecisions)] {
		p, err := s.decisionProto(ctx, k.customer, id, k.decision)
		if err != nil {
			return nil, err
		}
		answer.History = append(answer.History, p)
	}
	if len(answer.History) > 0 {
		answer.Decision, answer.Etag = answer.History[0], etag.Of(version)
	}
	return answer, nil
}

func (s *Server) decisionProto(ctx context.Context, customer, purpose string, d *decision) (*profilev1.ConsentDecision, error) {
	p := &profilev1.ConsentDecision{
		State: d.State, DecideTime: timestamppb.New(d.DecidedAt), Actor: d.Actor, RecordTime: timestamppb.New(d.RecordedAt),
	}
	if !d.ExpiresAt.IsZero() {
		p.ExpireTime = timestamppb.New(d.ExpiresAt)
	}
	if len(d.Evidence) == 0 {
		return p, nil
	}
	p.Evidence = &profilev1.ConsentEvidence{}
	return p, sealed.Open(ctx, s.store.vault, customer, place(purpose), d.Evidence, p.Evidence)
}

// GetConsent returns what a customer has decided about a purpose.
func (s *Server) GetConsent(ctx context.Context, r *profilev1.GetConsentRequest) (*profilev1.Consent, error) {
	var customer, id string
	if err := aip.ParseName("name", r.GetName(), consentPattern, &customer, &id); err != nil {
		return nil, err
	}
	return s.get(ctx, customer, id)
}

func (s *Server) get(ctx context.Context, customer, id string) (*profilev1.Consent, error) {
	purpose, err := s.store.purpose(ctx, id)
	if err != nil {
		return nil, err
	}
	members, records, err := s.load(ctx, customer, id)
	if err != nil {
		return nil, err
	}
	return s.consent(ctx, purpose, id, members, records)
}

// load reads what the records of a customer say about a purpose, nil for nothing.
func (s *Server) load(ctx context.Context, customer, id string) (members []string, records []*record, err error) {
	if members, err = s.family(ctx, customer); err != nil {
		return nil, nil, err
	}
	ids := make([]string, len(members))
	for i, member := range members {
		ids[i] = docstore.ID(member, id)
	}
	records, err = s.store.docs.GetMany(ctx, ids)
	return members, records, err
}

// ListConsents lists what a customer has decided.
func (s *Server) ListConsents(ctx context.Context, r *profilev1.ListConsentsRequest) (*profilev1.ListConsentsResponse, error) {
	var customer string
	if err := aip.ParseName("parent", r.GetParent(), customerPattern, &customer); err != nil {
		return nil, err
	}
	after, size, err := aip.Place(r)
	if err != nil {
		return nil, err
	}
	members, err := s.family(ctx, customer)
	if err != nil {
		return nil, err
	}
	byPurpose := map[string][]*record{} // at most maxPurposes of them for each record
	for _, member := range members {
		for doc, err := range s.store.docs.Scan(ctx, docstore.Within(docstore.ID(member))) {
			if err != nil {
				return nil, err
			}
			_, id := doc.ids()
			byPurpose[id] = append(byPurpose[id], doc)
		}
	}
	all, err := s.store.purposes(ctx, false)
	if err != nil {
		return nil, err
	}
	answer := &profilev1.ListConsentsResponse{}
	for _, id := range sorted(all) {
		if byPurpose[id] == nil || after != nil && id <= after.ID {
			continue
		}
		if len(answer.Consents) == size {
			answer.NextPageToken, err = aip.NextToken(&docstore.Position{ID: lastPurpose(answer)}, r)
			return answer, err
		}
		c, err := s.consent(ctx, all[id], id, members, byPurpose[id])
		if err != nil {
			return nil, err
		}
		answer.Consents = append(answer.Consents, c)
	}
	return answer, nil
}

func lastPurpose(answer *profilev1.ListConsentsResponse) string {
	var customer, id string
	// Of a name that this server has made.
	_ = aip.ParseName("name", answer.Consents[len(answer.Consents)-1].GetName(), consentPattern, &customer, &id)
	return id
}

// SetConsent records a decision.
func (s *Server) SetConsent(ctx context.Context, r *profilev1.SetConsentRequest) (*profilev1.Consent, error) {
	var customer, id string
	given := r.GetConsent()
	if err := aip.ParseName("consent.name", given.GetName(), consentPattern, &customer, &id); err != nil {
		return nil, err
	}
	if given.GetDecision() == nil {
		return nil, fault.Invalid("consent.decision", "must say what was decided")
	}
	if _, err := s.store.purpose(ctx, id); err != nil {
		return nil, err
	}
	members, records, err := s.load(ctx, customer, id)
	if err != nil {
		return nil, err
	}
	var shown, own int64 // versions: that which the etag stands for, and the record's
	for i, r := range records {
		if r != nil {
			shown += r.Version
		}
		if r != nil && members[i] == customer {
			own = r.Version
		}
	}
	if err := etag.Check(given.GetEtag(), shown); err != nil {
		return nil, aip.Within("consent", err)
	}
	d, err := read(given.GetDecision())
	if err != nil {
		return nil, aip.Within("consent", err)
	}
	err = s.store.Decide(ctx, customer, id, d, func(version int64) error {
		if version == own {
			return nil
		}
		return etag.Check(given.GetEtag(), version)
	})
	if err != nil {
		return nil, aip.Within("consent", err)
	}
	return s.get(ctx, customer, id)
}

func read(p *profilev1.ConsentDecision) (Decision, error) {
	d := Decision{State: p.GetState(), Evidence: p.GetEvidence(), Actor: "api"}
	for _, t := range []struct {
		field string
		given *timestamppb.Timestamp
	}{{"decision.decide_time", p.GetDecideTime()}, {"decision.expire_time", p.GetExpireTime()}} {
		if t.given != nil && t.given.CheckValid() != nil {
			return d, fault.Invalid(t.field, "must be an instant between the years 1 and 9999")
		}
	}
	if p.GetDecideTime() != nil {
		d.DecidedAt = p.GetDecideTime().AsTime()
	}
	if p.GetExpireTime() != nil {
		d.ExpiresAt = p.GetExpireTime().AsTime()
	}
	return d, nil
}

// BatchCheckConsents tells of many customers whether a purpose is allowed.
func (s *Server) BatchCheckConsents(ctx context.Context, r *profilev1.BatchCheckConsentsRequest) (*profilev1.BatchCheckConsentsResponse, error) {
	id, err := s.store.PurposeIn(ctx, "purpose", r.GetPurpose())
	if err != nil {
		return nil, err
	}
	customers := make([]string, len(r.GetCustomers()))
	for i, name := range r.GetCustomers() {
		if err := aip.ParseName("customers", name, customerPattern, &customers[i]); err != nil {
			return nil, err
		}
	}
	allowed, err := s.store.Allowed(ctx, customers, id)
	return &profilev1.BatchCheckConsentsResponse{Allowed: allowed}, err
}
