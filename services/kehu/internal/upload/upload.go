// Package upload sends a file to profile's import service and sees it through:
// it goes on where the last acknowledgement was when the connection breaks, and
// waits for the orders to be put together.
package upload

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"
	"github.com/kehuhq/kehu/services/kehu/internal/progress"
)

const chunkBytes = 512 << 10

// Settings say what the file is and how patient to be.
type Settings struct {
	Kind     profilev1.ImportKind
	Name     string // of the file, for people; empty is that of its path
	Currency string // of rows that state none
	Zone     string // of dates without a zone
	DryRun   bool
	Checked  *Checked                 // what Check said of the file; nil has Send check it
	Format   *profilev1.FileFormat    // how the file is written; nil leaves that to the server
	Mapping  *profilev1.OrderMapping  // how its columns are read; nil takes Kehu's own names
	Columns  *profilev1.ColumnMapping // the same of what is no order
	// Patience is for how long an unreachable server is tried again without
	// any progress; 0 is 30 seconds.
	Patience time.Duration
	Progress progress.Reporter
	// Acknowledged, where given, is told each time more of the file is durable.
	Acknowledged func(*profilev1.AppendImportResponse)
}

// Send imports the file at path and returns the finished import, also when it
// ended as FAILED. The error is the server's, or that of reading the file.
func Send(ctx context.Context, conn grpc.ClientConnInterface, path string, s Settings) (*profilev1.Import, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }()
	if s.Checked == nil {
		if s.Checked, err = Check(path, s.Progress); err != nil {
			return nil, err
		}
	}
	if s.Patience == 0 {
		s.Patience = 30 * time.Second
	}
	u := &sender{client: profilev1.NewImportServiceClient(conn), file: file, size: s.Checked.Bytes, settings: s}
	announced := &profilev1.Import{
		Kind: s.Kind, FileSha256: s.Checked.SHA256, FileBytes: s.Checked.Bytes, FileName: cmp.Or(s.Name, filepath.Base(path)),
		DefaultCurrencyCode: s.Currency, TimeZone: s.Zone, DryRun: s.DryRun,
		Format: s.Format, OrderMapping: s.Mapping, ColumnMapping: s.Columns,
	}
	return u.run(ctx, announced)
}

type sender struct {
	client   profilev1.ImportServiceClient
	file     io.ReaderAt
	size     int64
	settings Settings
	stage    *progress.Stage
	state    *profilev1.Import
}

func (u *sender) run(ctx context.Context, announced *profilev1.Import) (*profilev1.Import, error) {
	err := u.patiently(ctx, func() (err error) {
		u.state, err = u.client.CreateImport(ctx, &profilev1.CreateImportRequest{Import: announced})
		return err
	})
	if err != nil {
		return nil, err
	}
	if u.state.GetState() == profilev1.ImportState_IMPORT_STATE_RECEIVING {
		u.stage = u.settings.Progress.Start("importing", u.size, progress.Bytes)
		err = u.patiently(ctx, func() error { return u.stream(ctx) })
		if err != nil {
			return nil, err
		}
		u.stage.End()
	}
	return u.settled(ctx)
}

// patiently repeats step while the server is unreachable or another sender
// holds the import, until Patience has passed without progress.
func (u *sender) patiently(ctx context.Context, step func() error) error {
	const firstPause, longestPause = 50 * time.Millisecond, 2 * time.Second
	pause, moved, since := firstPause, u.durable(), time.Now()
	for {
		err := step()
		if err == nil || !passing(err) {
			return err
		}
		if now := u.durable(); now > moved {
			pause, moved, since = firstPause, now, time.Now()
		}
		if time.Since(since) > u.settings.Patience {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(pause):
		}
		pause = min(2*pause, longestPause)
	}
}

func (u *sender) durable() int64 { return u.state.GetDurableBytes() }

// passing tells whether the same call may go through later.
func passing(err error) bool {
	switch status.Code(err) {
	case codes.Unavailable, codes.Aborted:
		return true
	default:
		return false
	}
}

// stream sends from the durable offset to the end and takes the acknowledgements.
func (u *sender) stream(ctx context.Context) error {
	state, err := u.client.GetImport(ctx, &profilev1.GetImportRequest{Name: u.state.GetName()})
	if err != nil {
		return err
	}
	u.state = state
	if state.GetState() != profilev1.ImportState_IMPORT_STATE_RECEIVING {
		return nil
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	stream, err := u.client.StreamImport(ctx)
	if err != nil {
		return err
	}
	sent := make(chan error, 1)
	go func() { sent <- u.sendFrom(stream, state.GetDurableBytes()) }()
	for {
		ack, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			if u.state.GetState() == profilev1.ImportState_IMPORT_STATE_RECEIVING {
				return status.Error(codes.Unavailable, "the server ended the upload before the file's end")
			}
			return nil
		}
		if err != nil {
			cancel()
			if local := <-sent; local != nil && !errors.Is(local, io.EOF) && status.Code(local) == codes.Unknown {
				return local // reading our own file failed, which is why the stream ended
			}
			return err
		}
		u.state.DurableBytes, u.state.State = ack.GetDurableBytes(), ack.GetState()
		u.stage.Set(ack.GetDurableBytes(), 0)
		if u.settings.Acknowledged != nil {
			u.settings.Acknowledged(ack)
		}
	}
}

func (u *sender) sendFrom(stream profilev1.ImportService_StreamImportClient, offset int64) error {
	buffer := make([]byte, chunkBytes)
	for {
		n, err := u.file.ReadAt(buffer, offset)
		if err != nil && !errors.Is(err, io.EOF) {
			return fmt.Errorf("read the file at byte %d: %w", offset, err)
		}
		last := offset+int64(n) >= u.size
		err = stream.Send(&profilev1.AppendImportRequest{Name: u.state.GetName(), Offset: offset, Data: buffer[:n], Last: last})
		if err != nil {
			return err
		}
		offset += int64(n)
		if last {
			return stream.CloseSend()
		}
		if n == 0 {
			return fmt.Errorf("the file shrank while it was read: %d of %d bytes are left", offset, u.size)
		}
	}
}

// settled waits until the import has come to its end.
func (u *sender) settled(ctx context.Context) (*profilev1.Import, error) {
	var stage *progress.Stage
	const pause = 100 * time.Millisecond
	for {
		err := u.patiently(ctx, func() (err error) {
			u.state, err = u.client.GetImport(ctx, &profilev1.GetImportRequest{Name: u.state.GetName()})
			return err
		})
		if err != nil {
			return nil, err
		}
		if u.state.GetState() != profilev1.ImportState_IMPORT_STATE_ASSEMBLING {
			if stage != nil {
				stage.End()
			}
			return u.state, nil
		}
		if stage == nil {
			stage = u.settings.Progress.Start("assembling orders", 0, progress.Count)
		}
		stage.Set(u.state.GetCreated()+u.state.GetUpdated()+u.state.GetUnchanged(), 0)
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(pause):
		}
	}
}
