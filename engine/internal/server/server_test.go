package server

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"kustodian.dev/engine/internal/protocol"
	"kustodian.dev/engine/internal/testtree"
)

// line is any line of an answer.
type line struct {
	ID    any    `json:"id"`
	Kind  string `json:"kind"`
	Path  string `json:"path"`
	Name  string `json:"name"`
	Done  bool   `json:"done"`
	Error *protocol.Failure

	Overlay   string `json:"overlay"`
	Entries   []line `json:"entries"`
	Documents []struct {
		Object map[string]any `json:"object"`
	} `json:"documents"`
	Objects []struct {
		Object map[string]any `json:"object"`
		Origin map[string]any `json:"origin"`
		Places string         `json:"places"`
	} `json:"objects"`
	Sources []map[string]any    `json:"sources"`
	Files   []map[string]string `json:"files"`
	Absent  []string            `json:"absent"`
	Policy  *struct {
		Results   []map[string]any `json:"results"`
		Successes int              `json:"successes"`
	} `json:"policy"`
	Status string `json:"status"`
}

// talk sends requests and returns the answers by id, in the order of lines.
func talk(t *testing.T, requests ...any) map[string][]line {
	t.Helper()
	var in, out bytes.Buffer
	for _, request := range requests {
		if text, ok := request.(string); ok {
			in.WriteString(text + "\n")
			continue
		}
		encoded, err := json.Marshal(request)
		if err != nil {
			t.Fatal(err)
		}
		in.Write(append(encoded, '\n'))
	}
	if err := Serve(&in, protocol.NewWriter(&out)); err != nil {
		t.Fatal(err)
	}
	answers := map[string][]line{}
	for text := range strings.SplitSeq(strings.TrimSuffix(out.String(), "\n"), "\n") {
		var l line
		if err := json.Unmarshal([]byte(text), &l); err != nil {
			t.Fatalf("%v: %s", err, text)
		}
		id := fmt.Sprint(l.ID)
		if n := len(answers[id]); n > 0 && answers[id][n-1].Done {
			t.Errorf("a line after done: %s", text)
		}
		answers[id] = append(answers[id], l)
	}
	for id, lines := range answers {
		if !lines[len(lines)-1].Done {
			t.Errorf("request %s has no done", id)
		}
	}
	return answers
}

type m = map[string]any

func TestBadRequestsDoNotEndTheProcess(t *testing.T) {
	answers := talk(t,
		`this is not JSON`,
		`{"id":1,"op":"dance"}`,
		`{"id":2}`,
		``,
		`{"id":3,"op":"parse","files":"a"}`,
		`{"id":4,"op":"parse","fles":["a"]}`,
		`{"id":5,"op":"scan","root":"/no/such/folder"}`,
		`{"id":6,"op":"render","root":"","overlays":["a"]}`,
		m{"id": "seven", "op": "parse", "content": m{"a.yaml": "a: 1\n"}},
	)
	for id, code := range map[string]string{
		"<nil>": "bad-request", "1": "unknown-op", "2": "unknown-op", "3": "bad-request", "4": "bad-request", "5": "not-found", "6": "bad-request",
	} {
		lines := answers[id]
		if len(lines) != 1 || lines[0].Error == nil || lines[0].Error.Code != code {
			t.Errorf("request %s: %+v", id, lines)
		}
	}
	if lines := answers["seven"]; len(lines) != 2 || lines[1].Error != nil {
		t.Errorf("the request after them: %+v", lines)
	}
}

func TestParse(t *testing.T) {
	root := testtree.Write(t, map[string]string{"a.yaml": "a: 1\n---\nb: 2\n", "bad.yaml": "a: 1\na: 2\n", "out.yaml ->": "/etc/hosts"})
	lines := talk(t, m{"id": 1, "op": "parse", "root": root, "files": []string{"a.yaml", "bad.yaml", "none.yaml", "out.yaml", "../x.yaml"},
		"content": m{"-": "kind: List\nitems: [{c: 3}, {d: 4}]\n"}})["1"]
	got := map[string]string{}
	for _, l := range lines[:len(lines)-1] {
		if l.Kind != "file" {
			t.Errorf("kind %q", l.Kind)
		}
		got[l.Path] = fmt.Sprint(len(l.Documents))
		if l.Error != nil {
			got[l.Path] = fmt.Sprintf("%s %s:%d", l.Error.Code, l.Error.File, l.Error.Line)
		}
	}
	want := map[string]string{"a.yaml": "2", "-": "2", "bad.yaml": "yaml bad.yaml:2", "none.yaml": "not-found none.yaml:0",
		"out.yaml": "outside-root out.yaml:0", "../x.yaml": "outside-root ../x.yaml:0"}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("got %v\nwant %v", got, want)
	}
}

var repository = map[string]string{
	"base/kustomization.yaml":          "resources: [a.yaml]\n",
	"base/a.yaml":                      "apiVersion: v1\nkind: Service\nmetadata: {name: a}\nspec: {type: NodePort}\n",
	"overlays/dev/kustomization.yaml":  "resources: [../../base]\nnamespace: dev\n",
	"overlays/prod/kustomization.yaml": "resources: [../../base, https://example.com/org/repo]\n",
	"policies/main.rego":               "package main\n\ndeny_node_port contains \"node port\" if input.spec.type == \"NodePort\"\n\nwarn contains \"never\" if input.never\n",
	"policies/main_test.rego":          "package main_test\n\nimport data.main\n\ntest_a if count(main.deny_node_port) == 1 with input as {\"spec\": {\"type\": \"NodePort\"}}\n",
	"broken/main.rego":                 "package main\n\ndeny contains if\n",
}

func TestRenderWithPolicy(t *testing.T) {
	root := testtree.Write(t, repository)
	lines := talk(t, m{"id": 1, "op": "render", "root": root, "overlays": []string{"overlays/dev", "overlays/prod", "overlays/none"}, "allowRemote": false,
		"enableHelm": false, "helmCommand": "helm", "limits": m{"maxFileBytes": 1000, "maxObjects": 10, "timeoutSeconds": 30},
		"policy": m{"paths": []string{"policies"}, "data": []string{}, "namespaces": []string{"main"}}})["1"]
	overlays := map[string]line{}
	for _, l := range lines {
		overlays[l.Overlay] = l
	}
	dev, prod, none := overlays["overlays/dev"], overlays["overlays/prod"], overlays["overlays/none"]
	if dev.Error != nil || len(dev.Objects) != 1 || dev.Objects[0].Origin["path"] != "base/a.yaml" ||
		len(dev.Sources) == 0 || dev.Objects[0].Places == "" || len(dev.Files) != 3 || len(dev.Absent) == 0 {
		t.Fatalf("dev: %+v", dev)
	}
	if dev.Policy == nil || len(dev.Policy.Results) != 1 || dev.Policy.Successes != 1 || dev.Policy.Results[0]["query"] != "deny_node_port" {
		t.Errorf("dev: %+v", dev.Policy)
	}
	if prod.Error == nil || prod.Error.Code != "remote-base" || prod.Policy != nil || prod.Objects == nil {
		t.Errorf("prod: %+v", prod)
	}
	if none.Error == nil || none.Error.Code != "no-kustomization" {
		t.Errorf("none: %+v", none)
	}
}

func TestRenderGoesOnWithoutABrokenPolicy(t *testing.T) {
	root := testtree.Write(t, repository)
	lines := talk(t, m{"id": 1, "op": "render", "root": root, "overlays": []string{"overlays/dev"}, "policy": m{"paths": []string{"broken"}}})["1"]
	failures, rendered := 0, 0
	for _, l := range lines {
		switch l.Kind {
		case "policy-error":
			failures++
			if l.Error == nil || l.Error.Code != "policy-compile" || l.Error.File != "broken/main.rego" || l.Error.Line != 3 {
				t.Errorf("got %+v", l.Error)
			}
		case "overlay":
			rendered++
			if l.Error != nil || len(l.Objects) != 1 || l.Policy != nil {
				t.Errorf("got %+v", l)
			}
		}
	}
	if failures != 1 || rendered != 1 || lines[len(lines)-1].Error != nil {
		t.Errorf("got %+v", lines)
	}
}

func TestPolicyAndVerify(t *testing.T) {
	root := testtree.Write(t, repository)
	answers := talk(t,
		m{"id": 1, "op": "policy", "root": root, "policy": m{"paths": []string{"policies"}}, "inputs": []m{{"name": "x.yaml", "objects": []m{{"kind": "Service", "spec": m{"type": "NodePort"}}}}}},
		m{"id": 2, "op": "verify", "root": root, "policy": m{"paths": []string{"policies"}, "data": []string{}}},
		m{"id": 3, "op": "policy", "root": root, "policy": m{"paths": []string{"policies"}, "namespaces": []string{"man"}}, "inputs": []m{}},
		m{"id": 4, "op": "verify", "root": root, "policy": m{"paths": []string{"nowhere"}}},
	)
	if l := answers["1"][0]; l.Kind != "policy" || l.Name != "x.yaml" || l.Policy == nil || len(l.Policy.Results) != 1 || l.Error != nil {
		t.Errorf("policy: %+v", l)
	}
	if l := answers["2"][0]; l.Kind != "test" || l.Name != "test_a" || l.Status != "pass" {
		t.Errorf("verify: %+v", l)
	}
	for _, id := range []string{"3", "4"} {
		if l := answers[id][0]; !l.Done || l.Error == nil || l.Error.Code != "no-policy" {
			t.Errorf("request %s: %+v", id, l)
		}
	}
}

func TestScan(t *testing.T) {
	files := map[string]string{}
	for name, text := range repository {
		files[name] = text
	}
	for number := range entriesPerLine {
		files[fmt.Sprintf("more/%03d.yaml", number)] = "a: 1\n"
	}
	lines := talk(t, m{"id": 1, "op": "scan", "root": testtree.Write(t, files)})["1"]
	if len(lines) != 3 || !lines[2].Done {
		t.Fatalf("%d lines for more files than one line holds: %+v", len(lines), lines)
	}
	var paths []string
	for _, entry := range append(lines[0].Entries, lines[1].Entries...) {
		paths = append(paths, entry.Kind+" "+entry.Path)
	}
	if len(paths) != entriesPerLine+4 || paths[0] != "yaml base/a.yaml" || paths[1] != "kustomization base/kustomization.yaml" {
		t.Errorf("got %q", paths)
	}
}
