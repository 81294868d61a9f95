package scan

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	yamlv3 "go.yaml.in/yaml/v3"

	"kustodian.dev/engine/internal/manifest"
)

const definition = `apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata:
  annotations:
    name: not this one
  name: widgets.example.com # the plural first
spec:
  group: example.com
  names:
    kind: Widget
    plural: widgets
  versions:
  - name: v1
    schema:
      description: |
        kind: Gadget
          namespace: x
`

// parsedHeads is what the parser says of a document.
func parsedHeads(chunk manifest.Chunk) []Head {
	var node yamlv3.Node
	if yamlv3.Unmarshal(chunk.Text, &node) != nil {
		return nil
	}
	return headsOf(&node, chunk)
}

func TestQuickHeadReadsBlockMappings(t *testing.T) {
	for name, text := range map[string]string{
		"a definition": definition,
		"a marker":     "---\n# about it\n" + definition,
		"quotes":       strings.NewReplacer("kind: Widget", `kind: "Widget"`, "group: example.com", "group: 'example.com'").Replace(definition),
		"an object":    "kind: Secret\napiVersion: v1\nmetadata:\n    namespace: a\n    name: b\ndata:\n  x: |\n    kind: y\n",
		"no namespace": "apiVersion: v1\nkind: Service\nmetadata:\n  name: b\n",
		"windows":      strings.ReplaceAll(definition, "\n", "\r\n"),
	} {
		chunk := manifest.Split([]byte(text))[0]
		head, ok := quickHead(chunk.Text, chunk.Head)
		want := parsedHeads(chunk)
		if !ok || len(want) != 1 || head != want[0] {
			t.Errorf("%s: %+v %v, parsed %+v", name, head, ok, want)
		}
	}
}

func TestQuickHeadLeavesWhatItDoesNotUnderstand(t *testing.T) {
	for name, change := range map[string][2]string{
		"flow style":          {"  names:\n    kind: Widget\n    plural: widgets\n", "  names: {kind: Widget}\n"},
		"an anchor":           {"kind: CustomResourceDefinition", "kind: &k CustomResourceDefinition"},
		"a key in quotes":     {"kind: CustomResourceDefinition", `"kind": CustomResourceDefinition`},
		"a key twice":         {"kind: CustomResourceDefinition", "kind: CustomResourceDefinition\nkind: Secret"},
		"a merge":             {"  group: example.com", "  <<: *all\n  group: example.com"},
		"a list":              {"kind: CustomResourceDefinition", "kind: List"},
		"a number":            {"group: example.com", "group: 12"},
		"a reserved word":     {"group: example.com", "group: yes"},
		"two lines":           {"group: example.com", "group: example\n    .com"},
		"a block scalar":      {"group: example.com", "group: |-\n    example.com"},
		"tabs":                {"apiVersion", "\tapiVersion"},
		"an object in a flow": {"apiVersion: apiextensions.k8s.io/v1\n", "{apiVersion: v1,\n"},
	} {
		text := strings.Replace(definition, change[0], change[1], 1)
		if text == definition {
			t.Fatalf("%s changes nothing", name)
		}
		if head, ok := quickHead([]byte(text), 1); ok {
			t.Errorf("%s: %+v", name, head)
		}
	}
}

// Wherever it understands a document of a real repository, the parser agrees.
func TestQuickHeadAgreesWithTheParser(t *testing.T) {
	folder := os.Getenv("KUSTODIAN_CORPUS")
	if folder == "" {
		folder = filepath.Join("..", "..", "..", "base")
	}
	understood, all := 0, 0
	err := filepath.WalkDir(folder, func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || filepath.Ext(name) != ".yaml" {
			return err
		}
		content, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		for _, chunk := range manifest.Split(content) {
			all++
			head, ok := quickHead(chunk.Text, chunk.Head)
			if !ok {
				continue
			}
			understood++
			if want := parsedHeads(chunk); len(want) != 1 || head != want[0] {
				t.Errorf("%s:%d: %+v, parsed %+v", name, chunk.Head, head, want)
			}
		}
		return nil
	})
	if err != nil || understood == 0 {
		t.Fatalf("%d of %d documents, %v", understood, all, err)
	}
	t.Logf("understood %d of %d documents", understood, all)
}
