package render

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	yamlv3 "go.yaml.in/yaml/v3"

	"kustodian.dev/engine/internal/testtree"
)

// TestPlacesCorpus: the text at the place of every value that is not computed reads as the value.
func TestPlacesCorpus(t *testing.T) {
	corpus := os.Getenv("KUSTODIAN_CORPUS")
	if corpus == "" {
		t.Skip("KUSTODIAN_CORPUS is not set")
	}
	list, err := os.ReadFile(filepath.Join(corpus, "kubeflow-renderable.txt"))
	if err != nil {
		t.Fatal(err)
	}
	checkPlaces(t, filepath.Join(corpus, "kubeflow-manifests"), strings.Fields(string(list)), 0.98)
}

func TestPlaces(t *testing.T) {
	root := testtree.Write(t, map[string]string{
		"base/kustomization.yaml": "resources: [all.yaml, more.json]\n",
		"base/all.yaml": `apiVersion: apps/v1
kind: Deployment
metadata: {name: a, labels: {x: "1"}, annotations: {y: z}}
spec:
  replicas: 1
  template:
    spec:
      containers:
      - &c
        name: one
        image: a:1
        env: [{name: A, value: a}, {name: B, value: b}]
      - <<: *c
        name: two
---
# another
apiVersion: v1
kind: List
items:
- apiVersion: v1
  kind: Service
  metadata: {name: s}
  spec: {ports: [{port: 80, protocol: TCP}, {port: 80, protocol: UDP}]}
`,
		"base/more.json": `{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "m"},
  "data": {"k": "v"}}
`,
		"overlay/kustomization.yaml": `resources: [../base]
labels: [{pairs: {team: ml}}]
commonAnnotations: {owner: me}
namespace: prod
patches:
- path: merge.yaml
- path: ops.yaml
  target: {kind: Deployment}
- target: {kind: Service}
  patch: |-

    - {op: add, path: /spec/ports/0, value: {port: 1}}
    - {op: move, from: /spec/ports/2, path: /spec/ports/0}
    - {op: copy, from: /spec/ports/1, path: /spec/ports/-}
replacements:
- source: {kind: ConfigMap, name: m, fieldPath: data.k}
  targets: [{select: {kind: Deployment}, fieldPaths: [metadata.annotations.y]}]
- sourceValue: fixed
  targets: [{select: {kind: Service}, fieldPaths: [metadata.labels.made], options: {create: true}}]
`,
		"overlay/merge.yaml": `apiVersion: apps/v1
kind: Deployment
metadata: {name: a}
spec:
  replicas: 2
  template:
    spec:
      containers:
      - name: two
        env: [{name: B, value: c}, {name: N, value: n}]
`,
		"overlay/ops.yaml": `- op: add
  path: /spec/template/spec/containers/0
  value: {name: zero, image: z:1}
- op: replace
  path: /spec/template/spec/containers/2/image
  value: y:1
- op: remove
  path: /spec/template/spec/containers/1/env/0
`,
	})
	checkPlaces(t, root, []string{"overlay"}, 1)
}

// checkPlaces compares each value with the text at its place. At least a part of all values must have one.
func checkPlaces(t *testing.T, root string, overlays []string, atLeast float64) {
	t.Helper()
	all, compared := 0, 0
	texts := map[string]map[[2]int]string{}
	for path, overlay := range buildAll(t, Options{Root: root, Overlays: overlays}) {
		if overlay.Failure != nil {
			t.Errorf("%s: %+v", path, *overlay.Failure)
		}
		for _, object := range overlay.Objects {
			words := strings.Fields(object.Places)
			scalars := scalarsOf(t, object.JSON)
			if len(words) != len(scalars) {
				t.Fatalf("%s: %d words for %d values of %s", path, len(words), len(scalars), object.JSON)
			}
			source := Source{}
			for i, word := range words {
				if number, rest, found := strings.Cut(word, "@"); found {
					n, _ := strconv.Atoi(number)
					source, word = overlay.Sources[n], rest
				}
				value, isScalar := scalars[i].(string)
				if !isScalar {
					continue
				}
				all++
				if source.Field != "" || source.File == "" || strings.Contains(word, "!") {
					continue
				}
				if texts[source.File] == nil {
					texts[source.File] = textsOf(t, filepath.Join(root, source.File))
				}
				var at [2]int
				if _, err := fmt.Sscanf(word, "%d.%d", &at[0], &at[1]); err != nil {
					t.Fatal(word)
				}
				if at[1] == 0 {
					continue // a line of a file that is not YAML
				}
				compared++
				if text, known := texts[source.File][at]; !known || text != value {
					t.Errorf("%s: %q, but %s:%v is %q", path, value, source.File, at, text)
				}
			}
		}
	}
	t.Logf("%d of %d values are read from files", compared, all)
	if float64(compared) < atLeast*0.5*float64(all) {
		t.Errorf("only %d of %d values were compared", compared, all)
	}
}

// scalarsOf lists the values of an object in the order of its JSON: the text of a scalar, nil for anything else.
func scalarsOf(t *testing.T, object json.RawMessage) []any {
	t.Helper()
	var node yamlv3.Node
	if err := yamlv3.Unmarshal(object, &node); err != nil {
		t.Fatal(err)
	}
	var list []any
	var walk func(*yamlv3.Node)
	walk = func(n *yamlv3.Node) {
		switch n.Kind {
		case yamlv3.ScalarNode:
			list = append(list, n.Value)
		case yamlv3.MappingNode:
			list = append(list, nil)
			for i := 1; i < len(n.Content); i += 2 {
				walk(n.Content[i])
			}
		case yamlv3.SequenceNode:
			list = append(list, nil)
			for _, item := range n.Content {
				walk(item)
			}
		default:
			walk(n.Content[0])
		}
	}
	walk(&node)
	return list
}

// textsOf maps the place of each scalar of a file to what it reads as.
func textsOf(t *testing.T, file string) map[[2]int]string {
	t.Helper()
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	texts := map[[2]int]string{}
	decoder := yamlv3.NewDecoder(strings.NewReader(strings.ReplaceAll(string(content), "\r\n", "\n")))
	for {
		var node yamlv3.Node
		if decoder.Decode(&node) != nil {
			return texts
		}
		maps.Copy(texts, textsIn(&node))
	}
}

func textsIn(n *yamlv3.Node) map[[2]int]string {
	texts := map[[2]int]string{}
	switch n.Kind {
	case yamlv3.ScalarNode:
		texts[[2]int{n.Line, n.Column}] = asJSON(n)
	case yamlv3.AliasNode:
		if n.Alias.Kind == yamlv3.ScalarNode {
			texts[[2]int{n.Line, n.Column}] = asJSON(n.Alias)
		}
	}
	for _, inner := range n.Content {
		maps.Copy(texts, textsIn(inner))
	}
	return texts
}

// asJSON is a scalar as the objects have it: numbers and booleans in their one form.
func asJSON(n *yamlv3.Node) string {
	var value any
	if n.Decode(&value) != nil {
		return n.Value
	}
	if _, isText := value.(string); isText {
		return n.Value
	}
	encoded, _ := json.Marshal(value)
	return string(encoded)
}
