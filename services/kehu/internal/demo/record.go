package demo

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/fieldmaskpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	apiv1 "github.com/kehuhq/kehu/gen/kehu/api/v1"
	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"
	"github.com/kehuhq/kehu/services/kehu/internal/findings"
	"github.com/kehuhq/kehu/services/kehu/internal/shop"
)

// record gives a customer an attribute of the company's own, and shows the history
// of the record.
func (d *demo) record(ctx context.Context) error {
	const attribute = "loyalty_tier"
	if _, err := profilev1.NewAttributeDefinitionServiceClient(d.conn).CreateAttributeDefinition(ctx, &profilev1.CreateAttributeDefinitionRequest{
		AttributeDefinitionId: attribute,
		AttributeDefinition: &profilev1.AttributeDefinition{
			DisplayName: "会员等级", Type: profilev1.AttributeType_ATTRIBUTE_TYPE_STRING, AllowedValues: []string{"silver", "gold"},
		},
	}); err != nil {
		return err
	}
	name := "customers/" + d.first().ID
	set := func(tier string) error {
		_, err := profilev1.NewCustomerServiceClient(d.conn).UpdateCustomer(ctx, &profilev1.UpdateCustomerRequest{
			Customer: &profilev1.Customer{Name: name, Attributes: map[string]*profilev1.AttributeValue{
				attribute: {Value: &profilev1.AttributeValue_StringValue{StringValue: tier}},
			}},
			UpdateMask: &fieldmaskpb.FieldMask{Paths: []string{"attributes." + attribute}},
		})
		return err
	}
	if err := errors.Join(set("silver"), set("gold")); err != nil {
		return err
	}
	refusal := set("platinum")
	history, err := profilev1.NewCustomerServiceClient(d.conn).ListCustomerChanges(ctx, &profilev1.ListCustomerChangesRequest{Parent: name, PageSize: 2})
	if err != nil {
		return err
	}
	d.page.Heading("Customer record 客户档案 of " + name)
	tier := func(c *profilev1.Customer) string {
		if value := c.GetAttributes()[attribute].GetStringValue(); value != "" {
			return value
		}
		return "nothing"
	}
	for _, change := range history.GetChanges() {
		d.page.Item(fmt.Sprintf("%s: %s changed %s from %s to %s", change.GetChangeTime().AsTime().Format("2006-01-02 15:04"), change.GetActor(),
			strings.Join(change.GetFields(), ", "), tier(change.GetBefore()), tier(change.GetAfter())))
	}
	d.page.Item("a tier that is not defined is refused: " + status.Convert(refusal).Message())
	d.yourself("kehu profile list-customer-changes --parent " + name)
	return nil
}

// first is the first customer of the shop.
func (d *demo) first() (c shop.Customer) {
	for c = range d.shop.Customers() {
		break
	}
	return c
}

// identities looks a customer up by what identifies him, however it is written.
func (d *demo) identities(ctx context.Context) error {
	client := profilev1.NewCustomerServiceClient(d.conn)
	for c := range d.shop.Customers() {
		if c.Phone == "" || c.Email == "" || c.Index == 0 {
			continue
		}
		n := c.Phone[3:]
		spaced := n[:3] + " " + n[3:7] + " " + n[7:]
		shouted := strings.ToUpper(c.Email)
		found, err := client.LookupCustomer(ctx, &profilev1.LookupCustomerRequest{Phone: spaced})
		same, failed := client.LookupCustomer(ctx, &profilev1.LookupCustomerRequest{Email: shouted})
		if status.Code(err) == codes.NotFound || status.Code(failed) == codes.NotFound {
			continue // his row was dirty, and what could not be read was left out
		}
		if err := errors.Join(err, failed); err != nil {
			return err
		}
		d.page.Heading("Identities 身份: who is " + found.GetName() + "?")
		masked := n[:3] + "****" + n[7:]
		_, err = client.LookupCustomer(ctx, &profilev1.LookupCustomerRequest{Phone: masked})
		d.page.Facts([][2]string{{"phone " + spaced, found.GetName()}, {"e-mail " + shouted, same.GetName()}, {"phone " + masked, "refused"}})
		d.page.Item(masked + ": " + status.Convert(err).Message())
		_, err = profilev1.NewIdentifierServiceClient(d.conn).AddCustomerIdentifier(ctx, &profilev1.AddCustomerIdentifierRequest{
			Parent: "customers/" + d.first().ID, Identifier: &profilev1.Identifier{Type: profilev1.IdentifierType_IDENTIFIER_TYPE_PHONE, Value: spaced},
		})
		d.page.Item("the same number for another customer: " + status.Convert(err).Message())
		d.yourself("kehu profile lookup-customer --phone '" + spaced + "'")
		return nil
	}
	return nil
}

// returns sends part of an order back, and cannot send more than there was.
func (d *demo) returns(ctx context.Context) error {
	client := profilev1.NewOrderServiceClient(d.conn)
	var last shop.Order
	for o := range d.shop.Orders(d.first()) {
		if o.Status == shop.Paid {
			last = o
		}
	}
	name := "customers/" + last.CustomerID + "/orders/" + last.ID
	refund := func(id string, minor int64) (*profilev1.Order, error) {
		return client.ReturnOrder(ctx, &profilev1.ReturnOrderRequest{Name: name, Return: &profilev1.OrderReturn{
			ReturnId: id, Refund: &apiv1.Money{MinorUnits: minor, CurrencyCode: last.Currency}, ReturnTime: timestamppb.New(d.now), Reason: "尺码不对 wrong size",
		}})
	}
	if _, err := refund("r-1", last.Amount/4); err != nil {
		return err
	}
	order, err := refund("r-1", last.Amount/4) // told again, taken once
	if err != nil {
		return err
	}
	_, refusal := refund("r-2", last.Amount)
	d.page.Heading("Orders 订单: part of " + last.ID + " comes back")
	d.page.Table([][]string{
		{"paid", "articles", "refunded", "left"},
		{
			findings.Amount(order.GetAmount()), count(int64(len(order.GetItems()))), findings.Amount(order.GetReturns()[0].GetRefund()),
			findings.Amount(order.GetNetAmount()),
		},
	})
	d.page.Item("all of it once more: " + status.Convert(refusal).Message())
	d.yourself("kehu profile get-order --name " + name)
	return nil
}
