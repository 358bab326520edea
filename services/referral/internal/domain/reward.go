package domain

// Rewards are the transfers that reward a referral whose budget is reserved:
// nothing for a side that gets no points. Their ids and contents are the same
// each time.
func (r *Referral) Rewards() []*Transfer {
	name := "programs/" + r.Program + "/referrals/" + r.ID
	var transfers []*Transfer
	side := func(side string, account AccountID, points int64) {
		if points > 0 {
			transfers = append(transfers, &Transfer{
				ID: r.Program + "." + r.ID + "." + side, From: ProgramAccount(r.Program), To: account,
				Points: points, Memo: "referral reward", Referral: name,
			})
		}
	}
	side("advocate", r.AdvocateAccount, r.AdvocatePoints)
	side("referee", r.RefereeAccount, r.RefereePoints)
	return transfers
}

// Reversals are the transfers that take the rewards back, also from an account
// that has not got the points any more.
func (r *Referral) Reversals() []*Transfer {
	transfers := r.Rewards()
	for _, t := range transfers {
		t.ID += ".reversal"
		t.From, t.To = t.To, t.From
		t.Memo, t.Overdraw = "referral reward taken back", true
	}
	return transfers
}
