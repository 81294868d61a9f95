package plainyaml

import (
	"strings"
	"testing"

	"kustodian.dev/engine/internal/manifest"
)

const overlay = `---
# What is deployed.
apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
namespace: iris-prod # its own
resources:
- ../../base
- ./extra.yaml
- "quoted.yaml"
components: [../../components/gpu, '../x']
images: [{name: registry.example.com/app, newTag: 1.0.7, nested: [a, {b: true}]}, ]
generatorOptions:
  disableNameSuffixHash: true
  labels: {}
replicas:
  - name: server
    count: 3
empty:
patches:
  - path: resources.yaml
    target:
      kind: Deployment
      annotationSelector: a<b & "c"
  -
    patch: |-
      - op: replace
        path: /spec/replicas

        # a comment, which is text here
        value: "3"
    options: [ ]
configMapGenerator:
- name: settings
  literals: ["a=b", c=d]
  script: |
    set -e
last: null
`

func TestJSONReadsPlainKustomizations(t *testing.T) {
	plain := strings.NewReplacer("name: registry.example.com/app", `name: "registry.example.com/app"`).Replace(overlay)
	for name, text := range map[string]string{
		"a kustomization":     plain,
		"no end of line":      strings.TrimRight(plain, "\n"),
		"one line":            "resources: []",
		"indented":            "  a: b\n  c:\n  - d\n",
		"quotes in the words": "a: it's \"so\"\nb: 'x \"y\"'\n",
	} {
		want, failure := manifest.Decode("f", manifest.Chunk{Text: []byte(text)})
		if failure != nil {
			t.Fatalf("%s: %v", name, failure)
		}
		if got, ok := JSON([]byte(text)); !ok || string(got) != string(want) {
			t.Errorf("%s: %v\n%s\nparsed\n%s", name, ok, got, want)
		}
	}
}

func TestJSONLeavesTheRestToTheParser(t *testing.T) {
	for _, text := range []string{
		"a: yes\n", "a: 1.5\n", "a: 010\n", "a: 2001-12-14\n", "a: 1:20\n", "a: .inf\n", "a: ~\n", "a: 0x10\n", "a: 1e3\n",
		"on: a\n", "1: a\n", "a: b\na: c\n", "a: {b: c, b: d}\n", "a: &x b\n", "a: !!str b\n", "a: *x\n", "<<: a\n",
		"a: b: c\n", "a: b\n  c\n", "a:\n    b: c\n  d: e\n", "a:\tb\n", "a: >\n  b\n", "a: |2\n  b\n", "a: |\n\n  b\n",
		"- a\n", "a\n", "{a: b}\n", "a: [b, [c]\n", "a: [b c]\n", "a: [b:c]\n", "a: \"b\\n\"\n", "a: 'it''s'\n", "a: é\n",
		"a:\n- - b\n", "a: - b\n", "--- a: b\n", "a: |\n  b\n c: d\n", "a: |\n  b", "", "# a\n", "a: [b,, c]\n", "a: %b\n", "a: @b\n",
	} {
		if got, ok := JSON([]byte(text)); ok {
			t.Errorf("%q: read as %s", text, got)
		}
	}
}

// Whatever a person breaks in a file: what JSON reads is what the parser reads,
// byte for byte.
func TestJSONAgreesWithTheParser(t *testing.T) {
	all, read := 0, 0
	check := func(text string) {
		all++
		got, ok := JSON([]byte(text))
		if !ok {
			return
		}
		read++
		if want, failure := manifest.Decode("f", manifest.Chunk{Text: []byte(text)}); failure != nil || string(got) != string(want) {
			t.Fatalf("%s\nparsed %v\n%s\nfrom\n%s", got, failure, want, text)
		}
	}
	eachChanged([]string{overlay}, 2000, check)
	eachChanged(realTexts(t), 6000, check)
	t.Logf("%d of %d texts", read, all)
	if read < all/4 {
		t.Errorf("only %d of %d texts were read", read, all)
	}
}
