package limits

import "syscall"

// refuse makes the kernel refuse memory beyond a limit, because a single allocation
// can be too large for the watch.
func refuse(limit uint64) {
	var current syscall.Rlimit
	if syscall.Getrlimit(syscall.RLIMIT_DATA, &current) == nil && current.Cur > limit {
		current.Cur = limit
		_ = syscall.Setrlimit(syscall.RLIMIT_DATA, &current)
	}
}
