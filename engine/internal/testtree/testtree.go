// Package testtree writes small repositories for tests.
package testtree

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Write creates the files below a fresh folder and returns it. A name that
// ends in " ->" is a symlink to its content.
func Write(t testing.TB, files map[string]string) string {
	t.Helper()
	root, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	for name, content := range files {
		link, isLink := strings.CutSuffix(name, " ->")
		path := filepath.Join(root, filepath.FromSlash(link))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if isLink {
			err = os.Symlink(content, path)
		} else {
			err = os.WriteFile(path, []byte(content), 0o644)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return root
}
