// Package mapfile keeps an OrderMapping as YAML for a person to edit: one file
// per shop that says how its order export is read.
package mapfile

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"

	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"
	"github.com/kehuhq/kehu/pkg/fault"
)

// version of the form.
const version = 1

// maxBytes is the most a mapping file may hold. The largest preset takes 6 KiB.
const maxBytes = 256 << 10

// The keys of the file, in the order in which they are written.
const (
	keyVersion  = "version"
	keyName     = "name"
	keyColumns  = "columns"
	keyRows     = "rows"
	keyAmount   = "amount"
	keyStatuses = "statuses"
	keyZone     = "time_zone"
	keyCurrency = "currency"
)

// The words of the file for what the API has enums for.
var (
	rows = map[string]profilev1.OrderRows{
		"order": profilev1.OrderRows_ORDER_ROWS_ORDER,
		"item":  profilev1.OrderRows_ORDER_ROWS_ITEM,
	}
	amounts = map[string]profilev1.AmountMeaning{
		"order": profilev1.AmountMeaning_AMOUNT_MEANING_ORDER,
		"line":  profilev1.AmountMeaning_AMOUNT_MEANING_LINE,
	}
	statuses = map[string]profilev1.OrderStatus{
		"paid":      profilev1.OrderStatus_ORDER_STATUS_PAID,
		"pending":   profilev1.OrderStatus_ORDER_STATUS_PENDING,
		"cancelled": profilev1.OrderStatus_ORDER_STATUS_CANCELLED,
		"returned":  profilev1.OrderStatus_ORDER_STATUS_RETURNED,
	}
)

// Read reads the mapping at path. What is wrong in it is an InvalidArgument
// fault that names the file and the line.
func Read(path string) (*profilev1.OrderMapping, error) { return readFile(path, Parse) }

func readFile[M any](path string, parse func([]byte) (*M, error)) (*M, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }()
	text, err := io.ReadAll(io.LimitReader(file, maxBytes+1))
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", path, err)
	}
	mapping, err := parse(text)
	if err == nil {
		return mapping, nil
	}
	if f, ok := fault.As(err); ok {
		named := *f
		named.Message = path + ": " + f.Message
		return nil, &named
	}
	return nil, err
}

// ErrExists says that a mapping is not written over a file that is there.
var ErrExists = errors.New("exists already: name a new file, or remove that one")

// Write writes the mapping to a new file at path.
func Write(path string, mapping *profilev1.OrderMapping) (err error) {
	text, err := Format(mapping)
	if err != nil {
		return err
	}
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("%s %w", path, ErrExists)
	}
	if err != nil {
		return err
	}
	_, err = file.Write(text)
	return errors.Join(err, file.Close())
}

// wrong is a fault about the line given; 0 where it is about the file as a whole.
func wrong(line int, format string, args ...any) *fault.Fault {
	message := fmt.Sprintf(format, args...)
	if line > 0 {
		message = fmt.Sprintf("line %d: %s", line, message)
	}
	return fault.New(fault.InvalidArgument, "MAPPING_FILE_INVALID", "%s", message)
}

// syntax is what the YAML reader says, in our form.
func syntax(err error) *fault.Fault {
	return wrong(0, "%s", strings.TrimPrefix(err.Error(), "yaml: "))
}
