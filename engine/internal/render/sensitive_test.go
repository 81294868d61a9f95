package render

import (
	"testing"

	"kustodian.dev/engine/internal/hermetic"
	"kustodian.dev/engine/internal/testtree"
)

func TestTouchesAnnotations(t *testing.T) {
	for text, want := range map[string]bool{
		"- op: add\n  path: /metadata/annotations/a\n":              true,
		"path: \"/metadata\"\n":                                     true,
		`[{"op":"replace","path":"/metadata","value":1}]`:           true,
		"fieldPath: metadata.annotations.[a]\n":                     false,
		"fieldPath: metadata\n":                                     true,
		"fieldPaths:\n- metadata\n":                                 true,
		"annotations: {kustomize.config.k8s.io/needs-hash: 'true'}": true,
		"metadata:\n  annotations:\n    a: b\n":                     false,
		`{"metadata": {"annotations": {}}}`:                         false,
		"description: Standard object metadata. More info\n":        false,
		"path: /metadata/labels/a\n":                                false,
		"fieldPath: metadata.name\n":                                false,
	} {
		if got := touchesAnnotations([]byte(text)); got != want {
			t.Errorf("%q: %v", text, got)
		}
	}
}

// Which of the files that mention annotations could act on them.
func TestSensitive(t *testing.T) {
	crd := "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {text: \"metadata.annotations['x']\"}\n"
	variable := "varReference: [{path: metadata/annotations}]\n"
	for name, c := range map[string]struct {
		kustomization, file string
		want                bool
	}{
		"an object":                     {"resources: [f.yaml]\n", crd, false},
		"an object of a base":           {"resources: [base]\n", "", false},
		"a patch, too":                  {"resources: [f.yaml]\npatches: [{path: f.yaml}]\n", crd, true},
		"with a hash":                   {"resources: [f.yaml]\n", crd + "# metadata.annotations kustomize.config.k8s.io/needs-hash\n", true},
		"variables":                     {"resources: [base]\nconfigurations: [f.yaml]\n", variable, false},
		"another transformer's field":   {"configurations: [f.yaml]\n", variable + "namePrefix: [{path: metadata/annotations}]\n", true},
		"a transformer's configuration": {"transformers: [t]\nresources: [f.yaml]\n", crd, true},
		"a generated file":              {"configMapGenerator: [{name: x, files: [k=f.yaml]}]\n", crd, true},
		"a replacement of all":          {"replacements: [{source: {kind: ConfigMap, fieldPath: metadata.annotations}}]\n", crd, true},
		"a replacement of one":          {"replacements: [{targets: [{fieldPaths: [metadata.annotations.x]}]}]\n", "", false},
	} {
		root := testtree.Write(t, map[string]string{"o/kustomization.yaml": c.kustomization, "o/f.yaml": c.file,
			"o/base/kustomization.yaml": "resources: [b.yaml]\n", "o/base/b.yaml": crd})
		tree, err := hermetic.NewTree(root, 0)
		if err != nil {
			t.Fatal(err)
		}
		b := &build{tree: tree, overlay: "o", view: tree.View()}
		for _, file := range []string{"o/kustomization.yaml", "o/f.yaml", "o/base/kustomization.yaml", "o/base/b.yaml"} {
			if _, err := b.view.ReadFile(tree.Abs(file)); err != nil {
				t.Fatal(err)
			}
		}
		if got := b.sensitive(); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}
