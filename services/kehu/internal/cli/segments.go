package cli

import (
	"context"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/fieldmaskpb"

	segmentationv1 "github.com/kehuhq/kehu/gen/kehu/segmentation/v1"
	valuationv1 "github.com/kehuhq/kehu/gen/kehu/valuation/v1"
	"github.com/kehuhq/kehu/services/kehu/internal/findings"
)

// segmentsFlags are those of the subcommands of segments.
type segmentsFlags struct {
	tellFlags
	define   definitionFlags
	name     string
	describe string
	labels   map[string]string
	check    bool
	limit    int
}

func newSegments() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "segments",
		Short: "Define segments of customers, see who is in them, and why (客户分群)",
		Long: `Segments of customers (客户分群) of a running server: rules over what is known of
customers, RFM groups, lists kept by hand, and the classes of schemes. Their members
are kept current; why a customer is in one can be asked at any time.`,
	}
	f := &segmentsFlags{}
	list := f.command("list", "List segments", 0, f.list)
	list.Flags().IntVar(&f.limit, "limit", 1000, "most segments to list")
	cmd.AddCommand(list, f.command("get SEGMENT", "Show a segment: size, freshness, relations", 1, f.get))
	create := f.command("create SEGMENT", "Define a segment, as a draft", 1, f.create)
	update := f.command("update SEGMENT", "Change a segment", 1, f.update)
	for _, c := range []*cobra.Command{create, update} {
		f.define.add(c)
		c.Flags().BoolVar(&f.define.list, "list", false, "define it by a list kept by hand: see add and remove")
		c.Flags().StringVar(&f.name, "name", "", "name to show")
		c.Flags().StringVar(&f.describe, "description", "", "what it is for")
		c.Flags().StringToStringVar(&f.labels, "label", nil, "label of your own, NAME=VALUE; may be given again")
		c.Flags().BoolVar(&f.check, "check", false, "only check the definition, and estimate how large the segment would be")
	}
	cmd.AddCommand(create, update, f.command("delete SEGMENT", "Delete a segment with its history", 1, f.delete))
	estimate := f.command("estimate [SEGMENT]", "Estimate how large a segment is or would be, with an interval", 0, f.estimate)
	estimate.Args = cobra.MaximumNArgs(1)
	f.define.add(estimate)
	estimate.Flags().Float64Var(&f.define.level, "level", 0.95, "coverage of the interval")
	estimate.Flags().IntVar(&f.define.sample, "sample", 5000, "customers to look at")
	cmd.AddCommand(estimate)
	cmd.AddCommand(newSegmentStates()...)
	cmd.AddCommand(newSegmentMembers()...)
	cmd.AddCommand(newSegmentKpis())
	return cmd
}

// definitionFlags say who belongs to a segment.
type definitionFlags struct {
	rule, ruleFile, groups, cells string
	list                          bool
	level                         float64
	sample                        int
}

func (d *definitionFlags) add(cmd *cobra.Command) {
	cmd.Flags().StringVar(&d.rule, "rule", "", `rule that holds for its customers, e.g. 'orders.count >= 3'`)
	cmd.Flags().StringVar(&d.ruleFile, "rule-file", "", "file with the rule, - for standard input")
	cmd.Flags().StringVar(&d.groups, "rfm-groups", "", "RFM groups of eight with commas between them, e.g. important-value,important-keep")
	cmd.Flags().StringVar(&d.cells, "rfm-cells", "", `RFM cells with commas between them, e.g. 555,5*5`)
}

// set puts the definition into a segment, and tells its field; empty where none is given.
func (d *definitionFlags) set(s *segmentationv1.Segment) (field string, err error) {
	given := 0
	for _, is := range []bool{d.rule != "", d.ruleFile != "", d.groups != "" || d.cells != "", d.list} {
		if is {
			given++
		}
	}
	switch {
	case given > 1:
		return "", usageError{fmt.Errorf("--rule, --rule-file, --rfm-groups with --rfm-cells, and --list exclude each other")}
	case d.rule != "" || d.ruleFile != "":
		expression := d.rule
		if d.ruleFile != "" {
			if expression, err = readRule(d.ruleFile); err != nil {
				return "", err
			}
		}
		s.Definition = &segmentationv1.Segment_Rule{Rule: &segmentationv1.RuleDefinition{Expression: expression}}
		return "rule", nil
	case d.list:
		s.Definition = &segmentationv1.Segment_List{List: &segmentationv1.ListDefinition{}}
		return "list", nil
	case d.groups != "" || d.cells != "":
		rfm := &segmentationv1.RfmDefinition{}
		for _, group := range split(d.groups) {
			value, known := valuationv1.RfmGroup_value["RFM_GROUP_"+upper(group)]
			if !known || value == 0 {
				return "", usageError{fmt.Errorf("--rfm-groups must be of the eight, e.g. important-value, has %q", group)}
			}
			rfm.Groups = append(rfm.Groups, valuationv1.RfmGroup(value))
		}
		rfm.Cells = split(d.cells)
		s.Definition = &segmentationv1.Segment_Rfm{Rfm: rfm}
		return "rfm", nil
	}
	return "", nil
}

func split(list string) []string {
	var parts []string
	for part := range strings.SplitSeq(list, ",") {
		if part = strings.TrimSpace(part); part != "" {
			parts = append(parts, part)
		}
	}
	return parts
}

func (f *segmentsFlags) list(ctx context.Context, conn grpc.ClientConnInterface, _ []string) (*findings.Finding, error) {
	if f.limit < 1 || f.limit > 1000 {
		return nil, usageError{fmt.Errorf("--limit must be from 1 to 1000, is %d", f.limit)}
	}
	answer, err := segmentationv1.NewSegmentServiceClient(conn).ListSegments(ctx, &segmentationv1.ListSegmentsRequest{PageSize: int32(f.limit)})
	if err != nil {
		return nil, err
	}
	return findings.Segments(answer, f.lang), nil
}

func (f *segmentsFlags) get(ctx context.Context, conn grpc.ClientConnInterface, args []string) (*findings.Finding, error) {
	s, err := segmentationv1.NewSegmentServiceClient(conn).GetSegment(ctx, &segmentationv1.GetSegmentRequest{Name: named("segments/", args[0])})
	return segment(s, f.lang, err)
}

func segment(s *segmentationv1.Segment, lang string, err error) (*findings.Finding, error) {
	if err != nil {
		return nil, err
	}
	return findings.Segment(s, lang), nil
}

func (f *segmentsFlags) create(ctx context.Context, conn grpc.ClientConnInterface, args []string) (*findings.Finding, error) {
	s := &segmentationv1.Segment{DisplayName: f.name, Description: f.describe, Labels: f.labels}
	if _, err := f.define.set(s); err != nil {
		return nil, err
	}
	s, err := segmentationv1.NewSegmentServiceClient(conn).CreateSegment(ctx, &segmentationv1.CreateSegmentRequest{
		SegmentId: strings.TrimPrefix(args[0], "segments/"), Segment: s, ValidateOnly: f.check, Estimate: f.check,
	})
	return segment(s, f.lang, err)
}

func (f *segmentsFlags) update(ctx context.Context, conn grpc.ClientConnInterface, args []string) (*findings.Finding, error) {
	s := &segmentationv1.Segment{Name: named("segments/", args[0]), DisplayName: f.name, Description: f.describe, Labels: f.labels}
	mask := &fieldmaskpb.FieldMask{}
	field, err := f.define.set(s)
	if err != nil {
		return nil, err
	}
	for path, given := range map[string]bool{field: field != "", "display_name": f.name != "", "description": f.describe != "", "labels": f.labels != nil} {
		if given {
			mask.Paths = append(mask.Paths, path)
		}
	}
	if len(mask.GetPaths()) == 0 {
		return nil, usageError{fmt.Errorf("nothing to change is given: see --help")}
	}
	s, err = segmentationv1.NewSegmentServiceClient(conn).UpdateSegment(ctx, &segmentationv1.UpdateSegmentRequest{
		Segment: s, UpdateMask: mask, ValidateOnly: f.check, Estimate: f.check && field != "",
	})
	return segment(s, f.lang, err)
}

func (f *segmentsFlags) delete(ctx context.Context, conn grpc.ClientConnInterface, args []string) (*findings.Finding, error) {
	name := named("segments/", args[0])
	done, err := segmentationv1.NewSegmentServiceClient(conn).DeleteSegment(ctx, &segmentationv1.DeleteSegmentRequest{Name: name})
	if err != nil {
		return nil, err
	}
	return &findings.Finding{Title: name + " is deleted", Header: []string{"segment"}, Rows: [][]any{{name}}, Answer: done}, nil
}

func (f *segmentsFlags) estimate(ctx context.Context, conn grpc.ClientConnInterface, args []string) (*findings.Finding, error) {
	s := &segmentationv1.Segment{}
	field, err := f.define.set(s)
	if err != nil {
		return nil, err
	}
	request := &segmentationv1.EstimateSegmentRequest{Level: f.define.level, SampleSize: int32(f.define.sample)}
	switch {
	case len(args) == 1 && field != "", len(args) == 0 && field == "":
		return nil, usageError{fmt.Errorf("takes either a segment or a definition: --rule, --rfm-groups, --rfm-cells")}
	case len(args) == 1:
		request.Definition = &segmentationv1.EstimateSegmentRequest_Segment{Segment: named("segments/", args[0])}
	case field == "rule":
		request.Definition = &segmentationv1.EstimateSegmentRequest_Rule{Rule: s.GetRule()}
	default:
		request.Definition = &segmentationv1.EstimateSegmentRequest_Rfm{Rfm: s.GetRfm()}
	}
	e, err := segmentationv1.NewSegmentEstimateServiceClient(conn).EstimateSegment(ctx, request)
	if err != nil {
		return nil, err
	}
	return findings.SegmentEstimate(e), nil
}

// maxRule bounds what is read from a file: a rule has 8 KiB at most.
const maxRule = 64 << 10

func readRule(path string) (string, error) {
	in := os.Stdin
	if path != "-" {
		file, err := os.Open(path)
		if err != nil {
			return "", err
		}
		defer func() { _ = file.Close() }() // it was only read
		in = file
	}
	text, err := io.ReadAll(io.LimitReader(in, maxRule))
	return strings.TrimSpace(string(text)), err
}
