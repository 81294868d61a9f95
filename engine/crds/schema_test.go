package main

import (
	"encoding/json"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
)

func parse(t *testing.T, text string) schema {
	t.Helper()
	var out schema
	if err := json.Unmarshal([]byte(text), &out); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return out
}

func same(t *testing.T, got any, want string) {
	t.Helper()
	text, err := json.Marshal(got)
	if err != nil {
		t.Fatal(err)
	}
	var left, right any
	if err := json.Unmarshal(text, &left); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal([]byte(want), &right); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(left, right) {
		t.Errorf("got  %s\nwant %s", text, want)
	}
}

func TestStrict(t *testing.T) {
	cases := map[string]struct{ open, want string }{
		"an unknown field is refused": {
			`{"type":"object","description":"d","properties":{"a":{"type":"string","description":"d"}},"required":["a"]}`,
			`{"type":"object","properties":{"a":{"type":"string"}},"required":["a"],"additionalProperties":false}`,
		},
		"an object without fields is empty": {
			`{"type":"object"}`,
			`{"type":"object","additionalProperties":false}`,
		},
		"preserved fields are accepted, named ones still checked": {
			`{"type":"object","x-kubernetes-preserve-unknown-fields":true,"required":["a"],"properties":{"a":{"type":"object"}}}`,
			`{"type":"object","required":["a"],"properties":{"a":{"type":"object","additionalProperties":false}}}`,
		},
		"a map keeps its value's schema": {
			`{"type":"object","additionalProperties":{"type":"object"}}`,
			`{"type":"object","additionalProperties":{"type":["object","null"],"additionalProperties":false}}`,
		},
		"int or string": {
			`{"anyOf":[{"type":"integer"},{"type":"string"}],"pattern":"^[0-9]+m$","x-kubernetes-int-or-string":true}`,
			`{"type":["integer","string"],"pattern":"^[0-9]+m$"}`,
		},
		"nullable, with enum": {
			`{"type":"string","nullable":true,"enum":["a"]}`,
			`{"type":["string","null"],"enum":["a",null]}`,
		},
		"a field that is optional or has a default may be null": {
			`{"type":"object","required":["a","b"],"properties":{"a":{"type":"string"},"b":{"type":"string","default":"x"},"c":{"type":"integer"}}}`,
			`{"type":"object","required":["a","b"],"additionalProperties":false,"properties":{"a":{"type":"string"},"b":{"type":["string","null"]},"c":{"type":["integer","null"]}}}`,
		},
		"combinators do not refuse unknown fields": {
			`{"type":"object","properties":{"a":{"type":"string"},"b":{"type":"string"}},"required":["a","b"],"oneOf":[{"required":["a"],"properties":{"a":{"enum":["x"]}}},{"not":{"required":["a"]}}]}`,
			`{"type":"object","properties":{"a":{"type":"string"},"b":{"type":"string"}},"required":["a","b"],"additionalProperties":false,"oneOf":[{"required":["a"],"properties":{"a":{"enum":["x"]}}},{"not":{"required":["a"]}}]}`,
		},
		"null passes the combinators of an optional field": {
			`{"type":"object","properties":{"a":{"type":"object","oneOf":[{"required":["x"]},{"required":["y"]}]}}}`,
			`{"type":"object","additionalProperties":false,"properties":{"a":{"type":["object","null"],"additionalProperties":false,"if":{"not":{"type":"null"}},"then":{"oneOf":[{"required":["x"]},{"required":["y"]}]}}}}`,
		},
		"bounds": {
			`{"type":"number","minimum":0,"exclusiveMinimum":true,"maximum":9,"exclusiveMaximum":false}`,
			`{"type":"number","exclusiveMinimum":0,"maximum":9}`,
		},
		"a set has no duplicates": {
			`{"type":"array","x-kubernetes-list-type":"set","items":{"type":"string"}}`,
			`{"type":"array","uniqueItems":true,"items":{"type":"string"}}`,
		},
		"Go durations are not ISO durations": {
			`{"type":"string","format":"duration"}`,
			`{"type":"string"}`,
		},
		"an embedded object has a type and metadata": {
			`{"type":"object","x-kubernetes-embedded-resource":true,"x-kubernetes-preserve-unknown-fields":true}`,
			`{"type":"object","required":["apiVersion","kind"],"properties":{"apiVersion":{"type":"string","minLength":1},"kind":{"type":"string","minLength":1},"metadata":{"$ref":"#/$defs/metadata"}}}`,
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) { same(t, strict(parse(t, c.open)), c.want) })
	}
}

func TestRootSchema(t *testing.T) {
	open := `{"type":"object","required":["spec"],"properties":{
		"apiVersion":{"type":"string"},"kind":{"type":"string"},
		"metadata":{"type":"object","properties":{"name":{"type":"string","maxLength":10}}},
		"spec":{"type":"object"},"status":{"type":"object"}}}`
	root := rootSchema("example.com", "v1", "Thing", parse(t, open), true)
	if root["$defs"].(schema)["metadata"] == nil {
		t.Error("no metadata in $defs")
	}
	same(t, root["required"], `["apiVersion","kind","spec"]`)
	same(t, root["properties"], `{
		"apiVersion":{"const":"example.com/v1"},"kind":{"const":"Thing"},
		"metadata":{"$ref":"#/$defs/metadata","properties":{"name":{"type":"string","maxLength":10}}},
		"spec":{"type":"object","additionalProperties":false},"status":true}`)
	same(t, root["additionalProperties"], `false`)

	noSubresource := rootSchema("example.com", "v1", "Thing", parse(t, open), false)
	same(t, noSubresource["properties"].(schema)["status"], `{"type":["object","null"],"additionalProperties":false}`)
}

func TestShareKeepsTheMeaning(t *testing.T) {
	pod := `{"type":"object","properties":{"image":{"type":"string","pattern":"` + strings.Repeat("x", shareFrom) + `"}}}`
	root := parse(t, `{"$defs":{},"properties":{"a":`+pod+`,"b":{"items":`+pod+`},"c":{"type":"string"},"d":{"type":"string"}}}`)
	if err := share(root); err != nil {
		t.Fatal(err)
	}
	same(t, root, `{"$defs":{"shared1":`+pod+`},"properties":{"a":{"$ref":"#/$defs/shared1"},"b":{"items":{"$ref":"#/$defs/shared1"}},"c":{"type":"string"},"d":{"type":"string"}}}`)
}

func TestReplacement(t *testing.T) {
	versions := []definitionVersion{
		{Name: "v1alpha1"},
		{Name: "v1beta1", Served: true, Deprecated: true},
		{Name: "v1beta2", Served: true},
		{Name: "v1", Served: true},
		{Name: "v2beta1", Served: true},
	}
	want := map[string]string{"v1alpha1": "v1", "v1beta1": "v1", "v1beta2": "", "v1": "", "v2beta1": ""}
	got := map[string]string{}
	for _, version := range versions {
		got[version.Name] = replacement(versions, version)
	}
	if !maps.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if only := versions[:2]; replacement(only, only[0]) != "" {
		t.Error("a deprecated version is not a replacement")
	}
}

func TestReadDefinitions(t *testing.T) {
	const crd = "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nspec:\n  group: example.com\n  names: {kind: Thing}\n"
	folder := fstest.MapFS{
		"crds/things.yaml":        {Data: []byte("# several documents\n---\n" + crd + "--- # next\nkind: ConfigMap\n---\n" + strings.Replace(crd, "Thing", "Other", 1))},
		"crds/kustomization.yaml": {Data: []byte("kind: Kustomization\n")},
		"notes.md":                {Data: []byte("text")},
	}
	got, err := readDefinitions(folder, []string{"crds/*.yaml"})
	if err != nil {
		t.Fatal(err)
	}
	var kinds []string
	for _, definition := range got {
		kinds = append(kinds, definition.Spec.Names.Kind)
	}
	if !slices.Equal(kinds, []string{"Thing", "Other"}) {
		t.Errorf("got %v", kinds)
	}
	for pattern, message := range map[string]string{
		"moved/*.yaml":            `no file matches "moved/*.yaml"`,
		"notes.md":                "notes.md: not a YAML file",
		"crds/kustomization.yaml": "no CustomResourceDefinition in crds/kustomization.yaml",
	} {
		if _, err := readDefinitions(folder, []string{pattern}); err == nil || !strings.Contains(err.Error(), message) {
			t.Errorf("%s: got %v, want %q", pattern, err, message)
		}
	}
}
