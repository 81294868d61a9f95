package strict

import (
	"strings"
	"testing"
)

func TestKustomization(t *testing.T) {
	for text, want := range map[string]string{
		"resources: [a.yaml]\n":                                                   "",
		"---\nresources: [a.yaml]\n---\n":                                         "",
		"resources: [a.yaml]\n---\nresources: [b.yaml]\n":                         `3 the kustomization has a second document`,
		"resources: [a.yaml]\n#\r---\rresources: [b.yaml]\n":                      "2 k has a document that kustomize and kubectl ignore",
		"Resources: [b.yaml]\n":                                                   `1 the field "Resources" must be written "resources"`,
		"{resources: [a.yaml], \"RESOURCES\" : [b.yaml]}\n":                       `1 the field "RESOURCES" must be written "resources"`,
		"resources: [a.yaml]\npatches:\n- Path: b.yaml\n":                         `3 the field "Path" must be written "path"`,
		"configmapGenerator: [{name: a}]\n":                                       `1 the field "configmapGenerator" must be written "configMapGenerator"`,
		"replacements:\n- source: {kind: A}\n  targets:\n  - Select: {kind: A}\n": `4 the field "Select" must be written "select"`,
		"commonLabels: {Name: a, Path: b}\n":                                      "",
		"patches:\n- patch: |-\n    Path: b\n":                                    "",
		"vars:\n- name: A\n  fieldref: {fieldpath: a}\n":                          "",
		"unknown: {Resources: []}\n":                                              "",
	} {
		failure := Kustomization("k", []byte(text))
		got := ""
		if failure != nil {
			got = string('0'+rune(failure.Line)) + " " + failure.Message
		}
		if want == "" && got != "" || !strings.HasPrefix(got, want) {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
}
