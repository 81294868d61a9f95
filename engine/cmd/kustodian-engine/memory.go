package main

import (
	"os"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
)

// The engine is short-lived and allocates much: collecting less often is 1.7
// times faster. It does so while the heap is small, up to four times what is
// in use, and less and less beyond this size.
const (
	roomyHeap    = 80 << 20
	mostPercent  = 400
	leastPercent = 40
)

// tuneGC sets how often garbage is collected after each collection anew.
// GOGC in the environment is left as it is.
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

// afterCollection calls fn after every collection: the finalizer of an object
// that nobody holds runs then, and leaves another one behind.
func afterCollection(fn func()) {
	type sentinel struct{ _ [16]byte }
	var again func(*sentinel)
	again = func(*sentinel) {
		fn()
		runtime.SetFinalizer(&sentinel{}, again)
	}
	runtime.SetFinalizer(&sentinel{}, again)
}
