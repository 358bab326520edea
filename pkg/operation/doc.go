// Package operation runs long-running operations that survive a restart.
//
// An operation is one document. Start writes it; a worker of any process that
// serves the same store claims it for the time of a lease, runs its kind, and
// records the response or the error. Every claim raises the document's fencing
// token, and whatever a run writes is checked against the token and the
// document's version in one atomic step: a run that lost its lease can commit
// nothing more, even if it still believes in it.
//
// A run saves its state by checkpoints and is started again from the last one
// after a crash, a lost lease, a graceful stop or a failure that may pass. What
// it does between two checkpoints can therefore happen more than once, and at
// the edge of a lease in two processes at a time: its output must be idempotent
// by (operation, part).
//
// Callers see google.longrunning messages named operations/{service}/{id}.
package operation
