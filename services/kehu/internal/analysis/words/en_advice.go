package words

// enAdvice says what to do with each of the eight groups.
var enAdvice = map[string]string{
	"advice.important_value.who":     "Bought lately, buy often, spend most: the regulars your shop stands on.",
	"advice.important_value.offer":   "Standing and service, not discounts: first pick of new goods, a named contact, a birthday gift, free returns. Ask them for reviews and referrals.",
	"advice.important_value.channel": "One to one, by chat or phone, always the same person. Keep them off mass mailings.",
	"advice.important_value.when":    "3–5 days before a launch; within two days once they are later than their usual interval.",

	"advice.important_develop.who":     "Spent a lot just now, but only once or twice: the likeliest to become regulars.",
	"advice.important_develop.offer":   "The next order: accessories, refills, the same range; a gift over a set amount rather than a price cut.",
	"advice.important_develop.channel": "A card in the parcel that leads to membership or chat; a text message as back-up.",
	"advice.important_develop.when":    "Ask how it works out 7 days after delivery; suggest what goes with it on days 14–30.",

	"advice.important_keep.who":     "Used to buy often and spend much, and have gone quiet. Each one lost hurts.",
	"advice.important_keep.offer":   "Ask first why (out of stock, service, another shop), then a welcome-back gift and a restock price on what they always bought.",
	"advice.important_keep.channel": "A call or chat from someone they know, the highest spenders first.",
	"advice.important_keep.when":    "This week. Once more after two weeks without an answer, then only big sales.",

	"advice.important_win_back.who":     "Spent much, but seldom and long ago.",
	"advice.important_win_back.offer":   "One good reason: the successor of what they bought, with a generous, short-lived coupon (check your margin first).",
	"advice.important_win_back.channel": "Text message or e-mail, and a custom audience on the ad platform.",
	"advice.important_win_back.when":    "2–3 weeks before a big sale; three contacts at most, then stop.",

	"advice.general_value.who":     "Come lately and often with small baskets: they keep the shop busy.",
	"advice.general_value.offer":   "A bigger basket: bundles, add-ons, large packs, a free-delivery threshold just above the average order.",
	"advice.general_value.channel": "Suggestions in cart and shop, cards in parcels, the members' group.",
	"advice.general_value.when":    "While they are ordering, and when what they buy regularly runs out.",

	"advice.general_develop.who":     "New and small. Most do not remember your name yet.",
	"advice.general_develop.offer":   "A small coupon for the second order (valid 7–14 days) and your one or two best-loved products.",
	"advice.general_develop.channel": "Parcel card, e-mail or text towards membership; automated, no staff time.",
	"advice.general_develop.when":    "3–7 days after delivery, one reminder two days before the coupon ends; nothing more.",

	"advice.general_keep.who":     "Used to come often for small things, seldom now.",
	"advice.general_keep.offer":   "Restock reminders and small basket offers, costing less than what one such order earns.",
	"advice.general_keep.channel": "Automated text message or e-mail.",
	"advice.general_keep.when":    "Once when the usual interval has passed, then along with big sales.",

	"advice.general_win_back.who":     "Seldom, little and long ago: most have left.",
	"advice.general_win_back.offer":   "No budget of their own; a mention in clearance and big sales.",
	"advice.general_win_back.channel": "The cheapest mass channel.",
	"advice.general_win_back.when":    "Two or three big sales a year; stop after three without reaction.",
}
