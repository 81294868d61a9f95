package plainyaml

import (
	"bytes"
	"strings"
	"testing"

	"kustodian.dev/engine/internal/manifest"
)

// FuzzJSON: what JSON reads is valid YAML, and the parser reads the same.
func FuzzJSON(f *testing.F) {
	for _, text := range []string{overlay, workload, definition, "a: [b, {c: d}]\n", "a:\n- b: |-\n    c\n  d: 'e'\n"} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		got, ok := JSON(text)
		if !ok {
			return
		}
		want, failure := manifest.Decode("f", manifest.Chunk{Text: text})
		if failure != nil {
			t.Fatalf("read as %s, but the parser says: %s", got, failure.Message)
		}
		if !bytes.Equal(got, want) {
			t.Fatalf("read as\n%s\nparsed\n%s", got, want)
		}
	})
}

// FuzzIdentity: what Identity reads of a document is what the parser reads.
func FuzzIdentity(f *testing.F) {
	for _, text := range []string{overlay, workload, definition, strings.ReplaceAll(definition, "\n", "\r\n")} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		got, ok := Identity(text)
		if !ok {
			return
		}
		if want, valid := parsedIdentity(string(text)); !valid || got != want {
			t.Fatalf("read as %+v, parsed %+v (%v)", got, want, valid)
		}
	})
}
