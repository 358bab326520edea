package upload

import (
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strconv"

	"google.golang.org/grpc"

	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"
)

// Refused is a row of a file that an import refused.
type Refused struct {
	Row     int64  `json:"row"`
	Column  string `json:"column,omitempty"`
	Value   string `json:"value,omitempty"`
	Reason  string `json:"reason"`
	Message string `json:"message"`
}

// SaveRefused writes the refused rows of an import to w, as CSV.
func SaveRefused(ctx context.Context, conn grpc.ClientConnInterface, name string, w io.Writer) error {
	stream, err := profilev1.NewImportServiceClient(conn).DownloadRejectedRows(ctx, &profilev1.DownloadRejectedRowsRequest{Name: name})
	if err != nil {
		return err
	}
	for {
		part, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if _, err := w.Write(part.GetData()); err != nil {
			return err
		}
	}
}

// FirstRefused returns up to n of the refused rows of an import, in the file's order.
func FirstRefused(ctx context.Context, conn grpc.ClientConnInterface, name string, n int) ([]Refused, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	r, w := io.Pipe()
	defer func() { _ = r.Close() }()
	go func() { _ = w.CloseWithError(SaveRefused(ctx, conn, name, w)) }()
	reader := csv.NewReader(r)
	if _, err := reader.Read(); err != nil { // the header
		return nil, err
	}
	var rows []Refused
	for len(rows) < n {
		fields, err := reader.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		row, err := strconv.ParseInt(fields[0], 10, 64)
		if err != nil || len(fields) < 5 {
			return nil, fmt.Errorf("refused row %q: %w", fields, err)
		}
		rows = append(rows, Refused{Row: row, Column: fields[1], Value: fields[2], Reason: fields[3], Message: fields[4]})
	}
	return rows, nil
}
