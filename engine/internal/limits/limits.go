// Package limits ends work that takes too long or needs too much memory. Neither
// kustomize nor every built-in function of OPA can be interrupted, so the last
// resort is to end the process. The client starts it again for the rest.
package limits

import (
	"context"
	"math"
	"os"
	"runtime/debug"
	"runtime/metrics"
	"sync/atomic"
	"time"
)

// Exit codes of a process that gave up.
const (
	ExitMemory    = 70 // the memory limit is exceeded
	ExitAbandoned = 71 // work that was given up could not be interrupted; its failure is reported
	ExitUnclear   = 72 // the same, but other work was held up, so that it is not clear which is to blame
)

// grace is how long interrupted work may take to end.
const grace = 500 * time.Millisecond

// exceeded counts the time limits that were exceeded.
var exceeded atomic.Int32

// Current returns a time limit, halved for each that was exceeded before: a
// repository can hold any number of overlays that take forever.
func Current(limit time.Duration) time.Duration {
	return max(limit>>min(exceeded.Load(), 30), min(limit, shortest))
}

const shortest = 100 * time.Millisecond

// Within runs fn, whose context ends after limit, and waits for it. It is false if
// fn still runs some time after that.
func Within(limit time.Duration, fn func(context.Context)) bool {
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	finished := make(chan struct{})
	go func() {
		defer close(finished)
		fn(ctx)
	}()
	timer := time.NewTimer(limit + grace)
	defer timer.Stop()
	select {
	case <-finished:
		if ctx.Err() != nil {
			exceeded.Add(1)
		}
		return true
	case <-timer.C:
		exceeded.Add(1)
		return false
	}
}

// The memory that the process may use. softMemory is Go's soft limit, at which
// garbage is collected more often; GOMEMLIMIT in the environment replaces it. The
// process ends itself at a quarter more, and the kernel refuses memory at half more.
const (
	softMemory  = 768 << 20
	watchPeriod = 25 * time.Millisecond
)

// Memory bounds the memory of the process.
func Memory() {
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(softMemory)
	}
	soft := debug.SetMemoryLimit(-1)
	if soft > math.MaxInt64/2 { // GOMEMLIMIT=off
		return
	}
	refuse(uint64(soft) + uint64(soft)/2)
	go watch(uint64(soft) + uint64(soft)/4)
}

func watch(limit uint64) {
	for range time.Tick(watchPeriod) {
		if inUse() > limit {
			os.Exit(ExitMemory)
		}
	}
}

// inUse returns the bytes that the process has from the operating system.
func inUse() uint64 {
	samples := []metrics.Sample{{Name: "/memory/classes/total:bytes"}, {Name: "/memory/classes/heap/released:bytes"}}
	metrics.Read(samples)
	return samples[0].Value.Uint64() - samples[1].Value.Uint64()
}
