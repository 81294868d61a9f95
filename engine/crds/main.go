// Command crds downloads the Go modules listed in modules.json, reads the CustomResourceDefinitions in them
// and writes one strict JSON Schema per kind and version, and an index of them. It compiles none of the
// modules. The build hook of the Python package runs it; users do not.
//
//	go run . -modules modules.json -out DIR          write the schemas to DIR, which must not exist
//	go run . -modules modules.json -sums             print every module's checksum (to update modules.json)
package main

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"
)

// Format is the version of the layout below DIR. The Python package refuses versions that it does not know.
const Format = 1

type index struct {
	Format  int                  `json:"format"`
	Modules []indexModule        `json:"modules"`
	Kinds   map[string]indexKind `json:"kinds"` // by "<group>/<Kind>"
}

type indexModule struct {
	Module  string `json:"module"`
	Version string `json:"version"`
	License string `json:"license"`
}

type indexKind struct {
	Scope    string                  `json:"scope"` // Namespaced or Cluster
	Plural   string                  `json:"plural"`
	Module   string                  `json:"module"`
	Versions map[string]indexVersion `json:"versions"`
}

type indexVersion struct {
	File        string `json:"file"` // below DIR
	Served      bool   `json:"served"`
	Storage     bool   `json:"storage"`
	Deprecated  bool   `json:"deprecated"`
	Warning     string `json:"warning,omitempty"`
	Replacement string `json:"replacement,omitempty"`
}

// extracted is the result for one module. Definitions in onlyNew are used only for kinds that no module has
// in main.
type extracted struct {
	source  moduleSource
	sum     string
	main    []definition
	onlyNew []definition
	err     error
}

func main() {
	modules := flag.String("modules", "modules.json", "the list of modules")
	out := flag.String("out", "", "the folder to write")
	sums := flag.Bool("sums", false, "print the modules' checksums instead")
	goCommand := flag.String("go", "go", "the go command that downloads")
	workers := flag.Int("workers", 4, "how many modules at once")
	flag.Parse()
	if err := run(*modules, *out, *goCommand, *workers, *sums); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(modulesPath, out, goCommand string, workers int, sumsOnly bool) error {
	sources, err := readModules(modulesPath)
	if err != nil {
		return err
	}
	var wanted []moduleSource
	for _, source := range sources {
		if source.Skipped == "" {
			wanted = append(wanted, source)
		}
	}
	results := extractAll(wanted, goCommand, workers, !sumsOnly)
	for _, result := range results {
		if result.err != nil {
			return result.err
		}
	}
	if sumsOnly {
		for _, result := range results {
			fmt.Println(result.source, result.sum)
		}
		return nil
	}
	return write(out, results)
}

// extractAll extracts all modules, several at once. Results are in the order of the sources.
func extractAll(sources []moduleSource, goCommand string, workers int, verify bool) []extracted {
	results := make([]extracted, len(sources))
	var pending sync.WaitGroup
	var printing sync.Mutex
	slots := make(chan struct{}, max(1, workers))
	done := 0
	for i, source := range sources {
		pending.Add(1)
		go func() {
			defer pending.Done()
			slots <- struct{}{}
			defer func() { <-slots }()
			start := time.Now()
			results[i] = extract(source, goCommand, verify)
			printing.Lock()
			defer printing.Unlock()
			done++
			fmt.Fprintf(os.Stderr, "schemas %d/%d: %s (%.1f s)\n", done, len(sources), source, time.Since(start).Seconds())
		}()
	}
	pending.Wait()
	return results
}

// extract downloads a module to a temporary folder, reads its CRDs and deletes the folder: unpacked, all the
// modules take several hundred megabytes.
func extract(source moduleSource, goCommand string, verify bool) extracted {
	result := extracted{source: source}
	cache, err := os.MkdirTemp("", "kustodian-crds-")
	if err != nil {
		return extracted{source: source, err: err}
	}
	defer os.RemoveAll(cache)
	dir, sum, err := fetch(goCommand, source, cache)
	result.sum = sum
	switch {
	case err != nil:
		result.err = err
	case verify && sum != source.Sum:
		result.err = fmt.Errorf("%s: checksum %s, but modules.json has %s: the download is not what was reviewed", source, sum, source.Sum)
	default:
		folder := os.DirFS(dir)
		if result.main, err = readDefinitions(folder, source.CRDs); err == nil && len(source.OnlyNew) > 0 {
			result.onlyNew, err = readDefinitions(folder, source.OnlyNew)
		}
		if err != nil {
			result.err = fmt.Errorf("%s: %w", source, err)
		}
	}
	return result
}

// write writes to a folder beside out and renames it, so that out is either complete or absent.
func write(out string, results []extracted) error {
	if err := os.MkdirAll(filepath.Dir(out), 0o755); err != nil {
		return err
	}
	temporary, err := os.MkdirTemp(filepath.Dir(out), ".crds-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(temporary)
	list := index{Format: Format, Kinds: map[string]indexKind{}}
	for _, result := range results {
		list.Modules = append(list.Modules, indexModule{result.source.Module, result.source.Version, result.source.License})
		for _, crd := range result.main {
			if err := list.add(temporary, result.source, crd, false); err != nil {
				return err
			}
		}
	}
	for _, result := range results {
		for _, crd := range result.onlyNew {
			if err := list.add(temporary, result.source, crd, true); err != nil {
				return err
			}
		}
	}
	if err := writeJSON(filepath.Join(temporary, "index.json"), list); err != nil {
		return err
	}
	if err := os.Chmod(temporary, 0o755); err != nil {
		return err
	}
	fmt.Fprintf(os.Stderr, "schemas: %d kinds from %d projects\n", len(list.Kinds), len(results))
	return os.Rename(temporary, out)
}

func (list index) add(folder string, source moduleSource, crd definition, onlyNew bool) error {
	group, kind := crd.Spec.Group, crd.Spec.Names.Kind
	key := group + "/" + kind
	if have, ok := list.Kinds[key]; ok {
		if onlyNew {
			return nil
		}
		return fmt.Errorf("%s: %s is also defined in %s: a kind must have one schema", source, key, have.Module)
	}
	entry := indexKind{crd.Spec.Scope, crd.Spec.Names.Plural, source.Module, map[string]indexVersion{}}
	if err := os.MkdirAll(filepath.Join(folder, group), 0o755); err != nil {
		return err
	}
	for _, version := range crd.Spec.Versions {
		file := group + "/" + kind + "_" + version.Name + ".json"
		entry.Versions[version.Name] = indexVersion{
			file, version.Served, version.Storage, version.Deprecated, version.DeprecationWarning,
			replacement(crd.Spec.Versions, version),
		}
		root := rootSchema(group, version.Name, kind, version.Schema.Open, version.Subresources.Status != nil)
		if err := share(root); err != nil {
			return err
		}
		if err := writeJSON(filepath.Join(folder, filepath.FromSlash(file)), root); err != nil {
			return err
		}
	}
	list.Kinds[key] = entry
	return nil
}

// writeJSON writes compact JSON; map keys are sorted, so the same modules give the same bytes.
func writeJSON(path string, value any) error {
	var buffer bytes.Buffer
	encoder := json.NewEncoder(&buffer)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		return err
	}
	return os.WriteFile(path, buffer.Bytes(), 0o644)
}
