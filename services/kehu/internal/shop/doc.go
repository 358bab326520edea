// Package shop makes up a shop whose truth is known: a seed gives the same
// customers, orders, survey answers and recommendations to the byte (on one
// processor architecture), and with them the parameters and the hidden traits
// they were drawn from.
//
// Buying follows BG/NBD (Fader, Hardie and Lee, 2005): customer i buys first at
// some moment, then at rate λᵢ ~ Gamma(r, rate α) per week, and leaves for good
// with probability pᵢ ~ Beta(a, b) after each repeat purchase. Spend follows
// Gamma-Gamma (Fader and Hardie, 2013): an order is worth Gamma(p, rate νᵢ) with
// νᵢ ~ Gamma(q, rate γ). Rates, leaving and spend are independent of each other;
// a customer's liking of the shop is correlated with pᵢ and shows in the answers
// to the survey and in who recommends the shop to whom.
//
// What is in the orders, what was looked at before them, what was agreed to and
// what the salespeople of the shop wrote down is made up around that, and changes
// none of it.
//
// Around this truth lie what real exports contain: rows that cannot be read, rows
// that need repair, the same person twice. Each is labelled.
//
// Every customer has random streams of his own, so anything can be made again
// from his index and nothing is kept: memory does not grow with the shop.
package shop
