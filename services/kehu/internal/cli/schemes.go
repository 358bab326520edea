package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"go.yaml.in/yaml/v3"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	longrunning "cloud.google.com/go/longrunning/autogen/longrunningpb"
	segmentationv1 "github.com/kehuhq/kehu/gen/kehu/segmentation/v1"
	"github.com/kehuhq/kehu/pkg/rpc"
	"github.com/kehuhq/kehu/services/kehu/internal/call"
	"github.com/kehuhq/kehu/services/kehu/internal/findings"
	"github.com/kehuhq/kehu/services/kehu/internal/schemereport"
)

// schemesFlags are those of the subcommands of schemes.
type schemesFlags struct {
	server, lang, format string
	limit                int
	file, note           string
	resamples            int32
	seed                 uint64
	sample               int32
	overrides            []string
	by                   string
	targets, competitors []string
	scores               []string
	positioning          string
	parameters           map[string]string
	scheme               bool
}

func newSchemes() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "schemes",
		Short: "Divide customers into segments in eight steps, test the division, publish it (细分方案)",
		Long: `Schemes of a running server: a plan by which all customers are divided, from its
objective to the thresholds that a run of it has to pass before its segments serve.`,
		Example: `  kehu schemes templates rfm --scheme > plan.yaml
  kehu schemes create buyers --file plan.yaml
  kehu schemes run buyers
  kehu schemes targets buyers/RUN --target important-value="most revenue" --score important-value:fit=4 \
      --positioning "nearer than the market leader" --competitor "Big Shop"
  kehu schemes publish buyers/RUN`,
	}
	f := &schemesFlags{}
	list := f.command("list", "List schemes", 0, f.list)
	list.Flags().IntVar(&f.limit, "limit", 100, "most schemes to list")
	create := f.command("create SCHEME", "Plan a scheme, or change one, from a file", 1, f.create)
	create.Flags().StringVar(&f.file, "file", "-", "YAML or JSON file with the scheme as the API has it; - for standard input")
	revise := f.command("revise SCHEME", "Begin the next version of a published scheme", 1, f.revise)
	revise.Flags().StringVar(&f.note, "note", "", "why")
	run := f.command("run SCHEME", "Carry a scheme out, and show what came of it", 1, f.run)
	run.Flags().Int32Var(&f.resamples, "resamples", 0, "resamples of the stability test (default: 50)")
	run.Flags().Uint64Var(&f.seed, "seed", 1, "seed of all that is drawn")
	runs := f.command("runs SCHEME", "List the runs of a scheme, the newest first", 1, f.runs)
	runs.Flags().IntVar(&f.limit, "limit", 20, "most runs to list")
	publish := f.command("publish SCHEME/RUN", "Make a run's segments the ones that serve", 1, f.publish)
	publish.Flags().StringArrayVar(&f.overrides, "override", nil, `a threshold that is missed and why it does not matter, e.g. 'JACCARD_TOO_LOW=the trade knows them'; may be given again`)
	publish.Flags().StringVar(&f.by, "by", "", "with --override: who decided")
	targets := f.command("targets SCHEME/RUN", "Choose target segments, enter what people judge", 1, f.choose)
	targets.Flags().StringArrayVar(&f.targets, "target", nil, `label that is aimed at, LABEL=why; may be given again`)
	targets.Flags().StringArrayVar(&f.scores, "score", nil, `a judgement of 1 to 5, LABEL:fit=4; criteria: size, growth, purchasing-power, need, fit, competition`)
	targets.Flags().StringVar(&f.positioning, "positioning", "", "how the company stands there against the competitors")
	targets.Flags().StringArrayVar(&f.competitors, "competitor", nil, "a competitor; may be given again")
	monitor := f.command("monitor SCHEME", "Tell how the published run holds today", 1, f.monitor)
	monitor.Flags().Int32Var(&f.sample, "sample", 0, "customers to look at (default: 20,000)")
	templates := f.command("templates [TEMPLATE]", "List ready plans, or show one", 0, f.templates)
	templates.Args = cobra.MaximumNArgs(1)
	templates.Flags().StringToStringVar(&f.parameters, "set", nil, "a parameter, NAME=VALUE; may be given again")
	templates.Flags().BoolVar(&f.scheme, "scheme", false, "print only the scheme, as YAML to begin with")
	cmd.AddCommand(list, f.command("get SCHEME", "Show a scheme", 1, f.get), create, revise, run, runs,
		f.command("report SCHEME/RUN", "Show what came of a run, step by step", 1, f.report), targets, publish, monitor,
		f.command("delete SCHEME", "Delete a scheme that does not serve", 1, f.delete), templates)
	return cmd
}

func (f *schemesFlags) command(use, short string, arguments int, run func(context.Context, grpc.ClientConnInterface, []string) error) *cobra.Command {
	cmd := &cobra.Command{Use: use, Short: short, Args: exactly(arguments)}
	cmd.RunE = func(cmd *cobra.Command, args []string) (err error) {
		if err := errors.Join(oneOf("lang", f.lang, "zh", "en"), oneOf("format", f.format, "text", "json")); err != nil {
			return err
		}
		conn, err := rpc.Dial(f.server, rpc.DefaultClientConfig("the server at "+f.server))
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, conn.Close()) }()
		return run(cmd.Context(), conn, args)
	}
	cmd.Flags().StringVar(&f.server, "server", defaultGRPC, "gRPC address of the server or of segmentation")
	cmd.Flags().StringVar(&f.format, "format", "text", "text, or json (as the API answers)")
	cmd.Flags().StringVar(&f.lang, "lang", language(os.Getenv), "language of what is said in words: zh or en (default: by LANG)")
	return cmd
}

// print writes an answer: its text, or as JSON.
func (f *schemesFlags) print(m proto.Message, text func() string) error {
	if f.format == "json" {
		return (&findings.Finding{Answer: m}).Write(os.Stdout, "json", width())
	}
	_, err := io.WriteString(os.Stdout, text())
	return err
}

func (f *schemesFlags) printRun(m *segmentationv1.SchemeRun) error {
	return f.print(m, func() string { return schemereport.Text(m, f.lang, width()) })
}

// runNamed is the name of a run given as SCHEME/RUN.
func runNamed(given string) (string, error) {
	if strings.HasPrefix(given, "schemes/") {
		return given, nil
	}
	scheme, run, both := strings.Cut(given, "/")
	if !both {
		return "", usageError{fmt.Errorf("a run is given as SCHEME/RUN, not %q; kehu schemes runs lists them", given)}
	}
	return "schemes/" + scheme + "/runs/" + run, nil
}

func (f *schemesFlags) list(ctx context.Context, conn grpc.ClientConnInterface, _ []string) error {
	answer, err := segmentationv1.NewSchemeServiceClient(conn).ListSchemes(ctx, &segmentationv1.ListSchemesRequest{PageSize: int32(f.limit)})
	if err != nil {
		return err
	}
	found := &findings.Finding{Answer: answer, Title: "Schemes 细分方案", Header: []string{"scheme", "name", "version", "state", "serves"}}
	for _, s := range answer.GetSchemes() {
		found.Rows = append(found.Rows, []any{
			strings.TrimPrefix(s.GetName(), "schemes/"), s.GetDisplayName(), int64(s.GetVersion()),
			strings.ToLower(strings.TrimPrefix(s.GetState().String(), "SCHEME_STATE_")), strings.TrimPrefix(s.GetPublishedRun(), s.GetName()+"/runs/"),
		})
	}
	return found.Write(os.Stdout, f.format, width())
}

func (f *schemesFlags) get(ctx context.Context, conn grpc.ClientConnInterface, args []string) error {
	s, err := segmentationv1.NewSchemeServiceClient(conn).GetScheme(ctx, &segmentationv1.GetSchemeRequest{Name: named("schemes/", args[0])})
	if err != nil {
		return err
	}
	return f.printPlan(s)
}

// printPlan prints a scheme as JSON, or as YAML, which create takes too.
func (f *schemesFlags) printPlan(s *segmentationv1.Scheme) error {
	text, err := asYAML(s)
	if err != nil {
		return err
	}
	return f.print(s, func() string { return text })
}

func asYAML(m proto.Message) (string, error) {
	raw, err := protojson.MarshalOptions{UseProtoNames: true}.Marshal(m)
	if err != nil {
		return "", err
	}
	var tree any
	if err := json.Unmarshal(raw, &tree); err != nil {
		return "", err
	}
	text, err := yaml.Marshal(tree)
	return string(text), err
}

// read reads a scheme from the file.
func (f *schemesFlags) read() (*segmentationv1.Scheme, error) {
	in := io.Reader(os.Stdin)
	if f.file != "-" {
		file, err := os.Open(f.file)
		if err != nil {
			return nil, usageError{err}
		}
		defer func() { _ = file.Close() }()
		in = file
	}
	text, err := io.ReadAll(io.LimitReader(in, 1<<20))
	if err != nil {
		return nil, err
	}
	var tree map[string]any
	if err := yaml.Unmarshal(text, &tree); err != nil {
		return nil, usageError{fmt.Errorf("%s is neither YAML nor JSON: %w", f.file, err)}
	}
	raw, err := json.Marshal(tree)
	if err != nil {
		return nil, usageError{fmt.Errorf("%s: %w", f.file, err)}
	}
	m := &segmentationv1.Scheme{}
	if err := protojson.Unmarshal(raw, m); err != nil {
		return nil, usageError{fmt.Errorf("%s is no scheme: %w", f.file, err)}
	}
	return m, nil
}

// create plans a scheme, or changes the one that there is.
func (f *schemesFlags) create(ctx context.Context, conn grpc.ClientConnInterface, args []string) error {
	m, err := f.read()
	if err != nil {
		return err
	}
	client := segmentationv1.NewSchemeServiceClient(conn)
	name := named("schemes/", args[0])
	_, err = client.GetScheme(ctx, &segmentationv1.GetSchemeRequest{Name: name})
	if err == nil {
		m.Name, m.Etag = name, ""
		m, err = client.UpdateScheme(ctx, &segmentationv1.UpdateSchemeRequest{Scheme: m})
	} else {
		m, err = client.CreateScheme(ctx, &segmentationv1.CreateSchemeRequest{Scheme: m, SchemeId: args[0]})
	}
	if err != nil {
		return err
	}
	return f.printPlan(m)
}

func (f *schemesFlags) revise(ctx context.Context, conn grpc.ClientConnInterface, args []string) error {
	m, err := segmentationv1.NewSchemeServiceClient(conn).NewSchemeVersion(ctx, &segmentationv1.NewSchemeVersionRequest{Name: named("schemes/", args[0]), Note: f.note})
	if err != nil {
		return err
	}
	return f.printPlan(m)
}

func (f *schemesFlags) delete(ctx context.Context, conn grpc.ClientConnInterface, args []string) error {
	_, err := segmentationv1.NewSchemeServiceClient(conn).DeleteScheme(ctx, &segmentationv1.DeleteSchemeRequest{Name: named("schemes/", args[0])})
	return err
}

// follow waits for an operation that ends with a run, and prints that.
func (f *schemesFlags) follow(ctx context.Context, conn grpc.ClientConnInterface, o *longrunning.Operation) error {
	found, err := call.Follow(ctx, conn, o, reporter())
	if err != nil {
		return err
	}
	m, is := found.(*segmentationv1.SchemeRun)
	if !is {
		return fmt.Errorf("the operation ended with a %T", found)
	}
	return f.printRun(m)
}

func (f *schemesFlags) run(ctx context.Context, conn grpc.ClientConnInterface, args []string) error {
	o, err := segmentationv1.NewSchemeServiceClient(conn).CreateSchemeRun(ctx, &segmentationv1.CreateSchemeRunRequest{
		Parent: named("schemes/", args[0]), Resamples: f.resamples, Seed: f.seed,
	})
	if err != nil {
		return err
	}
	return f.follow(ctx, conn, o)
}

func (f *schemesFlags) runs(ctx context.Context, conn grpc.ClientConnInterface, args []string) error {
	answer, err := segmentationv1.NewSchemeServiceClient(conn).ListSchemeRuns(ctx, &segmentationv1.ListSchemeRunsRequest{Parent: named("schemes/", args[0]), PageSize: int32(f.limit)})
	if err != nil {
		return err
	}
	found := &findings.Finding{Answer: answer, Title: "Runs 运行", Header: []string{"run", "state", "as of", "customers", "method", "findings of the gate"}}
	for _, r := range answer.GetSchemeRuns() {
		found.Rows = append(found.Rows, []any{
			strings.TrimPrefix(r.GetName(), named("schemes/", args[0])+"/runs/"), strings.ToLower(strings.TrimPrefix(r.GetState().String(), "SCHEME_RUN_STATE_")),
			r.GetAsOf().AsTime().Format("2006-01-02 15:04"), r.GetPopulation(), r.GetSegmentation().GetMethod(), int64(len(r.GetGate().GetFindings())),
		})
	}
	return found.Write(os.Stdout, f.format, width())
}

func (f *schemesFlags) report(ctx context.Context, conn grpc.ClientConnInterface, args []string) error {
	name, err := runNamed(args[0])
	if err != nil {
		return err
	}
	m, err := segmentationv1.NewSchemeServiceClient(conn).GetSchemeRun(ctx, &segmentationv1.GetSchemeRunRequest{Name: name})
	if err != nil {
		return err
	}
	return f.printRun(m)
}

func (f *schemesFlags) publish(ctx context.Context, conn grpc.ClientConnInterface, args []string) error {
	name, err := runNamed(args[0])
	if err != nil {
		return err
	}
	request := &segmentationv1.PublishSchemeRunRequest{Name: name}
	for _, given := range f.overrides {
		reason, why, both := strings.Cut(given, "=")
		if !both || f.by == "" {
			return usageError{errors.New("--override must be REASON=why, and --by must say who decided")}
		}
		request.Overrides = append(request.Overrides, &segmentationv1.GateOverride{Reason: reason, Justification: why, DecidedBy: f.by})
	}
	o, err := segmentationv1.NewSchemeServiceClient(conn).PublishSchemeRun(ctx, request)
	if err != nil {
		return err
	}
	return f.follow(ctx, conn, o)
}

func (f *schemesFlags) monitor(ctx context.Context, conn grpc.ClientConnInterface, args []string) error {
	h, err := segmentationv1.NewSchemeServiceClient(conn).MonitorScheme(ctx, &segmentationv1.MonitorSchemeRequest{Name: named("schemes/", args[0]), SampleSize: f.sample})
	if err != nil {
		return err
	}
	return f.print(h, func() string { return schemereport.Health(h, f.lang, width()) })
}
