// Package scan walks a repository and reports its kustomizations and the
// Kubernetes objects in its other YAML and JSON files. A file that cannot be read
// or parsed does not end the walk: it is reported with its path and the line.
package scan

import (
	"bytes"
	"encoding/json"
	"io/fs"
	"path/filepath"
	"runtime"
	"strings"
	"sync"

	"kustodian.dev/engine/internal/hermetic"
	"kustodian.dev/engine/internal/manifest"
	"kustodian.dev/engine/internal/protocol"
)

// Kustomization is a kustomization file of the repository.
type Kustomization struct {
	Kind     string            `json:"kind"`
	Path     string            `json:"path"`
	Document json.RawMessage   `json:"document"`
	Error    *protocol.Failure `json:"error"`
}

// Manifests is any other YAML or JSON file.
type Manifests struct {
	Kind      string            `json:"kind"`
	Path      string            `json:"path"`
	Documents []Object          `json:"documents"`
	Error     *protocol.Failure `json:"error"`
}

// Object identifies an object of a file without its content.
type Object struct {
	Line int `json:"line"`
	manifest.Identity
	// MayCarryArgo is set if the document of another kind names Argo CD's API group, so
	// that an Application may be inside the object.
	MayCarryArgo bool `json:"mayCarryArgo,omitempty"`
}

// skipped are folders without manifests of the repository itself.
var skipped = map[string]bool{"venv": true, "node_modules": true, "__pycache__": true}

// kept are dot-folders with manifests. All other dot-folders are skipped.
var kept = map[string]bool{".github": true, ".argocd": true}

func skip(name string) bool {
	return skipped[name] || (strings.HasPrefix(name, ".") && len(name) > 1 && !kept[name])
}

// Repository reports every file of interest below root as soon as it is read,
// each folder in the order of its names. report may be called from two goroutines
// at once. Symlinks are not followed.
func Repository(root string, maxFileBytes int64, report func(any)) error {
	if maxFileBytes <= 0 {
		maxFileBytes = hermetic.DefaultMaxFileBytes
	}
	tree, err := hermetic.NewTree(root, maxFileBytes)
	if err != nil {
		return err
	}
	r := &reader{maxFileBytes: maxFileBytes}
	// A bounded number of batches in flight keeps the order and all cores busy.
	order := make(chan chan []any, 64)
	work := make(chan func(), 64)
	var workers sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		workers.Go(func() {
			for job := range work {
				job()
			}
		})
	}
	reported := make(chan struct{})
	go func() {
		defer close(reported)
		for results := range order {
			for _, value := range <-results {
				report(value)
			}
		}
	}()
	var batch []string // handing over a single file costs as much as reading it
	flush := func() {
		files, results := batch, make(chan []any, 1)
		batch = nil
		order <- results
		work <- func() { results <- r.readAll(tree, files) }
	}
	err = filepath.WalkDir(tree.Root(), func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return unreadable(tree, name, err, report)
		}
		if entry.IsDir() {
			if name != tree.Root() && skip(entry.Name()) {
				return filepath.SkipDir
			}
			return nil
		}
		if !entry.Type().IsRegular() || !interesting(entry.Name()) {
			return nil
		}
		if batch = append(batch, name); len(batch) == filesPerJob {
			flush()
		}
		return nil
	})
	flush()
	close(work)
	workers.Wait()
	close(order)
	<-reported
	return err
}

// filesPerJob is the number of files in a batch.
const filesPerJob = 16

// unreadable reports a folder that cannot be listed, and skips it.
func unreadable(tree *hermetic.Tree, name string, err error, report func(any)) error {
	if name == tree.Root() {
		return err
	}
	rel, _ := tree.Rel(name)
	report(Manifests{"yaml", rel, []Object{}, &protocol.Failure{Code: protocol.CodeNotFound, File: rel, Message: err.Error()}})
	return fs.SkipDir
}

func interesting(name string) bool {
	switch filepath.Ext(name) {
	case ".yaml", ".yml", ".json":
		return true
	}
	return hermetic.IsKustomization(name)
}

// looksLikeObject keeps package.json and the like out of the report. A key may be written with escapes.
func looksLikeObject(content []byte) bool {
	has := func(word string) bool { return bytes.Contains(content, []byte(word)) }
	return (has(`"apiVersion"`) && has(`"kind"`)) || has(`\u00`)
}
