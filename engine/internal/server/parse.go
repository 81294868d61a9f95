package server

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io/fs"
	"maps"
	"runtime"
	"slices"
	"sync"

	"kustodian.dev/engine/internal/hermetic"
	"kustodian.dev/engine/internal/manifest"
	"kustodian.dev/engine/internal/protocol"
)

// parsed is the answer for one file or text.
type parsed struct {
	Kind      string              `json:"kind"`
	Path      string              `json:"path"`
	Hash      string              `json:"sha256"`
	Documents []manifest.Document `json:"documents"`
	Carriers  bool                `json:"carriers"` // whether a document may carry other objects
	Error     *protocol.Failure   `json:"error"`
}

func parse(request []byte, response *protocol.Response) error {
	var r struct {
		envelope
		Root         string            `json:"root"`
		Files        []string          `json:"files"`
		Content      map[string]string `json:"content"`
		Lines        map[string][]int  `json:"lines"`
		MaxFileBytes int64             `json:"maxFileBytes"`
	}
	if err := decode(request, &r); err != nil {
		return err
	}
	var tree *hermetic.Tree
	if len(r.Files) > 0 {
		var err error
		if tree, err = hermetic.NewTree(r.Root, r.MaxFileBytes); err != nil {
			return err
		}
	}
	inParallel(r.Files, func(name string) { _ = response.Send(parseFile(tree, name, r.Lines[name])) })
	inParallel(slices.Sorted(maps.Keys(r.Content)), func(name string) {
		_ = response.Send(parseText(name, []byte(r.Content[name]), r.Lines[name]))
	})
	return nil
}

func parseFile(tree *hermetic.Tree, name string, lines []int) parsed {
	file, err := tree.Read(name)
	if err != nil {
		failure := protocol.AsFailure(err, protocol.CodeNotFound)
		if errors.Is(err, fs.ErrNotExist) {
			failure.Message = "there is no file " + name
		}
		failure.File = name
		return parsed{Kind: "file", Path: name, Documents: []manifest.Document{}, Error: failure}
	}
	if failure := manifest.CheckPointer(name, file.Content); failure != nil {
		return parsed{Kind: "file", Path: name, Hash: file.Hash, Documents: []manifest.Document{}, Error: failure}
	}
	result := parseText(name, file.Content, lines)
	result.Hash = file.Hash
	return result
}

func parseText(name string, content []byte, lines []int) parsed {
	sum := sha256.Sum256(content)
	documents, failure := manifest.ParseAt(name, content, lines)
	if documents == nil {
		documents = []manifest.Document{}
	}
	carries := slices.ContainsFunc(documents, func(d manifest.Document) bool { return mayCarry(d.Object) })
	return parsed{"file", name, hex.EncodeToString(sum[:]), documents, carries, failure}
}

// inParallel calls do for every item, as many at a time as there are cores.
func inParallel[T any](items []T, do func(T)) {
	queue := make(chan T)
	var workers sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), len(items)) {
		workers.Go(func() {
			for item := range queue {
				do(item)
			}
		})
	}
	for _, item := range items {
		queue <- item
	}
	close(queue)
	workers.Wait()
}
