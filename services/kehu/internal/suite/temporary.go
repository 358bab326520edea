package suite

import (
	"context"
	"errors"
	"os"

	"golang.org/x/sync/errgroup"
	"google.golang.org/grpc"

	"github.com/kehuhq/kehu/pkg/docstore/engines"
	"github.com/kehuhq/kehu/pkg/rpc"
	"github.com/kehuhq/kehu/pkg/telemetry"
)

// Temporarily runs work against a suite that listens on no network. Without a
// store in the configuration it keeps its data in a temporary directory, which
// is removed at the end. In a directory of the caller's everything stays, with the
// keyring by which it can be read, unless store says that it is temporary; in any
// other store what is sealed is lost with the end.
func Temporarily(ctx context.Context, store engines.Config, work func(context.Context, grpc.ClientConnInterface) error) (err error) {
	kept := store.Data != ""
	if store == (engines.Config{}) {
		dir, err := os.MkdirTemp("", "kehu-")
		if err != nil {
			return err
		}
		defer func() { _ = os.RemoveAll(dir) }()
		store.Data = dir
	}
	store.Temporary = store.Temporary || !kept
	reports := telemetry.DefaultConfig()
	reports.ServiceName, reports.LogLevel = "kehu", "error"
	t, err := telemetry.Start(ctx, reports)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, t.Shutdown(context.WithoutCancel(ctx))) }()

	server, err := rpc.NewServer(rpc.DefaultServerConfig(), rpc.WithTelemetry(t))
	if err != nil {
		return err
	}
	listener, pipe, err := rpc.Pipe(PipeConfig())
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, pipe.Close()) }()
	c := DefaultConfig()
	c.Store = store
	s, err := Open(ctx, c, "", pipe, t, nil)
	if err != nil {
		return err
	}
	server.Register(s.Register)

	serving, stop := context.WithCancel(ctx)
	defer stop()
	group, serving := errgroup.WithContext(serving)
	group.Go(func() error { return server.Serve(serving, listener) })
	group.Go(func() error { return s.Serve(serving) })
	err = work(serving, pipe)
	stop()
	return errors.Join(err, group.Wait(), s.Close())
}
