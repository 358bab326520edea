package main

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"testing"
	"time"
)

var (
	sample = []file{{"kehu", 0o755, []byte("binary")}, {"README.md", 0o644, []byte("# 客户")}}
	at     = time.Date(2026, 1, 2, 3, 4, 6, 0, time.UTC)
)

func TestTar(t *testing.T) {
	name, packed, err := pack(platform{"linux", "arm64"}, "kehu_1_linux_arm64", sample, at)
	if err != nil || name != "kehu_1_linux_arm64.tar.gz" {
		t.Fatal(name, err)
	}
	unzipped, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		t.Fatal(err)
	}
	archive := tar.NewReader(unzipped)
	for _, want := range sample {
		header, err := archive.Next()
		if err != nil {
			t.Fatal(err)
		}
		content, err := io.ReadAll(archive)
		if err != nil || string(content) != string(want.content) {
			t.Errorf("%s holds %q, %v", header.Name, content, err)
		}
		if header.Name != "kehu_1_linux_arm64/"+want.name || header.FileInfo().Mode() != want.mode || !header.ModTime.Equal(at) || header.Uname != "" {
			t.Errorf("%+v", header)
		}
	}
	if _, err := archive.Next(); !errors.Is(err, io.EOF) {
		t.Errorf("there is more: %v", err)
	}
}

func TestZip(t *testing.T) {
	name, packed, err := pack(platform{"windows", "amd64"}, "kehu_1_windows_amd64", sample, at)
	if err != nil || name != "kehu_1_windows_amd64.zip" {
		t.Fatal(name, err)
	}
	archive, err := zip.NewReader(bytes.NewReader(packed), int64(len(packed)))
	if err != nil || len(archive.File) != len(sample) {
		t.Fatal(err)
	}
	for i, f := range archive.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		content, err := io.ReadAll(r)
		if err != nil || string(content) != string(sample[i].content) || !f.Modified.Equal(at) || f.Name != "kehu_1_windows_amd64/"+sample[i].name {
			t.Errorf("%s of %s holds %q, %v", f.Name, f.Modified, content, err)
		}
	}
}

func TestTheSameFilesGiveTheSameBytes(t *testing.T) {
	for _, p := range []platform{{"linux", "amd64"}, {"windows", "amd64"}} {
		_, one, err := pack(p, "kehu", sample, at)
		if err != nil {
			t.Fatal(err)
		}
		_, two, err := pack(p, "kehu", sample, at)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(one, two) {
			t.Errorf("%v: other bytes", p)
		}
	}
}

func TestVersions(t *testing.T) {
	for _, version := range []string{"", "a/b", `a\b`, "a b"} {
		if err := run(version, at, t.TempDir()); err == nil {
			t.Errorf("version %q was taken", version)
		}
	}
}
