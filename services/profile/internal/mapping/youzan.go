package mapping

import (
	"slices"

	"github.com/kehuhq/kehu/services/profile/internal/domain"
)

// youzan is the order report of a Youzan shop, a row per order. The buyer is
// told by the phone number of the account.
var youzan = &Mapping{
	Name: "youzan",
	Columns: map[Field][]string{
		OrderID:       {"订单号", "订单编号"},
		CustomerID:    {"买家手机号", "买家手机", "买家手机号码", "客户手机号"},
		OrderTime:     {"订单创建时间", "下单时间", "买家下单时间"},
		PaidTime:      {"买家付款时间", "订单付款时间", "付款时间"},
		Amount:        {"订单实付金额", "实付金额", "订单实付金额(元)"},
		Refunded:      {"已退款金额", "订单已退款金额", "退款金额", "已退款金额(元)"},
		Channel:       {"订单来源", "下单渠道"},
		PaymentMethod: {"付款方式", "支付方式"},
		Status:        {"订单状态"},
	},
	Rows:     OrderRows,
	Amount:   OrderAmount,
	Zone:     "Asia/Shanghai",
	Currency: "CNY",
	Statuses: slices.Concat(
		words(domain.Paid,
			"待发货", "待接单", "待成团", "待抽奖", "待核销", "待使用", "待自提", "待确认", "待商家确认", "部分发货", "已发货", "商家已发货",
			"待收货", "待确认收货", "已收货", "已签收", "已付款", "买家已付款", "已完成", "交易完成", "交易成功", "已核销", "已使用",
			"退款中", "维权中", "部分退款",
			"TRADE_PAID", "WAIT_CONFIRM", "WAIT_SELLER_SEND_GOODS", "WAIT_BUYER_CONFIRM_GOODS", "TRADE_BUYER_SIGNED", "TRADE_SUCCESS"),
		words(domain.Pending, "待付款", "等待买家付款", "待支付", "未付款", "待付尾款", "WAIT_BUYER_PAY", "TRADE_NO_CREATE_PAY"),
		words(domain.Cancelled, "已关闭", "交易关闭", "订单关闭", "已取消", "超时关闭", "TRADE_CLOSED", "TRADE_CLOSE"),
		words(domain.Returned, "已退款", "全额退款", "退款成功"),
	),
}
