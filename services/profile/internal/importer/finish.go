package importer

import "fmt"

// finish is the good end of an import.
func (f *file) finish() {
	f.State = done
	if f.rows() == 0 {
		f.warn("FILE_NO_ROWS", "the file has a header and no rows")
	}
	if len(f.Tally.Ignored) > 0 {
		f.warn("COLUMNS_IGNORED", "these members of the lines are not known and were ignored: "+quoteSome(f.Tally.Ignored))
	}
	c := &f.Tally.Counts
	f.warnOf(c.LeftOut, "VALUES_LEFT_OUT",
		"%d values, such as masked phone numbers, were left out of rows that were taken over; they are listed with the refused rows")
	f.warnOf(c.Taken, "IDENTIFIERS_TAKEN",
		"%d identifiers, such as phone numbers, belong to other customers and stay there: each may be one person known twice. They are listed with the refused rows; merge the customers where they are one")
	f.warnOf(c.Totals, "TOTAL_ROWS_SKIPPED", "%d rows sum up others and were skipped")
	f.warnOf(c.Unnamed, "ANONYMOUS_ORDERS", "%d orders name no buyer: they are in the totals, and in no figure of customers")
	f.warnOf(c.Struck, "BUYER_MASKED",
		"%d orders have a buyer with characters struck out, who cannot be told from others: they count as anonymous")
	f.warnOf(c.Unusable, "BUYER_UNUSABLE",
		"%d orders have a buyer who cannot be told from others for long, such as a virtual phone number: they count as anonymous")
	if c.RoundedIDs > 1 && 2*c.RoundedIDs > c.LongIDs {
		f.warnOf(c.RoundedIDs, "ORDER_IDS_ROUNDED",
			"%d order ids end in 000, as where a spreadsheet has rounded them: orders may have been taken for one another. Export again, and do not save the file from a spreadsheet")
	}
	f.warnOf(f.Tally.Reconciliation.Beyond, "RECONCILIATION_CUT",
		"%d orders are in no total: there are too many months and currencies")
	if f.Tally.Reconciliation.TooLarge {
		f.warn("TOTALS_TOO_LARGE", "a total is larger than can be told: the amounts of the file cannot be right")
	}
}

func (f *file) warn(reason, message string) {
	f.Warnings = append(f.Warnings, warning{reason, message})
}

// warnOf warns of n things, if there are any.
func (f *file) warnOf(n int64, reason, format string) {
	if n > 0 {
		f.warn(reason, fmt.Sprintf(format, n))
	}
}
