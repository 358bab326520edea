// Package bench measures the suite as its callers meet it: `make bench` runs it
// and docs/performance.md says what the figures mean. Each ratio compares two
// sides that took turns within one run, so that what else the machine was doing
// bears on both.
package bench
