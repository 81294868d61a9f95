package scan

import (
	"io/fs"
	"math/rand"
	"os"
	"path/filepath"
	"strings"
	"testing"

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
        command: {a: b}
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

func TestPlainHeadReadsPlainManifests(t *testing.T) {
	plain := strings.Replace(workload, `{a: b}`, "[]", 1)
	for name, text := range map[string]string{
		"a workload":           plain,
		"no end of line":       strings.TrimRight(plain, "\n"),
		"an indented document": "  apiVersion: v1\n  kind: Service\n  metadata:\n    namespace: a\n    name: b\n",
		"no name":              "apiVersion: v1\nkind: Service\nmetadata:\n  name: null\n",
	} {
		chunk := manifest.Split([]byte(text))[0]
		head, ok := plainHead(chunk.Text, chunk.Head)
		if want := parsedHeads(chunk); !ok || len(want) != 1 || head != want[0] {
			t.Errorf("%s: %+v %v, parsed %+v", name, head, ok, want)
		}
	}
}

func TestPlainHeadLeavesTheRestToTheParser(t *testing.T) {
	plain := strings.Replace(workload, `{a: b}`, "[]", 1)
	for name, change := range map[string][2]string{
		"a mapping in a flow":     {"command: []", "command: {a: b}"},
		"a value on two lines":    {"name: server\n", "name:\n    ser\n    ver\n"},
		"an anchor":               {"name: server\n", "name: &a server\n"},
		"a nested flow":           {`["", a,`, `[[""], a,`},
		"a tab":                   {"  replicas", "\treplicas"},
		"a key twice":             {"spec:\n", "spec:\nkind: Job\nspec:\n"},
		"a name twice":            {"  name: server\n", "  name: server\n  name: other\n"},
		"an escape":               {`"Deployment"`, `"Deploy\u006dent"`},
		"an open quote":           {`"Deployment"`, `"Deployment`},
		"a colon in a value":      {"--port=80", "a: b: c"},
		"too little indentation":  {"        image:", "       image:"},
		"a shallow block scalar":  {"          # no comment", "         # no comment"},
		"deep blank lines":        {"|-\n\n", "|-\n                \n"},
		"a sequence in its place": {"  last: ~", "  - last"},
		"a list":                  {`"Deployment"`, "List"},
		"a definition":            {`"Deployment"`, "CustomResourceDefinition"},
		"a directive":             {"---", "%YAML 1.2\n---"},
	} {
		text := strings.Replace(plain, change[0], change[1], 1)
		if text == plain {
			t.Fatalf("%s changes nothing", name)
		}
		if head, ok := plainHead([]byte(text), 1); ok {
			t.Errorf("%s: read as %+v", name, head)
		}
	}
}

// Whatever a person breaks in a manifest: what is read without the parser is
// what the parser reads.
func TestPlainHeadAgreesWithTheParser(t *testing.T) {
	texts := append([]string{workload, strings.Replace(workload, `{a: b}`, "[]", 1)}, realTexts()...)
	random := rand.New(rand.NewSource(1))
	rounds, read := max(5, 3000/len(texts)), 0
	for _, text := range texts {
		for round := range rounds {
			given := text
			for range round % 4 {
				given = changed(random, given)
			}
			chunk := manifest.Chunk{Line: 1, Head: 1, Text: []byte(given)}
			if head, ok := plainHead(chunk.Text, chunk.Head); ok {
				read++
				if want := parsedHeads(chunk); len(want) != 1 || head != want[0] {
					t.Fatalf("%+v, parsed %+v:\n%s", head, want, given)
				}
			}
		}
	}
	t.Logf("%d of %d texts", read, len(texts)*rounds)
	if read == 0 {
		t.Error("nothing was read")
	}
}

// realTexts are the documents of manifests and kustomizations that people wrote.
func realTexts() (texts []string) {
	folders := []string{"../../../base", "../../../overlays"}
	if corpus := os.Getenv("KUSTODIAN_CORPUS"); corpus != "" {
		folders = append(folders, corpus)
	}
	for _, folder := range folders {
		_ = filepath.WalkDir(folder, func(name string, entry fs.DirEntry, err error) error {
			if err == nil && entry.Type().IsRegular() && filepath.Ext(name) == ".yaml" {
				if content, err := os.ReadFile(name); err == nil && len(content) < largeDocument {
					for _, chunk := range manifest.Split(content) {
						texts = append(texts, string(chunk.Text))
					}
				}
			}
			return nil
		})
	}
	return texts
}

// changed breaks, or only changes, a text in one place.
func changed(random *rand.Rand, text string) string {
	const signs = " \n:-#'\"{}[],&*!|>%@`?~ab0\t"
	at := random.Intn(len(text) + 1)
	sign := string(signs[random.Intn(len(signs))])
	lines := strings.SplitAfter(text, "\n")
	line := random.Intn(len(lines))
	switch random.Intn(6) {
	case 0:
		return text[:at] + sign + text[at:]
	case 1:
		return text[:at] + text[min(at+1, len(text)):]
	case 2:
		lines[line] = " " + lines[line]
	case 3:
		lines[line] = strings.TrimPrefix(lines[line], " ")
	case 4:
		lines[line] = ""
	case 5:
		other := random.Intn(len(lines))
		lines[line], lines[other] = lines[other], lines[line]
	}
	return strings.Join(lines, "")
}
