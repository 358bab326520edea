// Package btyd fits and applies the models of how customers of a shop without
// contracts buy until they stop ("buy till you die"), and what follows from them:
// whether a customer is still one, how often he will buy, what is left of him today.
//
//	cells := btyd.NewCells()
//	cells.Add(btyd.DayHistory(2, 213, 272, 7), 1)  // … for every customer
//	model, estimate, err := btyd.FitMBGNBD(ctx, cells, btyd.Options{})
//	predictor, err := btyd.NewPredictor(model)
//	alive, err := predictor.Alive(history)
//	purchases, err := predictor.Expected(history, 52)
//
// Models of purchases:
//
//   - BGNBD: P. Fader, B. Hardie, K. Lee, "Counting Your Customers" the Easy Way: An
//     Alternative to the Pareto/NBD Model, Marketing Science 24 (2005).
//   - MBGNBD: E. Batislam, M. Denizel, A. Filiztekin, Empirical validation and comparison
//     of models for customer base analysis, Int. J. of Research in Marketing 24 (2007).
//   - ParetoNBD: D. Schmittlein, D. Morrison, R. Colombo, Counting Your Customers: Who
//     Are They and What Will They Do Next?, Management Science 33 (1987); in the
//     notation of P. Fader, B. Hardie, A Note on Deriving the Pareto/NBD Model (2005).
//   - Covariates that do not change: P. Fader, B. Hardie, Incorporating time-invariant
//     covariates into the Pareto/NBD and BG/NBD models (2007).
//
// Fits are by maximum likelihood with analytic gradients and Hessians, from counts of
// distinct histories (Cells). What data cannot support is refused or warned of with a
// stable reason; no function returns NaN or infinity, and none panics. The package
// reads no clock and does no I/O.
package btyd
