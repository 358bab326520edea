// Command release builds kehu for every platform and packs each binary with the
// README and the licence:
//
//	dist/kehu_<version>_<os>_<arch>.tar.gz   (.zip for Windows)
//	dist/SHA256SUMS
//
// It is run at the root of the repository, by make release. The same sources, the
// same Go and the same -version and -time give the same bytes.
package main

import (
	"bytes"
	"crypto/sha256"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// platform is what a binary runs on, by Go's names.
type platform struct{ os, arch string }

var platforms = []platform{
	{"linux", "amd64"}, {"linux", "arm64"},
	{"darwin", "amd64"}, {"darwin", "arm64"},
	{"windows", "amd64"}, {"windows", "arm64"},
}

// beside are the files packed with the binary.
var beside = []string{"README.md", "README.zh-CN.md", "LICENSE"}

func main() {
	version := flag.String("version", "", "the `version` that kehu version prints")
	at := flag.Int64("time", 0, "time of the files in the archives, in `seconds` since 1970; that of the commit")
	dist := flag.String("dist", "dist", "the `directory` for the archives")
	flag.Parse()
	if err := run(*version, time.Unix(*at, 0).UTC(), *dist); err != nil {
		fmt.Fprintln(os.Stderr, "release:", err)
		os.Exit(1)
	}
}

func run(version string, at time.Time, dist string) error {
	if version == "" || strings.ContainsAny(version, `/\ `) {
		return fmt.Errorf("-version must be given, without slashes and spaces, is %q", version)
	}
	var files []file
	for _, name := range beside {
		content, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		files = append(files, file{name, 0o644, content})
	}
	if err := os.MkdirAll(dist, 0o755); err != nil {
		return err
	}
	var sums bytes.Buffer
	for _, p := range platforms {
		started := time.Now()
		binary, err := build(p, version)
		if err != nil {
			return err
		}
		folder := fmt.Sprintf("kehu_%s_%s_%s", version, p.os, p.arch)
		name, packed, err := pack(p, folder, append([]file{binary}, files...), at)
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(dist, name), packed, 0o644); err != nil {
			return err
		}
		fmt.Fprintf(&sums, "%x  %s\n", sha256.Sum256(packed), name)
		fmt.Printf("%-40s %5.1f MiB in %s\n", name, float64(len(packed))/(1<<20), time.Since(started).Round(time.Second))
	}
	return os.WriteFile(filepath.Join(dist, "SHA256SUMS"), sums.Bytes(), 0o644)
}

// build compiles kehu for p: static, without paths of this machine, the debug
// tables or anything else that differs from machine to machine.
func build(p platform, version string) (file, error) {
	name := "kehu"
	if p.os == "windows" {
		name += ".exe"
	}
	dir, err := os.MkdirTemp("", "kehu-release-")
	if err != nil {
		return file{}, err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	path := filepath.Join(dir, name)
	command := exec.Command("go", "build", "-trimpath", "-buildvcs=false", "-ldflags", "-s -w -X main.version="+version,
		"-o", path, "./services/kehu/cmd/kehu")
	command.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS="+p.os, "GOARCH="+p.arch, "GOWORK=", "GOFLAGS=")
	if out, err := command.CombinedOutput(); err != nil {
		return file{}, fmt.Errorf("build for %s/%s: %w\n%s", p.os, p.arch, err, out)
	}
	content, err := os.ReadFile(path)
	return file{name, 0o755, content}, err
}
