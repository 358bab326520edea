package call

import (
	"bytes"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	_ "github.com/kehuhq/kehu/gen/kehu/feedback/v1"
	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"
	_ "github.com/kehuhq/kehu/gen/kehu/referral/v1"
	_ "github.com/kehuhq/kehu/gen/kehu/segmentation/v1"
	_ "github.com/kehuhq/kehu/gen/kehu/valuation/v1"
	"github.com/kehuhq/kehu/pkg/fault"
)

var names = []string{"profile", "valuation", "segmentation", "referral", "feedback"}

// everything is the command line with the methods of all services.
func everything() *cobra.Command {
	root := &cobra.Command{Use: "kehu", SilenceErrors: true, SilenceUsage: true}
	root.AddCommand(Commands(Surroundings{Server: "127.0.0.1:1", Args: names, In: strings.NewReader("")})...)
	return root
}

// TestEveryMethodHasACommand also sees to it that each says what it does, and
// that each field of its request can be given.
func TestEveryMethodHasACommand(t *testing.T) {
	root := everything()
	seen := make(map[*cobra.Command]protoreflect.FullName)
	for _, group := range Groups() {
		for _, service := range group.Services {
			for i := range service.Methods().Len() {
				method := service.Methods().Get(i)
				path := []string{group.Name, kebab(string(method.Name()))}
				cmd, rest, err := root.Find(path)
				if err != nil || len(rest) > 0 {
					t.Errorf("%s has no command: %v %v", method.FullName(), rest, err)
					continue
				}
				if other := seen[cmd]; other != "" {
					t.Errorf("%s and %s have one command: give one another name", method.FullName(), other)
				}
				seen[cmd] = method.FullName()
				if cmd.Short == "" {
					t.Errorf("%s does not say what it does: run make generate", method.FullName())
				}
				for field := range fieldsOf(method.Input()) {
					name := flagName([]protoreflect.FieldDescriptor{field})
					flag := cmd.Flags().Lookup(name)
					if flag == nil {
						t.Errorf("%s has no flag --%s", method.FullName(), name)
					} else if _, ok := flag.Value.(*fieldFlag); !ok {
						t.Errorf("%s: --%s is a flag of every command: give the field another name", method.FullName(), name)
					}
				}
			}
		}
	}
	if len(seen) < 60 {
		t.Errorf("only %d methods were found", len(seen))
	}
	if cmds := Commands(Surroundings{}); len(cmds) != len(names) || cmds[0].HasSubCommands() {
		t.Errorf("without a service in the command line: %d commands, methods %t", len(cmds), cmds[0].HasSubCommands())
	}
}

func TestKebab(t *testing.T) {
	for name, want := range map[string]string{
		"GetCustomer": "get-customer", "customer_id": "customer-id", "ListNPSScores": "list-nps-scores", "Get8DReport": "get8-d-report", "a": "a",
	} {
		if got := kebab(name); got != want {
			t.Errorf("%s is %s, want %s", name, got, want)
		}
	}
}

// requestOf makes the request that a command line means.
func requestOf(t *testing.T, request proto.Message, json string, args ...string) (proto.Message, error) {
	t.Helper()
	cmd := &cobra.Command{Use: "x"}
	src := &source{request: request.ProtoReflect().Descriptor(), json: json, in: strings.NewReader(json)}
	src.flags = flagsOf(cmd, src.request)
	if err := cmd.ParseFlags(args); err != nil {
		return nil, err
	}
	return src.one()
}

func TestFlagsMakeRequests(t *testing.T) {
	for _, c := range []struct {
		name    string
		request proto.Message
		json    string
		args    []string
		want    string
	}{
		{"scalars", &profilev1.ListCustomersRequest{}, "", []string{"--page-size", "7", "--page-token=a=b"}, `{"pageSize":7,"pageToken":"a=b"}`},
		{"short enum", &profilev1.CreateCustomerRequest{}, "", []string{"--customer.kind", "individual"}, `{"customer":{"kind":1}}`},
		{"full enum", &profilev1.CreateCustomerRequest{}, "", []string{"--customer.kind=CUSTOMER_KIND_ENTERPRISE"}, `{"customer":{"kind":2}}`},
		{"date", &profilev1.CreateCustomerRequest{}, "", []string{"--customer.birth-date", "2000-02-29"}, `{"customer":{"birthDate":{"year":2000,"month":2,"day":29}}}`},
		{"mask", &profilev1.UpdateCustomerRequest{}, "", []string{"--update-mask", "display_name,birth_date.year"}, `{"updateMask":"displayName,birthDate.year"}`},
		{"instant", &profilev1.StreamPurchaseHistoriesRequest{}, "", []string{"--before", "2026-01-31T08:00:00+08:00"}, `{"before":"2026-01-31T00:00:00Z"}`},
		{"day", &profilev1.StreamPurchaseHistoriesRequest{}, "", []string{"--before", "2026-01-31"}, `{"before":"2026-01-31T00:00:00Z"}`},
		{"list", &profilev1.BatchGetCustomersRequest{}, "", []string{"--names", "customers/a,b", "--names", "customers/c"}, `{"names":["customers/a,b","customers/c"]}`},
		{"list over list", &profilev1.BatchGetCustomersRequest{}, `{"names":["customers/x"]}`, []string{"--names", "customers/c"}, `{"names":["customers/c"]}`},
		{"switch", &profilev1.CreateCustomerRequest{}, "", []string{"--validate-only"}, `{"validateOnly":true}`},
		{"switch off over JSON", &profilev1.CreateCustomerRequest{}, `{"validateOnly":true}`, []string{"--validate-only=false"}, `{}`},
		{"zero over JSON", &profilev1.ListCustomersRequest{}, `{"pageSize":5}`, []string{"--page-size", "0"}, `{}`},
		{"message and its fields", &profilev1.CreateCustomerRequest{}, `{"customer":{"region":"x"},"customerId":"1"}`,
			[]string{"--customer", `{"city":"a"}`, "--customer.display-name", "王芳"}, `{"customer":{"city":"a","displayName":"王芳"},"customerId":"1"}`},
		{"bytes", &profilev1.AppendImportRequest{}, "", []string{"--data", "AAE="}, `{"data":"AAE="}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := requestOf(t, c.request, c.json, c.args...)
			if err != nil {
				t.Fatal(err)
			}
			if err := protojson.Unmarshal([]byte(c.want), c.request); err != nil {
				t.Fatal(err)
			}
			if !proto.Equal(got, c.request) {
				t.Errorf("got %v, want %v", got, c.request)
			}
		})
	}
}

func TestBadFlagsAreNamed(t *testing.T) {
	for _, c := range []struct {
		request     proto.Message
		json        string
		args        []string
		name, right string
	}{
		{&profilev1.ListCustomersRequest{}, "", []string{"--page-size", "x"}, "--page-size", "a whole number"},
		{&profilev1.ListCustomersRequest{}, "", []string{"--page-size", "2147483648"}, "--page-size", "a whole number"},
		{&profilev1.ListCustomersRequest{}, "", []string{"--page-size=1", "--page-size=2"}, "--page-size", "twice"},
		{&profilev1.ListCustomersRequest{}, "", []string{"--page-token", "\xff"}, "--page-token", "UTF-8"},
		{&profilev1.CreateCustomerRequest{}, "", []string{"--customer.kind", "alien"}, "--customer.kind", "individual, enterprise"},
		{&profilev1.CreateCustomerRequest{}, "", []string{"--customer.birth-date", "2001-02-29"}, "--customer.birth-date", "2026-01-31"},
		{&profilev1.CreateCustomerRequest{}, "", []string{"--customer", `{"vip":true}`}, "--customer", `unknown field "vip"`},
		{&profilev1.CreateCustomerRequest{}, "", []string{"--customer", "@/no/such/file"}, "--customer", "no such file"},
		{&profilev1.CreateCustomerRequest{}, "", []string{"--customer.city"}, "--customer.city", "needs an argument"},
		{&profilev1.CreateCustomerRequest{}, "", []string{"--customer.town", "x"}, "--customer.town", "unknown flag"},
		{&profilev1.StreamPurchaseHistoriesRequest{}, "", []string{"--before", "yesterday"}, "--before", "2026-01-31T08:00:00+08:00"},
		{&profilev1.AppendImportRequest{}, "", []string{"--data", "!"}, "--data", "base64"},
		{&profilev1.ListCustomersRequest{}, `{"pagesize":1}`, nil, "--json", `unknown field "pagesize"`},
		{&profilev1.ListCustomersRequest{}, `{}x`, nil, "--json", "invalid value x"},
		{&profilev1.ListCustomersRequest{}, `{"pageSize":1,"pageSize":2}`, nil, "--json", "duplicate"},
		{&profilev1.ListCustomersRequest{}, `[]`, nil, "--json", "unexpected token"},
	} {
		_, err := requestOf(t, c.request, c.json, c.args...)
		if err == nil || !strings.Contains(err.Error(), c.name) || !strings.Contains(err.Error(), c.right) {
			t.Errorf("%q %q: %v; want it to name %s and say %q", c.json, c.args, err, c.name, c.right)
		}
	}
}

func TestLinesOfRequests(t *testing.T) {
	read := func(text string) (all []string, err error) {
		s := &source{request: (&profilev1.AppendImportRequest{}).ProtoReflect().Descriptor(), json: "-", in: strings.NewReader(text)}
		err = s.each(func(m proto.Message) error {
			all = append(all, m.(*profilev1.AppendImportRequest).GetName())
			return nil
		})
		return all, err
	}
	if all, err := read("{\"name\":\"a\"}\n\n {\"name\":\"b\"}"); err != nil || strings.Join(all, " ") != "a b" {
		t.Errorf("got %q, %v", all, err)
	}
	all, err := read("{\"name\":\"a\"}\n{\"nam\":\"b\"}\n")
	if len(all) != 1 || fault.KindOf(err) != fault.InvalidArgument || !strings.Contains(err.Error(), `line 2 of the input: (line 1:2): unknown field "nam"`) {
		t.Errorf("got %q, %v", all, err)
	}
}

func TestAnswersAsLines(t *testing.T) {
	page := &profilev1.ListCustomersResponse{
		Customers: []*profilev1.Customer{{Name: "customers/1"}, {Name: "customers/2"}}, NextPageToken: "t",
	}
	var out bytes.Buffer
	if err := (printer{out: &out, lines: true}).print(page); err != nil {
		t.Fatal(err)
	}
	if lines := strings.Split(strings.TrimSpace(out.String()), "\n"); len(lines) != 2 || !strings.HasPrefix(lines[1], `{"name":"customers/2",`) {
		t.Errorf("got %q", out.String())
	}
	out.Reset()
	if err := (printer{out: &out, lines: true}).print(&profilev1.BatchGetCustomersResponse{Missing: []string{"customers/3"}}); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(out.String(), `"missing":["customers/3"]`) || strings.Count(out.String(), "\n") != 1 {
		t.Errorf("an answer that is more than its items must be written whole: %q", out.String())
	}
}
