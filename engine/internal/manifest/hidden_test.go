package manifest

import (
	"strings"
	"testing"
)

func TestHiddenDocuments(t *testing.T) {
	const first, second = "kind: A\n", "kind: B\n"
	for text, line := range map[string]int{
		first + "---\n" + second:                             0,
		first + "...\n---\n" + second:                        0,
		first + "...\n":                                      0,
		first + "# c\r\n---\r\n" + second:                    0,
		"text: \"a\u2028b\"\n---\n" + second:                 0,
		"text: |\n  ...\n  a\u0085b\n":                       0,
		first + "# c\r---\n" + second:                        3,
		first + "# c\u0085---\n" + second:                    3,
		first + "---\n" + first + "#\u2028---\u2028k: c":     4,
		first + "# c\u2029---\u2029" + "kind: B":             2,
		first + "...\n" + second:                             4,
		strings.ReplaceAll(first+"---\n"+second, "\n", "\r"): 1,
	} {
		got := 0
		if failure := CheckHidden("a.yaml", []byte(text)); failure != nil {
			got = failure.Line
		}
		if got != line {
			t.Errorf("%q: line %d, want %d", text, got, line)
		}
	}
}

func TestDepth(t *testing.T) {
	nested := func(levels int) string {
		return "a: " + strings.Repeat("[", levels-1) + `"]{"` + strings.Repeat("]", levels-1) + "\n"
	}
	for levels, want := range map[int]string{MaxDepth: "", MaxDepth + 1: "too-deep", 9000: "too-deep", 11000: "yaml"} {
		got := ""
		if _, failure := Parse("a.yaml", []byte(nested(levels))); failure != nil {
			got = failure.Code
		}
		if got != want {
			t.Errorf("%d levels: %q, want %q", levels, got, want)
		}
	}
}

func TestJSONThatOtherParsersRefuse(t *testing.T) {
	for text, want := range map[string]string{
		`{"a": "\ud800", "b": 1.10}`: "{\"a\":\"\ufffd\",\"b\":1.10}",
		`{"a": "\ud83d\ude00"}`:      "{\"a\":\"\U0001f600\"}",
		"{\"a\": \"\xff\"}":          "yaml",
	} {
		documents, failure := Parse("a.json", []byte(text))
		got := ""
		if failure != nil {
			got = failure.Code
		} else {
			got = string(documents[0].Object)
		}
		if got != want {
			t.Errorf("%s: got %q, want %q", text, got, want)
		}
	}
}
