package rego

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"kustodian.dev/engine/internal/protocol"
	"kustodian.dev/engine/internal/testtree"
)

// A function without its effect would only be undefined, so it does not compile.
func TestFunctionsThatPoliciesDoNotHave(t *testing.T) {
	for call, name := range map[string]string{
		`http.send({"method": "get", "url": "http://127.0.0.1:1/"}).body`: "http.send",
		`net.lookup_ip_addr("localhost")`:                                 "net.lookup_ip_addr",
		`opa.runtime().env.HOME`:                                          "opa.runtime",
	} {
		root := testtree.Write(t, map[string]string{"p/a.rego": "package main\n\ndeny contains \"a\" if {\n\t" + call + "\n}\n"})
		_, err := Load(root, Options{Paths: []string{"p"}})
		var got *protocol.Failure
		if !errors.As(err, &got) || got.Code != "policy-compile" || got.File != "p/a.rego" || got.Line != 4 || !strings.HasPrefix(got.Message, name+" is not available") {
			t.Errorf("%s: %v %+v", call, err, got)
		}
	}
}

// JSON schemas refer to nothing outside themselves, wherever they come from.
func TestSchemasStayInside(t *testing.T) {
	canary := filepath.Join(t.TempDir(), "canary.json")
	if err := os.WriteFile(canary, []byte(`{"enum": ["CANARY"]}`), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, call := range map[string]string{
		"verify, an object": `json.verify_schema({"$ref": "file://CANARY_FILE"})[1]`,
		"match, an object":  `json.match_schema({"a": 1}, {"properties": {"a": {"$ref": "file://CANARY_FILE"}}})[1][_].desc`,
		"match, text":       `json.match_schema("{\"a\": 1}", "{\"properties\": {\"a\": {\"\\u0024ref\": \"file://CANARY_FILE\"}}}")[1][_].desc`,
		"an id":             `json.match_schema({"a": 1}, {"$id": "FILE://CANARY_FILE", "properties": {"a": {"$ref": "#/x"}}})[1][_].desc`,
		"a relative file":   `json.match_schema({"a": 1}, {"$ref": "canary.json"})[1][_].desc`,
		"http":              `json.match_schema({"a": 1}, {"$ref": "http://127.0.0.1:1/"})[1][_].desc`,
	} {
		text := "package main\n\ndeny contains msg if {\n\tmsg := " + strings.ReplaceAll(call, "CANARY_FILE", canary) + "\n}\n\ndeny_other contains \"seen\" if true\n"
		policy, err := Load(testtree.Write(t, map[string]string{"p/a.rego": text}), Options{Paths: []string{"p"}})
		if err != nil {
			t.Fatal(err)
		}
		results, failure, _ := policy.Evaluate(time.Minute, "f", objects(`{}`))
		if failure == nil || failure.Code != "policy-eval" || failure.File != "p/a.rego" || failure.Line != 4 || !strings.Contains(failure.Message, "only references that begin with #") {
			t.Errorf("%s: %+v %+v", name, failure, results)
		}
	}
	annotated := "# METADATA\n# schemas:\n#   - input: {\"$ref\": \"file://" + canary + "\"}\npackage main\n\ndeny contains \"a\" if input == \"CANARY\"\n"
	_, err := Load(testtree.Write(t, map[string]string{"p/a.rego": annotated}), Options{Paths: []string{"p"}})
	var failure *protocol.Failure
	if !errors.As(err, &failure) || failure.Code != "policy-compile" || failure.File != "p/a.rego" || failure.Line != 1 {
		t.Errorf("%v", err)
	}
}

func TestSchemasOfTheirOwnAreAllowed(t *testing.T) {
	root := testtree.Write(t, map[string]string{"p/a.rego": `package main

deny contains result.desc if {
	some result in json.match_schema(input, {"definitions": {"n": {"type": "integer"}}, "properties": {"a": {"$ref": "#/definitions/n"}}})[1]
}
`})
	policy, err := Load(root, Options{Paths: []string{"p"}})
	if err != nil {
		t.Fatal(err)
	}
	results, failure, _ := policy.Evaluate(time.Minute, "f", objects(`{"a": "x"}`, `{"a": 1}`))
	if failure != nil || len(results.Results) != 1 || results.Results[0].Object != 0 {
		t.Errorf("%+v %v", results, failure)
	}
}

// Policies and data are inside the root, symlinks followed, and regular files.
func TestPathsOutsideAreRefused(t *testing.T) {
	outside := testtree.Write(t, map[string]string{"o.rego": "package main\n", "d.yaml": "a: 1\n"})
	root := testtree.Write(t, map[string]string{"p/a.rego": main, "d/a.yaml": "a: 1\n", "pl/a.rego": main, "shared/b.rego": "package main\n\nwarn contains \"b\" if true\n"})
	for link, target := range map[string]string{"pl/o.rego": outside + "/o.rego", "out": outside, "d/link.yaml": outside + "/d.yaml", "zero.yaml": "/dev/zero", "in": "shared"} {
		if err := os.Symlink(target, filepath.Join(root, link)); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"fifo/f.rego", "fifos/f.yaml"} {
		_ = os.Mkdir(filepath.Join(root, filepath.Dir(name)), 0o700)
		if err := syscall.Mkfifo(filepath.Join(root, name), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, test := range []struct {
		policy, data []string
		want         string // code and file
	}{
		{[]string{"in"}, nil, ""},
		{[]string{root + "/shared"}, nil, ""},
		{[]string{outside}, nil, "outside-root "},
		{[]string{"../" + filepath.Base(outside)}, nil, "outside-root "},
		{[]string{"../none"}, nil, "outside-root "},
		{[]string{"out"}, nil, "outside-root "},
		{[]string{"pl"}, nil, "outside-root "},
		{[]string{"fifo"}, nil, "not-found fifo/f.rego"},
		{[]string{"p"}, []string{"d"}, "outside-root "},
		{[]string{"p"}, []string{outside + "/d.yaml"}, "outside-root "},
		{[]string{"p"}, []string{"zero.yaml"}, "outside-root "},
		{[]string{"p"}, []string{"/proc/self/environ"}, "outside-root "},
		{[]string{"p"}, []string{"fifos"}, "not-found fifos/f.yaml"},
		{[]string{"p"}, []string{"file:///etc/passwd"}, "no-policy "},
	} {
		_, err := Load(root, Options{Paths: test.policy, Data: test.data})
		got := ""
		var failure *protocol.Failure
		if errors.As(err, &failure) {
			got = failure.Code + " " + failure.File
		} else if err != nil {
			t.Errorf("%v", err)
		}
		if got != test.want {
			t.Errorf("%v %v: got %q, want %q: %v", test.policy, test.data, got, test.want, err)
		}
	}
}

const slowRule = `package main

deny contains msg if {
	input.slow
	r := numbers.range(1, 100000)
	found := [1 | some a in r; some b in r; some c in r; a + b + c < 0]
	msg := sprintf("%v", [found])
}

deny contains "seen" if input.seen
`

func TestEvaluationHasATimeLimit(t *testing.T) {
	policy, err := Load(testtree.Write(t, map[string]string{"p/a.rego": slowRule}), Options{Paths: []string{"p"}})
	if err != nil {
		t.Fatal(err)
	}
	slow := make(chan *protocol.Failure)
	go func() {
		_, failure, abandoned := policy.Evaluate(time.Second, "slow", objects(`{"slow": true}`))
		if abandoned {
			t.Error("the evaluation cannot be interrupted")
		}
		slow <- failure
	}()
	time.Sleep(100 * time.Millisecond)
	// conftest's store is locked meanwhile, which is not this input's fault.
	results, failure, _ := policy.Evaluate(time.Second, "other", objects(`{"seen": true}`))
	if failure != nil || len(results.Results) != 1 {
		t.Errorf("the other input: %+v %+v", results, failure)
	}
	if failure := <-slow; failure == nil || failure.Code != "policy-eval" || !strings.Contains(failure.Message, "longer than the limit of") {
		t.Errorf("%+v", failure)
	}
}

// A failure of one evaluation leaves the results of the others.
func TestAFailureDoesNotHideOtherResults(t *testing.T) {
	root := testtree.Write(t, map[string]string{
		"p/a.rego": "package main\n\nvalue := input.values[_]\n\ndeny contains \"main\" if value > 0\n",
		"p/b.rego": "package other\n\ndeny contains \"other\" if true\n",
	})
	policy, err := Load(root, Options{Paths: []string{"p"}})
	if err != nil {
		t.Fatal(err)
	}
	results, failure, _ := policy.Evaluate(time.Minute, "f", objects(`{"values": [1, 2]}`, `{"values": [1]}`))
	if failure == nil || failure.Code != "policy-eval" || failure.File != "p/a.rego" || failure.Line != 3 {
		t.Errorf("%+v", failure)
	}
	var got []string
	for _, result := range results.Results {
		got = append(got, string('0'+rune(result.Object))+" "+result.Message)
	}
	if strings.Join(got, ", ") != "0 other, 1 main, 1 other" {
		t.Errorf("%q", got)
	}
}

// The client cannot read JSON of any depth.
func TestResultsAreNotNestedTooDeeply(t *testing.T) {
	root := testtree.Write(t, map[string]string{"p/a.rego": `package main

deny contains {"msg": "deep", "value": json.unmarshal(input.text)} if true
`})
	policy, err := Load(root, Options{Paths: []string{"p"}})
	if err != nil {
		t.Fatal(err)
	}
	nested := strings.Repeat("[", 1000) + strings.Repeat("]", 1000)
	results, failure, _ := policy.Evaluate(time.Minute, "f", objects(`{"text": "`+nested+`"}`, `{"text": "[]"}`))
	if failure == nil || !strings.Contains(failure.Message, "levels deep") || len(results.Results) != 1 {
		t.Errorf("%+v %+v", failure, results)
	}
}
