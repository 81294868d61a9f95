package render

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/kyaml/filesys"
	"sigs.k8s.io/yaml"

	"kustodian.dev/engine/internal/protocol"
	"kustodian.dev/engine/internal/testtree"
)

const deployment = `apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  template:
    spec:
      containers:
      - name: web
        image: registry.example.com/web:1
`

func kustomization(lines string) string {
	return "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\n" + lines
}

// buildAll renders overlays and returns them by path.
func buildAll(t *testing.T, options Options) map[string]Overlay {
	t.Helper()
	var mu sync.Mutex
	overlays := map[string]Overlay{}
	if err := Overlays(options, func(o Overlay) {
		mu.Lock()
		defer mu.Unlock()
		overlays[o.Path] = o
	}); err != nil {
		t.Fatal(err)
	}
	return overlays
}

func buildOne(t *testing.T, root, overlay string) Overlay {
	t.Helper()
	return buildAll(t, Options{Root: root, Overlays: []string{overlay}})[overlay]
}

// plain returns what kustomize renders without this package, in the order and
// with the defaults of its CLI.
func plain(t *testing.T, root, overlay string) (string, error) {
	t.Helper()
	globals.enter(mode{alone: true})() // no schema of an earlier build
	options := krusty.MakeDefaultOptions()
	options.Reorder = krusty.ReorderOptionUnspecified
	resources, err := krusty.MakeKustomizer(options).Run(filesys.MakeFsOnDisk(), filepath.Join(root, overlay))
	if err != nil {
		return "", err
	}
	text, err := resources.AsYaml()
	return string(text), err
}

// asYAML prints objects as kustomize prints them.
func asYAML(t *testing.T, objects []Object) string {
	t.Helper()
	var documents []string
	for _, object := range objects {
		document, err := yaml.JSONToYAML(object.JSON)
		if err != nil {
			t.Fatal(err)
		}
		documents = append(documents, string(document))
	}
	return strings.Join(documents, "---\n")
}

// nested is a tree in which provenance has every shape: two levels of bases, a
// component inside a component, patches, generators and images.
var nested = map[string]string{
	"base/kustomization.yaml": kustomization("resources: [deployment.yaml]\nconfigMapGenerator:\n- name: settings\n  literals: [a=1]\n"),
	"base/deployment.yaml":    deployment,
	"components/inner/kustomization.yaml": "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\nresources: [pdb.yaml]\n" +
		"patches:\n- path: replicas.yaml\n",
	"components/inner/replicas.yaml":      "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec: {replicas: 3}\n",
	"components/inner/pdb.yaml":           "apiVersion: policy/v1\nkind: PodDisruptionBudget\nmetadata: {name: web}\nspec: {maxUnavailable: 1}\n",
	"components/outer/kustomization.yaml": "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\ncomponents: [../inner]\n",
	"overlays/dev/kustomization.yaml": kustomization("namespace: dev\nresources: [../../base]\ncomponents: [../../components/outer]\n" +
		"images:\n- name: registry.example.com/web\n  newTag: \"2\"\n"),
}

func TestProvenance(t *testing.T) {
	root := testtree.Write(t, nested)
	overlay := buildOne(t, root, "overlays/dev")
	if overlay.Failure != nil {
		t.Fatal(overlay.Failure)
	}
	var got []string
	for _, object := range overlay.Objects {
		var meta struct{ Kind string }
		var from origin
		for _, pair := range [][2]any{{object.JSON, &meta}, {object.Origin, &from}} {
			if err := json.Unmarshal(pair[0].(json.RawMessage), pair[1]); err != nil {
				t.Fatal(err)
			}
		}
		got = append(got, fmt.Sprintf("%s: %s%s", meta.Kind, from.Path, from.ConfiguredIn))
		if strings.Contains(string(object.JSON), "config.kubernetes.io") {
			t.Errorf("an annotation of ours is left in %s", object.JSON)
		}
	}
	want := []string{
		"ConfigMap: base/kustomization.yaml", "Deployment: base/deployment.yaml", "PodDisruptionBudget: components/inner/pdb.yaml",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestFilesAndAbsent(t *testing.T) {
	root := testtree.Write(t, nested)
	overlay := buildOne(t, root, "overlays/dev")
	var files []string
	for _, file := range overlay.Files {
		files = append(files, file.Path)
	}
	want := []string{"base/deployment.yaml", "base/kustomization.yaml", "components/inner/kustomization.yaml", "components/inner/pdb.yaml",
		"components/inner/replicas.yaml", "components/outer/kustomization.yaml", "overlays/dev/kustomization.yaml"}
	if !slices.Equal(files, want) {
		t.Errorf("files %v\nwant  %v", files, want)
	}
	for _, absent := range []string{"overlays/dev/Kustomization", "base/kustomization.yml"} {
		if !slices.Contains(overlay.Absent, absent) {
			t.Errorf("%s is not in %v", absent, overlay.Absent)
		}
	}
}

// Whatever a kustomization contains, the objects are those of plain kustomize.
func TestSameObjectsAsKustomize(t *testing.T) {
	component := "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\n"
	for name, files := range map[string]map[string]string{
		"nested": nested,
		"the user asks for origins": {"overlays/dev/kustomization.yaml": kustomization("resources: [a.yaml]\nnamePrefix: x-\nbuildMetadata: [originAnnotations]\n"),
			"overlays/dev/a.yaml": deployment},
		"the user asks for transformations": {"overlays/dev/kustomization.yaml": kustomization("resources: [a.yaml]\nnamePrefix: x-\nbuildMetadata: [transformerAnnotations, managedByLabel]\n"),
			"overlays/dev/a.yaml": deployment},
		"the managed-by label": {"overlays/dev/kustomization.yaml": kustomization("resources: [a.yaml]\nbuildMetadata: [managedByLabel]\n"),
			"overlays/dev/a.yaml": deployment},
		"annotations of the same names": {"overlays/dev/kustomization.yml": kustomization("resources: [a.yaml]\n"),
			"overlays/dev/a.yaml": strings.Replace(deployment, "  name: web\n", "  name: web\n  annotations: {config.kubernetes.io/origin: mine, keep: me}\n", 1)},
		"an empty annotations map": {"overlays/dev/Kustomization": kustomization("resources: [a.yaml]\n"),
			"overlays/dev/a.yaml": strings.Replace(deployment, "  name: web\n", "  name: web\n  annotations: {}\n", 1)},
		"a JSON patch that replaces the annotations": {"overlays/dev/kustomization.yaml": kustomization("resources: [a.yaml]\npatches:\n- target: {kind: Deployment}\n  patch: |-\n    - op: add\n      path: /metadata/annotations\n      value: {a: b}\n"),
			"overlays/dev/a.yaml": deployment},
		"a JSON patch on annotations that are not there": {"overlays/dev/kustomization.yaml": kustomization("resources: [a.yaml]\npatches:\n- target: {kind: Deployment}\n  patch: |-\n    - op: add\n      path: /metadata/annotations/a\n      value: b\n"),
			"overlays/dev/a.yaml": deployment},
		"a hash over a whole object": {"overlays/dev/kustomization.yaml": kustomization("resources: [a.yaml]\n"),
			"overlays/dev/a.yaml": "apiVersion: example.com/v1\nkind: Thing\nmetadata:\n  name: a\n  annotations: {kustomize.config.k8s.io/needs-hash: \"true\"}\nspec: {a: 1}\n"},
		"a replacement from the annotations": {"overlays/dev/kustomization.yaml": kustomization("resources: [a.yaml, b.yaml]\nreplacements:\n- source: {kind: Deployment, fieldPath: metadata}\n" +
			"  targets:\n  - select: {kind: Thing}\n    fieldPaths: [spec.copy]\n    options: {create: true}\n"),
			"overlays/dev/a.yaml": deployment, "overlays/dev/b.yaml": "apiVersion: example.com/v1\nkind: Thing\nmetadata: {name: a}\nspec: {a: 1}\n"},
		"sort options": {"overlays/dev/kustomization.yaml": kustomization("resources: [a.yaml, b.yaml]\nsortOptions: {order: fifo}\n"),
			"overlays/dev/a.yaml": deployment, "overlays/dev/b.yaml": "apiVersion: v1\nkind: Namespace\nmetadata: {name: a}\n"},
		"no sort options": {"overlays/dev/kustomization.yaml": kustomization("resources: [a.yaml, b.yaml]\n"),
			"overlays/dev/a.yaml": deployment, "overlays/dev/b.yaml": "apiVersion: v1\nkind: Namespace\nmetadata: {name: a}\n"},
		"a kustomization in JSON": {"overlays/dev/kustomization.yaml": `{"resources": ["a.yaml"], "namePrefix": "x-"}`, "overlays/dev/a.yaml": deployment},
		"text at the end of the kustomization": {"overlays/dev/kustomization.yaml": kustomization("resources: [a.yaml]\nconfigMapGenerator:\n- name: a\n  literals:\n  - |-\n    a=b\n    c") + "\n# the end\n",
			"overlays/dev/a.yaml": deployment},
		"aliases and dates": {"overlays/dev/kustomization.yaml": kustomization("resources: [a.yaml]\n"),
			"overlays/dev/a.yaml": "apiVersion: example.com/v1\nkind: Thing\nmetadata: {name: a}\nspec:\n  x: &x {a: 1.0, on: yes, d: 2026-01-02}\n  y: *x\n  z: {<<: *x, b: 0o17}\n"},
		"a schema of its own": {"overlays/dev/kustomization.yaml": kustomization("resources: [a.yaml]\nopenapi: {path: schema.json}\npatches:\n- path: patch.yaml\n"),
			"overlays/dev/a.yaml":      "apiVersion: example.com/v1\nkind: Thing\nmetadata: {name: a}\nspec:\n  items: [{name: a, v: 1}, {name: b, v: 2}]\n",
			"overlays/dev/patch.yaml":  "apiVersion: example.com/v1\nkind: Thing\nmetadata: {name: a}\nspec:\n  items: [{name: b, v: 3}]\n",
			"overlays/dev/schema.json": thingSchema},
		"a component's list of a list": {"overlays/dev/kustomization.yaml": kustomization("resources: [a.yaml]\ncomponents: [../../c]\n"), "overlays/dev/a.yaml": deployment,
			"c/kustomization.yaml": component + "labels:\n- pairs: {a: b}\n  includeSelectors: true\n"},
	} {
		t.Run(name, func(t *testing.T) {
			root := testtree.Write(t, files)
			want, err := plain(t, root, "overlays/dev")
			if err != nil {
				t.Fatalf("plain kustomize: %v", err)
			}
			overlay := buildOne(t, root, "overlays/dev")
			if overlay.Failure != nil {
				t.Fatalf("%+v", *overlay.Failure)
			}
			if got := asYAML(t, overlay.Objects); got != want {
				t.Errorf("got\n%s\nwant\n%s", got, want)
			}
			for _, object := range overlay.Objects {
				if string(object.Origin) == "null" {
					t.Errorf("no origin for %s", object.JSON)
				}
			}
		})
	}
}

const thingSchema = `{"definitions": {"com.example.Thing": {
  "type": "object",
  "x-kubernetes-group-version-kind": [{"group": "example.com", "version": "v1", "kind": "Thing"}],
  "properties": {"spec": {"type": "object", "properties": {"items": {"type": "array",
    "x-kubernetes-patch-merge-key": "name", "x-kubernetes-patch-strategy": "merge",
    "items": {"type": "object", "properties": {"name": {"type": "string"}, "v": {"type": "integer"}}}}}}}}}}`

// A build that brings its own schema must not leak it into any other, however
// they are interleaved.
func TestSchemasDoNotLeak(t *testing.T) {
	files := map[string]string{"schema.json": thingSchema}
	var overlays []string
	for i := range 12 {
		dir := fmt.Sprintf("o%d", i)
		extra := ""
		if i%3 == 0 {
			extra = "openapi: {path: schema.json}\n"
			files[dir+"/schema.json"] = thingSchema
		}
		files[dir+"/kustomization.yaml"] = kustomization(extra + "resources: [a.yaml]\npatches:\n- path: patch.yaml\n")
		files[dir+"/a.yaml"] = "apiVersion: example.com/v1\nkind: Thing\nmetadata: {name: a}\nspec:\n  items: [{name: a, v: 1}, {name: b, v: 2}]\n"
		files[dir+"/patch.yaml"] = "apiVersion: example.com/v1\nkind: Thing\nmetadata: {name: a}\nspec:\n  items: [{name: b, v: 3}]\n"
		overlays = append(overlays, dir)
	}
	root := testtree.Write(t, files)
	for i, dir := range overlays {
		overlay := buildAll(t, Options{Root: root, Overlays: overlays})[dir]
		if overlay.Failure != nil {
			t.Fatal(overlay.Failure)
		}
		merged := strings.Contains(string(overlay.Objects[0].JSON), `"v":1`)
		if merged != (i%3 == 0) {
			t.Errorf("%s: merged by name: %v; %s", dir, merged, overlay.Objects[0].JSON)
		}
	}
}

func TestRefusals(t *testing.T) {
	for _, test := range []struct {
		name  string
		files map[string]string
		want  protocol.Failure // Message: a part of it
	}{
		{"a remote base", map[string]string{"o/kustomization.yaml": kustomization("resources:\n- a.yaml\n- https://github.com/org/repo//deploy?ref=v1\n"), "o/a.yaml": deployment},
			protocol.Failure{Code: "remote-base", File: "o/kustomization.yaml", Line: 5, URL: "https://github.com/org/repo//deploy?ref=v1"}},
		{"a remote base of a base", map[string]string{"o/kustomization.yaml": kustomization("resources: [../b]\n"), "b/Kustomization": kustomization("bases:\n  - git@example.com:org/repo\n")},
			protocol.Failure{Code: "remote-base", File: "b/Kustomization", Line: 4, URL: "git@example.com:org/repo"}},
		{"GitHub without a scheme", map[string]string{"o/kustomization.yaml": kustomization("resources: [github.com/org/repo/deploy]\n")},
			protocol.Failure{Code: "remote-base", File: "o/kustomization.yaml", Line: 3, URL: "github.com/org/repo/deploy"}},
		{"a remote component", map[string]string{"o/kustomization.yaml": kustomization("components: ['ssh://git@example.com/org/repo']\n")},
			protocol.Failure{Code: "remote-base", File: "o/kustomization.yaml", Line: 3, URL: "ssh://git@example.com/org/repo"}},
		{"a field in capitals", map[string]string{"o/kustomization.yaml": kustomization("Resources: [a.yaml]\n"), "o/a.yaml": deployment},
			protocol.Failure{Code: "yaml", File: "o/kustomization.yaml", Line: 3}},
		{"a second document", map[string]string{"o/kustomization.yaml": kustomization("resources: [a.yaml]\n---\nresources: [b.yaml]\n"), "o/a.yaml": deployment},
			protocol.Failure{Code: "yaml", File: "o/kustomization.yaml", Line: 5}},
		{"a document that kustomize ignores", map[string]string{"o/kustomization.yaml": kustomization("resources: [a.yaml]\n"), "o/a.yaml": "kind: A\napiVersion: v1\nmetadata: {name: a}\n#\u0085---\u0085kind: B\n"},
			protocol.Failure{Code: "yaml", File: "o/a.yaml", Line: 4}},
		{"an object that is nested too deeply", map[string]string{"o/kustomization.yaml": kustomization("resources: [a.yaml]\n"), "o/a.yaml": deployment + "x: " + strings.Repeat("[", 300) + strings.Repeat("]", 300) + "\n"},
			protocol.Failure{Code: "too-deep", File: "o/a.yaml"}},
		{"a clone of a local repository", map[string]string{"o/kustomization.yaml": kustomization("resources: ['file:///srv/repo']\n")},
			protocol.Failure{Code: "remote-base", File: "o/kustomization.yaml", Line: 3, URL: "file:///srv/repo"}},
		{"a remote patch", map[string]string{"o/kustomization.yaml": kustomization("resources: [a.yaml]\npatches:\n- path: http://example.com/p.yaml\n"), "o/a.yaml": deployment},
			protocol.Failure{Code: "remote-base", File: "o/kustomization.yaml", Line: 5, URL: "http://example.com/p.yaml"}},
		{"a remote file of a generator", map[string]string{"o/kustomization.yaml": kustomization("configMapGenerator:\n- name: a\n  files:\n  - x=https://example.com/x\n")},
			protocol.Failure{Code: "remote-base", File: "o/kustomization.yaml", Line: 6, URL: "https://example.com/x"}},
		{"a URL in a plugin's configuration", map[string]string{"o/kustomization.yaml": kustomization("resources: [a.yaml]\ntransformers: [t.yaml]\n"), "o/a.yaml": deployment,
			"o/t.yaml": "apiVersion: builtin\nkind: PatchTransformer\nmetadata: {name: t}\npath: https://example.com/p.yaml\n"},
			protocol.Failure{Code: "remote-base", File: "o/t.yaml", Line: 4, URL: "https://example.com/p.yaml"}},
		{"a link out of the repository", map[string]string{"o/kustomization.yaml": kustomization("resources:\n- a.yaml\n"), "o/a.yaml ->": "/etc/hosts"},
			protocol.Failure{Code: "outside-root", File: "o/kustomization.yaml", Line: 4, Message: "a.yaml leads out"}},
		{"a base above the root", map[string]string{"o/kustomization.yaml": kustomization("resources:\n- ../../..\n")},
			protocol.Failure{Code: "outside-root", File: "o/kustomization.yaml", Line: 4, Message: "../../.. leads out"}},
		{"an exec plugin", map[string]string{"o/kustomization.yaml": kustomization("resources: [a.yaml]\ntransformers: [t.yaml]\n"), "o/a.yaml": deployment,
			"o/t.yaml": "apiVersion: example.com/v1\nkind: Evil\nmetadata:\n  name: t\n  annotations:\n    config.kubernetes.io/function: 'exec: {path: /bin/true}'\n"},
			protocol.Failure{Code: "exec-plugin", File: "o/kustomization.yaml"}},
		{"helm that is not enabled", map[string]string{"o/kustomization.yaml": kustomization("helmCharts:\n- name: redis\n  repo: https://charts.example.com\n")},
			protocol.Failure{Code: "helm-disabled", File: "o/kustomization.yaml", Line: 3}},
		{"an alias bomb", map[string]string{"o/kustomization.yaml": kustomization("resources: [a.yaml]\n"), "o/a.yaml": "a: &a\n  b: *a\n"},
			protocol.Failure{Code: "alias-bomb", File: "o/a.yaml", Line: 2}},
		{"a big file", map[string]string{"o/kustomization.yaml": kustomization("resources: [a.yaml]\n"), "o/a.yaml": deployment + "# " + strings.Repeat("x", 4096)},
			protocol.Failure{Code: "file-too-large", File: "o/a.yaml"}},
		{"too many objects", map[string]string{"o/kustomization.yaml": kustomization("resources: [a.yaml]\n"),
			"o/a.yaml": strings.Join([]string{deployment, strings.ReplaceAll(deployment, "web", "b"), strings.ReplaceAll(deployment, "web", "c")}, "---\n")},
			protocol.Failure{Code: "too-many-objects"}},
		{"a component", map[string]string{"o/kustomization.yaml": "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\npatches:\n- patch: |-\n    {apiVersion: v1, kind: Pod, metadata: {name: a}}\n"},
			protocol.Failure{Code: "component", File: "o/kustomization.yaml", Line: 2, Message: "does not build on its own"}},
		{"no kustomization", map[string]string{"o/a.yaml": deployment},
			protocol.Failure{Code: "no-kustomization", Message: "holds no kustomization.yaml"}},
		{"no folder", map[string]string{"a.yaml": deployment}, protocol.Failure{Code: "no-kustomization", Message: "there is no folder o"}},
		{"an empty kustomization", map[string]string{"o/kustomization.yaml": kustomization("")},
			protocol.Failure{Code: "build", File: "o/kustomization.yaml", Message: "kustomization.yaml is empty"}},
		{"two kustomizations", map[string]string{"o/kustomization.yaml": kustomization("namePrefix: a\n"), "o/Kustomization": kustomization("namePrefix: a\n")},
			protocol.Failure{Code: "build", File: "o/kustomization.yaml", Message: "multiple kustomization files"}},
		{"YAML in the kustomization", map[string]string{"o/kustomization.yaml": kustomization("resources:\n- a\n  b: c\n")},
			protocol.Failure{Code: "yaml", File: "o/kustomization.yaml", Line: 5}},
		{"YAML in a resource of a base", map[string]string{"o/kustomization.yaml": kustomization("resources: [../b]\n"),
			"b/kustomization.yaml": kustomization("resources: [a.yaml]\n"), "b/a.yaml": "apiVersion: v1\nkind: Pod\nmetadata:\n  name: a\n bad: 1\n"},
			protocol.Failure{Code: "yaml", File: "b/a.yaml", Line: 5}},
		{"an unknown field", map[string]string{"o/kustomization.yaml": kustomization("resources: [../b]\n"), "b/kustomization.yaml": kustomization("namePrefix: a\nresource:\n- a.yaml\n")},
			protocol.Failure{Code: "build", File: "b/kustomization.yaml", Line: 4, Message: `does not know the field "resource"`}},
		{"a resource that is not there", map[string]string{"o/kustomization.yaml": kustomization("resources: [../b]\n"), "b/kustomization.yaml": kustomization("resources:\n- a.yaml\n")},
			protocol.Failure{Code: "build", File: "b/kustomization.yaml", Line: 4, Message: "b/a.yaml does not exist"}},
		{"a base that is not there", map[string]string{"o/kustomization.yaml": kustomization("resources:\n- ../b\n")},
			protocol.Failure{Code: "build", File: "o/kustomization.yaml", Line: 4, Message: "b does not exist"}},
		{"a component that is not there", map[string]string{"o/kustomization.yaml": kustomization("components:\n- ../b\n")},
			protocol.Failure{Code: "build", File: "o/kustomization.yaml", Line: 4, Message: "b does not exist"}},
		{"a patch that is not there", map[string]string{"o/kustomization.yaml": kustomization("resources: [a.yaml]\npatches:\n- path: p.yaml\n"), "o/a.yaml": deployment},
			protocol.Failure{Code: "build", File: "o/kustomization.yaml", Line: 5, Message: "o/p.yaml does not exist"}},
		{"a patch without a target", map[string]string{"o/kustomization.yaml": kustomization("resources: [a.yaml]\npatches:\n- path: p.yaml\n"), "o/a.yaml": deployment,
			"o/p.yaml": strings.Replace(deployment, "name: web", "name: other", 1)},
			protocol.Failure{Code: "build", File: "o/p.yaml", Line: 1, Message: "no matches for Id Deployment.v1.apps/other"}},
		{"an operation that does not apply", map[string]string{"o/kustomization.yaml": kustomization("resources: [a.yaml]\npatches:\n- path: p.yaml\n  target: {kind: Deployment}\n"), "o/a.yaml": deployment,
			"o/p.yaml": "- {op: add, path: /spec/paused, value: true}\n- op: remove\n  path: /spec/none\n"},
			protocol.Failure{Code: "build", File: "o/p.yaml", Line: 2, Message: "Unable to remove nonexistent key"}},
		{"an operation of an inline patch", map[string]string{"o/kustomization.yaml": kustomization("resources: [a.yaml]\npatches:\n- target: {kind: Deployment}\n  patch: |\n    - op: remove\n      path: /spec/none\n"), "o/a.yaml": deployment},
			protocol.Failure{Code: "build", File: "o/kustomization.yaml", Line: 7, Message: "Unable to remove nonexistent key"}},
		{"a replacement without a source", map[string]string{"o/kustomization.yaml": kustomization("resources: [a.yaml]\nreplacements:\n- source: {kind: Secret, name: none}\n  targets: [{select: {kind: Deployment}, fieldPaths: [spec.x]}]\n"), "o/a.yaml": deployment},
			protocol.Failure{Code: "build", File: "o/kustomization.yaml", Line: 5, Message: "nothing selected by"}},
		{"a replacement in a file of its own", map[string]string{"o/kustomization.yaml": kustomization("resources: [a.yaml]\nreplacements: [{path: r.yaml}]\n"), "o/a.yaml": deployment,
			"o/r.yaml": "- sourceValue: a\n  targets: [{select: {kind: Deployment}, fieldPaths: [metadata.name]}]\n- sourceValue: b\n  targets: [{select: {kind: Deployment}, fieldPaths: [spec.none]}]\n"},
			protocol.Failure{Code: "build", File: "o/r.yaml", Line: 3, Message: "unable to find field"}},
		{"a generator of a missing file", map[string]string{"o/kustomization.yaml": kustomization("configMapGenerator:\n- name: a\n  files: [none.txt]\n")},
			protocol.Failure{Code: "build", File: "o/kustomization.yaml", Line: 4}},
		{"a transformer in a file that is wrong", map[string]string{"o/kustomization.yaml": kustomization("resources: [a.yaml]\ntransformers: [t.yaml]\n"), "o/a.yaml": deployment,
			"o/t.yaml": "# one\napiVersion: builtin\nkind: PatchTransformer\nmetadata: {name: t}\n"},
			protocol.Failure{Code: "build", File: "o/t.yaml", Line: 2, Message: "must specify one of patch and path"}},
		{"the same object twice", map[string]string{"o/kustomization.yaml": kustomization("resources: [a.yaml, b.yaml]\n"), "o/a.yaml": deployment, "o/b.yaml": deployment},
			protocol.Failure{Code: "build", File: "o/kustomization.yaml", Line: 3, Message: "is defined twice; the second definition is in o/b.yaml"}},
		{"a file beside the kustomization's folder", map[string]string{"o/kustomization.yaml": kustomization("resources:\n- ../a.yaml\n"), "a.yaml": deployment},
			protocol.Failure{Code: "build", File: "o/kustomization.yaml", Line: 4, Message: "a.yaml is outside of o"}},
		{"a cycle", map[string]string{"o/kustomization.yaml": kustomization("resources:\n- ../b\n"), "b/kustomization.yaml": kustomization("resources:\n- ../o\n")},
			protocol.Failure{Code: "build", File: "b/kustomization.yaml", Message: "cycle detected"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			root := testtree.Write(t, test.files)
			overlay := buildAll(t, Options{Root: root, Overlays: []string{"o"}, Limits: Limits{MaxFileBytes: 4096, MaxObjects: 2}})["o"]
			got := overlay.Failure
			if got == nil {
				t.Fatalf("rendered: %s", asYAML(t, overlay.Objects))
			}
			if got.Code != test.want.Code || got.File != test.want.File || got.URL != test.want.URL ||
				(test.want.Line > 0 && got.Line != test.want.Line) || !strings.Contains(got.Message, test.want.Message) {
				t.Errorf("got %+v", *got)
			}
			if strings.Contains(got.Message, root) || strings.Contains(got.Message, "accumulat") || strings.Contains(got.Message, "\n") {
				t.Errorf("not one readable sentence: %q", got.Message)
			}
			if overlay.Objects != nil {
				t.Error("a failed overlay has objects")
			}
		})
	}
}

// These look remote and are not: kustomize takes them as files and folders.
func TestLocalNamesThatLookRemote(t *testing.T) {
	for _, name := range []string{"user@1.0", "github.com", "a@b:c"} {
		root := testtree.Write(t, map[string]string{
			"o/kustomization.yaml":           kustomization("resources: ['../" + name + "', './" + name + ".yaml']\n"),
			name + "/kustomization.yaml":     kustomization("resources: [a.yaml]\n"),
			name + "/a.yaml":                 deployment,
			"o/" + name + ".yaml":            strings.ReplaceAll(deployment, "web", "other"),
			"overlays/unused/Kustomization2": "",
		})
		if overlay := buildOne(t, root, "o"); overlay.Failure != nil || len(overlay.Objects) != 2 {
			t.Errorf("%s: %+v", name, overlay.Failure)
		}
	}
}

func TestTimeout(t *testing.T) {
	files := map[string]string{}
	var resources []string
	for i := range 400 {
		name := fmt.Sprintf("r%d.yaml", i)
		resources = append(resources, name)
		files["slow/"+name] = strings.ReplaceAll(deployment, "web", fmt.Sprintf("web%d", i))
	}
	files["slow/kustomization.yaml"] = kustomization("namePrefix: a-\nresources: [" + strings.Join(resources, ", ") + "]\n")
	files["fast/kustomization.yaml"] = kustomization("resources: [a.yaml]\n")
	files["fast/a.yaml"] = deployment
	root := testtree.Write(t, files)
	started := time.Now()
	overlay := buildAll(t, Options{Root: root, Overlays: []string{"slow"}, Limits: Limits{TimeoutSeconds: 0.001}})["slow"]
	if overlay.Failure == nil || overlay.Failure.Code != protocol.CodeTimeout {
		t.Fatalf("after %s: %+v", time.Since(started), overlay.Failure)
	}
	// The process continues, and the abandoned build does not block others.
	if overlay := buildOne(t, root, "fast"); overlay.Failure != nil {
		t.Fatal(overlay.Failure)
	}
}

func TestOverlaysOutsideOfTheRoot(t *testing.T) {
	root := testtree.Write(t, map[string]string{"a.yaml": deployment})
	for overlay := range buildAll(t, Options{Root: root, Overlays: []string{"../x", "/etc"}}) {
		if failure := buildOne(t, root, overlay).Failure; failure == nil || failure.Code != protocol.CodeOutsideRoot {
			t.Errorf("%s: %+v", overlay, failure)
		}
	}
}
