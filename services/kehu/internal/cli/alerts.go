package cli

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"
	"google.golang.org/grpc"

	valuationv1 "github.com/kehuhq/kehu/gen/kehu/valuation/v1"
	"github.com/kehuhq/kehu/services/kehu/internal/findings"
)

// alertsFlags are those of the subcommands of alerts.
type alertsFlags struct {
	tellFlags
	state, customer, author, note, reason string
	limit                                 int
}

func newAlerts() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "alerts",
		Short: "See whose value is being lost, and deal with it",
		Long: `Warnings of value that is being lost (价值流失预警), which refreshes of the valuations
raise: customers with much at stake who have probably left, and customers whose
residual value has fallen.`,
	}
	f := &alertsFlags{}
	list := f.command("list", "List alerts, the highest value at risk first; reasons and advice of the first", 0, f.list)
	list.Flags().StringVar(&f.state, "state", "live", "live (not closed), open, acknowledged or closed")
	list.Flags().StringVar(&f.customer, "customer", "", "only those of this customer, in any state where none is given")
	list.Flags().IntVar(&f.limit, "limit", 20, "most alerts to list")
	acknowledge := f.command("acknowledge ALERT", "Take an alert up", 1, f.acknowledge)
	closing := f.command("close ALERT", "Close an alert", 1, f.close)
	for _, c := range []*cobra.Command{acknowledge, closing} {
		c.Flags().StringVar(&f.author, "by", "", "who does so")
		c.Flags().StringVar(&f.note, "note", "", "what to note")
		_ = c.MarkFlagRequired("by")
	}
	closing.Flags().StringVar(&f.reason, "reason", "", "retained, lost, false-alarm or other")
	_ = closing.MarkFlagRequired("reason")
	cmd.AddCommand(list, acknowledge, closing)
	return cmd
}

func (f *alertsFlags) list(ctx context.Context, conn grpc.ClientConnInterface, _ []string) (*findings.Finding, error) {
	if err := oneOf("state", f.state, "live", "open", "acknowledged", "closed"); err != nil {
		return nil, err
	}
	if f.limit < 1 || f.limit > 1000 {
		return nil, usageError{fmt.Errorf("--limit must be from 1 to 1000, is %d", f.limit)}
	}
	request := &valuationv1.ListAlertsRequest{CustomerId: f.customer, PageSize: int32(f.limit)}
	if f.state != "live" {
		request.State = valuationv1.AlertState(valuationv1.AlertState_value["ALERT_STATE_"+upper(f.state)])
	}
	answer, err := valuationv1.NewAlertServiceClient(conn).ListAlerts(ctx, request)
	if err != nil {
		return nil, err
	}
	return findings.Alerts(answer.GetAlerts(), answer, f.lang), nil
}

func (f *alertsFlags) acknowledge(ctx context.Context, conn grpc.ClientConnInterface, args []string) (*findings.Finding, error) {
	a, err := valuationv1.NewAlertServiceClient(conn).AcknowledgeAlert(ctx, &valuationv1.AcknowledgeAlertRequest{
		Name: named("alerts/", args[0]), Author: f.author, Note: f.note,
	})
	return f.one(a, err)
}

func (f *alertsFlags) one(a *valuationv1.Alert, err error) (*findings.Finding, error) {
	if err != nil {
		return nil, err
	}
	return findings.Alerts([]*valuationv1.Alert{a}, a, f.lang), nil
}

func (f *alertsFlags) close(ctx context.Context, conn grpc.ClientConnInterface, args []string) (*findings.Finding, error) {
	if err := oneOf("reason", f.reason, "retained", "lost", "false-alarm", "other"); err != nil {
		return nil, err
	}
	a, err := valuationv1.NewAlertServiceClient(conn).CloseAlert(ctx, &valuationv1.CloseAlertRequest{
		Name: named("alerts/", args[0]), Author: f.author, Note: f.note,
		Reason: valuationv1.AlertCloseReason(valuationv1.AlertCloseReason_value["ALERT_CLOSE_REASON_"+upper(f.reason)]),
	})
	return f.one(a, err)
}
