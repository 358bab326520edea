package upload

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"

	profilev1 "github.com/kehuhq/kehu/gen/kehu/profile/v1"
	"github.com/kehuhq/kehu/services/kehu/internal/progress"
)

// Checked is what one pass over a whole file tells of it.
type Checked struct {
	SHA256 string // 64 hexadecimal digits
	Bytes  int64
	// Encoding is what every byte of the file agrees with, UTF-8 before GB18030;
	// unspecified where neither is so, as in a file cut in the middle of a
	// character. The server by itself sees only the beginning.
	Encoding profilev1.FileEncoding
}

// Check reads the file at path once. The error is that of reading it.
func Check(path string, report progress.Reporter) (*Checked, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }()
	info, err := file.Stat()
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("read %s: is not a regular file", path)
	}
	stage := report.Start("checking the file", info.Size(), progress.Bytes)
	digest, told := sha256.New(), newEncodings()
	buffer := make([]byte, 1<<20)
	var size int64
	for {
		n, err := file.Read(buffer)
		digest.Write(buffer[:n])
		told.add(buffer[:n])
		size += int64(n)
		stage.Set(size, 0)
		if errors.Is(err, io.EOF) {
			stage.End()
			return &Checked{SHA256: hex.EncodeToString(digest.Sum(nil)), Bytes: size, Encoding: told.encoding()}, nil
		}
		if err != nil {
			return nil, fmt.Errorf("read %s: %w", path, err)
		}
	}
}
