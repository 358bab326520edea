package demo

import (
	"context"
	"fmt"
	"time"

	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/timestamppb"

	apiv1 "github.com/kehuhq/kehu/gen/kehu/api/v1"
	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"
	referralv1 "github.com/kehuhq/kehu/gen/kehu/referral/v1"
	valuationv1 "github.com/kehuhq/kehu/gen/kehu/valuation/v1"
)

const (
	advocates     = 10
	perAdvocate   = 2
	programPoints = 100
)

// refer runs a referral programme with the best customers as advocates: each
// brings two new customers who buy, one order is refunded, one advocate tries
// to refer himself; then it shows that the books balance.
func (d *demo) refer(ctx context.Context) error {
	client := referralv1.NewProgramServiceClient(d.conn)
	program, err := client.CreateProgram(ctx, &referralv1.CreateProgramRequest{ProgramId: "friends", Program: &referralv1.Program{
		DisplayName: "Friends 老带新", Goal: fmt.Sprintf("%d new customers per advocate", perAdvocate),
		AdvocatePoints: programPoints, RefereePoints: programPoints / 2, BudgetPoints: 100_000,
	}})
	if err != nil {
		return err
	}
	if _, err := client.ActivateProgram(ctx, &referralv1.ActivateProgramRequest{Name: program.GetName()}); err != nil {
		return err
	}
	best, err := valuationv1.NewValuationServiceClient(d.conn).ListValuations(ctx, &valuationv1.ListValuationsRequest{PageSize: advocates})
	if err != nil {
		return err
	}
	var codes []*referralv1.Code
	var rewarded []*referralv1.Referral
	for i, v := range best.GetValuations() {
		code, err := client.CreateCode(ctx, &referralv1.CreateCodeRequest{Parent: program.GetName(), Code: &referralv1.Code{AdvocateId: v.GetCustomerId(), Channel: "wechat"}})
		if err != nil {
			return err
		}
		codes = append(codes, code)
		for j := range perAdvocate {
			done, err := d.bring(ctx, program.GetName(), code, fmt.Sprintf("friend-%d-%d", i+1, j+1))
			if err != nil {
				return err
			}
			rewarded = append(rewarded, done)
		}
	}
	if len(rewarded) == 0 {
		return nil
	}
	if _, err := client.ReverseConversion(ctx, &referralv1.ReverseConversionRequest{Name: rewarded[0].GetName(), Reason: "order refunded"}); err != nil {
		return err
	}
	refusal := d.referSelf(ctx, program.GetName(), codes[0])
	return d.showReferral(ctx, codes, len(rewarded), refusal)
}

// bring takes one new customer from the invitation to the reward.
func (d *demo) bring(ctx context.Context, program string, code *referralv1.Code, newcomer string) (*referralv1.Referral, error) {
	client := referralv1.NewProgramServiceClient(d.conn)
	opened, err := d.invite(ctx, program, code)
	if err != nil {
		return nil, err
	}
	if _, err := client.RecordClick(ctx, &referralv1.RecordClickRequest{Name: opened.GetName()}); err != nil {
		return nil, err
	}
	customer, err := profilev1.NewCustomerServiceClient(d.conn).CreateCustomer(ctx, &profilev1.CreateCustomerRequest{
		CustomerId: newcomer,
		Customer: &profilev1.Customer{
			DisplayName: "Friend 好友 " + newcomer, Kind: profilev1.CustomerKind_CUSTOMER_KIND_INDIVIDUAL,
			Acquisition: profilev1.Acquisition_ACQUISITION_REFERRAL,
		},
	})
	if err != nil {
		return nil, err
	}
	if _, err := client.RecordSignUp(ctx, &referralv1.RecordSignUpRequest{Name: opened.GetName(), RefereeId: newcomer}); err != nil {
		return nil, err
	}
	order := &profilev1.Order{
		Name: customer.GetName() + "/orders/first", OrderTime: timestamppb.New(time.Now()), Status: profilev1.OrderStatus_ORDER_STATUS_PAID,
		Amount: &apiv1.Money{MinorUnits: 19900, CurrencyCode: d.shop.Config().Currency},
	}
	recorded, err := profilev1.NewOrderServiceClient(d.conn).BatchRecordOrders(ctx, &profilev1.BatchRecordOrdersRequest{Orders: []*profilev1.Order{order}})
	if err != nil {
		return nil, err
	}
	if s := recorded.GetStatuses()[0]; s.GetCode() != 0 {
		return nil, fmt.Errorf("order of %s: %s", newcomer, s.GetMessage())
	}
	return client.RecordConversion(ctx, &referralv1.RecordConversionRequest{Name: opened.GetName(), OrderId: "first"})
}

func (d *demo) invite(ctx context.Context, program string, code *referralv1.Code) (*referralv1.Referral, error) {
	var id string
	if _, err := fmt.Sscanf(code.GetName(), program+"/codes/%s", &id); err != nil {
		return nil, fmt.Errorf("code %q: %w", code.GetName(), err)
	}
	return referralv1.NewProgramServiceClient(d.conn).CreateReferral(ctx, &referralv1.CreateReferralRequest{
		Parent: program, Referral: &referralv1.Referral{Code: id},
	})
}

// referSelf has an advocate try his own code and returns what he is told.
func (d *demo) referSelf(ctx context.Context, program string, code *referralv1.Code) string {
	opened, err := d.invite(ctx, program, code)
	if err != nil {
		return status.Convert(err).Message()
	}
	_, err = referralv1.NewProgramServiceClient(d.conn).RecordSignUp(ctx, &referralv1.RecordSignUpRequest{
		Name: opened.GetName(), RefereeId: code.GetAdvocateId(),
	})
	return status.Convert(err).Message()
}

func (d *demo) showReferral(ctx context.Context, codes []*referralv1.Code, rewarded int, refusal string) error {
	ledger := referralv1.NewLedgerServiceClient(d.conn)
	trial, err := ledger.GetTrialBalance(ctx, &referralv1.GetTrialBalanceRequest{})
	if err != nil {
		return err
	}
	d.page.Heading("Referral programme 裂变")
	rows := [][]string{{"advocate", "code", "points"}}
	for _, code := range codes[:min(len(codes), 3)] {
		account, err := ledger.GetAccount(ctx, &referralv1.GetAccountRequest{Name: "accounts/customer:" + code.GetAdvocateId()})
		if err != nil {
			return err
		}
		rows = append(rows, []string{code.GetAdvocateId(), code.GetName()[len("programs/friends/codes/"):], count(account.GetBalancePoints())})
	}
	d.page.Table(rows)
	d.page.Item(fmt.Sprintf("%d advocates brought %d customers who bought; one order was refunded and its points taken back.", len(codes), rewarded))
	d.page.Item("An advocate who tried his own code was told: " + refusal)
	d.page.Item(fmt.Sprintf("The ledger %s: %d points received, %d given, in %d transfers between %d accounts.",
		balance(trial), trial.GetDebitPoints(), trial.GetCreditPoints(), trial.GetTransfers(), trial.GetAccounts()))
	return nil
}

// balance says whether the ledger adds up.
func balance(trial *referralv1.TrialBalance) string {
	if trial.GetBalanced() {
		return "balances"
	}
	return "does not balance: " + fmt.Sprint(trial.GetDiscrepancies())
}
