package main

import (
	"os"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
)

// The engine is short-lived and allocates a lot, so it collects garbage rarely
// while the heap is small. The percentages are those of GOGC: between them, the
// heap grows to about roomyHeap before it is collected.
const (
	roomyHeap    = 80 << 20
	mostPercent  = 400
	leastPercent = 40
)

// tuneGC adapts the frequency of garbage collections to the live heap, after
// each collection. If the environment sets GOGC, that stays in force.
func tuneGC() {
	if os.Getenv("GOGC") != "" {
		return
	}
	debug.SetGCPercent(mostPercent)
	afterCollection(func() {
		live := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
		metrics.Read(live)
		debug.SetGCPercent(percentFor(live[0].Value.Uint64()))
	})
}

func percentFor(live uint64) int {
	if live == 0 {
		return mostPercent
	}
	return min(mostPercent, max(leastPercent, int(100*roomyHeap/live)-100))
}

// afterCollection calls fn after every garbage collection, from the finalizer
// of an unreachable object, which creates the next such object.
func afterCollection(fn func()) {
	type sentinel struct{ _ [16]byte }
	var again func(*sentinel)
	again = func(*sentinel) {
		fn()
		runtime.SetFinalizer(&sentinel{}, again)
	}
	runtime.SetFinalizer(&sentinel{}, again)
}
