package words

// enFigures defines the figures of a report: of whom they are, and what they say.
var enFigures = map[string]string{
	"figure.reconciliation.of":        "rows",
	"figure.reconciliation.means":     "Rows are order rows, skipped rows (blank ones, totals) and refused rows. Paid is before refunds; a refund counts in the month of its order; net is paid less refunded. Unpaid and closed orders are in no sum. Months are those of the shop's zone.",
	"figure.revenue.of":               "counting orders",
	"figure.revenue.means":            "Revenue is paid less refunded. An order counts when it was paid, not closed and not wholly refunded, names its buyer, and was made by the as-of date.",
	"figure.repeat_rate.of":           "customers with a counting order",
	"figure.repeat_rate.means":        "Customers with orders on at least two different days ÷ all customers. Several orders of one day are one occasion.",
	"figure.rfm.of":                   "customers with a counting order",
	"figure.rfm.means":                "R: days since the last order. F: days with an order. M: revenue. Each is scored 1 to 5 by fifths; above the mean score (or the median, where chosen) is high, else low; the three together make eight groups.",
	"figure.cohorts.of":               "customers with a counting order",
	"figure.cohorts.means":            "Customers by the month of their first order; month n is the share of them who ordered again in the nth calendar month after it. Months that have not ended are blank, never 0.",
	"figure.outlook.of":               "customers with a counting order",
	"figure.outlook.means":            "Expected orders and the risk of none, by MBG/NBD fitted to days with an order, or the models named; several orders of one day are one. They hold on the assumption that customers go on as they have.",
	"figure.order_values.of":          "counting orders",
	"figure.order_values.means":       "Net value of each order (paid less refunded). Ranges include their lower edge and not their upper one; counts are exact, quantiles approximate.",
	"figure.purchase_intervals.of":    "intervals between successive order days",
	"figure.purchase_intervals.means": "Days between a customer's successive days with an order. Customers with a single such day have none, so this speaks of repeat buyers only.",
	"figure.concentration.of":         "customers with a counting order",
	"figure.concentration.means":      "Customers by revenue, highest first: what the top 1, 5 and 20% of them (rounded up) bring ÷ all revenue.",
	"figure.top_customers.of":         "customers with a counting order",
	"figure.top_customers.means":      "By revenue. RFM is the three scores, 5 the best: 555 bought lately, often and much.",
	"figure.quality.of":               "rows",
	"figure.quality.means":            "By the share of rows, orders or revenue that an issue touches, as far as that is known, the largest first.",
}
