package render

import (
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"kustodian.dev/engine/internal/protocol"
	"kustodian.dev/engine/internal/testtree"
)

// FuzzOverlays: an overlay is rendered to valid JSON or refused with a code; it reads no file outside, and ends in time.
func FuzzOverlays(f *testing.F) {
	for _, lines := range []string{
		"resources: [a.yaml, ../base]\nimages: [{name: registry.example.com/web, newTag: '2'}]\n",
		"resources: [a.yaml]\npatches:\n- patch: '[{op: replace, path: /spec/replicas, value: 2}]'\n  target: {kind: Deployment}\n",
		"configMapGenerator:\n- name: a\n  files: [a.yaml, /etc/passwd]\nvars: [{name: A, objref: {kind: ConfigMap, name: a}}]\n",
		"helmCharts: [{name: a, repo: https://example.com}]\n", "resources: [https://example.com/a?ref=1]\n", "components: [.]\n",
		"replacements:\n- source: {kind: Deployment, fieldPath: 'spec.[a=b]'}\n  targets: [{select: {name: web}, fieldPaths: [spec.x.0]}]\n",
		"generators: [a.yaml]\ntransformers: [a.yaml]\nvalidators: [a.yaml]\nopenapi: {path: a.yaml}\ncrds: [a.yaml]\n",
	} {
		f.Add(kustomization(lines), deployment)
	}
	f.Fuzz(func(t *testing.T, kustomization, resource string) {
		if len(kustomization)+len(resource) > 8<<10 {
			return // size has limits and tests of its own
		}
		root := testtree.Write(t, map[string]string{
			"over/kustomization.yaml": kustomization, "over/a.yaml": resource, "base/kustomization.yaml": "resources: [b.yaml]\n",
			"base/b.yaml": strings.Replace(deployment, "name: web", "name: base", 1),
		})
		started := time.Now()
		options := Options{Root: root, Overlays: []string{"over"}, Limits: Limits{TimeoutSeconds: 10}}
		err := Overlays(options, func(o Overlay) {
			if o.Failure != nil && (o.Failure.Code == "" || o.Failure.Message == "" || o.Failure.Code == protocol.CodeInternal) {
				t.Errorf("a defect: %+v", o.Failure)
			}
			for _, object := range o.Objects {
				if !json.Valid(object.JSON) || !json.Valid(object.Origin) {
					t.Errorf("not JSON: %+v", object)
				}
			}
			for _, source := range o.Files {
				if !filepath.IsLocal(filepath.FromSlash(source.Path)) {
					t.Errorf("a file outside was read: %s", source.Path)
				}
			}
		})
		if err != nil {
			t.Fatal(err)
		}
		if took := time.Since(started); took > 15*time.Second {
			t.Fatalf("it took %s", took)
		}
	})
}
