package bench

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"google.golang.org/grpc"

	"github.com/kehuhq/kehu/pkg/rpc"
)

// child is a `kehu serve` in a process of its own.
type child struct {
	command *exec.Cmd
	conn    *grpc.ClientConn // over TCP
	dir     string           // of the data
	stopped bool
}

// startChild starts one on a new folder, which is gone with the benchmark.
func startChild(b *testing.B) *child {
	b.Helper()
	c := &child{dir: b.TempDir()}
	c.command = exec.CommandContext(context.WithoutCancel(b.Context()), kehuCommand(b), "serve", "--data", c.dir, "--http", "127.0.0.1:0", "--grpc", "127.0.0.1:0", "--telemetry-log-level", "error")
	c.command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // an interrupt is for us, who stop it in order
	c.command.Stderr = os.Stderr
	stdout, err := c.command.StdoutPipe()
	must(b, err)
	must(b, c.command.Start())
	b.Cleanup(func() { must(b, c.stop()) })
	line, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		b.Fatalf("kehu serve said %q: %v", line, err)
	}
	for word := range strings.FieldsSeq(line) {
		if address, ok := strings.CutPrefix(word, "grpc="); ok {
			c.conn, err = rpc.Dial(address, rpc.DefaultClientConfig("suite"))
			must(b, err)
			return c
		}
	}
	b.Fatalf("kehu serve named no address: %q", line)
	return nil
}

// stop ends the process; what it wrote stays.
func (c *child) stop() error {
	if c.stopped {
		return nil
	}
	c.stopped = true
	var closing error
	if c.conn != nil {
		closing = c.conn.Close()
	}
	return errors.Join(closing, c.command.Process.Signal(syscall.SIGTERM), c.command.Wait())
}

func (c *child) peakMiB() float64 { return peakMiB(c.command.Process.Pid) }

// disk is the size of the data in MiB.
func (c *child) disk() float64 {
	var size int64
	_ = filepath.WalkDir(c.dir, func(_ string, entry fs.DirEntry, err error) error { // a file merged away meanwhile is no matter
		if err == nil && entry.Type().IsRegular() {
			if info, err := entry.Info(); err == nil {
				size += info.Size()
			}
		}
		return nil
	})
	return float64(size) / (1 << 20)
}

// rest waits until the process uses less than a tenth of a core, a minute at most.
func (c *child) rest(ctx context.Context) error {
	const look = time.Second
	clock := time.NewTicker(look)
	defer clock.Stop()
	for used, tries := c.processor(), 0; tries < 60; tries++ {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-clock.C:
		}
		now := c.processor()
		if now-used < look.Seconds()/10 {
			return nil
		}
		used = now
	}
	return nil
}

// processor is the time of processors used, in seconds; 0 where the system does
// not tell.
func (c *child) processor() float64 {
	return processorOf(fmt.Sprintf("/proc/%d/stat", c.command.Process.Pid))
}

func ownProcessor() float64 { return processorOf("/proc/self/stat") }

func processorOf(path string) float64 {
	stat, err := os.ReadFile(path)
	if err != nil {
		return 0
	}
	_, rest, _ := strings.Cut(string(stat), ") ")
	var user, system float64
	if fields := strings.Fields(rest); len(fields) > 12 {
		_, _ = fmt.Sscan(fields[11]+" "+fields[12], &user, &system)
	}
	return (user + system) / 100 // the clock tick of Linux
}
