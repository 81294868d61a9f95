package manifest

import (
	"fmt"

	"kustodian.dev/engine/internal/protocol"
)

// MaxDepth is the deepest nesting of mappings and sequences in one document. Real
// objects, schemas included, stay below a third of it. Programs that read JSON or
// YAML recursively, the client among them, fail at a few hundred levels more.
const MaxDepth = 200

// CheckDepth refuses JSON that is nested too deeply.
func CheckDepth(name string, line int, document []byte) *protocol.Failure {
	if IsTooDeep(document) {
		return TooDeep(name, line)
	}
	return nil
}

// TooDeep is the failure for a document that is nested too deeply.
func TooDeep(name string, line int) *protocol.Failure {
	return &protocol.Failure{Code: protocol.CodeTooDeep, File: name, Line: line,
		Message: fmt.Sprintf("the document is nested more than %d levels deep, the limit", MaxDepth)}
}

// IsTooDeep reports whether JSON is nested more than MaxDepth levels deep.
func IsTooDeep(document []byte) bool {
	if len(document) < 2*MaxDepth {
		return false
	}
	depth := 0
	for at := 0; at < len(document); at++ {
		switch document[at] {
		case '{', '[':
			if depth++; depth > MaxDepth {
				return true
			}
		case '}', ']':
			depth--
		case '"':
			for at++; at < len(document) && document[at] != '"'; at++ {
				if document[at] == '\\' {
					at++
				}
			}
		}
	}
	return false
}
