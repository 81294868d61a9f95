package files

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
)

func TestRead(t *testing.T) {
	folder := t.TempDir()
	content := bytes.Repeat([]byte("0123456789"), 20_000)
	file := filepath.Join(folder, "file")
	if err := os.WriteFile(file, content, 0o600); err != nil {
		t.Fatal(err)
	}
	link := filepath.Join(folder, "link")
	if err := os.Symlink(file, link); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{file, link} {
		if got, err := Read(name, int64(len(content))); err != nil || !bytes.Equal(got, content) {
			t.Errorf("%s: %d bytes, %v; want %d", name, len(got), err, len(content))
		}
	}
	_, err := Read(file, int64(len(content))-1)
	var large TooLarge
	if !errors.As(err, &large) || large.Size != int64(len(content)) {
		t.Errorf("a file beyond the limit: %v", err)
	}
	if _, err := Read(folder, 100); !errors.Is(err, ErrFolder) {
		t.Errorf("a folder: %v", err)
	}
	if _, err := Read(filepath.Join(folder, "absent"), 100); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no file: %v", err)
	}
}

func TestReadOfAnEmptyFile(t *testing.T) {
	file := filepath.Join(t.TempDir(), "empty")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if got, err := Read(file, 0); err != nil || len(got) != 0 {
		t.Errorf("%q, %v", got, err)
	}
}
