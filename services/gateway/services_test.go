package gateway_test

import (
	"context"
	"strconv"
	"strings"
	"sync"

	"cloud.google.com/go/longrunning/autogen/longrunningpb"
	"google.golang.org/genproto/googleapis/api/httpbody"
	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/emptypb"

	feedbackv1 "github.com/kehuhq/kehu/gen/kehu/feedback/v1"
	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"
	referralv1 "github.com/kehuhq/kehu/gen/kehu/referral/v1"
	segmentationv1 "github.com/kehuhq/kehu/gen/kehu/segmentation/v1"
	"github.com/kehuhq/kehu/pkg/fault"
	"github.com/kehuhq/kehu/pkg/rpc/etag"
)

// customers keeps customers with versions.
type customers struct {
	profilev1.UnimplementedCustomerServiceServer
	inbox *inbox

	mu       sync.Mutex
	known    map[string]*profilev1.Customer
	version  int64
	metadata metadata.MD // of the last GetCustomer
	stream   func(context.Context, func(*profilev1.StreamCustomersResponse) error) error
}

func newCustomers(box *inbox) *customers {
	return &customers{inbox: box, known: map[string]*profilev1.Customer{}}
}

func (s *customers) save(c *profilev1.Customer) *profilev1.Customer {
	s.version++
	c.Etag = etag.Of(s.version)
	s.known[c.Name] = c
	return proto.Clone(c).(*profilev1.Customer)
}

func (s *customers) find(name string) (*profilev1.Customer, error) {
	if id := strings.TrimPrefix(name, "customers/"); id == "" || strings.ContainsAny(id, "%/") {
		return nil, fault.Invalid("name", "must be customers/{customer}")
	}
	if c := s.known[name]; c != nil {
		return c, nil
	}
	return nil, fault.New(fault.NotFound, "CUSTOMER_NOT_FOUND", "there is no such customer").With("customer", name)
}

func (s *customers) GetCustomer(ctx context.Context, r *profilev1.GetCustomerRequest) (*profilev1.Customer, error) {
	s.inbox.take(r)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.metadata, _ = metadata.FromIncomingContext(ctx)
	switch r.Name {
	case "customers/broken":
		panic("the service has a defect")
	case "customers/slow":
		<-ctx.Done()
		return nil, ctx.Err()
	}
	c, err := s.find(r.Name)
	if err != nil {
		return nil, err
	}
	return proto.Clone(c).(*profilev1.Customer), nil
}

func (s *customers) ListCustomers(_ context.Context, r *profilev1.ListCustomersRequest) (*profilev1.ListCustomersResponse, error) {
	s.inbox.take(r)
	return &profilev1.ListCustomersResponse{}, nil
}

func (s *customers) CreateCustomer(_ context.Context, r *profilev1.CreateCustomerRequest) (*profilev1.Customer, error) {
	s.inbox.take(r)
	s.mu.Lock()
	defer s.mu.Unlock()
	c := proto.Clone(r.Customer).(*profilev1.Customer)
	c.Name = "customers/" + r.CustomerId
	return s.save(c), nil
}

func (s *customers) UpdateCustomer(_ context.Context, r *profilev1.UpdateCustomerRequest) (*profilev1.Customer, error) {
	s.inbox.take(r)
	s.mu.Lock()
	defer s.mu.Unlock()
	c, err := s.find(r.Customer.Name)
	if err != nil {
		return nil, err
	}
	if err := etag.Check(r.Customer.Etag, s.versionOf(c)); err != nil {
		return nil, err
	}
	return s.save(proto.Clone(r.Customer).(*profilev1.Customer)), nil
}

func (s *customers) versionOf(c *profilev1.Customer) int64 {
	version, _ := strconv.ParseInt(strings.Trim(c.Etag, `"`), 10, 64)
	return version
}

func (s *customers) DeleteCustomer(_ context.Context, r *profilev1.DeleteCustomerRequest) (*emptypb.Empty, error) {
	s.inbox.take(r)
	s.mu.Lock()
	defer s.mu.Unlock()
	c, err := s.find(r.Name)
	if err != nil {
		return nil, err
	}
	if err := etag.Check(r.Etag, s.versionOf(c)); err != nil {
		return nil, err
	}
	delete(s.known, r.Name)
	return &emptypb.Empty{}, nil
}

func (s *customers) LookupCustomer(_ context.Context, r *profilev1.LookupCustomerRequest) (*profilev1.Customer, error) {
	s.inbox.take(r)
	return &profilev1.Customer{Name: "customers/1"}, nil
}

func (s *customers) BatchGetCustomers(_ context.Context, r *profilev1.BatchGetCustomersRequest) (*profilev1.BatchGetCustomersResponse, error) {
	s.inbox.take(r)
	return &profilev1.BatchGetCustomersResponse{Missing: r.Names}, nil
}

func (s *customers) StreamCustomers(r *profilev1.StreamCustomersRequest, stream grpc.ServerStreamingServer[profilev1.StreamCustomersResponse]) error {
	s.inbox.take(r)
	return s.stream(stream.Context(), stream.Send)
}

type orders struct {
	profilev1.UnimplementedOrderServiceServer
	inbox *inbox
}

func (s *orders) BatchRecordOrders(_ context.Context, r *profilev1.BatchRecordOrdersRequest) (*profilev1.BatchRecordOrdersResponse, error) {
	s.inbox.take(r)
	return &profilev1.BatchRecordOrdersResponse{}, nil
}

func (s *orders) GetOrder(_ context.Context, r *profilev1.GetOrderRequest) (*profilev1.Order, error) {
	s.inbox.take(r)
	return &profilev1.Order{Name: r.Name}, nil
}

func (s *orders) StreamPurchaseHistories(r *profilev1.StreamPurchaseHistoriesRequest, _ grpc.ServerStreamingServer[profilev1.StreamPurchaseHistoriesResponse]) error {
	s.inbox.take(r)
	return nil
}

type imports struct {
	profilev1.UnimplementedImportServiceServer
	inbox *inbox
	rows  func(func(*httpbody.HttpBody) error) error
}

func (s *imports) CreateImport(_ context.Context, r *profilev1.CreateImportRequest) (*profilev1.Import, error) {
	s.inbox.take(r)
	return r.Import, nil
}

func (s *imports) AppendImport(_ context.Context, r *profilev1.AppendImportRequest) (*profilev1.AppendImportResponse, error) {
	s.inbox.take(r)
	return &profilev1.AppendImportResponse{DurableBytes: r.Offset + int64(len(r.Data))}, nil
}

func (s *imports) DownloadRejectedRows(r *profilev1.DownloadRejectedRowsRequest, stream grpc.ServerStreamingServer[httpbody.HttpBody]) error {
	s.inbox.take(r)
	return s.rows(stream.Send)
}

// exports sends one line, and says that three customers were left out of it.
type exports struct {
	profilev1.UnimplementedExportServiceServer
}

func (exports) DownloadExport(r *profilev1.DownloadExportRequest, stream grpc.ServerStreamingServer[httpbody.HttpBody]) error {
	stream.SetTrailer(metadata.Pairs("kehu-excluded-without-consent", "3", "kehu-inner", "secret"))
	if r.GetPurpose() == "" {
		return nil // of nothing
	}
	return stream.Send(&httpbody.HttpBody{ContentType: "text/csv", Data: []byte("customer_id\n")})
}

type operations struct {
	profilev1.UnimplementedOperationServiceServer
	inbox *inbox
}

func (s *operations) GetOperation(_ context.Context, r *longrunningpb.GetOperationRequest) (*longrunningpb.Operation, error) {
	s.inbox.take(r)
	return &longrunningpb.Operation{Name: r.Name}, nil
}

func (s *operations) WaitOperation(_ context.Context, r *longrunningpb.WaitOperationRequest) (*longrunningpb.Operation, error) {
	s.inbox.take(r)
	return &longrunningpb.Operation{Name: r.Name}, nil
}

func (s *operations) WatchOperation(r *longrunningpb.GetOperationRequest, stream grpc.ServerStreamingServer[longrunningpb.Operation]) error {
	s.inbox.take(r)
	for _, done := range []bool{false, true} {
		if err := stream.Send(&longrunningpb.Operation{Name: r.Name, Done: done}); err != nil {
			return err
		}
	}
	return nil
}

type ledger struct {
	referralv1.UnimplementedLedgerServiceServer
	inbox *inbox
}

func (s *ledger) PostTransfer(_ context.Context, r *referralv1.PostTransferRequest) (*referralv1.Transfer, error) {
	s.inbox.take(r)
	return r.Transfer, nil
}

func (s *ledger) GetAccount(_ context.Context, r *referralv1.GetAccountRequest) (*referralv1.Account, error) {
	s.inbox.take(r)
	return &referralv1.Account{Name: r.Name, BalancePoints: 9007199254740993}, nil
}

type surveys struct {
	feedbackv1.UnimplementedSurveyServiceServer
	inbox *inbox
}

func (s *surveys) PublishSurvey(_ context.Context, r *feedbackv1.PublishSurveyRequest) (*feedbackv1.Survey, error) {
	s.inbox.take(r)
	return &feedbackv1.Survey{Name: r.Name, Etag: etag.Of(2)}, nil
}

func (s *surveys) SubmitResponse(_ context.Context, r *feedbackv1.SubmitResponseRequest) (*feedbackv1.Response, error) {
	s.inbox.take(r)
	return r.Response, nil
}

type segments struct {
	segmentationv1.UnimplementedSegmentServiceServer
	inbox *inbox
}

func (s *segments) CreateSegment(_ context.Context, r *segmentationv1.CreateSegmentRequest) (*segmentationv1.Segment, error) {
	s.inbox.take(r)
	return r.Segment, nil
}

func (s *segments) PublishSegment(_ context.Context, r *segmentationv1.PublishSegmentRequest) (*longrunningpb.Operation, error) {
	s.inbox.take(r)
	return &longrunningpb.Operation{Name: "operations/segmentation/1"}, nil
}
