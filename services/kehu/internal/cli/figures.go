package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/spf13/cobra"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/timestamppb"

	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"
	"github.com/kehuhq/kehu/pkg/rpc"
	"github.com/kehuhq/kehu/services/kehu/internal/findings"
)

// figuresFlags are those of every command that asks a running server for figures.
type figuresFlags struct{ server, format string }

// add gives cmd the flags, and makes it print what ask finds.
func (f *figuresFlags) add(cmd *cobra.Command, ask func(context.Context, grpc.ClientConnInterface) (*findings.Finding, error)) {
	f.addFor(cmd, 0, func(ctx context.Context, conn grpc.ClientConnInterface, _ []string) (*findings.Finding, error) {
		return ask(ctx, conn)
	})
}

// addFor is add for a command with so many arguments, which ask is given.
func (f *figuresFlags) addFor(cmd *cobra.Command, arguments int, ask func(context.Context, grpc.ClientConnInterface, []string) (*findings.Finding, error)) {
	cmd.Flags().StringVar(&f.server, "server", defaultGRPC, "gRPC address of the server or of profile")
	cmd.Flags().StringVar(&f.format, "format", "text", "text, json (as the API answers) or csv")
	cmd.Args = exactly(arguments)
	cmd.RunE = func(cmd *cobra.Command, args []string) (err error) {
		if err := oneOf("format", f.format, findings.Formats...); err != nil {
			return err
		}
		conn, err := rpc.Dial(f.server, rpc.DefaultClientConfig("the server at "+f.server))
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, conn.Close()) }()
		found, err := ask(cmd.Context(), conn, args)
		if err != nil {
			return err
		}
		return found.Write(os.Stdout, f.format, width())
	}
}

// analysisFlags are those of every analysis: of whom, and as of when.
type analysisFlags struct {
	figuresFlags
	where               []string
	segment, zone, asOf string
}

// add gives cmd the flags, and makes it have the analysis made that define defines.
func (f *analysisFlags) add(cmd *cobra.Command, define func(*profilev1.Analysis, *time.Location) error) {
	f.figuresFlags.add(cmd, func(ctx context.Context, conn grpc.ClientConnInterface) (*findings.Finding, error) {
		asked, err := f.analysis(define)
		if err != nil {
			return nil, err
		}
		done, err := findings.Analyse(ctx, conn, asked, reporter())
		if err != nil {
			return nil, err
		}
		return findings.Of(done)
	})
	flags := cmd.Flags()
	flags.StringArrayVar(&f.where, "where", nil, "only customers of whom this holds, e.g. 'orders.count>=3'; may be given again")
	flags.StringVar(&f.segment, "segment", "", "only members of this published segment")
	flags.StringVar(&f.zone, "zone", "UTC", "IANA time zone in which days begin, e.g. Asia/Shanghai")
	flags.StringVar(&f.asOf, "as-of", "", "last day that counts, YYYY-MM-DD (default: up to now)")
}

func (f *analysisFlags) analysis(define func(*profilev1.Analysis, *time.Location) error) (*profilev1.Analysis, error) {
	zone, err := time.LoadLocation(f.zone)
	if err != nil {
		return nil, usageError{fmt.Errorf("--zone must be an IANA time zone, e.g. Asia/Shanghai, is %q", f.zone)}
	}
	asked := &profilev1.Analysis{TimeZone: f.zone}
	if f.asOf != "" {
		if asked.AsOf, err = startOf("as-of", f.asOf, zone, 1); err != nil {
			return nil, err
		}
	}
	if asked.Population, err = population("where", f.where, f.segment); err != nil {
		return nil, err
	}
	return asked, define(asked, zone)
}

// startOf is the beginning of a day, so many days later.
func startOf(flag, day string, zone *time.Location, later int) (*timestamppb.Timestamp, error) {
	t, err := time.ParseInLocation(time.DateOnly, day, zone)
	if err != nil {
		return nil, usageError{fmt.Errorf("--%s must be a date, YYYY-MM-DD, is %q", flag, day)}
	}
	return timestamppb.New(t.AddDate(0, 0, later)), nil
}

// population is who meets all conditions and is in the segment; nil is everybody.
func population(flag string, conditions []string, segment string) (*profilev1.Population, error) {
	if len(conditions) == 0 && segment == "" {
		return nil, nil
	}
	p := &profilev1.Population{}
	if segment != "" {
		p.Segment = named("segments/", segment)
	}
	for _, text := range conditions {
		c, err := condition(flag, text)
		if err != nil {
			return nil, err
		}
		p.Conditions = append(p.Conditions, c)
	}
	return p, nil
}
