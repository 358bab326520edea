package exporter

import (
	"cmp"
	"io"
	"slices"
	"time"

	"github.com/parquet-go/parquet-go"
	"google.golang.org/protobuf/proto"

	apiv1 "github.com/kehuhq/kehu/gen/kehu/api/v1"
)

// rowGroup is how many rows are held before they are written.
const rowGroup = 20_000

type parquetFile struct {
	columns []column // in the order of the schema's leaves
	to      *parquet.GenericWriter[any]
	rows    int
}

func newParquet(w io.Writer, name string, columns []column) *parquetFile {
	group := parquet.Group{}
	for i := range columns {
		if columns[i].kind == amount {
			columns[i].name += "_minor"
		}
		group[columns[i].name] = parquet.Optional(leaf(columns[i].kind))
	}
	// A group orders its fields by name.
	slices.SortFunc(columns, func(a, b column) int { return cmp.Compare(a.name, b.name) })
	return &parquetFile{columns, parquet.NewGenericWriter[any](w, parquet.NewSchema(name, group), parquet.Compression(&parquet.Zstd)), 0}
}

func leaf(k kind) parquet.Node {
	switch k {
	case integer, amount:
		return parquet.Int(64)
	case fraction:
		return parquet.Leaf(parquet.DoubleType)
	case boolean:
		return parquet.Leaf(parquet.BooleanType)
	case instant:
		return parquet.Timestamp(parquet.Millisecond)
	}
	return parquet.String()
}

func (f *parquetFile) write(m proto.Message) error {
	row := make(parquet.Row, len(f.columns))
	for i, c := range f.columns {
		v, err := c.of(m.ProtoReflect())
		if err != nil {
			return err
		}
		row[i] = value(v, i)
	}
	if _, err := f.to.WriteRows([]parquet.Row{row}); err != nil {
		return err
	}
	if f.rows++; f.rows%rowGroup == 0 {
		return f.to.Flush()
	}
	return nil
}

func value(v any, column int) parquet.Value {
	switch x := v.(type) {
	case nil:
		return parquet.NullValue().Level(0, 0, column)
	case time.Time:
		v = x.UnixMilli()
	case *apiv1.Money:
		v = x.GetMinorUnits()
	}
	return parquet.ValueOf(v).Level(0, 1, column)
}

func (f *parquetFile) close() error { return f.to.Close() }
