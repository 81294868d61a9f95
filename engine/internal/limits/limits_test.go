package limits

import (
	"context"
	"testing"
	"time"
)

func TestWithin(t *testing.T) {
	defer exceeded.Store(exceeded.Load())
	if !Within(time.Minute, func(context.Context) {}) || exceeded.Load() != 0 {
		t.Error("work that ends at once")
	}
	if !Within(time.Millisecond, func(ctx context.Context) { <-ctx.Done() }) || exceeded.Load() != 1 {
		t.Error("work that can be interrupted")
	}
	forever := make(chan struct{})
	defer close(forever)
	if Within(time.Millisecond, func(context.Context) { <-forever }) || exceeded.Load() != 2 {
		t.Error("work that cannot be interrupted")
	}
}

func TestLimitsAreHalved(t *testing.T) {
	defer exceeded.Store(exceeded.Load())
	for count, want := range map[int32]time.Duration{0: 20 * time.Second, 1: 10 * time.Second, 4: 1250 * time.Millisecond, 9: shortest, 1 << 20: shortest} {
		exceeded.Store(count)
		if got := Current(20 * time.Second); got != want {
			t.Errorf("%d exceeded: %s, want %s", count, got, want)
		}
	}
	if got := Current(time.Millisecond); got != time.Millisecond {
		t.Errorf("a limit below the shortest: %s", got)
	}
}
