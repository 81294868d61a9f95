package manifest

import (
	"bytes"
	"fmt"
	"io"
	"regexp"

	yamlv3 "go.yaml.in/yaml/v3"

	"kustodian.dev/engine/internal/protocol"
)

// CheckHidden refuses a file with a document that kustomize and kubectl ignore. They
// separate documents at lines that begin with "---", and read one of each part. YAML
// also knows other ends of lines, and the marker "...".
func CheckHidden(name string, content []byte) *protocol.Failure {
	if !mayHide(content) {
		return nil
	}
	line := 1
	for _, part := range parts(content) {
		if hidden := secondDocument(part); hidden > 0 {
			return &protocol.Failure{Code: protocol.CodeYAML, File: name, Line: line + hidden - 1,
				Message: fmt.Sprintf("%s has a document that kustomize and kubectl ignore; begin it with a line \"---\"", name)}
		}
		line += bytes.Count(part, []byte("\n"))
	}
	return nil
}

// mayHide is a cheap test for a carriage return without a line feed, for Unicode's
// other ends of lines, and for "..." at the beginning of a line.
func mayHide(content []byte) bool {
	return bytes.Contains(content, []byte("\n...")) || bytes.Contains(content, []byte("\xc2\x85")) ||
		bytes.Contains(content, []byte("\u2028")) || bytes.Contains(content, []byte("\u2029")) ||
		bytes.IndexByte(content, '\r') >= 0 && bytes.Count(content, []byte("\r")) != bytes.Count(content, []byte("\r\n"))
}

// parts cuts a file where kustomize does.
func parts(content []byte) [][]byte {
	var parts [][]byte
	for start := 0; ; {
		next := bytes.Index(content[start:], []byte("\n---"))
		if next < 0 {
			return append(parts, content[start:])
		}
		parts = append(parts, content[start:start+next+1])
		start += next + 1
	}
}

// secondDocument returns the line of the second document with content, or 0.
func secondDocument(part []byte) int {
	decoder := yamlv3.NewDecoder(bytes.NewReader(part))
	for count := 0; ; {
		var node yamlv3.Node
		switch err := decoder.Decode(&node); {
		case err == io.EOF, err != nil && count == 0: // invalid YAML is reported elsewhere
			return 0
		case err != nil:
			return 1 + bytes.Count(part, []byte("\n"))
		}
		if len(node.Content) > 0 && node.Content[0].ShortTag() != "!!null" {
			if count++; count == 2 {
				return editorLine(part, node.Content[0].Line)
			}
		}
	}
}

// anyLineEnd are the ends of lines that go-yaml counts.
var anyLineEnd = regexp.MustCompile("\r\n|[\n\r\u0085\u2028\u2029]")

// editorLine returns the line of go-yaml's line where only line feeds count.
func editorLine(text []byte, line int) int {
	if ends := anyLineEnd.FindAllIndex(text, line-1); len(ends) > 0 {
		text = text[:ends[len(ends)-1][1]]
	} else {
		text = nil
	}
	return 1 + bytes.Count(text, []byte("\n"))
}
