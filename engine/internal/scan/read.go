package scan

import (
	"errors"
	"strings"
	"sync"

	"kustodian.dev/engine/internal/files"
	"kustodian.dev/engine/internal/hermetic"
	"kustodian.dev/engine/internal/manifest"
	"kustodian.dev/engine/internal/plainyaml"
	"kustodian.dev/engine/internal/protocol"
)

// reader reads the files of one repository. Many of a large one have the same
// text: the same component of every application, the same file of every region.
type reader struct {
	maxFileBytes   int64
	kustomizations known[Kustomization]
	manifests      known[[]Object]
}

// readAll is what the files of these absolute paths hold; files that nobody
// asks for are left out.
func (r *reader) readAll(tree *hermetic.Tree, names []string) []any {
	found := make([]any, 0, len(names))
	for _, name := range names {
		rel, _ := tree.Rel(name)
		if result := r.read(name, rel); result != nil {
			found = append(found, result)
		}
	}
	return found
}

func (r *reader) read(name, rel string) any {
	content, err := files.Read(name, r.maxFileBytes)
	var failure *protocol.Failure
	var large files.TooLarge
	switch {
	case errors.As(err, &large):
		failure = &protocol.Failure{Code: protocol.CodeFileTooLarge, File: rel, Message: large.Error()}
	case err != nil:
		failure = &protocol.Failure{Code: protocol.CodeNotFound, File: rel, Message: "cannot be read"}
	}
	if hermetic.IsKustomization(rel) {
		if failure != nil {
			return Kustomization{Kind: "kustomization", Path: rel, Error: failure}
		}
		result := r.kustomizations.of(content, func() (Kustomization, bool) {
			result := kustomization(rel, content)
			return result, result.Error == nil
		})
		result.Path = rel
		return result
	}
	if failure != nil {
		return Manifests{"yaml", rel, []Object{}, failure}
	}
	if strings.HasSuffix(rel, ".json") && !looksLikeObject(content) {
		return nil
	}
	objects := r.manifests.of(content, func() (objects []Object, ok bool) {
		objects, failure = objectsIn(rel, content)
		return objects, failure == nil
	})
	return Manifests{"yaml", rel, objects, failure}
}

// known remembers what texts hold.
type known[T any] struct {
	mu    sync.Mutex
	found map[string]T
}

// Longer texts are not remembered: they are rarely the same, and take room.
const longestKnown = 8 << 10

// of is what the text holds. It is remembered where read says so: an error is
// about one file.
func (k *known[T]) of(content []byte, read func() (T, bool)) T {
	if len(content) > longestKnown {
		found, _ := read()
		return found
	}
	k.mu.Lock()
	found, ok := k.found[string(content)]
	k.mu.Unlock()
	if ok {
		return found
	}
	found, ok = read()
	if ok {
		k.mu.Lock()
		defer k.mu.Unlock()
		if k.found == nil {
			k.found = map[string]T{}
		}
		k.found[string(content)] = found
	}
	return found
}

// kustomization reads a kustomization file.
func kustomization(rel string, content []byte) Kustomization {
	result := Kustomization{Kind: "kustomization", Path: rel}
	if result.Error = manifest.CheckAliases(rel, content); result.Error != nil {
		return result
	}
	chunks := manifest.Split(content)
	if len(chunks) == 0 {
		result.Error = &protocol.Failure{Code: protocol.CodeYAML, File: rel, Line: 1, Message: "the kustomization is empty"}
		return result
	}
	if document, ok := plainyaml.JSON(chunks[0].Text); ok {
		result.Document = document
		return result
	}
	document, failure := manifest.Decode(rel, chunks[0])
	switch {
	case failure != nil:
		result.Error = failure
	case document[0] != '{':
		result.Error = &protocol.Failure{Code: protocol.CodeYAML, File: rel, Line: chunks[0].ContentLine, Message: "the kustomization is not a mapping"}
	default:
		result.Document = document
	}
	return result
}
