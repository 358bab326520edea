// Package e2e holds the end-to-end tests: they run the built binaries, in one
// process and in six, and talk to them as users do. They are tests only.
package e2e
