package strict

import (
	"bytes"
	"testing"
)

// FuzzKustomization: a refusal names a line of the file.
func FuzzKustomization(f *testing.F) {
	for _, text := range []string{
		"resources: [a.yaml]\n---\nresources: [b.yaml]\n", "Resources: [b.yaml]\n", "{\"RESOURCES\" : [b.yaml]}\n",
		"patches:\n- Path: b.yaml\n", "a: &a [*a]\nResources: *a\n", "resources: []\n#\r---\rresources: []\n",
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		if failure := Kustomization("k", text); failure != nil {
			if last := 1 + bytes.Count(text, []byte("\n")); failure.Line < 1 || failure.Line > last {
				t.Fatalf("line %d of %d: %s", failure.Line, last, failure.Message)
			}
		}
	})
}
