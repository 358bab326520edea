// Package clv works out customer lifetime value deterministically: the margin
// that a customer is planned to bring, less for those who leave and discounted
// for the wait, for business where margin and retention are known or assumed. It
// estimates nothing; pkg/btyd does.
//
// With N periods, n periods a year, a margin mₜ in period t, an annual retention
// rate R and an annual discount rate D, the rates of a period are
//
//	r = R^(1/n)    d = (1+D)^(1/n) − 1
//
// and the residual value is
//
//	Σ mₜ·rᵗ/(1+d)ᵗ
//
// over t = 0 … N−1 where margins fall due at the start of a period (the first is
// certain and not discounted), and over t = 1 … N where they fall due at its end.
// Source: Berger and Nasr, "Customer lifetime value: marketing models and
// applications", Journal of Interactive Marketing 12(1), 1998, whose case 1 this is
// with retention, discount and margin on one calendar.
//
// Historic value, what a customer has brought already, is neither discounted nor
// mixed in: it is added in the total alone. All of it is margin; a plan made of
// revenue gives no lifetime value.
package clv
