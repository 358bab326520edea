package e2e

import (
	"fmt"
	"strings"
)

// The exports of the platforms, each with the columns that it has by itself and
// no other. A row is as its fields; nothing is quoted yet.

func taobao(all []sale) [][]string {
	rows := [][]string{{"订单编号", "买家会员名", "买家实际支付金额", "退款金额", "订单状态", "订单创建时间", "订单付款时间", "宝贝标题", "宝贝总数量", "联系手机"}}
	for _, s := range all {
		row := []string{s.id, orElse(s.buyer, "t**8"), decimal(s.amount), "", "交易成功", s.made().Format("2006-01-02 15:04:05"), s.at.Format("2006-01-02 15:04:05"), "明前龙井", fmt.Sprint(len(s.items)), "138****0000"}
		if s.refunded > 0 {
			row[3] = decimal(s.refunded)
		}
		if s.state != salePaid {
			row[2], row[4], row[6] = "0.00", map[saleState]string{saleUnpaid: "等待买家付款", saleClosed: "交易关闭"}[s.state], ""
		}
		rows = append(rows, row)
	}
	return rows
}

// trapped writes a Taobao export as spreadsheets and people leave it: numbers
// kept as formulas or with an apostrophe, signs and thousands, other digits, a
// blank row and totals below.
func trapped(plain [][]string) [][]string {
	rows := [][]string{plain[0]}
	for i, row := range plain[1:] {
		row = append([]string(nil), row...)
		switch i % 4 {
		case 0:
			row[0], row[2] = `="`+row[0]+`"`, "¥"+thousands(row[2])
		case 1:
			row[0], row[2] = "'"+row[0], thousands(row[2])
		case 2:
			row[2], row[4] = fullWidth(row[2]), " "+row[4]+" "
		}
		rows = append(rows, row)
	}
	rows = append(rows, make([]string, len(plain[0])), make([]string, len(plain[0])))
	rows[len(rows)-1][0], rows[len(rows)-1][2] = "合计", "1,234,567.00"
	return rows
}

func thousands(amount string) string {
	whole, rest, _ := strings.Cut(amount, ".")
	for n := len(whole) - 3; n > 0; n -= 3 {
		whole = whole[:n] + "," + whole[n:]
	}
	return whole + "." + rest
}

func fullWidth(digits string) string {
	return strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' {
			return r - '0' + '０'
		}
		return r
	}, digits)
}

// jd repeats what is due for an order on the row of each of its items.
func jd(all []sale) [][]string {
	rows := [][]string{{"订单号", "下单帐号", "下单时间", "应付金额", "订单状态", "商品ID", "订购数量"}}
	for _, s := range all {
		for _, item := range s.items {
			rows = append(rows, []string{s.id, s.buyer, s.at.Format("2006/1/2 15:04:05"), decimal(s.amount),
				[]string{"完成", "等待付款", "已取消"}[s.state], item.sku, fmt.Sprint(item.quantity)})
		}
	}
	return rows
}

func youzan(all []sale) [][]string {
	rows := [][]string{{"订单号", "买家手机号", "买家付款时间", "订单实付金额", "订单状态", "已退款金额"}}
	for _, s := range all {
		phone, paid := "138****1234", s.at.Format("2006-01-02 15:04:05")
		if s.buyer != "" {
			phone = s.phone()
		}
		if s.state != salePaid {
			paid = ""
		}
		rows = append(rows, []string{"E" + s.id, phone, paid, decimal(s.amount), []string{"交易完成", "待付款", "交易关闭"}[s.state], decimal(s.refunded)})
	}
	return rows
}

// shopify states what is the order's on the row of its first item alone.
func shopify(all []sale) [][]string {
	const layout = "2006-01-02 15:04:05 -0700"
	rows := [][]string{{"Name", "Email", "Financial Status", "Paid at", "Currency", "Total", "Refunded Amount", "Created at", "Lineitem quantity", "Lineitem name", "Lineitem price", "Lineitem sku", "Cancelled at"}}
	for _, s := range all {
		first := []string{"#" + s.id, "", "paid", s.at.UTC().Format(layout), "USD", decimal(s.amount), decimal(s.refunded), s.made().Format(layout), "", "", "", "", ""}
		if s.buyer != "" {
			first[1] = s.buyer + "@example.com"
		}
		switch {
		case s.state == saleUnpaid:
			first[2], first[3] = "pending", ""
		case s.state == saleClosed:
			first[2], first[12] = "paid", s.at.Format(layout)
		case s.refunded > 0:
			first[2] = "partially_refunded"
		}
		for i, item := range s.items {
			row := first
			if i > 0 {
				row = make([]string, len(first))
				row[0] = first[0]
			}
			row[8], row[9], row[10], row[11] = fmt.Sprint(item.quantity), "Tea, "+item.sku, "1.00", item.sku
			rows = append(rows, row)
		}
	}
	return rows
}

func orElse(s, other string) string {
	if s == "" {
		return other
	}
	return s
}
