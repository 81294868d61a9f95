package render

import (
	"fmt"
	"os"
	"strings"
	"testing"
)

func TestDump(t *testing.T) {
	root, overlay, ok := strings.Cut(os.Getenv("DUMP"), ":")
	if !ok {
		t.Skip("x")
	}
	for path, overlay := range buildAll(t, Options{Root: root, Overlays: []string{overlay}}) {
		fmt.Println(path, overlay.Failure)
		for i, s := range overlay.Sources {
			fmt.Printf("%d %+v\n", i, s)
		}
		for _, o := range overlay.Objects {
			if strings.Contains(string(o.JSON), `"kind":"Deployment"`) {
				fmt.Println(string(o.JSON))
				fmt.Println(o.Places)
			}
		}
	}
}
