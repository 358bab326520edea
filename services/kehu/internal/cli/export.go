package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"
	"google.golang.org/genproto/googleapis/api/httpbody"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/timestamppb"

	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"
	"github.com/kehuhq/kehu/pkg/rpc"
	"github.com/kehuhq/kehu/services/kehu/internal/progress"
)

type exportFlags struct {
	kind                                profilev1.ExportKind
	server, format, out, zone, from, to string
	purpose                             string
}

var exportFormats = map[string]profilev1.ExportFormat{
	"csv":     profilev1.ExportFormat_EXPORT_FORMAT_CSV,
	"jsonl":   profilev1.ExportFormat_EXPORT_FORMAT_JSONL,
	"parquet": profilev1.ExportFormat_EXPORT_FORMAT_PARQUET,
}

func newExport() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "export",
		Short: "Export customers, orders or events from a running server",
		Long: `Writes a collection to a file: CSV with the columns that imports know, JSON lines
with all that the API has, or Parquet with typed columns and amounts in minor units.`,
	}
	for name, kind := range map[string]profilev1.ExportKind{
		"customers": profilev1.ExportKind_EXPORT_KIND_CUSTOMERS,
		"orders":    profilev1.ExportKind_EXPORT_KIND_ORDERS,
		"events":    profilev1.ExportKind_EXPORT_KIND_EVENTS,
	} {
		cmd.AddCommand(newExportOf(name, kind))
	}
	return cmd
}

func newExportOf(what string, kind profilev1.ExportKind) *cobra.Command {
	f := exportFlags{kind: kind}
	cmd := &cobra.Command{
		Use:     what,
		Short:   "Export " + what,
		Example: "  kehu export " + what + " --format parquet --out " + what + ".parquet",
		Args:    exactly(0),
		RunE:    func(cmd *cobra.Command, _ []string) error { return f.run(cmd.Context()) },
	}
	flags := cmd.Flags()
	flags.StringVar(&f.server, "server", defaultGRPC, "gRPC address of the server or of profile")
	flags.StringVar(&f.format, "format", "csv", "csv, jsonl or parquet")
	flags.StringVar(&f.out, "out", "", "write to this file (default: standard output)")
	flags.StringVar(&f.purpose, "purpose", "", "what the file is for, e.g. marketing: leaves out who does not allow that (default: keeping the records, all)")
	if kind != profilev1.ExportKind_EXPORT_KIND_CUSTOMERS {
		flags.StringVar(&f.from, "from", "", "first day, YYYY-MM-DD (default: all)")
		flags.StringVar(&f.to, "to", "", "last day, YYYY-MM-DD (default: all)")
		flags.StringVar(&f.zone, "zone", "UTC", "IANA time zone in which the days begin")
	}
	return cmd
}

func (f *exportFlags) request() (*profilev1.DownloadExportRequest, error) {
	r := &profilev1.DownloadExportRequest{Kind: f.kind, Format: exportFormats[f.format]}
	if f.purpose != "" {
		r.Purpose = "purposes/" + strings.TrimPrefix(f.purpose, "purposes/")
	}
	if err := oneOf("format", f.format, slices.Sorted(maps.Keys(exportFormats))...); err != nil {
		return nil, err
	}
	zone, err := time.LoadLocation(f.zone)
	if err != nil {
		return nil, usageError{fmt.Errorf("--zone must be an IANA time zone, e.g. Asia/Shanghai, is %q", f.zone)}
	}
	day := func(flag, text string, behind int) (*timestamppb.Timestamp, error) {
		if text == "" {
			return nil, nil
		}
		t, err := time.ParseInLocation(time.DateOnly, text, zone)
		if err != nil {
			return nil, usageError{fmt.Errorf("--%s must be a date as 2026-01-31, is %q", flag, text)}
		}
		return timestamppb.New(t.AddDate(0, 0, behind)), nil
	}
	var wrong [2]error
	r.StartTime, wrong[0] = day("from", f.from, 0)
	r.EndTime, wrong[1] = day("to", f.to, 1)
	return r, errors.Join(wrong[:]...)
}

func (f *exportFlags) run(ctx context.Context) (err error) {
	request, err := f.request()
	if err != nil {
		return err
	}
	if f.out == "" && f.format == "parquet" && term.IsTerminal(int(os.Stdout.Fd())) {
		return usageError{errors.New("--format parquet is no text: give --out FILE, or send it to a file")}
	}
	conn, err := rpc.Dial(f.server, rpc.DefaultClientConfig("server"))
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }()
	client := profilev1.NewExportServiceClient(conn)
	if f.out == "" {
		return download(ctx, client, request, os.Stdout, progress.Reporter{})
	}
	return create(f.out, func(w io.Writer) error { return download(ctx, client, request, w, reporter()) })
}

// excludedTrailer is where an export tells how many customers were left out.
const excludedTrailer = "kehu-excluded-without-consent"

// download writes an export as it comes.
func download(ctx context.Context, from profilev1.ExportServiceClient, r *profilev1.DownloadExportRequest, to io.Writer, report progress.Reporter) error {
	stream, err := from.DownloadExport(ctx, r)
	if err != nil {
		return err
	}
	stage := report.Start("exporting", 0, progress.Bytes)
	if err := receive(stream, to, func(written int64) { stage.Set(written, 0) }); err != nil {
		return err
	}
	stage.End()
	if n := stream.Trailer().Get(excludedTrailer); len(n) == 1 {
		fmt.Fprintf(os.Stderr, "left out, since they do not allow %s: %s customers\n", r.GetPurpose(), n[0])
	}
	return nil
}

// receive writes a file as it comes, and tells how many bytes have been written.
func receive(from grpc.ServerStreamingClient[httpbody.HttpBody], to io.Writer, wrote func(bytes int64)) error {
	written := int64(0)
	for {
		part, err := from.Recv()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		n, err := to.Write(part.GetData())
		if err != nil {
			return err
		}
		written += int64(n)
		wrote(written)
	}
}
