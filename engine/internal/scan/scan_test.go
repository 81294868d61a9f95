package scan

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"kustodian.dev/engine/internal/manifest"
	"kustodian.dev/engine/internal/testtree"
)

func TestRepository(t *testing.T) {
	root := testtree.Write(t, map[string]string{
		"overlays/dev/kustomization.yaml": "resources:\n- ../../base\n",
		"overlays/two/kustomization.yml":  "a: 1\nb: 2\na: 3\n",
		"base/Kustomization":              "",
		"list/kustomization.yaml":         "- a\n",
		"argocd/project.yaml":             "# the project\napiVersion: argoproj.io/v1alpha1\nkind: AppProject\nmetadata:\n  name: iris\n  namespace: argocd\n---\nkind: NoVersion\n---\napiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: Secret\n  metadata: {name: a}\n",
		"chart/templates/deployment.yaml": "apiVersion: apps/v1\nkind: Deployment\n{{ if .Values.x }}\n",
		"values.yaml":                     "replicas: 1\n",
		"package.json":                    "{\"name\": \"x\"}",
		"crd.json":                        "{\n \"apiVersion\": \"v1\", \"kind\": \"ConfigMap\", \"metadata\": {\"name\": \"j\"}\n}",
		"big.yaml":                        "# " + strings.Repeat("x", 3000),
		"README.md":                       "# no",
		".github/workflows/ci.yaml":       "on: push\n",
		".git/config.yaml":                "a: 1\n",
		".venv/lib/a.yaml":                "a: 1\n",
		"deep/node_modules/a.yaml":        "a: 1\n",
		"link.yaml ->":                    "values.yaml",
		"linked ->":                       "argocd",
		"dup.yaml":                        "apiVersion: v1\nkind: Pod\nmetadata: {name: a, name: b}\n",
	})
	var got []string
	err := Repository(root, 2000, func(found any) {
		switch f := found.(type) {
		case Kustomization:
			line := "K " + f.Path + " " + string(f.Document)
			if f.Error != nil {
				line += fmt.Sprintf("%s:%d", f.Error.Code, f.Error.Line)
			}
			got = append(got, line)
		case Manifests:
			line := "M " + f.Path
			for _, d := range f.Documents {
				line += fmt.Sprintf(" %d:%s/%s/%s/%s", d.Line, d.APIVersion, d.Kind, d.Namespace, d.Name)
			}
			if f.Error != nil {
				line += fmt.Sprintf(" %s:%d", f.Error.Code, f.Error.Line)
			}
			got = append(got, line)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"M .github/workflows/ci.yaml",
		"M argocd/project.yaml 2:argoproj.io/v1alpha1/AppProject/argocd/iris 13:v1/Secret//a",
		"K base/Kustomization yaml:1",
		"M big.yaml file-too-large:0",
		"M chart/templates/deployment.yaml yaml:3",
		"M crd.json 1:v1/ConfigMap//j",
		"M dup.yaml 1:v1/Pod//a",
		"K list/kustomization.yaml yaml:1",
		`K overlays/dev/kustomization.yaml {"resources":["../../base"]}`,
		"K overlays/two/kustomization.yml yaml:3",
		"M values.yaml",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// A definition is identified with what it defines, and checked to its end
// however large it is.
func TestLargeDefinitions(t *testing.T) {
	definition := "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata:\n  name: widgets.example.com\nspec:\n" +
		"  group: example.com\n  names:\n    kind: Widget\n  versions:\n" + strings.Repeat("  - name: v1\n    served: true\n", 1000)
	root := testtree.Write(t, map[string]string{"a.yaml": definition, "b.yaml": definition + "   - bad: 1\n"})
	var got []Manifests
	if err := Repository(root, 0, func(found any) { got = append(got, found.(Manifests)) }); err != nil {
		t.Fatal(err)
	}
	want := Object{Line: 1, Identity: manifest.Identity{APIVersion: "apiextensions.k8s.io/v1", Kind: "CustomResourceDefinition",
		Name: "widgets.example.com", DefinesGroup: "example.com", DefinesKind: "Widget"}}
	if len(got) != 2 || got[0].Error != nil || !slices.Equal(got[0].Documents, []Object{want}) {
		t.Errorf("got %+v", got)
	}
	if failure := got[1].Error; failure == nil || failure.Line != 2010 {
		t.Errorf("a broken definition: %+v", failure)
	}
}

func TestRootMustExist(t *testing.T) {
	if err := Repository("/no/such/folder", 0, func(any) {}); err == nil {
		t.Error("no error")
	}
}
