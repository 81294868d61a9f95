// Package manifest reads YAML and JSON the way Kubernetes does: documents,
// their first lines, JSON values, and errors with the line that caused them.
package manifest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	yamlv3 "go.yaml.in/yaml/v3"
	"sigs.k8s.io/yaml"

	"kustodian.dev/engine/internal/protocol"
)

// Chunk is the text of one document and where it is in its file; lines are
// 1-based.
type Chunk struct {
	Line        int // of the first byte
	ContentLine int // of the first line with content
	Text        []byte
}

// covers reports whether a line is part of the document.
func (c Chunk) covers(line int) bool {
	last := c.Line + bytes.Count(bytes.TrimSuffix(c.Text, []byte("\n")), []byte("\n"))
	return line >= c.Line && line <= last
}

// Split cuts a stream at its "---" and "..." markers and drops the documents
// that hold only blank lines and comments.
func Split(content []byte) []Chunk {
	content = bytes.TrimPrefix(content, []byte("\xef\xbb\xbf"))
	var chunks []Chunk
	start, startLine, head := 0, 1, 0
	line := 1
	flush := func(end int) {
		if head > 0 {
			chunks = append(chunks, Chunk{Line: startLine, ContentLine: head, Text: content[start:end]})
		}
	}
	for pos := 0; pos < len(content); line++ {
		next := len(content)
		if i := bytes.IndexByte(content[pos:], '\n'); i >= 0 {
			next = pos + i + 1
		}
		text := content[pos:next]
		switch {
		case isMarker(text, "---"):
			flush(pos)
			start, startLine, head = pos, line, 0
			if hasContent(text[3:]) {
				head = line
			}
		case isMarker(text, "..."):
			flush(pos)
			start, startLine, head = next, line+1, 0
		case head == 0 && hasContent(text):
			head = line
		}
		pos = next
	}
	flush(len(content))
	return chunks
}

func isMarker(line []byte, marker string) bool {
	if len(line) < 3 || string(line[:3]) != marker {
		return false
	}
	return len(line) == 3 || line[3] == ' ' || line[3] == '\t' || line[3] == '\n' || line[3] == '\r'
}

// hasContent is false for blank lines, comments and directives.
func hasContent(line []byte) bool {
	trimmed := bytes.TrimLeft(line, " \t\r\n")
	return len(trimmed) > 0 && trimmed[0] != '#' && line[0] != '%'
}

// Document is one object of a file.
type Document struct {
	Index  int             `json:"index"`
	Line   int             `json:"line"`
	Item   *int            `json:"item,omitempty"` // position in a List
	Object json.RawMessage `json:"object"`
}

// Parse reads every object of a file. JSON is recognised by the name's
// ending; Lists are expanded; numbers stay as they are written.
func Parse(name string, content []byte) ([]Document, *protocol.Failure) {
	return ParseAt(name, content, nil)
}

// ParseAt reads only the documents that contain one of the lines, or all if
// lines is empty. Most of a large bundle is schemas that are never needed.
func ParseAt(name string, content []byte, lines []int) ([]Document, *protocol.Failure) {
	if failure := CheckAliases(name, content); failure != nil {
		return nil, failure
	}
	if failure := CheckHidden(name, content); failure != nil {
		return nil, failure
	}
	documents := []Document{}
	if strings.HasSuffix(name, ".json") {
		raw, failure := parseJSON(name, content)
		if failure != nil || raw == nil {
			return documents, failure
		}
		return appendObject(documents, name, 0, 1, raw)
	}
	for index, chunk := range Split(content) {
		if len(lines) > 0 && !slices.ContainsFunc(lines, chunk.covers) {
			continue
		}
		raw, failure := Decode(name, chunk)
		if failure != nil {
			return nil, failure
		}
		if string(raw) == "null" {
			continue
		}
		if documents, failure = appendObject(documents, name, index, chunk.ContentLine, raw); failure != nil {
			return nil, failure
		}
	}
	return documents, nil
}

// Decode turns one document into JSON, strictly: a duplicate key is an error. A key
// that overrides one of a merge (`<<`) is none, as for kubectl and kustomize.
func Decode(name string, chunk Chunk) (json.RawMessage, *protocol.Failure) {
	raw, err := yaml.YAMLToJSONStrict(chunk.Text)
	if err != nil && duplicateText.MatchString(err.Error()) && overridesOnly(chunk.Text) {
		raw, err = yaml.YAMLToJSON(chunk.Text)
	}
	if err != nil {
		return nil, yamlFailure(name, chunk, err)
	}
	return raw, nil
}

// overridesOnly is whether no mapping of the document has a key twice itself.
func overridesOnly(text []byte) bool {
	var document yamlv3.Node
	return yamlv3.Unmarshal(text, &document) == nil && !hasDuplicate(&document)
}

func hasDuplicate(node *yamlv3.Node) bool {
	return node.Kind == yamlv3.MappingNode && duplicate(node) != "" || slices.ContainsFunc(node.Content, hasDuplicate)
}

func parseJSON(name string, content []byte) (json.RawMessage, *protocol.Failure) {
	if len(bytes.TrimSpace(content)) == 0 {
		return nil, nil
	}
	decoder := json.NewDecoder(bytes.NewReader(content))
	var raw json.RawMessage
	err := decoder.Decode(&raw)
	if err == nil {
		if _, err = decoder.Token(); err == io.EOF {
			return wellFormed(name, raw)
		}
		err = errors.New("text after the JSON value")
	}
	offset := decoder.InputOffset()
	var syntax *json.SyntaxError
	if errors.As(err, &syntax) {
		offset = syntax.Offset
	}
	line, column := position(content, int(offset))
	message := strings.TrimPrefix(err.Error(), "json: ")
	return nil, &protocol.Failure{Code: protocol.CodeYAML, Message: "not valid JSON: " + message,
		File: name, Line: line, Column: column}
}

// wellFormed returns JSON that other parsers accept, too: Go also reads what is not
// UTF-8, half a surrogate pair, and numbers beyond those of a float.
func wellFormed(name string, raw json.RawMessage) (json.RawMessage, *protocol.Failure) {
	if !utf8.Valid(raw) {
		return nil, &protocol.Failure{Code: protocol.CodeYAML, File: name, Line: 1, Message: "not valid JSON: not UTF-8"}
	}
	var value any
	if err := json.Unmarshal(raw, &value); err != nil {
		message := strings.TrimSuffix(strings.TrimPrefix(err.Error(), "json: cannot unmarshal "), " into Go value of type float64")
		return nil, &protocol.Failure{Code: protocol.CodeYAML, File: name, Line: 1, Message: "not valid JSON: " + message + " is too large"}
	}
	if !bytes.Contains(bytes.ToLower(raw), []byte(`\ud`)) {
		return raw, nil
	}
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.UseNumber() // numbers stay as they are written
	if err := decoder.Decode(&value); err != nil {
		return raw, nil
	}
	encoded, err := json.Marshal(value)
	if err != nil {
		return raw, nil
	}
	return encoded, nil
}

func position(content []byte, offset int) (line, column int) {
	before := content[:min(offset, len(content))]
	line = 1 + bytes.Count(before, []byte("\n"))
	column = len(before) - bytes.LastIndexByte(before, '\n') - 1
	return line, max(column, 1)
}

func appendObject(documents []Document, name string, index, line int, raw json.RawMessage) ([]Document, *protocol.Failure) {
	if failure := CheckDepth(name, line, raw); failure != nil {
		return nil, failure
	}
	if len(raw) == 0 || raw[0] != '{' {
		return nil, &protocol.Failure{Code: protocol.CodeNotAnObject, File: name, Line: line,
			Message: fmt.Sprintf("document %d is not a mapping, so it is not a Kubernetes object", index+1)}
	}
	var list struct {
		APIVersion string            `json:"apiVersion"`
		Kind       string            `json:"kind"`
		Items      []json.RawMessage `json:"items"`
	}
	// Only a list has "items" as an array; any other shape is an ordinary object.
	if json.Unmarshal(raw, &list) != nil || list.Items == nil ||
		!strings.HasSuffix(list.Kind, "List") && !areObjects(list.Items) {
		return append(documents, Document{Index: index, Line: line, Object: raw}), nil
	}
	for i, item := range list.Items {
		if len(item) == 0 || item[0] != '{' {
			return nil, &protocol.Failure{Code: protocol.CodeNotAnObject, File: name, Line: line,
				Message: fmt.Sprintf("item %d of the %s is not a mapping", i, list.Kind)}
		}
		documents = append(documents, Document{Index: index, Line: line, Item: &i, Object: completeItem(item, list.APIVersion, list.Kind)})
	}
	return documents, nil
}

// areObjects reports whether all values are objects with a version and a kind. kubectl
// and Argo CD apply an object of any kind with such items as a List.
func areObjects(items []json.RawMessage) bool {
	for _, item := range items {
		var identity struct {
			APIVersion string `json:"apiVersion"`
			Kind       string `json:"kind"`
		}
		if json.Unmarshal(item, &identity) != nil || identity.APIVersion == "" || identity.Kind == "" {
			return false
		}
	}
	return len(items) > 0
}

// completeItem returns an item with the kind that it has in a typed list.
func completeItem(item json.RawMessage, apiVersion, kind string) json.RawMessage {
	if kind == "List" {
		return item
	}
	decoder := json.NewDecoder(bytes.NewReader(item))
	decoder.UseNumber()
	var fields map[string]any
	if decoder.Decode(&fields) != nil || !CompleteItem(fields, apiVersion, kind) {
		return item
	}
	encoded, err := json.Marshal(fields)
	if err != nil {
		return item
	}
	return encoded
}

// CompleteItem adds the version and kind that kubectl gives to an item without them in
// a typed list such as a PodList, and reports whether it did.
func CompleteItem(item map[string]any, apiVersion, listKind string) bool {
	kind := strings.TrimSuffix(listKind, "List")
	if given, _ := item["kind"].(string); given != "" || kind == "" || kind == listKind {
		return false
	}
	item["kind"] = kind
	if given, _ := item["apiVersion"].(string); given == "" {
		item["apiVersion"] = apiVersion
	}
	return true
}

var (
	lineInError   = regexp.MustCompile(`line (\d+): `)
	duplicateText = regexp.MustCompile(`(?s)line (\d+): (?:key|mapping key) "?(.+?)"? already (?:set in map|defined at line \d+)`)
)

// yamlFailure turns an error of the parser into a failure with its line.
func yamlFailure(name string, chunk Chunk, err error) *protocol.Failure {
	text := strings.TrimPrefix(err.Error(), "error converting YAML to JSON: ")
	failure := &protocol.Failure{Code: protocol.CodeYAML, File: name, Line: chunk.ContentLine}
	if strings.Contains(text, "excessive aliasing") || strings.Contains(text, "contains itself") {
		failure.Code = protocol.CodeAliasBomb
		failure.Message = "YAML aliases expand without reasonable bound"
		return failure
	}
	if match := duplicateText.FindStringSubmatch(text); match != nil {
		line, _ := strconv.Atoi(match[1])
		failure.Line = chunk.Line + editorLine(chunk.Text, line) - 1
		failure.Message = fmt.Sprintf("key %q is set twice in the same mapping", match[2])
		return failure
	}
	message := strings.TrimPrefix(strings.TrimPrefix(text, "yaml: "), "unmarshal errors:\n  ")
	message = strings.TrimSpace(lineInError.ReplaceAllString(message, ""))
	failure.Message = "not valid YAML: " + message
	if line := errorLine(chunk.Text); line > 0 {
		failure.Line = chunk.Line + editorLine(chunk.Text, line) - 1
	}
	return failure
}

// errorLine returns the line of text at which go-yaml fails, or 0 if it does
// not. For errors of its scanner go-yaml names the line where the broken token
// begins, but omits the first line: that is why a line is put in front. For
// errors of its parser it names the start of the surrounding block, which can be
// far away: that is why lineReader counts the lines that were read.
func errorLine(text []byte) int {
	reader := &lineReader{rest: append([]byte("#\n"), text...)}
	var node yamlv3.Node
	err := yamlv3.NewDecoder(reader).Decode(&node)
	if err == nil || err == io.EOF {
		return 0
	}
	line := reader.lines
	if match := lineInError.FindStringSubmatch(err.Error()); match != nil && !strings.Contains(err.Error(), "did not find expected") {
		line, _ = strconv.Atoi(match[1])
	}
	return line - 1
}

// lineReader returns one line per read and counts them.
type lineReader struct {
	rest  []byte
	lines int
}

func (r *lineReader) Read(p []byte) (int, error) {
	if len(r.rest) == 0 {
		return 0, io.EOF
	}
	end := len(r.rest)
	if i := bytes.IndexByte(r.rest, '\n'); i >= 0 {
		end = i + 1
	}
	n := copy(p, r.rest[:end])
	if n == end {
		r.lines++
	}
	r.rest = r.rest[n:]
	return n, nil
}
