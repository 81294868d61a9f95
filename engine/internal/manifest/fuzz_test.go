package manifest

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
)

var seeds = []string{
	"kind: A\n---\nkind: B\n", "kind: A\n...\nkind: B\n", "kind: A\n# c\r---\rkind: B\n", "kind: List\nitems: [{kind: A}]\n",
	"a: &a [1]\nb: [*a, *a]\nc: {<<: {d: e}}\n", "{\"kind\": \"A\", \"n\": 1e400, \"m\": 0x10}", "%YAML 1.2\n--- !!map\nkind: A\n",
	"kind: A\nx: |2-\n   y\n? z\n: [\"\\ud800\", .nan, 1:20]\n", "a: b\u2028c\n#\u0085---\u0085k: c\n", "\ufeffkind: A\n",
}

// FuzzParse: objects are valid JSON that is not nested beyond the limit; they and failures name a line of the file.
func FuzzParse(f *testing.F) {
	for _, text := range seeds {
		f.Add([]byte(text), false)
		f.Add([]byte(text), true)
	}
	f.Fuzz(func(t *testing.T, text []byte, asJSON bool) {
		name := map[bool]string{false: "f.yaml", true: "f.json"}[asJSON]
		last := 1 + strings.Count(strings.NewReplacer("\r", "\n", "\u0085", "\n", "\u2028", "\n", "\u2029", "\n").Replace(string(text)), "\n")
		documents, failure := Parse(name, text)
		if failure != nil && (failure.Line < 0 || failure.Line > last || failure.Message == "" || failure.Code == "") {
			t.Fatalf("line %d of %d: %+v", failure.Line, last, failure)
		}
		for _, document := range documents {
			if !json.Valid(document.Object) || IsTooDeep(document.Object) {
				t.Fatalf("not an object that a client can read: %s", document.Object)
			}
			if document.Line < 1 || document.Line > last {
				t.Fatalf("line %d of %d", document.Line, last)
			}
		}
	})
}

// FuzzCheckHidden: a refusal names a line of the file, and a text of one document is not refused.
func FuzzCheckHidden(f *testing.F) {
	for _, text := range seeds {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		failure := CheckHidden("f.yaml", text)
		if failure == nil {
			return
		}
		if last := 1 + bytes.Count(text, []byte("\n")); failure.Line < 1 || failure.Line > last {
			t.Fatalf("line %d of %d", failure.Line, last)
		}
		if !bytes.ContainsAny(text, "\r\u0085\u2028\u2029") && !bytes.Contains(text, []byte("\n...")) {
			t.Fatal("nothing can hide here")
		}
	})
}
