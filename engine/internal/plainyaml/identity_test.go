package plainyaml

import (
	"strings"
	"testing"

	yamlv3 "go.yaml.in/yaml/v3"

	"kustodian.dev/engine/internal/manifest"
)

const workload = `---
# What runs.
apiVersion: apps/v1
kind: "Deployment" # not a StatefulSet
metadata:
  labels:
    app.kubernetes.io/name: 'a'
    name: not this one
  name: server
  annotations: {}
spec:
  group: not a definition
  replicas:
  template:
    spec:
      containers:
      - name: server
        image: registry.example.com/a/b:1.0@sha256:00
        args:
          - --port=80
          -
            nested: true
          - - deep
            - deeper
        command: []
        more: ["", a, 'b', --c=d] # words
      - name: other
        script: |-

          set -e
            kind: Gadget
          # no comment
        # a comment
        folded: >
          a: b
  last: ~
`

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
    additionalPrinterColumns:
    - description: 'The widget''s "state": it goes on

        over lines # with signs'
      jsonPath: ".status.conditions[?(@.type==\"Ready\")].status"
    - jsonPath: "and \
        on\n"
    schema:
      openAPIV3Schema:
        description: Widgets (see https://example.com/#widgets)
          go on, – and

          on:and:on [or {so # and end
        properties:
          kind: {}
          names: More - or less
          group: |
            kind: Gadget
            	namespace: x
        required: [kind]
`

// parsedIdentity is what the parser finds in a document.
func parsedIdentity(text string) (manifest.Identity, bool) {
	var node yamlv3.Node
	if yamlv3.Unmarshal([]byte(text), &node) != nil || len(node.Content) == 0 || node.Content[0].Kind != yamlv3.MappingNode {
		return manifest.Identity{}, false
	}
	return manifest.IdentityOf(node.Content[0]), true
}

func TestIdentityReadsPlainManifests(t *testing.T) {
	for name, text := range map[string]string{
		"a workload":                 workload,
		"a definition":               definition,
		"no end of line":             strings.TrimRight(workload, "\n"),
		"Windows":                    strings.ReplaceAll(definition, "\n", "\r\n"),
		"an indented document":       "  apiVersion: v1\n  kind: Service\n  metadata:\n    namespace: a\n    name: b\n",
		"no name":                    "apiVersion: v1\nkind: Service\nmetadata:\n  name: null\n",
		"a name that is a mapping":   "apiVersion: v1\nkind: Service\nmetadata:\n  name:\n    a: b\n",
		"a definition without names": "apiVersion: v1\nkind: CustomResourceDefinition\nspec:\n  names: []\n",
		"quotes":                     strings.NewReplacer("kind: Widget", `kind: "Widget"`, "group: example.com", "group: 'example.com'").Replace(definition),
		"words of booleans":          strings.NewReplacer("kind: Widget", "kind: yes", "group: example.com", "group: 12").Replace(definition),
	} {
		got, ok := Identity([]byte(text))
		if want, valid := parsedIdentity(text); !ok || !valid || got != want {
			t.Errorf("%s: %+v %v, parsed %+v", name, got, ok, want)
		}
	}
}

func TestIdentityLeavesTheRestToTheParser(t *testing.T) {
	for name, change := range map[string][2]string{
		"a mapping in a flow":        {"command: []", "command: {a: b}"},
		"a nested flow":              {`["", a,`, `[[""], a,`},
		"a value on two lines":       {"name: server\n", "name: ser\n    ver\n"},
		"a value on the next line":   {"name: server\n", "name:\n    server\n"},
		"a quoted name on two":       {"name: server\n", "name: 'ser\n    ver'\n"},
		"a block scalar":             {"name: server\n", "name: |-\n    server\n"},
		"text behind a comment":      {"image: registry.example.com/a/b:1.0@sha256:00", "image: a # b\n          c"},
		"text behind a comment line": {"image: registry.example.com/a/b:1.0@sha256:00", "image: a\n          # b\n          c"},
		"an anchor":                  {"name: server\n", "name: &a server\n"},
		"a merge":                    {"  replicas:", "  <<: *all\n  replicas:"},
		"a tab":                      {"  replicas", "\treplicas"},
		"a tab behind a dash":        {"- --port=80", "-\t--port=80"},
		"a tab behind two dashes":    {"- --port=80", "- -\t--port=80"},
		"a key twice":                {"spec:\n", "spec:\nkind: Job\nspec:\n"},
		"a name twice":               {"  name: server\n", "  name: server\n  name: other\n"},
		"a group twice":              {"  group: not a definition\n", "  group: a\n  group: b\n"},
		"an escape":                  {`"Deployment"`, `"Deploy\u006dent"`},
		"an escape in an identity":   {`"Deployment"`, `"Deploy\/ment"`},
		"an open quote":              {`"Deployment"`, `"Deployment`},
		"a quote to the end":         {"last: ~", "last: 'a"},
		"a colon in a value":         {"--port=80", "a: b: c"},
		"a colon on the next line":   {"--port=80", "a\n              b: c"},
		"too little indentation":     {"        image:", "       image:"},
		"a shallow block scalar":     {"          # no comment", "         # no comment"},
		"deep blank lines":           {"|-\n\n", "|-\n                \n"},
		"a sequence in its place":    {"  last: ~", "  - last"},
		"a list":                     {`"Deployment"`, "List"},
		"a directive":                {"---", "%YAML 1.2\n---"},
		"a character of YAML's own":  {"last: ~", "last: a\u2028b"},
		"bytes that are not UTF-8":   {"last: ~", "last: a\xff"},
		"a long key":                 {"  last:", "  " + strings.Repeat("x", 1100) + ":"},
		"a deep document":            {"  last: ~", "  last:\n    " + strings.Repeat("- ", 100) + "a"},
	} {
		text := strings.Replace(workload, change[0], change[1], 1)
		if text == workload {
			t.Fatalf("%s changes nothing", name)
		}
		if got, ok := Identity([]byte(text)); ok {
			t.Errorf("%s: read as %+v", name, got)
		}
	}
}

// Characters that YAML forbids, or takes for the end of a line, are never text.
func TestIdentityAgreesOnCharacters(t *testing.T) {
	read := 0
	for c := rune(1); c < 0x10010; c++ {
		if c == 0x300 {
			c = 0x2000
		} else if c == 0x2100 {
			c = 0xfe00
		}
		for _, pattern := range []string{"apiVersion: v1\nkind: AXb\n", "apiVersion: v1\nkind: A\na: |\n  b\n  X: c\n"} {
			text := strings.Replace(pattern, "X", string(c), 1)
			got, ok := Identity([]byte(text))
			if !ok {
				continue
			}
			read++
			if want, valid := parsedIdentity(text); !valid || got != want {
				t.Errorf("%U: %+v, parsed %+v (%v)", c, got, want, valid)
			}
		}
	}
	if read < 2000 {
		t.Errorf("only %d texts were read", read)
	}
}

// Whatever a person breaks in a manifest: what Identity reads is what the
// parser reads.
func TestIdentityAgreesWithTheParser(t *testing.T) {
	all, read := 0, 0
	check := func(text string) {
		all++
		got, ok := Identity([]byte(text))
		if !ok {
			return
		}
		read++
		if want, valid := parsedIdentity(text); !valid || got != want {
			t.Fatalf("%+v, parsed %+v (%v):\n%s", got, want, valid, text)
		}
	}
	eachChanged([]string{workload, definition, strings.ReplaceAll(definition, "\n", "\r\n")}, 6000, check)
	eachChanged(realTexts(t), 3000, check)
	t.Logf("%d of %d texts", read, all)
	if read < all/4 {
		t.Errorf("only %d of %d texts were read", read, all)
	}
}
