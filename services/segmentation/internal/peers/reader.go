package peers

import (
	"context"
	"errors"
	"io"
	"slices"
	"strings"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	apiv1 "github.com/kehuhq/kehu/gen/kehu/api/v1"
	feedbackv1 "github.com/kehuhq/kehu/gen/kehu/feedback/v1"
	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"
	referralv1 "github.com/kehuhq/kehu/gen/kehu/referral/v1"
	valuationv1 "github.com/kehuhq/kehu/gen/kehu/valuation/v1"
	"github.com/kehuhq/kehu/pkg/docstore"

	"github.com/kehuhq/kehu/services/segmentation/internal/facts"
)

// BatchSize is the most customers that a Reader is asked about at once.
const BatchSize = 1000

// patience is how long a step's streams may take.
const patience = 2 * time.Minute

// maxMessage bounds an answer in bytes.
const maxMessage = 64 << 20

// Conns are the connections to the services that facts come from; but for profile
// those that are nil are no part of the installation.
type Conns struct {
	Profile, Valuation, Feedback, Referral grpc.ClientConnInterface
}

// Reader reads the facts of given customers. It is safe for concurrent use.
type Reader struct {
	customers   profilev1.CustomerServiceClient
	updates     profilev1.CustomerUpdateServiceClient
	histories   profilev1.OrderServiceClient
	definitions profilev1.AttributeDefinitionServiceClient
	consents    profilev1.ConsentServiceClient
	journeys    profilev1.JourneyServiceClient
	valuations  valuationv1.ValuationServiceClient         // nil: none
	feedback    feedbackv1.SatisfactionUpdateServiceClient // nil: none
	referral    referralv1.AdvocateUpdateServiceClient     // nil: none
	zone        *time.Location
}

// NewReader makes a reader. zone is where days with orders begin and end.
func NewReader(c Conns, zone *time.Location) *Reader {
	r := &Reader{
		customers: profilev1.NewCustomerServiceClient(c.Profile), updates: profilev1.NewCustomerUpdateServiceClient(c.Profile),
		histories: profilev1.NewOrderServiceClient(c.Profile), journeys: profilev1.NewJourneyServiceClient(c.Profile),
		definitions: profilev1.NewAttributeDefinitionServiceClient(c.Profile), consents: profilev1.NewConsentServiceClient(c.Profile),
		zone: zone,
	}
	if c.Valuation != nil {
		r.valuations = valuationv1.NewValuationServiceClient(c.Valuation)
	}
	if c.Feedback != nil {
		r.feedback = feedbackv1.NewSatisfactionUpdateServiceClient(c.Feedback)
	}
	if c.Referral != nil {
		r.referral = referralv1.NewAdvocateUpdateServiceClient(c.Referral)
	}
	return r
}

// Known is a customer as profile tells of them.
type Known struct {
	Facts  *facts.Facts // Customer, Orders and Revenue
	Merged []string     // ids of the records merged into it
}

// Fate is what became of an id that was asked for.
type Fate struct {
	Kind string // facts.Deleted, facts.Objected, facts.Merged; empty: it goes by its own name
	Into string // of whom it is part now, where merged
}

// Customers reads some customers, up to BatchSize, with what they ordered and did:
// those that allow it, each under the name it goes by. fates has an entry per id.
func (r *Reader) Customers(ctx context.Context, ids []string, attributes []facts.Attribute) (known []Known, fates []Fate, err error) {
	if len(ids) == 0 {
		return nil, nil, nil
	}
	names := make([]string, len(ids))
	for i, id := range ids {
		names[i] = customerPrefix + id
	}
	answer, err := r.customers.BatchGetCustomers(ctx, &profilev1.BatchGetCustomersRequest{Names: names, Purpose: purpose}, grpc.MaxCallRecvMsgSize(maxMessage))
	if err != nil {
		return nil, nil, err
	}
	none := make(map[string]string)
	for _, name := range answer.GetMissing() {
		none[name] = facts.Deleted
	}
	for _, name := range answer.GetWithheld() {
		none[name] = facts.Objected
	}
	fates = make([]Fate, len(ids))
	met := make(map[string]bool)
	customers := answer.GetCustomers() // in the order asked for
	for i, name := range names {
		if fates[i].Kind = none[name]; fates[i].Kind != "" {
			continue
		}
		if len(customers) == 0 {
			return nil, nil, errors.New("profile tells of fewer customers than it says")
		}
		c := customers[0]
		customers = customers[1:]
		root := customerID(c)
		if root != ids[i] {
			fates[i] = Fate{facts.Merged, root}
		}
		if !met[root] {
			met[root] = true
			known = append(known, r.known(c, attributes))
		}
	}
	if err := r.orders(ctx, known); err != nil {
		return nil, nil, err
	}
	return known, fates, r.behaviors(ctx, known)
}

func (r *Reader) known(c *profilev1.Customer, attributes []facts.Attribute) Known {
	k := Known{Facts: &facts.Facts{Customer: wholeCustomer(c, attributes)}}
	for _, name := range c.GetMerged() {
		k.Merged = append(k.Merged, strings.TrimPrefix(name, customerPrefix))
	}
	return k
}

// After reads up to size customers behind one (empty: from the first on), in the
// order of their escaped ids; fewer than size are the last.
func (r *Reader) After(ctx context.Context, after string, size int, attributes []facts.Attribute) ([]Known, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	stream, err := r.customers.StreamCustomers(ctx, &profilev1.StreamCustomersRequest{Range: behind(after), Purpose: purpose}, grpc.MaxCallRecvMsgSize(maxMessage))
	if err != nil {
		return nil, err
	}
	var all []Known
	for len(all) < size {
		batch, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		for _, c := range batch.GetCustomers() {
			if len(all) < size {
				all = append(all, r.known(c, attributes))
			}
		}
	}
	if !slices.IsSortedFunc(all, func(a, b Known) int {
		return strings.Compare(docstore.ID(a.Facts.Customer.ID), docstore.ID(b.Facts.Customer.ID))
	}) {
		return nil, errors.New("profile sent customers out of order")
	}
	if len(all) == 0 {
		return nil, nil
	}
	within := &apiv1.CustomerRange{From: behind(after).GetFrom()}
	if len(all) == size {
		within.To = behind(all[size-1].Facts.Customer.ID).GetFrom()
	}
	if err := r.ordersWithin(ctx, within, all); err != nil {
		return nil, err
	}
	return all, r.behaviorsWithin(ctx, within, all)
}

// ordersWithin adds the orders of all customers of a range: one scan, where asking
// for each is one each.
func (r *Reader) ordersWithin(ctx context.Context, within *apiv1.CustomerRange, known []Known) error {
	at := make(map[string]*facts.Facts, len(known))
	for _, k := range known {
		at[k.Facts.Customer.ID] = k.Facts
	}
	stream, err := r.histories.StreamPurchaseHistories(ctx,
		&profilev1.StreamPurchaseHistoriesRequest{Range: within, Purpose: purpose}, grpc.MaxCallRecvMsgSize(maxMessage))
	if err != nil {
		return err
	}
	for {
		batch, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		for _, h := range batch.GetHistories() {
			if f := at[h.GetCustomerId()]; f != nil && len(h.GetOrderTimeMs()) > 0 {
				r.order(f, h)
			}
		}
	}
}

// Valuations adds what valuation says of customers as of an edition. ErrSuperseded
// says that there is a later one.
func (r *Reader) Valuations(ctx context.Context, all []*facts.Facts, edition Edition) error {
	if len(all) == 0 {
		return nil
	}
	ids, at := index(all)
	for _, f := range all {
		f.AsOf, f.Edition, f.Valued = edition.AsOf, edition.Generation, false
	}
	if edition.Generation == 0 {
		return nil
	}
	answer, err := r.valuations.BatchGetValuations(ctx, &valuationv1.BatchGetValuationsRequest{CustomerIds: ids}, grpc.MaxCallRecvMsgSize(maxMessage))
	if err != nil {
		return err
	}
	for _, v := range answer.GetValuations() {
		if v.GetGeneration() != edition.Generation {
			return ErrSuperseded
		}
		if f := at[v.GetCustomerId()]; f != nil {
			value(f, v)
		}
	}
	return nil
}

// ValuationsWithin is Valuations of customers that are in the order of their escaped
// ids and, but for those without a valuation, all from the first to the last: one
// scan, where asking for each is one each.
func (r *Reader) ValuationsWithin(ctx context.Context, all []*facts.Facts, edition Edition) error {
	if len(all) < BatchSize/2 || edition.Generation == 0 {
		return r.Valuations(ctx, all, edition)
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	ids, at := index(all)
	stream, err := r.valuations.StreamValuations(ctx, &valuationv1.StreamValuationsRequest{
		Range: &apiv1.CustomerRange{From: ids[0], To: behind(ids[len(ids)-1]).GetFrom()}, Generation: edition.Generation,
	}, grpc.MaxCallRecvMsgSize(maxMessage))
	if err != nil {
		return err
	}
	for _, f := range all {
		f.AsOf, f.Edition, f.Valued = edition.AsOf, edition.Generation, false
	}
	for {
		batch, err := stream.Recv()
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case status.Code(err) == codes.NotFound:
			return ErrSuperseded
		case err != nil:
			return err
		}
		for _, v := range batch.GetValuations() {
			if f := at[v.GetCustomerId()]; f != nil {
				value(f, v)
			}
		}
	}
}

func index(all []*facts.Facts) (ids []string, at map[string]*facts.Facts) {
	ids, at = make([]string, len(all)), make(map[string]*facts.Facts, len(all))
	for i, f := range all {
		ids[i], at[f.Customer.ID] = f.Customer.ID, f
	}
	return ids, at
}

// Edition returns the last refresh of the valuations, the zero Edition where there
// has been none.
func (r *Reader) Edition(ctx context.Context) (Edition, error) {
	summary, err := r.valuations.GetValuationSummary(ctx, &valuationv1.GetValuationSummaryRequest{})
	if status.Code(err) == codes.NotFound {
		return Edition{}, nil
	}
	if err != nil {
		return Edition{}, err
	}
	return Edition{Generation: summary.GetGeneration(), AsOf: summary.GetAsOf().AsTime()}, nil
}

// Of tells of each customer which records are part of it, itself among them.
type Of func(customer string) []string

// family lists the records of all customers, and whose each is.
func family(all []*facts.Facts, of Of) (records []string, whose map[string]*facts.Facts) {
	whose = make(map[string]*facts.Facts, len(all))
	for _, f := range all {
		for _, record := range append([]string{f.Customer.ID}, of(f.Customer.ID)...) {
			if whose[record] == nil {
				whose[record], records = f, append(records, record)
			}
		}
	}
	return records, whose
}

// Feedback adds what customers answered, under whichever of their records: of
// surveys of several kinds, and records, the latest answer counts.
func (r *Reader) Feedback(ctx context.Context, all []*facts.Facts, of Of) error {
	records, whose := family(all, of)
	for _, f := range all {
		f.Feedback = facts.Feedback{}
	}
	for part := range slices.Chunk(records, BatchSize) {
		answer, err := r.feedback.BatchGetSatisfaction(ctx, &feedbackv1.BatchGetSatisfactionRequest{CustomerIds: part}, grpc.MaxCallRecvMsgSize(maxMessage))
		if err != nil {
			return err
		}
		for _, c := range answer.GetCustomers() {
			if f := whose[c.GetCustomerId()]; f != nil {
				f.Feedback.Responses += c.GetResponses()
				if at := c.GetLastResponseTime().AsTime(); at.After(f.Feedback.LastResponseTime) {
					f.Feedback.LastResponseTime, f.Feedback.Satisfaction = at, c.GetSatisfaction()
				}
			}
		}
	}
	return nil
}

// Referrals adds whom customers brought, under whichever of their records.
func (r *Reader) Referrals(ctx context.Context, all []*facts.Facts, of Of) error {
	records, whose := family(all, of)
	for _, f := range all {
		f.Referral = facts.Referral{}
	}
	for part := range slices.Chunk(records, BatchSize) {
		answer, err := r.referral.BatchGetAdvocates(ctx, &referralv1.BatchGetAdvocatesRequest{CustomerIds: part}, grpc.MaxCallRecvMsgSize(maxMessage))
		if err != nil {
			return err
		}
		for _, a := range answer.GetAdvocates() {
			if f := whose[a.GetCustomerId()]; f != nil {
				refer(&f.Referral, a)
			}
		}
	}
	return nil
}

func refer(to *facts.Referral, a *referralv1.Advocate) {
	to.Invitations += a.GetInvitations()
	to.Referees += int64(len(a.GetReferees()))
	for _, referee := range a.GetReferees() {
		if referee.GetQualifyTime() == nil {
			continue
		}
		to.Qualified++
		if at := referee.GetQualifyTime().AsTime(); at.After(to.LastQualifyTime) {
			to.LastQualifyTime = at
		}
	}
}
