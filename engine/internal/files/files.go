// Package files reads whole files with as few system calls as it takes: a
// repository has tens of thousands of small ones.
package files

import (
	"errors"
	"fmt"
	"io/fs"
)

// TooLarge is the error for a file with more bytes than were asked for.
type TooLarge struct{ Size, Limit int64 }

// Error says how large the file is.
func (e TooLarge) Error() string {
	return fmt.Sprintf("%d bytes, more than the limit of %d", e.Size, e.Limit)
}

// Errors for what is no regular file. A pipe or a device could block for ever.
var (
	ErrFolder     = errors.New("is a folder")
	ErrNotRegular = errors.New("not a regular file")
)

// check says whether a file may be read, before a byte of it is.
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
