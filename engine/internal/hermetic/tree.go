// Package hermetic is the file system that kustomize sees. It never leaves the
// repository and never writes; it limits the size of files and records every
// file that is read.
package hermetic

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"kustodian.dev/engine/internal/files"
	"kustodian.dev/engine/internal/manifest"
	"kustodian.dev/engine/internal/protocol"
	"kustodian.dev/engine/internal/strict"
)

// DefaultMaxFileBytes bounds a file when the request sets no limit.
const DefaultMaxFileBytes = 16 << 20

// File is the content of a file as it was first read.
type File struct {
	Content []byte
	Hash    string // sha256, hex
	// Failure is set for content that must not reach a YAML parser, and for a
	// kustomization that kustomize reads otherwise than it looks.
	Failure *protocol.Failure

	once      sync.Once
	sensitive bool

	searched sync.Once
	hidden   *protocol.Failure
}

// Hidden returns why the file must not be a manifest: it has a document that
// kustomize ignores. The result is kept for all builds that read the file.
func (f *File) Hidden(name string) *protocol.Failure {
	f.searched.Do(func() { f.hidden = manifest.CheckHidden(name, f.Content) })
	return f.hidden
}

// Sensitive returns test(f.Content). The result of the first call is kept for
// all builds that read the file, so test must always be the same function.
func (f *File) Sensitive(test func([]byte) bool) bool {
	f.once.Do(func() { f.sensitive = test(f.Content) })
	return f.sensitive
}

// Tree is a repository on disk. It reads every file once, for all overlays.
type Tree struct {
	root     string // absolute, symlinks resolved
	maxBytes int64
	files    sync.Map // absolute path -> func() (*File, error)
	links    sync.Map // absolute path -> resolution
}

type resolution struct {
	path string
	dir  bool
	err  error
}

// NewTree opens the repository at root.
func NewTree(root string, maxFileBytes int64) (*Tree, error) {
	if root == "" {
		return nil, &protocol.Failure{Code: protocol.CodeBadRequest, Message: "the request names no root"}
	}
	absolute, err := filepath.Abs(root)
	if err != nil {
		return nil, err
	}
	resolved, err := filepath.EvalSymlinks(absolute)
	if err != nil {
		return nil, &protocol.Failure{Code: protocol.CodeNotFound, Message: "root does not exist: " + root}
	}
	if info, err := os.Stat(resolved); err != nil || !info.IsDir() {
		return nil, &protocol.Failure{Code: protocol.CodeNotFound, Message: "root is not a folder: " + root}
	}
	if maxFileBytes <= 0 {
		maxFileBytes = DefaultMaxFileBytes
	}
	return &Tree{root: resolved, maxBytes: maxFileBytes}, nil
}

// Root is the resolved absolute path of the repository.
func (t *Tree) Root() string { return t.root }

// Abs returns the absolute path of a path relative to the root.
func (t *Tree) Abs(rel string) string { return filepath.Join(t.root, filepath.FromSlash(rel)) }

// Rel returns path relative to the root with forward slashes; ok is false
// when path lies outside.
func (t *Tree) Rel(path string) (rel string, ok bool) {
	if path == t.root {
		return ".", true
	}
	rest, ok := strings.CutPrefix(path, strings.TrimSuffix(t.root, string(filepath.Separator))+string(filepath.Separator))
	return filepath.ToSlash(rest), ok
}

// resolve follows every symlink of an absolute path.
func (t *Tree) resolve(absolute string) (string, bool, error) {
	if known, ok := t.links.Load(absolute); ok {
		r := known.(resolution)
		return r.path, r.dir, r.err
	}
	var r resolution
	r.path, r.err = filepath.EvalSymlinks(absolute)
	if r.err == nil {
		info, err := os.Stat(r.path)
		r.dir, r.err = err == nil && info.IsDir(), err
	}
	t.links.Store(absolute, r)
	return r.path, r.dir, r.err
}

// Read returns the file at a path relative to the root, symlinks followed but
// never out of the root.
func (t *Tree) Read(rel string) (*File, error) {
	resolved, err := t.inside(rel)
	if err != nil {
		return nil, err
	}
	return t.read(resolved)
}

// inside resolves a path relative to the root and refuses it outside of the root,
// before anything outside is looked at if the path itself leads there.
func (t *Tree) inside(rel string) (string, error) {
	absolute := t.Abs(rel)
	if _, inside := t.Rel(absolute); !inside {
		return "", outside(rel)
	}
	resolved, _, err := t.resolve(absolute)
	if err != nil {
		return "", err
	}
	if _, inside := t.Rel(resolved); !inside {
		return "", outside(rel)
	}
	return resolved, nil
}

// read returns the file at a resolved absolute path.
func (t *Tree) read(resolved string) (*File, error) {
	load, _ := t.files.LoadOrStore(resolved, sync.OnceValues(func() (*File, error) { return t.load(resolved) }))
	return load.(func() (*File, error))()
}

func (t *Tree) load(resolved string) (*File, error) {
	name, _ := t.Rel(resolved)
	content, err := files.Read(resolved, t.maxBytes)
	var large files.TooLarge
	switch {
	case errors.Is(err, files.ErrFolder):
		return nil, fmt.Errorf("read %s: is a directory", resolved)
	case errors.Is(err, files.ErrNotRegular):
		return nil, &protocol.Failure{Code: protocol.CodeNotFound, File: name, Message: "not a regular file: " + name}
	case errors.As(err, &large):
		return nil, &protocol.Failure{Code: protocol.CodeFileTooLarge, File: name,
			Message: fmt.Sprintf("%s has %s", name, large.Error())}
	case err != nil:
		return nil, err
	}
	sum := sha256.Sum256(content)
	failure := manifest.CheckAliases(name, content)
	if failure == nil && IsKustomization(resolved) {
		failure = strict.Kustomization(name, content)
	}
	return &File{Content: content, Hash: hex.EncodeToString(sum[:]), Failure: failure}, nil
}

func outside(name string) *protocol.Failure {
	return &protocol.Failure{Code: protocol.CodeOutsideRoot,
		Message: fmt.Sprintf("%s leads out of the repository; the engine reads nothing outside of it", name)}
}

// notExist reports whether err means that a path does not exist.
func notExist(err error) bool { return errors.Is(err, fs.ErrNotExist) }
