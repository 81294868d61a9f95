// Package scan walks a repository and reports its kustomizations and the
// Kubernetes objects in its other YAML and JSON files. Nothing that is
// unreadable ends the walk; it is reported with the file and the line.
package scan

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
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
	Documents []Head            `json:"documents"`
	Error     *protocol.Failure `json:"error"`
}

// Head identifies an object without its content.
type Head struct {
	Line       int    `json:"line"`
	APIVersion string `json:"apiVersion"`
	Kind       string `json:"kind"`
	Name       string `json:"name"`
	Namespace  string `json:"namespace"`
	// What a CustomResourceDefinition defines, so that a reader knows which
	// file to parse for a kind.
	DefinesGroup string `json:"definesGroup,omitempty"`
	DefinesKind  string `json:"definesKind,omitempty"`
}

// folders that hold no manifests of the repository itself.
var skipped = map[string]bool{"venv": true, "node_modules": true, "__pycache__": true}

// dot-folders that do.
var kept = map[string]bool{".github": true, ".argocd": true}

func skip(name string) bool {
	return skipped[name] || (strings.HasPrefix(name, ".") && len(name) > 1 && !kept[name])
}

// Repository reports every file of interest below root, in the order of their
// paths, as soon as it is read. Symlinks are not followed.
func Repository(root string, maxFileBytes int64, report func(any)) error {
	if maxFileBytes <= 0 {
		maxFileBytes = hermetic.DefaultMaxFileBytes
	}
	tree, err := hermetic.NewTree(root, maxFileBytes)
	if err != nil {
		return err
	}
	// A small window of files in flight keeps the order and all cores busy.
	type slot chan any
	order := make(chan slot, 64)
	work := make(chan func(), 64)
	var workers sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		workers.Go(func() {
			for job := range work {
				job()
			}
		})
	}
	printed := make(chan struct{})
	go func() {
		defer close(printed)
		for result := range order {
			if value := <-result; value != nil {
				report(value)
			}
		}
	}()
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
		rel, _ := tree.Rel(name)
		result := make(slot, 1)
		order <- result
		work <- func() { result <- read(name, rel, maxFileBytes) }
		return nil
	})
	close(work)
	workers.Wait()
	close(order)
	<-printed
	return err
}

// unreadable reports a folder that cannot be listed and goes on.
func unreadable(tree *hermetic.Tree, name string, err error, report func(any)) error {
	if name == tree.Root() {
		return err
	}
	rel, _ := tree.Rel(name)
	report(Manifests{"yaml", rel, []Head{}, &protocol.Failure{Code: protocol.CodeNotFound, File: rel, Message: err.Error()}})
	return fs.SkipDir
}

func interesting(name string) bool {
	switch filepath.Ext(name) {
	case ".yaml", ".yml", ".json":
		return true
	}
	return hermetic.IsKustomization(name)
}

func read(name, rel string, maxFileBytes int64) any {
	info, err := os.Stat(name)
	var content []byte
	if err == nil && info.Size() <= maxFileBytes {
		content, err = os.ReadFile(name)
	}
	var failure *protocol.Failure
	switch {
	case err != nil:
		failure = &protocol.Failure{Code: protocol.CodeNotFound, File: rel, Message: "cannot be read"}
	case info.Size() > maxFileBytes:
		failure = &protocol.Failure{Code: protocol.CodeFileTooLarge, File: rel,
			Message: fmt.Sprintf("%d bytes, more than the limit of %d", info.Size(), maxFileBytes)}
	}
	switch {
	case hermetic.IsKustomization(rel):
		return kustomization(rel, content, failure)
	case strings.HasSuffix(rel, ".json"):
		if failure == nil && !looksLikeObject(content) {
			return nil
		}
	}
	heads := []Head{}
	if failure == nil {
		heads, failure = manifests(rel, content)
	}
	return Manifests{"yaml", rel, heads, failure}
}

// looksLikeObject keeps package.json and the like out of the report.
func looksLikeObject(content []byte) bool {
	return bytes.Contains(content, []byte(`"apiVersion"`)) && bytes.Contains(content, []byte(`"kind"`))
}

func kustomization(rel string, content []byte, failure *protocol.Failure) Kustomization {
	result := Kustomization{Kind: "kustomization", Path: rel, Error: failure}
	if failure != nil {
		return result
	}
	if result.Error = manifest.CheckAliases(rel, content); result.Error != nil {
		return result
	}
	chunks := manifest.Split(content)
	if len(chunks) == 0 {
		result.Error = &protocol.Failure{Code: protocol.CodeYAML, File: rel, Line: 1, Message: "the kustomization is empty"}
		return result
	}
	document, failure := manifest.Decode(rel, chunks[0])
	switch {
	case failure != nil:
		result.Error = failure
	case document[0] != '{':
		result.Error = &protocol.Failure{Code: protocol.CodeYAML, File: rel, Line: chunks[0].Head, Message: "the kustomization is not a mapping"}
	default:
		result.Document = document
	}
	return result
}
