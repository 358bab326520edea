// Package analysis loads a file of orders through the suite's API, has the
// customers valued, and gathers what an analyst asks first.
package analysis

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	longrunningpb "cloud.google.com/go/longrunning/autogen/longrunningpb"
	"google.golang.org/grpc"
	"google.golang.org/grpc/status"

	apiv1 "github.com/kehuhq/kehu/gen/kehu/api/v1"
	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"
	valuationv1 "github.com/kehuhq/kehu/gen/kehu/valuation/v1"
	"github.com/kehuhq/kehu/services/kehu/internal/progress"
	"github.com/kehuhq/kehu/services/kehu/internal/upload"
)

// Settings say how a file is analysed.
type Settings struct {
	AsOf     string          // YYYY-MM-DD; empty is the day of the last order
	Currency string          // of rows that state none
	ReportIn string          // currency into which all orders are converted; empty converts none
	Zone     string          // IANA; empty is UTC
	File     upload.Settings // how the file is read; its kind, currency, zone and progress are those here
	Ties     valuationv1.RfmTies
	Top      int  // how many top customers to name
	Outlook  bool // whether models are fitted, and say what is to come
	Progress progress.Reporter
}

// Suite is what Run needs of a running suite.
type Suite struct {
	Profile   grpc.ClientConnInterface
	Valuation grpc.ClientConnInterface
}

// Run imports the orders in path, values the customers and returns the report.
func Run(ctx context.Context, suite Suite, path string, s Settings) (*Report, error) {
	s.File.Currency, s.File.Zone, s.File.Progress = s.Currency, s.Zone, s.Progress
	imported, refused, err := Load(ctx, suite.Profile, path, s.File)
	if err != nil {
		return nil, err
	}
	if s.AsOf == "" {
		s.AsOf, err = LastOrderDay(s.Zone, imported, refused)
		if err != nil {
			return nil, err
		}
	}
	policy := &valuationv1.ValuationPolicy{
		AsOfDate: s.AsOf, TimeZone: s.Zone, CurrencyCode: s.Currency, ReportingCurrencyCode: s.ReportIn, RfmTies: s.Ties,
		Prediction: &valuationv1.PredictionPolicy{Disabled: !s.Outlook},
		Alerts:     &valuationv1.AlertPolicy{Disabled: true}, // nobody will take them up
	}
	if s.ReportIn != "" {
		policy.CurrencyCode = "" // that of rows which state none is converted like all others
	}
	summary, err := Refresh(ctx, suite.Valuation, policy, s.Progress)
	if err != nil {
		return nil, err
	}
	top, err := valuationv1.NewValuationServiceClient(suite.Valuation).ListValuations(ctx, &valuationv1.ListValuationsRequest{
		PageSize: int32(s.Top), OrderBy: "revenue desc",
	})
	if err != nil {
		return nil, err
	}
	return NewReport(imported, refused, summary, top.GetValuations()), nil
}

// Load imports the orders in path, and returns what became of them with the first of
// the refused rows. A file that could not be taken in as a whole is a FileError.
func Load(ctx context.Context, profile grpc.ClientConnInterface, path string, file upload.Settings) (*profilev1.Import, []upload.Refused, error) {
	file.Kind = profilev1.ImportKind_IMPORT_KIND_ORDERS
	imported, err := upload.Send(ctx, profile, path, file)
	if err != nil {
		return nil, nil, err
	}
	if failed := imported.GetError(); imported.GetState() == profilev1.ImportState_IMPORT_STATE_FAILED {
		return nil, nil, &FileError{Reason: failed.GetReason(), Message: failed.GetMessage()}
	}
	refused, err := refusedRows(ctx, profile, imported)
	return imported, refused, err
}

// refusedShown is how many of the refused rows a report names.
const refusedShown = 5

func refusedRows(ctx context.Context, conn grpc.ClientConnInterface, imported *profilev1.Import) ([]upload.Refused, error) {
	if imported.GetRejected() == 0 {
		return nil, nil
	}
	return upload.FirstRefused(ctx, conn, imported.GetName(), refusedShown)
}

// FileError says why a file could not be taken in as a whole.
type FileError struct{ Reason, Message string }

func (e *FileError) Error() string { return e.Message }

// Refresh values all customers and waits until that is published.
func Refresh(ctx context.Context, conn grpc.ClientConnInterface, policy *valuationv1.ValuationPolicy, report progress.Reporter) (*valuationv1.ValuationSummary, error) {
	operation, err := valuationv1.NewValuationServiceClient(conn).RefreshValuations(ctx, &valuationv1.RefreshValuationsRequest{Policy: policy})
	if err != nil {
		return nil, err
	}
	summary := new(valuationv1.ValuationSummary)
	watch := func(ctx context.Context) (Watcher, error) {
		return valuationv1.NewOperationServiceClient(conn).WatchOperation(ctx, &longrunningpb.GetOperationRequest{Name: operation.GetName()})
	}
	return summary, Await(ctx, watch, "valuing customers", report, func(op *longrunningpb.Operation) error {
		return op.GetResponse().UnmarshalTo(summary)
	})
}

// Watcher is the stream of an operation's states.
type Watcher interface {
	Recv() (*longrunningpb.Operation, error)
}

// Await follows an operation to its end, showing its progress under the name
// given, and hands the finished one to done. An operation that failed is the
// error it failed with.
func Await(ctx context.Context, watch func(context.Context) (Watcher, error), name string, report progress.Reporter, done func(*longrunningpb.Operation) error) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	states, err := watch(ctx)
	if err != nil {
		return err
	}
	stage, total := report.Start(name, 0, progress.Count), int64(0)
	for {
		op, err := states.Recv()
		if errors.Is(err, io.EOF) {
			return fmt.Errorf("%s: the server ended the watch before the operation was done", name)
		}
		if err != nil {
			return err
		}
		var at apiv1.Progress
		if op.GetMetadata() != nil && op.GetMetadata().UnmarshalTo(&at) == nil {
			stage.Set(at.GetDone(), at.GetTotal())
			total = max(total, at.GetTotal())
		}
		if !op.GetDone() {
			continue
		}
		if failed := op.GetError(); failed != nil {
			return status.FromProto(failed).Err()
		}
		stage.Set(max(at.GetDone(), total), 0) // the last state may have been written a moment before the end, or count nothing
		stage.End()
		return done(op)
	}
}

// LastOrderDay is the day, in zone, of the last order that can be analysed. Without
// one the FileError says why.
func LastOrderDay(zone string, imported *profilev1.Import, refused []upload.Refused) (string, error) {
	location, err := time.LoadLocation(zone)
	if err != nil {
		return "", &FileError{Reason: "INVALID_FIELD", Message: fmt.Sprintf("zone: %q is no IANA time zone, e.g. Asia/Shanghai", zone)}
	}
	if imported.GetLastOrderTime() == nil {
		return "", noOrders(imported, refused)
	}
	return imported.GetLastOrderTime().AsTime().In(location).Format(time.DateOnly), nil
}

// noOrders says why there is nothing to analyse.
func noOrders(imported *profilev1.Import, refused []upload.Refused) error {
	r := ReconciliationOf(imported)
	if orders := r.Orders(); orders > 0 {
		var anonymous, paid int64
		for _, total := range r.Totals {
			anonymous += total.AnonymousOrders
			paid += total.PaidOrders
		}
		return &FileError{Reason: "NO_ORDERS", Message: fmt.Sprintf(
			"none of the file's %d orders can be analysed: %d are unpaid or closed, and of %d paid ones %d name no buyer (a masked one is none)",
			orders, orders-paid, paid, anonymous)}
	}
	if len(refused) == 0 {
		return &FileError{Reason: "NO_ORDERS", Message: "the file holds no order that counts: nothing to analyse"}
	}
	first := refused[0]
	message := fmt.Sprintf("no row could be taken in; row %d, column %s: %s", first.Row, first.Column, first.Message)
	if first.Reason == "CURRENCY_MISSING" {
		message += "; name the currency with --currency"
	}
	return &FileError{Reason: first.Reason, Message: message}
}

// Fit fits models and waits until they are recorded.
func Fit(ctx context.Context, conn grpc.ClientConnInterface, request *valuationv1.FitModelsRequest, report progress.Reporter) (*valuationv1.FitModelsResponse, error) {
	operation, err := valuationv1.NewModelServiceClient(conn).FitModels(ctx, request)
	if err != nil {
		return nil, err
	}
	fitted := new(valuationv1.FitModelsResponse)
	watch := func(ctx context.Context) (Watcher, error) {
		return valuationv1.NewOperationServiceClient(conn).WatchOperation(ctx, &longrunningpb.GetOperationRequest{Name: operation.GetName()})
	}
	return fitted, Await(ctx, watch, "fitting models", report, func(op *longrunningpb.Operation) error {
		return op.GetResponse().UnmarshalTo(fitted)
	})
}
