// Package files reads whole files with few system calls: a repository has tens
// of thousands of small files.
package files

import (
	"errors"
	"fmt"
	"io/fs"
)

// TooLarge is the error for a file above the size limit.
type TooLarge struct{ Size, Limit int64 }

// Error returns the file's size and the limit.
func (e TooLarge) Error() string {
	return fmt.Sprintf("%d bytes, more than the limit of %d", e.Size, e.Limit)
}

// Errors for paths that are not regular files. Pipes and devices could block
// forever.
var (
	ErrFolder     = errors.New("is a folder")
	ErrNotRegular = errors.New("not a regular file")
)

// check returns an error unless the file may be read.
func check(mode fs.FileMode, size, limit int64) error {
	switch {
	case mode.IsDir():
		return ErrFolder
	case !mode.IsRegular():
		return ErrNotRegular
	case size > limit:
		return TooLarge{size, limit}
	}
	return nil
}
