package render

import (
	"fmt"
	"runtime"
	"strings"

	"kustodian.dev/engine/internal/protocol"
)

// The limits for one overlay. Two bases that share their own bases, and so on, are
// loaded once for each path to them, which doubles with each level.
const (
	maxLoads  = 3_000
	maxLevels = 100
)

// complexity refuses the next kustomization that kustomize reads for the overlay if
// there were too many before, or if it is nested too deeply.
func (b *build) complexity(rel string) *protocol.Failure {
	if b.loads++; b.loads > maxLoads {
		return &protocol.Failure{Code: protocol.CodeTooComplex, File: rel, Line: 1,
			Message: fmt.Sprintf("the overlay loads more than %d kustomizations", maxLoads)}
	}
	if levels() >= maxLevels {
		return &protocol.Failure{Code: protocol.CodeTooComplex, File: rel, Line: 1,
			Message: fmt.Sprintf("kustomizations are nested more than %d levels deep", maxLevels)}
	}
	return nil
}

// levels returns how deep kustomize's current target is nested: it calls itself for
// each level, and tells its file system nothing about it. Less than about 20 counts
// as 0.
func levels() int {
	const shallow = 100
	if runtime.Callers(shallow, make([]uintptr, 1)) == 0 {
		return 0
	}
	callers := make([]uintptr, 64*maxLevels)
	frames := runtime.CallersFrames(callers[:runtime.Callers(1, callers)])
	count := 0
	for more := true; more; {
		var frame runtime.Frame
		frame, more = frames.Next()
		if strings.HasSuffix(frame.Function, "(*KustTarget).accumulateTarget") {
			count++
		}
	}
	return count
}
