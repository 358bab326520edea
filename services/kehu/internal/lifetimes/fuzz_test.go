package lifetimes_test

import (
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/kehuhq/kehu/pkg/fault"
	"github.com/kehuhq/kehu/services/kehu/internal/lifetimes"
	"github.com/kehuhq/kehu/services/kehu/internal/progress"
	"github.com/kehuhq/kehu/services/kehu/internal/table"
)

// FuzzFile: whatever a file holds, the answer is JSON and text, or a fault of the
// caller.
func FuzzFile(f *testing.F) {
	f.Add([]byte("d,e,g,x,w\n1,1,a,2,1\n2,0,b,3,2\n3,1,a,5,1\n4,1,b,1,1\n"), uint8(0))
	f.Add([]byte("d;e;g;x;w\n1;1;;2;1\n2;1;b;NA;2\n3;1;a;5;1\n4;1;b;1;1\n"), uint8(7))
	f.Add([]byte("\"d\",\"e\",\"g\",\"x\",\"w\"\n\"1\n"), uint8(1))
	f.Add([]byte("\xd6\xdc\n1"), uint8(2))
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, text []byte, kind uint8) {
		path := filepath.Join(dir, "f.csv")
		if err := os.WriteFile(path, text, 0o600); err != nil {
			t.Fatal(err)
		}
		s := lifetimes.Settings{Method: lifetimes.Methods[int(kind)%len(lifetimes.Methods)], Interval: "log", Level: 0.9, Robust: kind&8 == 8, Baseline: true}
		c := lifetimes.Columns{Duration: "d", Event: "e", Drop: kind&16 == 16}
		if kind&32 == 32 {
			c.Weights = "w"
		}
		switch s.Method {
		case "km", "logrank":
			c.Group = "g"
		default:
			c.Covariates = []string{"x"}
		}
		if err := analyse(path, c, s); err != nil && fault.KindOf(err) != fault.InvalidArgument {
			t.Errorf("%v", err)
		}
	})
}

func analyse(path string, c lifetimes.Columns, s lifetimes.Settings) error {
	from, err := table.Open(path, table.Format{}, progress.Reporter{})
	if err != nil {
		return err
	}
	defer func() { _ = from.Close() }()
	data, err := lifetimes.Read(from, c)
	if err != nil {
		return err
	}
	result, err := lifetimes.Run(data, s)
	if err != nil {
		return err
	}
	if err := result.WriteText(io.Discard, 80); err != nil {
		return err
	}
	_, err = json.Marshal(result)
	return err
}
