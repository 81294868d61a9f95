package manifest

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"sigs.k8s.io/kustomize/kyaml/yaml"

	"kustodian.dev/engine/internal/protocol"
)

func TestSplit(t *testing.T) {
	for _, test := range []struct {
		name, content string
		want          string // line:content line of each document
	}{
		{"one", "a: 1\n", "1:1"},
		{"comment first", "# licence\n\na: 1\n", "1:3"},
		{"two", "a: 1\n---\nb: 2\n", "1:1 2:3"},
		{"empty documents are dropped", "---\n---\n# nothing\n---\na: 1\n", "4:5"},
		{"content on the marker's line", "--- {a: 1}\n---\nb: 2\n", "1:1 2:3"},
		{"end marker", "a: 1\n...\nb: 2\n", "1:1 3:3"},
		{"dashes in a block scalar", "a: |\n  ---\n  b\n", "1:1"},
		{"windows line ends", "a: 1\r\n---\r\nb: 2\r\n", "1:1 2:3"},
		{"directive", "%YAML 1.1\n---\na: 1\n", "2:3"},
		{"nothing", "", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			var got []string
			for _, chunk := range Split([]byte(test.content)) {
				got = append(got, fmt.Sprintf("%d:%d", chunk.Line, chunk.ContentLine))
			}
			if strings.Join(got, " ") != test.want {
				t.Errorf("got %v, want %s", got, test.want)
			}
		})
	}
}

func TestParseValues(t *testing.T) {
	for _, test := range []struct{ name, content, want string }{
		{"integers stay integers", "a: 8080\nb: 9007199254740993\n", `{"a":8080,"b":9007199254740993}`},
		{"floats", "a: 0.5\n", `{"a":0.5}`},
		{"YAML 1.1 booleans", "a: yes\nb: off\nc: \"yes\"\n", `{"a":true,"b":false,"c":"yes"}`},
		{"dates stay text", "a: 2026-01-02\n", `{"a":"2026-01-02"}`},
		{"octal", "a: 0644\n", `{"a":420}`},
		{"merge keys", "k: &k {a: 1}\nm:\n  <<: *k\n  b: 2\n", `{"k":{"a":1},"m":{"a":1,"b":2}}`},
		{"number as a key", "a: {1: b}\n", `{"a":{"1":"b"}}`},
	} {
		t.Run(test.name, func(t *testing.T) {
			documents, failure := Parse("f.yaml", []byte(test.content))
			if failure != nil {
				t.Fatal(failure)
			}
			if got := string(documents[0].Object); got != test.want {
				t.Errorf("got %s, want %s", got, test.want)
			}
		})
	}
}

func TestParseDocuments(t *testing.T) {
	content := "# first\na: 1\n---\nkind: List\nitems:\n- {b: 2}\n- {c: 3}\n---\nkind: AllowList\nspec: {}\n"
	documents, failure := Parse("f.yaml", []byte(content))
	if failure != nil {
		t.Fatal(failure)
	}
	var got []string
	for _, d := range documents {
		item := -1
		if d.Item != nil {
			item = *d.Item
		}
		got = append(got, fmt.Sprintf("%d/%d/%d %s", d.Index, d.Line, item, d.Object))
	}
	want := `0/2/-1 {"a":1}; 1/4/0 {"b":2}; 1/4/1 {"c":3}; 2/9/-1 {"kind":"AllowList","spec":{}}`
	if strings.Join(got, "; ") != want {
		t.Errorf("got %s\nwant %s", strings.Join(got, "; "), want)
	}
}

// The line of an error is the line that a person has to edit.
func TestParseErrors(t *testing.T) {
	for _, test := range []struct {
		name, file, content string
		code                string
		line                int
		message             string
	}{
		{"duplicate key beside a merge", "f.yaml", "x: &x {a: 1}\nb: {<<: *x, a: 2, a: 3}\n", protocol.CodeYAML, 2, `key "a" is set twice`},
		{"duplicate key", "f.yaml", "a: 1\nb: 2\na: 3\n", protocol.CodeYAML, 3, `key "a" is set twice`},
		{"duplicate key in the second document", "f.yaml", "a: 1\n---\nb:\n  c: 1\n  c: 2\n", protocol.CodeYAML, 5, `key "c" is set twice`},
		{"first line", "f.yaml", "a: b: c\n", protocol.CodeYAML, 1, "mapping values are not allowed"},
		{"colon in a plain value", "f.yaml", "a: 1\nb: 2\nc: d: e\n", protocol.CodeYAML, 3, "mapping values are not allowed"},
		{"bad indentation", "f.yaml", "a:\n  b: 1\n  c: 2\n d: 3\ne: 4\n", protocol.CodeYAML, 4, ""},
		{"tab", "f.yaml", "a:\n\tb: 1\n", protocol.CodeYAML, 2, "cannot start any token"},
		{"open quote", "f.yaml", "a: 1\nb: \"c\nd: 2\n", protocol.CodeYAML, 2, "unexpected end of stream"},
		{"open quote on the first line", "f.yaml", "a: \"b\nc: 1\nd: 2\n", protocol.CodeYAML, 1, "unexpected end of stream"},
		{"list in a mapping", "f.yaml", "a:\n  b: 1\n  c: 1\n  - d\n", protocol.CodeYAML, 4, "did not find expected"},
		{"open bracket", "f.yaml", "a: 1\nb: [1, 2\nc: 3\n", protocol.CodeYAML, 3, ""},
		{"helm template", "f.yaml", "apiVersion: v1\nkind: Service\n{{- if .Values.a }}\nspec: {}\n{{- end }}\n", protocol.CodeYAML, 3, ""},
		{"unknown anchor", "f.yaml", "a: 1\nb: *nope\n", protocol.CodeYAML, 2, "unknown anchor"},
		{"a list", "f.yaml", "\n- a\n", protocol.CodeNotAnObject, 2, "not a mapping"},
		{"an item that is not an object", "f.yaml", "kind: List\nitems: [1]\n", protocol.CodeNotAnObject, 1, "item 0"},
		{"json", "f.json", "{\n  \"a\": 1,\n  b\n}\n", protocol.CodeYAML, 3, "not valid JSON"},
		{"json with text after it", "f.json", "{}\n{}\n", protocol.CodeYAML, 2, "text after"},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, failure := Parse(test.file, []byte(test.content))
			if failure == nil {
				t.Fatal("no failure")
			}
			if failure.Code != test.code || failure.Line != test.line || failure.File != test.file ||
				!strings.Contains(failure.Message, test.message) {
				t.Errorf("got %+v", *failure)
			}
		})
	}
}

func bomb(levels int, leaf string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "l0: &l0 [%s]\n", leaf)
	for i := 1; i <= levels; i++ {
		fmt.Fprintf(&b, "l%d: &l%d [%s]\n", i, i, strings.TrimSuffix(strings.Repeat(fmt.Sprintf("*l%d,", i-1), 10), ","))
	}
	return b.String()
}

func TestCheckAliases(t *testing.T) {
	for _, test := range []struct {
		name, content string
		line          int // 0: accepted
	}{
		{"harmless", "a: &x {b: 1}\nc: *x\n", 0},
		{"no alias at all", "a: 1\n", 0},
		{"many nodes", bomb(8, "x"), 8},
		{"a heavy leaf", bomb(3, strings.Repeat("x", 100_000)), 4},
		{"in the second document", "a: 1\n---\n" + bomb(8, "x"), 10},
		{"contains itself", "a: &a\n  b: *a\n", 2},
		{"shell text", "run: |\n  ls *.txt && rm *foo &\n", 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			failure := CheckAliases("f.yaml", []byte(test.content))
			switch {
			case test.line == 0 && failure != nil:
				t.Errorf("refused: %+v", *failure)
			case test.line > 0 && failure == nil:
				t.Error("accepted")
			case test.line > 0 && (failure.Code != protocol.CodeAliasBomb || failure.Line != test.line):
				t.Errorf("got %+v", *failure)
			}
		})
	}
}

// AppendNode must give what kustomize's own JSON output gives.
func TestAppendNode(t *testing.T) {
	content := `
a: text
b: "quoted \" \\ \t \u0007 é ☃"
c: |
  lines
  <html> & more
int: 42
negative: -7
big: 9223372036854775808
octal: 0o17
old: 017
hex: 0xff
under: 1_000
float: 1.50
exp: 1e3
yes: yes
bool: true
Bool: True
null1: null
null2: ~
null3:
date: 2026-01-02
time: 2026-01-02T03:04:05Z
str: !!str 5
binary: !!binary aGVsbG8=
list: [1, a, [b], {c: d}, ]
empty: {}
none: []
merged: {<<: {a: 1}, b: 2}
"5": five
`
	node, err := yaml.Parse(content)
	if err != nil {
		t.Fatal(err)
	}
	want, err := node.MarshalJSON()
	if err != nil {
		t.Fatal(err)
	}
	got, err := AppendNode(nil, node.YNode())
	if err != nil {
		t.Fatal(err)
	}
	if canonical(t, got) != canonical(t, want) {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	for _, bad := range []string{"a: 1\na: 2\n", "1: a\n", "a: {true: b}\n"} {
		node := yaml.MustParse(bad)
		if _, err := AppendNode(nil, node.YNode()); err == nil {
			t.Errorf("no error for %q", bad)
		}
	}
}

func canonical(t *testing.T, text []byte) string {
	t.Helper()
	node, err := yaml.ConvertJSONToYamlNode(string(text))
	if err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	out, err := node.MarshalJSON()
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

func TestParseAtReadsTheDocumentsOfTheLines(t *testing.T) {
	bundle := "# first\napiVersion: v1\nkind: A\n---\nkind: B\nitems:\n- c\n--- \nkind: {\n---\nkind: D\n"
	for _, test := range []struct {
		lines []int
		want  []string
	}{
		{[]int{2}, []string{"A"}},
		{[]int{7, 11}, []string{"B", "D"}}, // in the middle, and behind one that does not parse
		{[]int{40}, nil},
	} {
		documents, failure := ParseAt("bundle.yaml", []byte(bundle), test.lines)
		if failure != nil {
			t.Errorf("%v: %v", test.lines, failure)
		}
		var kinds []string
		for _, document := range documents {
			var object struct{ Kind string }
			if err := json.Unmarshal(document.Object, &object); err != nil {
				t.Error(err)
			}
			kinds = append(kinds, object.Kind)
		}
		if !slices.Equal(kinds, test.want) {
			t.Errorf("%v: %v, want %v", test.lines, kinds, test.want)
		}
	}
	if _, failure := ParseAt("bundle.yaml", []byte(bundle), nil); failure == nil {
		t.Error("all of it does not parse")
	}
}

func TestAKeyOverridesOneOfAMerge(t *testing.T) {
	for _, text := range []string{
		"base: &base {name: one, image: a}\nitem: {<<: *base, name: two}\n",
		"base: &base {name: one, image: a}\nitem:\n  name: two\n  <<: [*base]\n",
	} {
		documents, failure := Parse("f.yaml", []byte(text))
		if failure != nil || len(documents) != 1 {
			t.Fatalf("%q: %v", text, failure)
		}
		var object struct{ Item map[string]string }
		if err := json.Unmarshal(documents[0].Object, &object); err != nil {
			t.Fatal(err)
		}
		if object.Item["image"] != "a" {
			t.Errorf("%q: %s", text, documents[0].Object)
		}
	}
}
