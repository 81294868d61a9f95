package scan

import (
	"errors"
	"strings"
	"sync"
	"unicode/utf8"

	"kustodian.dev/engine/internal/files"
	"kustodian.dev/engine/internal/hermetic"
	"kustodian.dev/engine/internal/manifest"
	"kustodian.dev/engine/internal/plainyaml"
	"kustodian.dev/engine/internal/protocol"
	"kustodian.dev/engine/internal/strict"
)

// reader reads the files of one repository. Identical files are parsed once:
// large repositories have many, such as the same component in every application.
type reader struct {
	maxFileBytes   int64
	kustomizations memo[Kustomization]
	manifests      memo[[]Object]
}

// readAll reads files, given by their absolute paths, in order. JSON files that
// are not Kubernetes objects are left out.
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
	if !utf8.ValidString(rel) {
		shown := strings.ToValidUTF8(rel, "\uFFFD")
		return failed(shown, &protocol.Failure{Code: protocol.CodeName, File: shown,
			Message: shown + " has a name that is not UTF-8: rename it"})
	}
	content, err := files.Read(name, r.maxFileBytes)
	var failure *protocol.Failure
	var large files.TooLarge
	switch {
	case errors.As(err, &large):
		failure = &protocol.Failure{Code: protocol.CodeFileTooLarge, File: rel, Message: large.Error()}
	case err != nil:
		failure = &protocol.Failure{Code: protocol.CodeNotFound, File: rel, Message: "cannot be read"}
	}
	if failure == nil {
		failure = manifest.CheckPointer(rel, content)
	}
	if failure != nil {
		return failed(rel, failure)
	}
	if hermetic.IsKustomization(rel) {
		result := r.kustomizations.get(content, func() (Kustomization, bool) {
			result := kustomization(rel, content)
			return result, result.Error == nil
		})
		result.Path = rel
		return result
	}
	if strings.HasSuffix(rel, ".json") && !looksLikeObject(content) {
		return nil
	}
	objects := r.manifests.get(content, func() (objects []Object, ok bool) {
		objects, failure = objectsIn(rel, content)
		return objects, failure == nil
	})
	return Manifests{"yaml", rel, objects, failure}
}

func failed(rel string, failure *protocol.Failure) any {
	if hermetic.IsKustomization(rel) {
		return Kustomization{Kind: "kustomization", Path: rel, Error: failure}
	}
	return Manifests{"yaml", rel, []Object{}, failure}
}

// memo remembers results by the text that they were read from.
type memo[T any] struct {
	mu    sync.Mutex
	found map[string]T
}

// Longer texts are rarely identical and would take memory.
const longestRemembered = 8 << 10

// get returns the result for a text, and calls read if the text is new. A result
// is not remembered if read returns false: errors name their file.
func (m *memo[T]) get(content []byte, read func() (T, bool)) T {
	if len(content) > longestRemembered {
		found, _ := read()
		return found
	}
	m.mu.Lock()
	found, ok := m.found[string(content)]
	m.mu.Unlock()
	if ok {
		return found
	}
	found, ok = read()
	if ok {
		m.mu.Lock()
		defer m.mu.Unlock()
		if m.found == nil {
			m.found = map[string]T{}
		}
		m.found[string(content)] = found
	}
	return found
}

// kustomization reads a kustomization file.
func kustomization(rel string, content []byte) Kustomization {
	result := Kustomization{Kind: "kustomization", Path: rel}
	if result.Error = manifest.CheckAliases(rel, content); result.Error != nil {
		return result
	}
	if result.Error = strict.Kustomization(rel, content); result.Error != nil {
		return result
	}
	chunks := manifest.Split(content)
	if len(chunks) == 0 {
		result.Error = &protocol.Failure{Code: protocol.CodeYAML, File: rel, Line: 1, Message: "the kustomization is empty"}
		return result
	}
	document, ok := plainyaml.JSON(chunks[0].Text)
	var failure *protocol.Failure
	if !ok {
		document, failure = manifest.Decode(rel, chunks[0])
	}
	switch {
	case failure != nil:
		result.Error = failure
	case document[0] != '{':
		result.Error = &protocol.Failure{Code: protocol.CodeYAML, File: rel, Line: chunks[0].ContentLine, Message: "the kustomization is not a mapping"}
	default:
		if result.Error = manifest.CheckDepth(rel, chunks[0].ContentLine, document); result.Error == nil {
			result.Document = document
		}
	}
	return result
}
