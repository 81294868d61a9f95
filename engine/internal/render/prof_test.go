package render

import (
	"runtime/debug"
	"testing"
	"time"

	"sigs.k8s.io/kustomize/kyaml/openapi"
)

func TestProf(t *testing.T) {
	debug.SetGCPercent(400)
	best := time.Hour
	bestS := time.Hour
	for range 15 {
		w := time.Now()
		openapi.ResetOpenAPI()
		openapi.Schema()
		bestS = min(bestS, time.Since(w))
		w = time.Now()
		for _, o := range []string{"overlays/dev", "overlays/staging", "overlays/prod"} {
			buildOne(t, "/work/main", o)
		}
		best = min(best, time.Since(w))
	}
	t.Log("schema", bestS, "3 overlays, one core", best)
}
