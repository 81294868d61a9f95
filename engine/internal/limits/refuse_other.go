//go:build !linux

package limits

// refuse does nothing where the kernel has no such limit.
func refuse(uint64) {}
