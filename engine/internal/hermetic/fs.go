package hermetic

import (
	"io/fs"
	"os"
)

// FS returns the tree as a file system whose paths are relative to the root. It
// applies the rules of Read to every file, and lists only folders inside the root.
func (t *Tree) FS() fs.FS { return treeFS{t} }

type treeFS struct{ tree *Tree }

var (
	_ fs.StatFS     = treeFS{}
	_ fs.ReadFileFS = treeFS{}
	_ fs.ReadDirFS  = treeFS{}
)

// Open refuses: only ReadFile applies the limits.
func (f treeFS) Open(name string) (fs.File, error) { return nil, readOnly("open", name) }

// Stat describes a file or folder. A symlink inside the root is followed.
func (f treeFS) Stat(name string) (fs.FileInfo, error) {
	resolved, err := f.tree.inside(name)
	if err != nil {
		return nil, err
	}
	return os.Stat(resolved)
}

// ReadFile returns the content of a file.
func (f treeFS) ReadFile(name string) ([]byte, error) {
	file, err := f.tree.Read(name)
	if err != nil {
		return nil, err
	}
	if file.Failure != nil {
		return nil, file.Failure
	}
	return file.Content, nil
}

// ReadDir lists a folder.
func (f treeFS) ReadDir(name string) ([]fs.DirEntry, error) {
	resolved, err := f.tree.inside(name)
	if err != nil {
		return nil, err
	}
	return os.ReadDir(resolved)
}
