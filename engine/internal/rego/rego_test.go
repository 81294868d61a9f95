package rego

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"kustodian.dev/engine/internal/protocol"
	"kustodian.dev/engine/internal/testtree"
)

const main = `package main

deny_latest contains msg if {
	input.kind == "Deployment"
	endswith(input.spec.image, ":latest")
	msg := sprintf("%s runs latest", [input.metadata.name])
}

warn contains {"msg": msg, "owner": "platform", "limit": data.limits.replicas} if {
	input.spec.replicas > data.limits.replicas
	msg := sprintf("%v replicas", [input.spec.replicas])
}

violation_kind contains "no pods" if input.kind == "Pod"

exception contains rules if {
	input.metadata.name == "excused"
	rules := ["latest"]
}
`

var files = map[string]string{
	"policies/main.rego":  main,
	"policies/other.rego": "package team.other\n\nimport data.lib\n\ndeny contains \"other\" if lib.is_pod\n",
	"policies/lib.rego":   "package lib\n\nis_pod if input.kind == \"Pod\"\n",
	"data/limits.yaml":    "limits:\n  replicas: 3\n",
}

func objects(texts ...string) []json.RawMessage {
	var list []json.RawMessage
	for _, text := range texts {
		list = append(list, json.RawMessage(text))
	}
	return list
}

func TestEvaluate(t *testing.T) {
	root := testtree.Write(t, files)
	policy, err := Load(root, Options{Paths: []string{"policies"}, Data: []string{"data"}})
	if err != nil {
		t.Fatal(err)
	}
	results, failure, _ := policy.Evaluate(time.Minute, "overlays/dev", objects(
		`{"kind":"Deployment","metadata":{"name":"web"},"spec":{"image":"a:latest","replicas":10000000}}`,
		`{"kind":"Deployment","metadata":{"name":"excused"},"spec":{"image":"a:latest","replicas":1}}`,
		`{"kind":"Pod","metadata":{"name":"a"}}`,
	))
	if failure != nil {
		t.Fatal(failure)
	}
	var got []string
	for _, r := range results.Results {
		got = append(got, fmt.Sprintf("%d %s %s %s: %s %v", r.Object, r.Namespace, r.Query, r.Level, r.Message, r.Metadata))
	}
	want := []string{
		"0 main deny_latest failure: web runs latest map[]",
		"0 main warn warning: 1e+07 replicas map[limit:3 owner:platform]", // a float, as conftest reads numbers
		`1 main deny_latest exception: data.main.exception[_][_] == "latest" map[]`,
		"2 main violation_kind failure: no pods map[]",
		"2 team.other deny failure: other map[]",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	// Three rules of main and one of team.other, on three objects, less the five above.
	if results.Successes != 3*4-5 {
		t.Errorf("%d successes", results.Successes)
	}
}

func TestNamespaces(t *testing.T) {
	root := testtree.Write(t, files)
	for _, test := range []struct {
		wanted []string
		want   string
	}{
		{nil, "main team.other"},
		{[]string{"*"}, "main team.other"},
		{[]string{"main"}, "main"},
		{[]string{"team.*", "main", "main"}, "main team.other"},
		{[]string{"mian"}, "error: no policy in namespace mian has a deny, violation or warn rule; did you mean main?"},
		{[]string{"lib"}, "error: no policy in namespace lib has a deny, violation or warn rule; namespaces with such rules: main, team.other"},
		{[]string{"main", "x.*"}, "error: no policy in namespace x.* has a deny, violation or warn rule; namespaces with such rules: main, team.other"},
	} {
		policy, err := Load(root, Options{Paths: []string{"policies"}, Data: []string{"data"}, Namespaces: test.wanted})
		got := ""
		if err != nil {
			got = "error: " + err.Error()
			if err.(*protocol.Failure).Code != protocol.CodeNoPolicy {
				t.Errorf("%v: %v", test.wanted, err)
			}
		} else {
			got = strings.Join(policy.namespaces, " ")
		}
		if got != test.want {
			t.Errorf("%v: got %q, want %q", test.wanted, got, test.want)
		}
	}
}

func TestLoadErrors(t *testing.T) {
	for _, test := range []struct {
		name    string
		files   map[string]string
		options Options
		want    protocol.Failure // Message: a part of it
	}{
		{"a path that is not there", files, Options{Paths: []string{"policy"}},
			protocol.Failure{Code: "no-policy", Message: "there is no policy path policy; did you mean policies?"}},
		{"data that is not there", files, Options{Paths: []string{"policies"}, Data: []string{"dta"}},
			protocol.Failure{Code: "no-policy", Message: "there is no data path dta; did you mean data?"}},
		{"no path", files, Options{}, protocol.Failure{Code: "no-policy", Message: "no policy path"}},
		{"no rego", map[string]string{"policies/a.txt": ""}, Options{Paths: []string{"policies"}},
			protocol.Failure{Code: "no-policy", Message: "no .rego file in policies"}},
		{"syntax", map[string]string{"policies/a.rego": "package main\n\ndeny contains msg if {\n\tmsg := \n}\n"}, Options{Paths: []string{"policies"}},
			protocol.Failure{Code: "policy-compile", File: "policies/a.rego", Line: 5, Column: 1, Message: "rego_parse_error"}},
		{"an unknown function", map[string]string{"policies/a.rego": "package main\n\ndeny contains \"a\" if nope(input)\n"}, Options{Paths: []string{"policies"}},
			protocol.Failure{Code: "policy-compile", File: "policies/a.rego", Line: 3, Column: 22, Message: "rego_type_error: undefined function nope"}},
		{"if without contains", map[string]string{"policies/a.rego": "package main\n\ndeny.x if input.a\n"}, Options{Paths: []string{"policies"}},
			protocol.Failure{Code: "policy-compile", File: "policies/a.rego", Line: 3, Message: "'if' without 'contains'"}},
		{"Rego v0", map[string]string{"policies/a.rego": "package main\n\ndeny[msg] {\n\tmsg := \"a\"\n}\n"}, Options{Paths: []string{"policies"}},
			protocol.Failure{Code: "policy-compile", File: "policies/a.rego", Line: 3, Column: 1}},
		{"data in two files", map[string]string{"policies/a.rego": main, "data/a.yaml": "a: 1\n", "data/b.yaml": "a: 2\n"}, Options{Paths: []string{"policies"}, Data: []string{"data"}},
			protocol.Failure{Code: "policy-data", Message: "merge error"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := Load(testtree.Write(t, test.files), test.options)
			var got *protocol.Failure
			if !errors.As(err, &got) {
				t.Fatalf("got %v", err)
			}
			if got.Code != test.want.Code || got.File != test.want.File || got.Line != test.want.Line ||
				(test.want.Column > 0 && got.Column != test.want.Column) || !strings.Contains(got.Message, test.want.Message) {
				t.Errorf("got %+v", *got)
			}
		})
	}
}

// data.conftest.file is the file of the object that is evaluated, even if other
// inputs are evaluated at the same time.
func TestFileInformation(t *testing.T) {
	root := testtree.Write(t, map[string]string{"p/a.rego": "package main\n\ndeny contains data.conftest.file.name if true\n"})
	policy, err := Load(root, Options{Paths: []string{"p"}})
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error)
	for i := range 8 {
		go func() {
			name := fmt.Sprintf("f%d", i)
			var wrong error
			for range 20 {
				results, failure, _ := policy.Evaluate(time.Minute, "/x/"+name, objects(`{}`, `{}`))
				if failure != nil || len(results.Results) != 2 || results.Results[1].Message != name {
					wrong = fmt.Errorf("%s: %+v, %v", name, results, failure)
				}
			}
			done <- wrong
		}()
	}
	for range 8 {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
}

func TestVerify(t *testing.T) {
	root := testtree.Write(t, map[string]string{
		"p/main.rego": main,
		"p/main_test.rego": `package main_test

import data.main

test_latest if "a runs latest" in main.deny_latest with input as {"kind": "Deployment", "metadata": {"name": "a"}, "spec": {"image": "x:latest"}}

test_wrong if "b" in main.deny_latest with input as {"kind": "Deployment"}

todo_test_later if true
`})
	tests, err := Verify(root, Options{Paths: []string{"p"}})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, test := range tests {
		got = append(got, fmt.Sprintf("%s %s.%s %s:%d", test.Status, test.Namespace, test.Name, test.File, test.Line))
	}
	want := []string{
		"pass main_test.test_latest p/main_test.rego:5",
		"fail main_test.test_wrong p/main_test.rego:7",
		"skip main_test.todo_test_later p/main_test.rego:9",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %v", got)
	}
}

func TestNearest(t *testing.T) {
	for _, test := range [][3]string{{"mian", "main", "main"}, {"policy", "policies", "policies"}, {"x", "main", ""}, {"", "main", ""}} {
		if got := nearest(test[0], []string{"unrelated-name", test[1]}); got != test[2] {
			t.Errorf("%q: got %q", test[0], got)
		}
	}
}
