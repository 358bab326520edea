package operation

import (
	"log/slog"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"go.uber.org/goleak"

	"github.com/kehuhq/kehu/pkg/docstore"
	"github.com/kehuhq/kehu/pkg/docstore/mongostore/mongotest"
	"github.com/kehuhq/kehu/pkg/docstore/pebblestore"
)

// suite is what holds on every engine.
var suite = []struct {
	name string
	test func(*testing.T, docstore.Engine)
}{
	{"StartRunsToResponse", testStartRunsToResponse},
	{"MetadataOfKind", testMetadataOfKind},
	{"StartIsIdempotent", testStartIsIdempotent},
	{"StartRefusesBadInput", testStartRefusesBadInput},
	{"RegisterRefusesMistakes", testRegisterRefusesMistakes},
	{"FailureIsRecorded", testFailureIsRecorded},
	{"RetryUntilItPasses", testRetryUntilItPasses},
	{"RetryIsBounded", testRetryIsBounded},
	{"WaitingIsNoFailure", testWaitingIsNoFailure},
	{"CrashLoopIsBounded", testCrashLoopIsBounded},
	{"ProgressIsWrittenOnceASecond", testProgressIsWrittenOnceASecond},
	{"ParallelIsBounded", testParallelIsBounded},
	{"KindsTakeTurns", testKindsTakeTurns},
	{"UnknownKindIsLeftAlone", testUnknownKindIsLeftAlone},
	{"ResumesAfterCrash", testResumesAfterCrash},
	{"LostLeaseCommitsNothing", testLostLeaseCommitsNothing},
	{"FenceBetweenTwoManagers", testFenceBetweenTwoManagers},
	{"EachIsClaimedOnce", testEachIsClaimedOnce},
	{"CloseHandsOver", testCloseHandsOver},
	{"CloseRunsOutOfTime", testCloseRunsOutOfTime},
	{"LeaseIsRenewed", testLeaseIsRenewed},
	{"ClockSetBackHoldsNothingUp", testClockSetBackHoldsNothingUp},
	{"ClockSetBackLosesNoLease", testClockSetBackLosesNoLease},
	{"Cancel", testCancel},
	{"CancelElsewhere", testCancelElsewhere},
	{"CancelOrphan", testCancelOrphan},
	{"List", testList},
	{"Delete", testDelete},
	{"ExpiredAreSwept", testExpiredAreSwept},
	{"Watch", testWatch},
	{"WatchElsewhere", testWatchElsewhere},
	{"WatchEnds", testWatchEnds},
	{"WaitTimesOut", testWaitTimesOut},
	{"Server", testServer},
}

func TestOnPebble(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	for _, s := range suite {
		t.Run(s.name, func(t *testing.T) { s.test(t, openPebble(t, vfs.NewMem())) })
	}
}

func TestOnMongoDB(t *testing.T) {
	mongotest.URI(t) // skips, or fails, once for all
	for _, s := range suite {
		t.Run(s.name, func(t *testing.T) { s.test(t, mongotest.Open(t)) })
	}
}

func openPebble(t *testing.T, fs vfs.FS) docstore.Engine {
	t.Helper()
	e, err := pebblestore.Open("store", pebblestore.Options{FS: fs, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := e.Close(); err != nil {
			t.Errorf("close the store: %v", err)
		}
	})
	return e
}
