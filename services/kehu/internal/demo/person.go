package demo

import (
	"context"

	longrunningpb "cloud.google.com/go/longrunning/autogen/longrunningpb"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	feedbackv1 "github.com/kehuhq/kehu/gen/kehu/feedback/v1"
	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"
	referralv1 "github.com/kehuhq/kehu/gen/kehu/referral/v1"
	"github.com/kehuhq/kehu/services/kehu/internal/analysis"
	"github.com/kehuhq/kehu/services/kehu/internal/rights"
)

// whoLeaves is a customer who was brought by another: one of the shop's own would
// be missing from the truth.
const whoLeaves = "friend-1-2"

// erase makes a copy of all that is held about a customer, erases that customer, and
// checks the receipt.
func (d *demo) erase(ctx context.Context) error {
	const id = whoLeaves
	if _, err := feedbackv1.NewSurveyServiceClient(d.conn).SubmitResponse(ctx, &feedbackv1.SubmitResponseRequest{
		Parent: "surveys/recommend", Response: &feedbackv1.Response{CustomerId: id, Score: proto.Int32(9), Comment: "朋友介绍的,很好"},
	}); err != nil {
		return err
	}
	client := profilev1.NewRightsServiceClient(d.conn)
	copied, receipt := new(profilev1.PersonalDataExport), new(profilev1.ErasureReceipt)
	operation, err := client.ExportCustomer(ctx, &profilev1.ExportCustomerRequest{Name: "customers/" + id})
	if err != nil {
		return err
	}
	if err := d.awaitProfile(ctx, operation, "copying", func(op *longrunningpb.Operation) error { return op.GetResponse().UnmarshalTo(copied) }); err != nil {
		return err
	}
	if operation, err = client.EraseCustomer(ctx, &profilev1.EraseCustomerRequest{Name: "customers/" + id, Basis: "request of the person"}); err != nil {
		return err
	}
	if err := d.awaitProfile(ctx, operation, "erasing", func(op *longrunningpb.Operation) error { return op.GetResponse().UnmarshalTo(receipt) }); err != nil {
		return err
	}
	verified, err := client.VerifyErasureReceipt(ctx, &profilev1.VerifyErasureReceiptRequest{Name: receipt.GetName(), Customer: "customers/" + id})
	if err != nil {
		return err
	}
	d.page.Heading("Rights 权利: customers/" + id + " asks for a copy, and to be erased")
	rights.WriteHeld(d.page, "en", copied.GetSections())
	_, gone := profilev1.NewCustomerServiceClient(d.conn).GetCustomer(ctx, &profilev1.GetCustomerRequest{Name: "customers/" + id})
	d.page.Item("asked for afterwards: " + status.Convert(gone).Message())
	d.page.Item("the receipt, " + receipt.GetName() + ":")
	rights.WriteVerified(d.page, "en", verified)
	trial, err := referralv1.NewLedgerServiceClient(d.conn).GetTrialBalance(ctx, &referralv1.GetTrialBalanceRequest{})
	if err != nil {
		return err
	}
	d.page.Item("the ledger without the name: " + balance(trial))
	d.yourself("kehu person export customers/friend-1-1 --out copy.html", "kehu person erase customers/friend-1-1 --basis 'request of the person' --dry-run")
	return nil
}

func (d *demo) awaitProfile(ctx context.Context, operation *longrunningpb.Operation, name string, done func(*longrunningpb.Operation) error) error {
	return analysis.Await(ctx, func(ctx context.Context) (analysis.Watcher, error) {
		return profilev1.NewOperationServiceClient(d.conn).WatchOperation(ctx, &longrunningpb.GetOperationRequest{Name: operation.GetName()})
	}, name, d.settings.Progress, done)
}
