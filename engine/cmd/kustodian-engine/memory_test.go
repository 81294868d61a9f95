package main

import (
	"runtime"
	"sync/atomic"
	"testing"
)

func TestPercentFor(t *testing.T) {
	for live, want := range map[uint64]int{0: 400, 1 << 20: 400, 16 << 20: 400, 32 << 20: 150, 50 << 20: 60, 60 << 20: 40, 1 << 30: 40} {
		if got := percentFor(live); got != want {
			t.Errorf("%d MiB in use: %d", live>>20, got)
		}
	}
}

func TestAfterCollection(t *testing.T) {
	var times atomic.Int64
	afterCollection(func() { times.Add(1) })
	for range 20 {
		runtime.GC()
		if times.Load() > 1 {
			return
		}
	}
	t.Errorf("called %d times in 20 collections", times.Load())
}
