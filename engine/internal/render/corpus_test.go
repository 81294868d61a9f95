package render

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// TestCorpus renders the kustomizations of other projects and compares every byte
// with plain kustomize. KUSTODIAN_CORPUS is the folder that contains them.
func TestCorpus(t *testing.T) {
	corpus := os.Getenv("KUSTODIAN_CORPUS")
	if corpus == "" {
		t.Skip("KUSTODIAN_CORPUS is not set")
	}
	list, err := os.ReadFile(filepath.Join(corpus, "kubeflow-renderable.txt"))
	if err != nil {
		t.Fatal(err)
	}
	root := filepath.Join(corpus, "kubeflow-manifests")
	overlays := strings.Fields(string(list))
	objects := 0
	for path, overlay := range buildAll(t, Options{Root: root, Overlays: overlays}) {
		if overlay.Failure != nil {
			t.Errorf("%s: %+v", path, *overlay.Failure)
			continue
		}
		want, err := plain(t, root, path)
		if err != nil {
			t.Fatalf("%s: plain kustomize: %v", path, err)
		}
		if asYAML(t, overlay.Objects) != want {
			t.Errorf("%s: not the bytes of kustomize", path)
		}
		for _, object := range overlay.Objects {
			if string(object.Origin) == "null" {
				t.Errorf("%s: an object without origin", path)
			}
		}
		objects += len(overlay.Objects)
		runtime.GC()
	}
	t.Logf("%d overlays, %d objects", len(overlays), objects)
}
