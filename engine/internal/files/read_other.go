//go:build !unix

package files

import "os"

// Read returns the content of a regular file of at most limit bytes. Symbolic
// links are followed.
func Read(name string, limit int64) ([]byte, error) {
	info, err := os.Stat(name)
	if err != nil {
		return nil, err
	}
	if err := check(info.Mode(), info.Size(), limit); err != nil {
		return nil, err
	}
	return os.ReadFile(name)
}
