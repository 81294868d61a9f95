package manifest

import (
	"bytes"

	"kustodian.dev/engine/internal/protocol"
)

// largestPointer is the most that a pointer of Git LFS may have, in bytes.
const largestPointer = 1024

// CheckPointer returns a failure for a pointer of Git LFS: the text that git keeps
// in place of a file whose content has to be fetched.
func CheckPointer(name string, content []byte) *protocol.Failure {
	if len(content) > largestPointer || !bytes.HasPrefix(content, []byte("version https://git-lfs.github.com/spec/v1")) ||
		!bytes.Contains(content, []byte("\noid sha256:")) {
		return nil
	}
	return &protocol.Failure{Code: protocol.CodeLFSPointer, File: name, Line: 1, Column: 1,
		Message: name + " is a pointer of Git LFS, and its content is not here: run `git lfs pull`"}
}
