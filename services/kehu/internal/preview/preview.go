// Package preview asks profile how a file would be read and says it in plain
// words, before anything of the file is stored.
package preview

import (
	"context"
	"fmt"
	"io"
	"os"
	"slices"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	apiv1 "github.com/kehuhq/kehu/gen/kehu/api/v1"
	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"
	"github.com/kehuhq/kehu/pkg/fault"
)

// headBytes is how much of the file is shown to the server, the most that it takes.
const headBytes = 1 << 20

// Request says what is known of the file already. Zero values leave it open.
type Request struct {
	Kind     profilev1.ImportKind
	Format   *profilev1.FileFormat
	Preset   string                   // empty or "auto" has it told from the header
	Mapping  *profilev1.OrderMapping  // in place of a preset
	Columns  *profilev1.ColumnMapping // of what is no order
	Amount   profilev1.AmountMeaning  // goes before what preset and mapping say
	Currency string                   // likewise
	Zone     string                   // likewise
}

// Reading is how a file will be read.
type Reading struct {
	Format *profilev1.FileFormat
	// Mapping is nil for customers, and where Kehu's own names are taken as they are.
	Mapping *profilev1.OrderMapping
	// Preset is empty for a mapping of one's own.
	Preset string
	// Guessed tells that the preset was told from the header.
	Guessed bool

	kind           profilev1.ImportKind
	currency, zone string
	answer         *profilev1.InspectFileResponse
}

// Inspect has the beginning of the file at path looked at. What cannot be read so
// is an InvalidArgument error, the server's.
func Inspect(ctx context.Context, conn grpc.ClientConnInterface, path string, r Request) (*Reading, error) {
	head, whole, err := readHead(path)
	if err != nil {
		return nil, err
	}
	if len(head) == 0 {
		return nil, fault.New(fault.InvalidArgument, "FILE_EMPTY", "the file is empty: its first row must name the columns")
	}
	ask := &profilev1.InspectFileRequest{
		Kind: r.Kind, Head: head, Whole: whole, Format: r.Format, Preset: r.Preset,
		OrderMapping: meaning(r.Mapping, r.Amount), ColumnMapping: r.Columns, DefaultCurrencyCode: r.Currency, TimeZone: r.Zone,
	}
	client := profilev1.NewImportServiceClient(conn)
	answer, err := client.InspectFile(ctx, ask)
	if err != nil {
		return nil, err
	}
	preset, mapping := answer.GetPreset(), answer.GetOrderMapping()
	if r.Mapping == nil && r.Amount != profilev1.AmountMeaning_AMOUNT_MEANING_UNSPECIFIED {
		if mapping == nil {
			mapping = Named(answer.GetColumns())
		}
		ask.Preset, ask.OrderMapping = "", meaning(mapping, r.Amount)
		if answer, err = client.InspectFile(ctx, ask); err != nil {
			return nil, err
		}
		mapping = answer.GetOrderMapping()
	}
	return &Reading{
		Format: answer.GetFormat(), Mapping: mapping, Preset: preset,
		Guessed: preset != "" && (r.Preset == "" || r.Preset == "auto"),
		kind:    r.Kind, currency: r.Currency, zone: r.Zone, answer: answer,
	}, nil
}

func readHead(path string) (head []byte, whole bool, err error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, false, err
	}
	defer func() { _ = file.Close() }()
	head, err = io.ReadAll(io.LimitReader(file, headBytes))
	if err != nil {
		return nil, false, fmt.Errorf("read %s: %w", path, err)
	}
	info, err := file.Stat()
	return head, err == nil && info.Size() <= int64(len(head)), err
}

// meaning is the mapping with another meaning of its amount. Whoever states one
// has a file in which several rows may be one order.
func meaning(mapping *profilev1.OrderMapping, amount profilev1.AmountMeaning) *profilev1.OrderMapping {
	if mapping == nil || amount == profilev1.AmountMeaning_AMOUNT_MEANING_UNSPECIFIED {
		return mapping
	}
	other := proto.CloneOf(mapping)
	other.Amount, other.Rows = amount, profilev1.OrderRows_ORDER_ROWS_ITEM
	return other
}

// Named is the mapping that takes columns for what they have been recognised as.
func Named(columns []*profilev1.ColumnUse) *profilev1.OrderMapping {
	mapping := &profilev1.OrderMapping{Version: 1, Name: "kehu", Columns: new(profilev1.OrderColumns)}
	message := mapping.GetColumns().ProtoReflect()
	for _, c := range columns {
		if field := message.Descriptor().Fields().ByName(protoreflect.Name(c.GetField())); field != nil {
			message.Mutable(field).List().Append(protoreflect.ValueOfString(c.GetTitle()))
		}
	}
	return mapping
}

// Own is the mapping in use, also where Kehu's own names are taken as they are.
func (r *Reading) Own() *profilev1.OrderMapping {
	if r.Mapping != nil {
		return r.Mapping
	}
	mapping := Named(r.answer.GetColumns())
	mapping.CurrencyCode, mapping.TimeZone = r.currency, r.zone
	return mapping
}

// Currency is that of rows that state none, empty where there is none.
func (r *Reading) Currency() string {
	if r.currency != "" {
		return r.currency
	}
	return r.Mapping.GetCurrencyCode()
}

// Zone is that of times that state none, empty for UTC.
func (r *Reading) Zone() string {
	if r.zone != "" {
		return r.zone
	}
	return r.Mapping.GetTimeZone()
}

// CurrencyMissing tells that neither the file nor anything else states a currency,
// without which no row can be read.
func (r *Reading) CurrencyMissing() bool {
	return slices.ContainsFunc(r.answer.GetWarnings(), func(w *apiv1.Warning) bool { return w.GetReason() == "CURRENCY_MISSING" })
}
