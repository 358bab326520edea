package mapping

import (
	"slices"

	"github.com/kehuhq/kehu/services/profile/internal/domain"
)

// taobao is the order report of Taobao's and Tmall's seller centre, a row per
// order. Its phone numbers are those of the delivery, and identify nobody.
var taobao = &Mapping{
	Name: "taobao",
	Columns: map[Field][]string{
		OrderID:    {"订单编号", "主订单编号"},
		CustomerID: {"买家会员名", "买家昵称", "买家旺旺"},
		OrderTime:  {"订单创建时间", "创建时间", "下单时间"},
		PaidTime:   {"订单付款时间", "付款时间"},
		Amount:     {"买家实际支付金额", "买家实付金额"},
		Refunded:   {"退款金额", "买家退款金额"},
		Status:     {"订单状态", "交易状态"},
		SKU:        {"宝贝标题", "商品标题", "宝贝名称"},
		Quantity:   {"宝贝总数量", "宝贝数量"},
	},
	Rows:     OrderRows,
	Amount:   OrderAmount,
	Zone:     "Asia/Shanghai",
	Currency: "CNY",
	Statuses: slices.Concat(
		words(domain.Paid,
			"交易成功", "买家已付款", "买家已付款,等待卖家发货", "等待卖家发货", "待发货", "卖家部分发货", "部分发货",
			"卖家已发货", "卖家已发货,等待买家确认", "卖家已发货,等待买家确认收货", "等待买家确认收货", "等待买家确认", "待收货",
			"买家已签收", "买家已签收,货到付款专用", "买家已签收(货到付款专用)", "付款成功", "已付款", "已付款但禁止发货", "拼团中订单,已付款但禁止发货",
			"退款中", "退款中的订单", "定金已付,尾款已付",
			"WAIT_SELLER_SEND_GOODS", "SELLER_CONSIGNED_PART", "WAIT_BUYER_CONFIRM_GOODS", "TRADE_BUYER_SIGNED",
			"TRADE_FINISHED", "PAID_FORBID_CONSIGN"),
		words(domain.Pending,
			"等待买家付款", "待付款", "没有创建支付宝交易", "没有创建外部交易", "没有创建外部交易(支付宝交易)", "付款确认中",
			"外卡支付付款确认中", "国际信用卡支付付款确认中", "余额宝0元购合约中", "0元购合约中", "定金已付,尾款未付", "定金未付,尾款未付",
			"等待买家付尾款", "TRADE_NO_CREATE_PAY", "WAIT_BUYER_PAY", "PAY_PENDING", "WAIT_PRE_AUTH_CONFIRM"),
		words(domain.Cancelled,
			"交易关闭", "交易被淘宝关闭", "交易自动关闭", "已关闭", "订单关闭",
			"付款以后用户退款成功,交易自动关闭", "付款以前,卖家或买家主动关闭交易", "TRADE_CLOSED", "TRADE_CLOSED_BY_TAOBAO"),
	),
}
