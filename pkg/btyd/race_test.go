//go:build race

package btyd_test

const raceDetector = true
