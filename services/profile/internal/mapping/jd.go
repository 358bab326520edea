package mapping

import (
	"slices"

	"github.com/kehuhq/kehu/services/profile/internal/domain"
)

// jd is the order export of JD's seller centre: a row per article, each of which
// repeats what is due for the whole order.
var jd = &Mapping{
	Name: "jd",
	Columns: map[Field][]string{
		OrderID:       {"订单号", "订单编号"},
		CustomerID:    {"下单帐号", "下单账号", "客户账号", "客户帐号"},
		OrderTime:     {"下单时间"},
		Amount:        {"应付金额", "用户应付金额"},
		Discount:      {"优惠金额", "订单优惠金额"},
		Channel:       {"订单来源"},
		PaymentMethod: {"支付方式"},
		Status:        {"订单状态"},
		SKU:           {"商品ID", "商品编号", "SKU ID", "商品名称"},
		Quantity:      {"订购数量", "商品数量"},
		UnitPrice:     {"京东价", "京东价格"},
	},
	Rows:     ItemRows,
	Amount:   OrderAmount,
	Zone:     "Asia/Shanghai",
	Currency: "CNY",
	Statuses: slices.Concat(
		words(domain.Paid,
			"完成", "已完成", "交易完成", "等待出库", "待出库", "正在出库", "已出库", "等待发货", "待发货", "已发货", "商品出库",
			"等待收货", "待收货", "等待确认收货", "等待客户收货", "确认收货", "已收货", "等待配送", "配送中", "等待厂商处理",
			"等待打印", "等待自提", "自提途中", "上门提货", "锁定", "已锁定", "暂停", "出库暂停", "订单暂停", "已付款", "付款成功", "延迟收货",
			"WAIT_SELLER_STOCK_OUT", "WAIT_GOODS_RECEIVE_CONFIRM", "WAIT_SELLER_DELIVERY", "SEND_TO_DISTRIBUTION_CENER",
			"DISTRIBUTION_CENTER_RECEIVED", "RECEIPTS_CONFIRM", "FINISHED_L", "LOCKED", "PAUSE", "POP_ORDER_PAUSE", "DELIVERY_RETURN"),
		words(domain.Pending,
			"等待付款", "待付款", "未付款", "等待付款确认", "延迟付款确认", "付款确认中", "等待分期付款", "等待尾款", "NOT_PAY", "WAIT_PAY"),
		words(domain.Cancelled,
			"取消", "已取消", "订单取消", "交易取消", "已关闭", "交易关闭", "删除", "已删除", "锁定取消", "取消中",
			"(删除)等待付款", "(删除)等待出库", "(删除)等待确认收货", "(删除)锁定", "(删除)完成", "(锁定)取消",
			"TRADE_CANCELED", "CANCEL", "(删除)取消"),
		words(domain.Returned, "全部退货", "已退货", "已退款", "退款完成", "拒收"),
	),
}
