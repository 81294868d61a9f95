package render

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestDump(t *testing.T) {
	corpus := os.Getenv("DUMP")
	if corpus == "" {
		t.Skip("x")
	}
	root, overlay, _ := strings.Cut(corpus, ":")
	for path, overlay := range buildAll(t, Options{Root: root, Overlays: []string{overlay}}) {
		fmt.Println(path, overlay.Failure)
		for i, s := range overlay.Sources {
			fmt.Println(i, fmt.Sprintf("%+v", s))
		}
		for _, o := range overlay.Objects {
			fmt.Println(string(o.JSON))
			fmt.Println(o.Places)
		}
	}
}

func TestPlacedCorpus(t *testing.T) {
	corpus := os.Getenv("KUSTODIAN_CORPUS")
	list, _ := os.ReadFile(filepath.Join(corpus, "kubeflow-renderable.txt"))
	root := filepath.Join(corpus, "kubeflow-manifests")
	all, none, computed, size := 0, 0, 0, 0
	bys := map[string]int{}
	for path, overlay := range buildAll(t, Options{Root: root, Overlays: strings.Fields(string(list))}) {
		for _, o := range overlay.Objects {
			size += len(o.Places)
			source := 0
			for _, each := range strings.Fields(o.Places) {
				if before, after, found := strings.Cut(each, "@"); found {
					fmt.Sscan(before, &source)
					each = after
				}
				all++
				if overlay.Sources[source].File == "" {
					none++
					if none < 20 {
						fmt.Println(path, string(o.JSON)[:100], each)
					}
				}
				if strings.HasSuffix(each, "!") {
					computed++
				}
				bys[overlay.Sources[source].By]++
			}
		}
	}
	fmt.Println(all, none, computed, size, bys)
}
