package render

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"kustodian.dev/engine/internal/protocol"
	"kustodian.dev/engine/internal/testtree"
)

// An overlay that is a symlink: kustomize works in the folder behind it.
func TestAnOverlayBehindASymlink(t *testing.T) {
	root := testtree.Write(t, map[string]string{
		"deep/down/dev/kustomization.yaml": kustomization("resources: [a.yaml, ../base]\nnamePrefix: x-\n"),
		"deep/down/dev/a.yaml":             deployment,
		"deep/down/base/Kustomization":     kustomization("resources: [b.yaml]\n"),
		"deep/down/base/b.yaml":            strings.ReplaceAll(deployment, "web", "b"),
		"overlays/dev ->":                  "../deep/down/dev",
	})
	overlay := buildOne(t, root, "overlays/dev")
	if overlay.Failure != nil {
		t.Fatal(overlay.Failure)
	}
	var paths []string
	for _, object := range overlay.Objects {
		var from origin
		if err := json.Unmarshal(object.Origin, &from); err != nil {
			t.Fatal(err)
		}
		paths = append(paths, from.Path)
	}
	slices.Sort(paths)
	if want := []string{"deep/down/base/b.yaml", "deep/down/dev/a.yaml"}; !slices.Equal(paths, want) {
		t.Errorf("origins %v, want %v", paths, want)
	}
}

// With allowRemote kustomize clones; here from a repository on disk.
func TestAllowRemote(t *testing.T) {
	repository := testtree.Write(t, map[string]string{
		"deploy/kustomization.yaml": kustomization("resources: [a.yaml]\n"),
		"deploy/a.yaml":             deployment,
	})
	git(t, repository, "init", "-q", "-b", "main")
	git(t, repository, "add", ".")
	git(t, repository, "-c", "user.name=t", "-c", "user.email=t@example.com", "commit", "-q", "-m", "first")
	root := testtree.Write(t, map[string]string{
		"o/kustomization.yaml":    kustomization("namePrefix: x-\nresources:\n- file://" + repository + "//deploy?ref=main&timeout=300\n"),
		"safe/kustomization.yaml": kustomization("resources: [../o]\n"),
	})
	overlay := buildAll(t, Options{Root: root, Overlays: []string{"o"}, AllowRemote: true})["o"]
	if overlay.Failure != nil {
		t.Fatalf("%+v", *overlay.Failure)
	}
	var from origin
	if err := json.Unmarshal(overlay.Objects[0].Origin, &from); err != nil {
		t.Fatal(err)
	}
	if from.Path != "deploy/a.yaml" || from.Repo != "file://"+repository || from.Ref != "main" {
		t.Errorf("origin %+v", from)
	}
	// The next request is hermetic again.
	if failure := buildOne(t, root, "safe").Failure; failure == nil || failure.Code != protocol.CodeRemoteBase || failure.File != "o/kustomization.yaml" {
		t.Errorf("got %+v", failure)
	}
	if path := os.Getenv("PATH"); path != "" {
		t.Errorf("PATH is still %q", path)
	}
}

func git(t *testing.T, dir string, args ...string) {
	t.Helper()
	path, err := globals.lookPath("git")
	if err != nil {
		t.Fatal(err)
	}
	command := exec.Command(path, args...)
	command.Dir = dir
	command.Env = append(os.Environ(), "PATH="+globals.path)
	if out, err := command.CombinedOutput(); err != nil {
		t.Fatalf("git %v: %v\n%s", args, err, out)
	}
}

// withChart has a chart without templating, for a helm that only prints it.
var withChart = map[string]string{
	"o/kustomization.yaml":            kustomization("helmCharts:\n- name: cache\n  releaseName: c\n"),
	"o/charts/cache/Chart.yaml":       "apiVersion: v2\nname: cache\nversion: 1.0.0\n",
	"o/charts/cache/values.yaml":      "a: 1\n",
	"o/charts/cache/templates/s.yaml": "apiVersion: v1\nkind: Service\nmetadata: {name: c}\n",
	"pull/kustomization.yaml":         kustomization("helmCharts:\n- name: cache\n  repo: https://charts.example.com\n  version: 1.0.0\n"),
	"out/kustomization.yaml":          kustomization("helmGlobals: {chartHome: ../../charts}\nhelmCharts:\n- name: cache\n"),
	"linked/kustomization.yaml":       kustomization("helmCharts:\n- name: cache\n"),
	"linked/charts/cache/Chart.yaml":  "apiVersion: v2\nname: cache\nversion: 1.0.0\n",
	"linked/charts/cache/secrets ->":  "/etc/hosts",
	"linked/charts/cache/values.yaml": "a: 1\n",
	"bin/helm":                        "#!/bin/sh\nif [ \"$1\" = version ]; then echo v3.99.0; exit; fi\n/bin/cat \"$PRINT\"/templates/*.yaml\n",
	"bin/broken":                      "#!/bin/sh\nexit 3\n",
}

func TestHelm(t *testing.T) {
	root := testtree.Write(t, withChart)
	for _, name := range []string{"bin/helm", "bin/broken"} {
		if err := os.Chmod(filepath.Join(root, name), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("PRINT", filepath.Join(root, "o/charts/cache"))
	overlays := buildAll(t, Options{Root: root, Overlays: []string{"o", "pull", "out", "linked"}, EnableHelm: true, HelmCommand: filepath.Join(root, "bin/helm")})
	o := overlays["o"]
	if o.Failure != nil || len(o.Objects) != 1 || !strings.Contains(string(o.Objects[0].Origin), "HelmChartInflationGenerator") {
		t.Fatalf("%+v %+v", o.Failure, o.Objects)
	}
	// helm reads the chart itself, so its files are part of what was read.
	var files []string
	for _, file := range o.Files {
		files = append(files, file.Path)
	}
	want := []string{"o/charts/cache/Chart.yaml", "o/charts/cache/templates/s.yaml", "o/charts/cache/values.yaml", "o/kustomization.yaml"}
	if !slices.Equal(files, want) {
		t.Errorf("files %v", files)
	}
	for name, want := range map[string]protocol.Failure{
		"pull":   {Code: protocol.CodeRemoteBase, Line: 4, URL: "https://charts.example.com"},
		"out":    {Code: protocol.CodeOutsideRoot, Line: 5},
		"linked": {Code: protocol.CodeOutsideRoot, Line: 4},
	} {
		got := overlays[name].Failure
		if got == nil || got.Code != want.Code || got.Line != want.Line || got.URL != want.URL || got.File != name+"/kustomization.yaml" {
			t.Errorf("%s: %+v", name, got)
		}
	}
	broken := buildAll(t, Options{Root: root, Overlays: []string{"o"}, EnableHelm: true, HelmCommand: filepath.Join(root, "bin/broken")})["o"].Failure
	if broken == nil || broken.Code != protocol.CodeHelm {
		t.Errorf("got %+v", broken)
	}
	if err := Overlays(Options{Root: root, Overlays: []string{"o"}, EnableHelm: true, HelmCommand: "no-such-helm"}, func(Overlay) {}); err == nil {
		t.Error("no error for a missing helm")
	}
}
