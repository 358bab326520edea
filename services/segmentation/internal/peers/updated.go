package peers

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/status"

	apiv1 "github.com/kehuhq/kehu/gen/kehu/api/v1"
	feedbackv1 "github.com/kehuhq/kehu/gen/kehu/feedback/v1"
	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"
	referralv1 "github.com/kehuhq/kehu/gen/kehu/referral/v1"
	"github.com/kehuhq/kehu/pkg/fault"
	"github.com/kehuhq/kehu/pkg/rpc"

	"github.com/kehuhq/kehu/services/segmentation/internal/facts"
)

// Updates is who changed at a service since a cursor.
type Updates struct {
	Customers []string // ids of records
	Next      string
	More      bool
	SyncedTo  time.Time
}

// ErrExpired says that a cursor is too old to be gone on from.
var ErrExpired = errors.New("the cursor of a feed has expired")

// The services that tell who changed. Tells reports whether one of them, or
// valuation, is part of the installation.
const (
	Profile   = "profile"
	Valuation = "valuation"
	Feedback  = "feedback"
	Referral  = "referral"
)

// Has reports whether a service is part of the installation.
func (r *Reader) Has(service string) bool {
	switch service {
	case Profile:
		return true
	case Valuation:
		return r.valuations != nil
	case Feedback:
		return r.feedback != nil
	}
	return r.referral != nil
}

// Updated returns who changed at profile, feedback or referral since a cursor, the
// empty one for where to begin.
func (r *Reader) Updated(ctx context.Context, service, cursor string) (Updates, error) {
	var told interface {
		GetCustomerIds() []string
		GetNextCursor() string
		GetMore() bool
	}
	var synced time.Time
	switch service {
	case Profile:
		t, err := r.updates.ListUpdatedCustomers(ctx, &profilev1.ListUpdatedCustomersRequest{Cursor: cursor, PageSize: BatchSize})
		if err != nil {
			return Updates{}, unless(err)
		}
		told, synced = t, t.GetSyncedTo().AsTime()
	case Feedback:
		t, err := r.feedback.ListUpdatedCustomers(ctx, &feedbackv1.ListUpdatedCustomersRequest{Cursor: cursor, PageSize: BatchSize})
		if err != nil {
			return Updates{}, unless(err)
		}
		told, synced = t, t.GetSyncedTo().AsTime()
	default:
		t, err := r.referral.ListUpdatedCustomers(ctx, &referralv1.ListUpdatedCustomersRequest{Cursor: cursor, PageSize: BatchSize})
		if err != nil {
			return Updates{}, unless(err)
		}
		told, synced = t, t.GetSyncedTo().AsTime()
	}
	return Updates{told.GetCustomerIds(), told.GetNextCursor(), told.GetMore(), synced}, nil
}

// unless turns the refusal of a cursor into ErrExpired: one that the service does
// not take for its own is as good as expired.
func unless(err error) error {
	if reason := rpc.Reason(status.Convert(err)); reason == "CURSOR_EXPIRED" || reason == "CURSOR_INVALID" {
		return ErrExpired
	}
	return err
}

// orders adds the orders of some customers, up to BatchSize.
func (r *Reader) orders(ctx context.Context, known []Known) error {
	at := make(map[string]*facts.Facts, len(known))
	ids := make([]string, len(known))
	for i, k := range known {
		ids[i], at[k.Facts.Customer.ID] = k.Facts.Customer.ID, k.Facts
	}
	for len(ids) > 0 {
		answer, err := r.updates.BatchGetPurchaseHistories(ctx,
			&profilev1.BatchGetPurchaseHistoriesRequest{CustomerIds: ids, Purpose: purpose}, grpc.MaxCallRecvMsgSize(maxMessage))
		if err != nil {
			return err
		}
		for _, h := range answer.GetHistories() {
			if f := at[h.GetCustomerId()]; f != nil && len(h.GetOrderTimeMs()) > 0 {
				r.order(f, h)
			}
		}
		if left := answer.GetRemainingCustomerIds(); len(left) < len(ids) {
			ids = left
			continue
		}
		return fault.New(fault.Internal, "PEER_FAILED", "profile tells of no purchase history at all")
	}
	return nil
}

// types are those of attributes that can be facts.
var types = map[profilev1.AttributeType]facts.Type{
	profilev1.AttributeType_ATTRIBUTE_TYPE_STRING:    facts.Text,
	profilev1.AttributeType_ATTRIBUTE_TYPE_NUMBER:    facts.Double,
	profilev1.AttributeType_ATTRIBUTE_TYPE_INTEGER:   facts.Int,
	profilev1.AttributeType_ATTRIBUTE_TYPE_BOOL:      facts.Bool,
	profilev1.AttributeType_ATTRIBUTE_TYPE_DATE:      facts.Calendar,
	profilev1.AttributeType_ATTRIBUTE_TYPE_TIMESTAMP: facts.Timestamp,
	profilev1.AttributeType_ATTRIBUTE_TYPE_LIST:      facts.Texts,
}

// Attributes are the company's own that can be facts, by name: not those of money,
// nor the sensitive ones.
func (r *Reader) Attributes(ctx context.Context) ([]facts.Attribute, error) {
	var all []facts.Attribute
	request := &profilev1.ListAttributeDefinitionsRequest{PageSize: BatchSize}
	for {
		page, err := r.definitions.ListAttributeDefinitions(ctx, request, grpc.MaxCallRecvMsgSize(maxMessage))
		if err != nil {
			return nil, err
		}
		for _, d := range page.GetAttributeDefinitions() {
			t, ok := types[d.GetType()]
			if !ok || d.GetSensitivity() == apiv1.Sensitivity_SENSITIVITY_SENSITIVE {
				continue
			}
			all = append(all, facts.Attribute{
				Name: strings.TrimPrefix(d.GetName(), "attributeDefinitions/"), Label: d.GetDisplayName(), Unit: d.GetUnit(), Type: t,
			})
		}
		if request.PageToken = page.GetNextPageToken(); request.PageToken == "" {
			slices.SortFunc(all, func(a, b facts.Attribute) int { return strings.Compare(a.Name, b.Name) })
			return all, nil
		}
	}
}

// Terms tells apart what everybody's facts depend on beyond their records: which
// attributes are facts, of which type, where days begin, what the purpose says of
// those who decided nothing, and by which policy stages of the journey are reached.
func (r *Reader) Terms(ctx context.Context, attributes []facts.Attribute) (string, error) {
	p, err := r.consents.GetPurpose(ctx, &profilev1.GetPurposeRequest{Name: purpose})
	if err != nil {
		return "", err
	}
	policy, err := r.journeys.GetJourneyPolicy(ctx, &profilev1.GetJourneyPolicyRequest{Name: "journeyPolicy"})
	if err != nil {
		return "", err
	}
	h := sha256.New()
	_, _ = fmt.Fprintf(h, "%v %s %d\n", p.GetNeedsConsent(), r.zone, policy.GetVersion()) // a hash takes everything
	for _, a := range attributes {
		_, _ = io.WriteString(h, fmt.Sprintf("%s %v\n", a.Name, a.Type))
	}
	return hex.EncodeToString(h.Sum(nil)[:16]), nil
}
