package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"kustodian.dev/engine/internal/testtree"
)

// binary is the real program, built once for the tests of this file.
var binary string

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "engine-test-")
	if err != nil {
		panic(err)
	}
	binary = filepath.Join(dir, "kustodian-engine")
	if out, err := exec.Command("go", "build", "-o", binary, ".").CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "%s\n", out)
		os.Exit(1)
	}
	code := m.Run()
	_ = os.RemoveAll(dir)
	os.Exit(code)
}

func start(t *testing.T, input string, args ...string) (lines []map[string]any, code int) {
	t.Helper()
	command := exec.Command(binary, args...)
	command.Stdin = strings.NewReader(input)
	out, err := command.Output()
	if _, failed := err.(*exec.ExitError); err != nil && !failed {
		t.Fatal(err)
	}
	scanner := bufio.NewScanner(strings.NewReader(string(out)))
	for scanner.Scan() {
		var line map[string]any
		if err := json.Unmarshal(scanner.Bytes(), &line); err != nil {
			t.Fatalf("%v: %s", err, scanner.Text())
		}
		lines = append(lines, line)
	}
	return lines, command.ProcessState.ExitCode()
}

// The versions announced are those that go.mod pins.
func TestVersion(t *testing.T) {
	lines, code := start(t, "", "--version")
	if len(lines) != 1 || code != 0 {
		t.Fatalf("exit %d: %v", code, lines)
	}
	module, err := os.ReadFile("../../go.mod")
	if err != nil {
		t.Fatal(err)
	}
	for key, path := range map[string]string{
		"kustomize": "sigs.k8s.io/kustomize/api", "conftest": "github.com/open-policy-agent/conftest", "opa": "github.com/open-policy-agent/opa",
	} {
		pinned := regexp.MustCompile(`(?m)^\s*` + regexp.QuoteMeta(path) + ` (\S+)`).FindSubmatch(module)
		if pinned == nil || lines[0][key] != string(pinned[1]) {
			t.Errorf("%s: announced %v, pinned %s", key, lines[0][key], pinned)
		}
	}
	if lines[0]["protocol"] != 5.0 {
		t.Errorf("protocol %v", lines[0]["protocol"])
	}
}

func TestUnknownArguments(t *testing.T) {
	if _, code := start(t, "", "--help-me"); code != 1 {
		t.Errorf("exit %d", code)
	}
}

func TestTheEndOfInputEndsTheProcess(t *testing.T) {
	lines, code := start(t, "")
	if len(lines) != 1 || code != 0 {
		t.Errorf("exit %d: %v", code, lines)
	}
}

// A program named git on PATH is never started, and nothing but the protocol
// is printed, even where kustomize warns about deprecated fields.
func TestTheProcessIsHermeticAndQuiet(t *testing.T) {
	root := testtree.Write(t, map[string]string{
		"bin/git":              "#!/bin/sh\ntouch \"$0.ran\"\n",
		"a/kustomization.yaml": "bases: [../b]\ncommonLabels: {a: b}\n",
		"b/kustomization.yaml": "resources: [s.yaml]\n",
		"b/s.yaml":             "apiVersion: v1\nkind: Service\nmetadata: {name: s}\n",
		"r/kustomization.yaml": "resources: ['https://github.com/org/repo?ref=v1']\n",
	})
	if err := os.Chmod(filepath.Join(root, "bin/git"), 0o755); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", filepath.Join(root, "bin"))
	command := exec.Command(binary)
	command.Stdin = strings.NewReader(fmt.Sprintf(`{"id":1,"op":"render","root":%q,"overlays":["a","r"]}`+"\n", root))
	var stderr strings.Builder
	command.Stderr = &stderr
	out, err := command.Output()
	if err != nil {
		t.Fatal(err)
	}
	if strings.Count(string(out), "\n") != 4 || !strings.Contains(string(out), `"remote-base"`) || !strings.Contains(string(out), `"kind":"Service"`) {
		t.Errorf("got %s", out)
	}
	if stderr.Len() > 0 {
		t.Errorf("stderr: %s", stderr.String())
	}
	if _, err := os.Stat(filepath.Join(root, "bin/git.ran")); err == nil {
		t.Error("git was started")
	}
}
