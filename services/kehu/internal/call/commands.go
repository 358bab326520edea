package call

import (
	"context"
	"io"
	"slices"
	"strings"
	"time"

	longrunning "cloud.google.com/go/longrunning/autogen/longrunningpb"
	"github.com/spf13/cobra"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/kehuhq/kehu/pkg/fault"
	"github.com/kehuhq/kehu/pkg/rpc"
	"github.com/kehuhq/kehu/services/kehu/internal/progress"
)

// defaultDeadline is how long one answer may take. Streams and waiting have no limit.
const defaultDeadline = time.Minute

// Surroundings are what commands are given.
type Surroundings struct {
	Server   string   // HOST:PORT that is called unless --server says another
	Args     []string // the command line: methods are made of the services that occur in it
	In       io.Reader
	Out      io.Writer
	Progress progress.Reporter
}

// Commands are one per service of the suite, with one below it per method. The
// methods of services that are not asked for are left out: a thousand flags
// cost each start some milliseconds.
func Commands(s Surroundings) []*cobra.Command {
	var all []*cobra.Command
	for _, group := range Groups() {
		all = append(all, s.service(group))
	}
	return all
}

func (s Surroundings) service(group Group) *cobra.Command {
	cmd := &cobra.Command{
		Use:   group.Name + " METHOD",
		Short: "Call the " + group.Name + " service of a running server",
		Long: `Calls the ` + group.Name + ` service of a running server: every method of its API. The
fields of a request are flags; --json gives a whole request, and flags win over it.`,
		// So that a method that there is not is named, and not its first flag.
		FParseErrWhitelist: cobra.FParseErrWhitelist{UnknownFlags: true},
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return cmd.Help()
			}
			return unknown(cmd, args[0])
		},
		SuggestionsMinimumDistance: 4,
	}
	if !slices.Contains(s.Args, group.Name) {
		return cmd
	}
	for _, service := range group.Services {
		id := string(service.FullName())
		cmd.AddGroup(&cobra.Group{ID: id, Title: string(service.Name()) + ": " + headline(comment(service))})
		for i := range service.Methods().Len() {
			method := s.method(service.Methods().Get(i))
			method.GroupID = id
			cmd.AddCommand(method)
		}
	}
	return cmd
}

// unknown says which method was probably meant.
func unknown(cmd *cobra.Command, name string) error {
	hint := "; " + cmd.CommandPath() + " --help lists them"
	if near := cmd.SuggestionsFor(name); len(near) > 0 {
		hint = "; did you mean " + strings.Join(near, " or ") + "?"
	}
	return fault.New(fault.InvalidArgument, "UNKNOWN_COMMAND", "%s has no method %q%s", cmd.CommandPath(), name, hint)
}

// methodFlags are the flags that are not fields of the request.
type methodFlags struct {
	server, json, output string
	all, wait            bool
	deadline             time.Duration
}

func (s Surroundings) method(method protoreflect.MethodDescriptor) *cobra.Command {
	said := comment(method)
	cmd := &cobra.Command{
		Use:               kebab(string(method.Name())),
		Short:             headline(said),
		Long:              said + "\n\nCalls " + strings.TrimPrefix(describe(method), "/") + ".",
		ValidArgsFunction: cobra.NoFileCompletions,
	}
	var f methodFlags
	flags := cmd.Flags()
	flags.SortFlags = false
	flags.StringVar(&f.server, "server", s.Server, "gRPC address of the server or of the service")
	if method.IsStreamingClient() {
		flags.StringVar(&f.json, "json", "-", "the requests, one JSON object a line: @FILE, or - for what is piped in")
	} else {
		flags.StringVar(&f.json, "json", "", "the request as JSON: itself, @FILE, or - for what is piped in")
	}
	flags.StringVar(&f.output, "output", "", "json, or jsonl: one object a line, of a list one item (streams and --all are so)")
	_ = cmd.RegisterFlagCompletionFunc("output", cobra.FixedCompletions([]string{formatJSON, formatLines}, cobra.ShellCompDirectiveNoFileComp))
	streams := method.IsStreamingClient() || method.IsStreamingServer()
	if !streams {
		flags.DurationVar(&f.deadline, "deadline", defaultDeadline, "how long the answer may take")
	}
	if paged(method) {
		flags.BoolVar(&f.all, "all", false, "follow the pages to the end")
	}
	if operates(method) {
		flags.BoolVar(&f.wait, "wait", false, "follow the operation to its end, and print its result")
	}
	src := &source{request: method.Input(), flags: flagsOf(cmd, method.Input())}
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if len(args) > 0 {
			return fault.Invalid("arguments", "takes flags only, got %q; see %s --help", args[0], cmd.CommandPath())
		}
		src.in, src.json = s.In, f.json
		return s.run(cmd.Context(), method, src, f)
	}
	return cmd
}

// operates tells the methods that answer with a long-running operation.
func operates(method protoreflect.MethodDescriptor) bool {
	return !method.IsStreamingServer() && method.Output().FullName() == (&longrunning.Operation{}).ProtoReflect().Descriptor().FullName()
}

func (s Surroundings) run(ctx context.Context, method protoreflect.MethodDescriptor, src *source, f methodFlags) error {
	if err := checkOutput(f.output); err != nil {
		return err
	}
	if f.all && f.output == formatJSON {
		return fault.Invalid("--output", "must be %s with --all", formatLines)
	}
	if f.deadline < 0 {
		return fault.Invalid("--deadline", "must be above 0")
	}
	config := rpc.DefaultClientConfig("the server at " + f.server)
	if f.deadline > 0 {
		config.Deadline = f.deadline
	}
	conn, err := rpc.Dial(f.server, config)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }()
	streams := method.IsStreamingClient() || method.IsStreamingServer()
	c := &invocation{conn: conn, method: method, source: src, out: printer{
		out: s.Out, lines: f.output == formatLines || f.output == "" && (f.all || streams),
	}}
	if streams {
		return c.stream(ctx)
	}
	request, err := src.one()
	if err != nil {
		return err
	}
	if f.all {
		return c.pages(ctx, request)
	}
	answer, err := c.unary(ctx, request)
	if err != nil {
		return err
	}
	if o, ok := answer.(*longrunning.Operation); ok && f.wait {
		if answer, err = Follow(ctx, conn, o, s.Progress); err != nil {
			return err
		}
	}
	return c.out.print(answer)
}
