// Package strict refuses kustomization files that kustomize accepts but reads
// otherwise than they look: it ignores all documents but the first, and does not
// distinguish between upper and lower case in the names of fields.
package strict

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"strings"

	"sigs.k8s.io/kustomize/api/types"
	"sigs.k8s.io/yaml"

	"kustodian.dev/engine/internal/manifest"
	"kustodian.dev/engine/internal/protocol"
)

// Kustomization returns why a kustomization file is refused, or nil. What does not
// parse is left to kustomize.
func Kustomization(name string, content []byte) *protocol.Failure {
	if chunks := manifest.Split(content); len(chunks) > 1 {
		return &protocol.Failure{Code: protocol.CodeYAML, File: name, Line: chunks[1].ContentLine,
			Message: "the kustomization has a second document, which kustomize ignores"}
	}
	if failure := manifest.CheckHidden(name, content); failure != nil {
		return failure
	}
	if !mayBeMisspelt(content) {
		return nil
	}
	var document any
	asJSON, err := yaml.YAMLToJSON(content)
	if err != nil || json.Unmarshal(asJSON, &document) != nil {
		return nil
	}
	written, correct := misspelt(document, reflect.TypeFor[types.Kustomization]())
	if written == "" {
		return nil
	}
	line := 1
	if before, _, found := bytes.Cut(content, []byte(written)); found {
		line += bytes.Count(before, []byte("\n"))
	}
	return &protocol.Failure{Code: protocol.CodeYAML, File: name, Line: line,
		Message: fmt.Sprintf("the field %q must be written %q; kustomize ignores upper and lower case, other programs do not", written, correct)}
}

// fieldNames are the names of all fields of a kustomization and of what it holds, by
// their names in lower case.
var fieldNames = func() map[string]map[string]bool {
	names := map[string]map[string]bool{}
	seen := map[reflect.Type]bool{}
	var collect func(reflect.Type)
	collect = func(t reflect.Type) {
		t = element(t)
		if t.Kind() != reflect.Struct || seen[t] {
			return
		}
		seen[t] = true
		for name, field := range fieldsOf(t) {
			lower := strings.ToLower(name)
			if names[lower] == nil {
				names[lower] = map[string]bool{}
			}
			names[lower][name] = true
			collect(field)
		}
	}
	collect(reflect.TypeFor[types.Kustomization]())
	return names
}()

// element returns what a pointer, slice or map holds.
func element(t reflect.Type) reflect.Type {
	for t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice || t.Kind() == reflect.Map {
		t = t.Elem()
	}
	return t
}

// fieldsOf returns the types of the fields of a struct by their names in JSON.
func fieldsOf(t reflect.Type) map[string]reflect.Type {
	fields := map[string]reflect.Type{}
	for _, field := range reflect.VisibleFields(t) {
		name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		if name != "" && name != "-" && field.IsExported() {
			fields[name] = field.Type
		}
	}
	return fields
}

// mayBeMisspelt reports whether a word before a colon has the name of a field in
// another spelling. Nearly no file has one, so few are parsed.
func mayBeMisspelt(content []byte) bool {
	for at := 0; ; at++ {
		colon := bytes.IndexByte(content[at:], ':')
		if colon < 0 {
			return false
		}
		at += colon
		end := len(bytes.TrimRight(content[:at], " \t\"'"))
		start := end
		for start > 0 && isLetter(content[start-1]) {
			start--
		}
		word := string(content[start:end])
		if spellings := fieldNames[strings.ToLower(word)]; spellings != nil && !spellings[word] {
			return true
		}
	}
}

func isLetter(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
}

// misspelt returns the first key of a value that is the name of a field of its type
// in another spelling, and the name.
func misspelt(value any, t reflect.Type) (written, correct string) {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	switch value := value.(type) {
	case []any:
		if t.Kind() == reflect.Slice {
			for _, item := range value {
				if written, correct = misspelt(item, t.Elem()); written != "" {
					return written, correct
				}
			}
		}
	case map[string]any:
		if t.Kind() != reflect.Struct {
			return "", ""
		}
		if t == reflect.TypeFor[types.Var]() {
			return "", "" // people write fieldref.fieldpath, and no path depends on it
		}
		fields := fieldsOf(t)
		for key, inner := range value {
			if field, exact := fields[key]; exact {
				if written, correct = misspelt(inner, field); written != "" {
					return written, correct
				}
				continue
			}
			for name := range fields {
				if strings.EqualFold(name, key) {
					return key, name
				}
			}
		}
	}
	return "", ""
}
