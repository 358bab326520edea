package handler

import (
	"fmt"

	"google.golang.org/protobuf/types/known/timestamppb"

	apiv1 "github.com/kehuhq/kehu/gen/kehu/api/v1"
	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"
	"github.com/kehuhq/kehu/pkg/fault"
	"github.com/kehuhq/kehu/pkg/rpc/etag"

	"github.com/kehuhq/kehu/services/profile/internal/domain"
)

// OrderProto is an order as the API shows it.
func OrderProto(o *domain.Order) *profilev1.Order {
	money := func(minor int64) *apiv1.Money {
		return &apiv1.Money{MinorUnits: minor, CurrencyCode: o.Currency}
	}
	optional := func(m domain.Optional) *apiv1.Money {
		if !m.Known {
			return nil
		}
		return money(m.Minor)
	}
	p := &profilev1.Order{
		Name:          orderName(o.Customer, o.ID),
		OrderTime:     timestamppb.New(o.Time),
		Amount:        money(o.Amount),
		Discount:      optional(o.Discount),
		Cost:          optional(o.Cost),
		Channel:       o.Channel,
		PaymentMethod: o.PaymentMethod,
		Status:        statuses.proto[o.EffectiveStatus()],
		NetAmount:     money(o.Net()),
		CreateTime:    timestamppb.New(o.CreatedAt),
		UpdateTime:    timestamppb.New(o.UpdatedAt),
		Etag:          etag.Of(o.Version),
	}
	for _, i := range o.Items {
		p.Items = append(p.Items, &profilev1.OrderItem{
			Sku: i.SKU, QuantityMilli: i.QuantityMilli, Amount: optional(i.Amount), Discount: optional(i.Discount),
			Category: i.Category,
		})
	}
	for _, r := range o.Returns {
		p.Returns = append(p.Returns, &profilev1.OrderReturn{
			ReturnId: r.ID, Refund: money(r.Refund), ReturnTime: timestamppb.New(r.Time), Reason: r.Reason,
		})
	}
	return p
}

// orderFrom reads an order to be recorded. Fields that only the service sets are
// passed over.
func orderFrom(p *profilev1.Order) (domain.Order, error) {
	customer, id, err := orderID("name", p.GetName())
	if err != nil {
		return domain.Order{}, err
	}
	at, f := instant("order_time", p.GetOrderTime())
	if f != nil {
		return domain.Order{}, f
	}
	if f := domain.CheckCurrency("amount.currency_code", p.GetAmount().GetCurrencyCode()); f != nil {
		return domain.Order{}, f // before others are held against it
	}
	o := domain.Order{
		Customer: customer, ID: id, Time: at,
		Currency: p.GetAmount().GetCurrencyCode(), Amount: p.GetAmount().GetMinorUnits(),
		Channel: p.GetChannel(), PaymentMethod: p.GetPaymentMethod(),
	}
	var faults []*fault.Fault
	optional := func(field string, m *apiv1.Money) domain.Optional {
		if m == nil {
			return domain.Optional{}
		}
		faults = append(faults, domain.SameCurrency(field+".currency_code", m.GetCurrencyCode(), o.Currency))
		return domain.Known(m.GetMinorUnits())
	}
	o.Discount = optional("discount", p.GetDiscount())
	o.Cost = optional("cost", p.GetCost())
	status, f := statuses.read("status", p.GetStatus())
	o.Status, faults = status, append(faults, f)
	for n, i := range p.GetItems() {
		item := domain.Item{SKU: i.GetSku(), QuantityMilli: i.GetQuantityMilli(), Category: i.GetCategory()}
		if i.GetAmount() != nil {
			item.Amount = optional(fmt.Sprintf("items[%d].amount", n), i.GetAmount())
		}
		if i.GetDiscount() != nil {
			item.Discount = optional(fmt.Sprintf("items[%d].discount", n), i.GetDiscount())
		}
		o.Items = append(o.Items, item)
	}
	return o, fault.Merge(faults...)
}
