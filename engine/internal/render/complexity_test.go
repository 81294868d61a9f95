package render

import (
	"fmt"
	"testing"

	"kustodian.dev/engine/internal/testtree"
)

// chain is a kustomization with bases below bases.
func chain(levels int) map[string]string {
	files := map[string]string{}
	for i := range levels {
		files[fmt.Sprintf("c%d/kustomization.yaml", i)] = fmt.Sprintf("resources: [../c%d]\n", i+1)
	}
	files[fmt.Sprintf("c%d/kustomization.yaml", levels-1)] = "resources: [a.yaml]\n"
	files[fmt.Sprintf("c%d/a.yaml", levels-1)] = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n"
	return files
}

func TestNestingHasALimit(t *testing.T) {
	for levels, want := range map[int]string{maxLevels: "", maxLevels + 1: "too-complex"} {
		got := ""
		if failure := buildOne(t, testtree.Write(t, chain(levels)), "c0").Failure; failure != nil {
			got = failure.Code
			if failure.File != fmt.Sprintf("c%d/kustomization.yaml", maxLevels) {
				t.Errorf("%+v", *failure)
			}
		}
		if got != want {
			t.Errorf("%d levels: %q, want %q", levels, got, want)
		}
	}
}

// Every level of the diamond doubles the number of loads.
func TestLoadsHaveALimit(t *testing.T) {
	files := map[string]string{"d/kustomization.yaml": "resources: [../a0, ../b0]\n"}
	for level := range 20 {
		for _, side := range []string{"a", "b"} {
			files[fmt.Sprintf("%s%d/kustomization.yaml", side, level)] = fmt.Sprintf("namePrefix: %s-\nresources: [../a%d, ../b%d]\n", side, level+1, level+1)
		}
	}
	for _, side := range []string{"a", "b"} {
		files[side+"20/kustomization.yaml"] = "resources: [m.yaml]\n"
		files[side+"20/m.yaml"] = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: " + side + "}\n"
	}
	failure := buildOne(t, testtree.Write(t, files), "d").Failure
	if failure == nil || failure.Code != "too-complex" {
		t.Errorf("%+v", failure)
	}
}
