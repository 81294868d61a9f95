package render

import (
	"bytes"
	"regexp"
	"strconv"

	"kustodian.dev/engine/internal/manifest"
	"kustodian.dev/engine/internal/protocol"
)

// The names that a repository must not give to annotations of its own, as in YAML
// and in a JSON pointer, and names of the same length that mean nothing. kustomize
// believes and extends the ones that it finds.
var provenanceNames = [][2][]byte{
	{[]byte("config.kubernetes.io/origin"), []byte("config.kubernetes.io/0rigin")},
	{[]byte("config.kubernetes.io~1origin"), []byte("config.kubernetes.io~10rigin")},
	{[]byte("config.kubernetes.io/transformations"), []byte("config.kubernetes.io/0ransformations")},
	{[]byte("config.kubernetes.io~1transformations"), []byte("config.kubernetes.io~10ransformations")},
}

// unforged hides provenance that the repository itself claims from a build that
// asks for provenance. It refuses pointers of Git LFS.
func (b *build) unforged(rel string, content []byte) ([]byte, error) {
	if failure := manifest.CheckPointer(rel, content); failure != nil {
		return nil, failure
	}
	if !b.trace {
		return content, nil
	}
	if !claimsProvenance(content) {
		if bytes.IndexByte(content, '\\') >= 0 && claimsProvenance(unescaped(content)) {
			return nil, &protocol.Failure{Code: protocol.CodeProvenance, File: rel,
				Message: "it writes the name of an annotation for kustomize's provenance with escapes"}
		}
		return content, nil
	}
	b.forged = true
	for _, name := range provenanceNames {
		content = bytes.ReplaceAll(content, name[0], name[1])
	}
	return content, nil
}

func claimsProvenance(content []byte) bool {
	for _, name := range provenanceNames {
		if bytes.Contains(content, name[0]) {
			return true
		}
	}
	return false
}

var (
	escape   = regexp.MustCompile(`\\(?:x[0-9A-Fa-f]{2}|u[0-9A-Fa-f]{4}|U[0-9A-Fa-f]{8})`)
	joined   = regexp.MustCompile(`\\\r?\n[ \t]*\\?`)
	anyOther = regexp.MustCompile(`\\([/])`)
)

// unescaped returns the text with the escapes of double-quoted scalars replaced,
// in or outside of such scalars.
func unescaped(content []byte) []byte {
	content = joined.ReplaceAll(content, nil)
	content = escape.ReplaceAllFunc(content, func(found []byte) []byte {
		code, err := strconv.ParseUint(string(found[2:]), 16, 32)
		if err != nil || code > 0x7e {
			return found
		}
		return []byte{byte(code)}
	})
	return anyOther.ReplaceAll(content, []byte("$1"))
}
