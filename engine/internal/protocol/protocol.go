// Package protocol defines the wire format of the engine: one JSON object per line
// in both directions. The README of this module documents the contract.
package protocol

import (
	"bufio"
	"encoding/json"
	"errors"
	"io"
	"os"
	"runtime/debug"
	"sync"
)

// Version is the version of the wire format, announced on the first line.
const Version = 5

// EngineVersion is the version of this program.
const EngineVersion = "0.1.0"

// Failure is an error as the protocol reports it. File is relative to the
// root of the request and uses forward slashes; Line and Column are 1-based
// and 0 when unknown.
type Failure struct {
	Code    string `json:"code"`
	Message string `json:"message"`
	File    string `json:"file,omitempty"`
	Line    int    `json:"line,omitempty"`
	Column  int    `json:"column,omitempty"`
	Detail  string `json:"detail,omitempty"`
	URL     string `json:"url,omitempty"`
}

// Codes of failures.
const (
	CodeBadRequest      = "bad-request"
	CodeUnknownOp       = "unknown-op"
	CodeInternal        = "internal"
	CodeNotFound        = "not-found"
	CodeYAML            = "yaml"
	CodeNotAnObject     = "not-an-object"
	CodeAliasBomb       = "alias-bomb"
	CodeFileTooLarge    = "file-too-large"
	CodeOutsideRoot     = "outside-root"
	CodeRemoteBase      = "remote-base"
	CodeExecPlugin      = "exec-plugin"
	CodeHelmDisabled    = "helm-disabled"
	CodeHelm            = "helm"
	CodeTooManyObjects  = "too-many-objects"
	CodeTooComplex      = "too-complex"
	CodeName            = "not-utf-8"
	CodeLFSPointer      = "lfs-pointer"
	CodeProvenance      = "hidden-provenance"
	CodeTooDeep         = "too-deep"
	CodeRenderedSize    = "rendered-too-large"
	CodeTimeout         = "timeout"
	CodeComponent       = "component"
	CodeNoKustomization = "no-kustomization"
	CodeBuild           = "build"
	CodeNoPolicy        = "no-policy"
	CodePolicyCompile   = "policy-compile"
	CodePolicyData      = "policy-data"
	CodePolicyEval      = "policy-eval"
)

// Error makes a Failure usable as a Go error.
func (f *Failure) Error() string { return f.Message }

// AsFailure returns the Failure inside err, or wraps err under the given code.
func AsFailure(err error, code string) *Failure {
	if err == nil {
		return nil
	}
	var failure *Failure
	if errors.As(err, &failure) {
		return failure
	}
	return &Failure{Code: code, Message: err.Error()}
}

// Announcement is the first line on stdout.
type Announcement struct {
	Protocol  int    `json:"protocol"`
	Engine    string `json:"engine"`
	Kustomize string `json:"kustomize"`
	Conftest  string `json:"conftest"`
	OPA       string `json:"opa"`
}

// Announce reads the versions of the linked libraries from the build info.
func Announce() Announcement {
	a := Announcement{Protocol: Version, Engine: EngineVersion}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return a
	}
	for _, dep := range info.Deps {
		// A replaced module is the same version, with the patches applied.
		switch dep.Path {
		case "sigs.k8s.io/kustomize/api":
			a.Kustomize = dep.Version
		case "github.com/open-policy-agent/conftest":
			a.Conftest = dep.Version
		case "github.com/open-policy-agent/opa":
			a.OPA = dep.Version
		}
	}
	return a
}

// Writer writes whole lines; it is safe for concurrent use.
type Writer struct {
	mu  sync.Mutex
	buf *bufio.Writer
}

// NewWriter returns a Writer on w.
func NewWriter(w io.Writer) *Writer {
	return &Writer{buf: bufio.NewWriterSize(w, 64<<10)}
}

// Line writes one line and flushes it. The caller passes complete JSON
// without a newline.
func (w *Writer) Line(parts ...[]byte) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, part := range parts {
		if _, err := w.buf.Write(part); err != nil {
			return err
		}
	}
	if err := w.buf.WriteByte('\n'); err != nil {
		return err
	}
	return w.buf.Flush()
}

// Value marshals v and writes it as one line.
func (w *Writer) Value(v any) error {
	line, err := json.Marshal(v)
	if err != nil {
		return err
	}
	return w.Line(line)
}

// Response writes the lines that answer one request; every line carries its id.
type Response struct {
	prefix []byte
	out    *Writer
}

// NewResponse answers the request with the given id.
func NewResponse(out *Writer, id json.RawMessage) *Response {
	if len(id) == 0 {
		id = json.RawMessage("null")
	}
	return &Response{prefix: append([]byte(`{"id":`), id...), out: out}
}

// Send writes v, a struct or map, with the id in front of its own fields.
func (r *Response) Send(v any) error {
	body, err := json.Marshal(v)
	if err != nil {
		return err
	}
	return r.SendRaw(body)
}

// SendRaw writes a marshalled, non-empty JSON object.
func (r *Response) SendRaw(body []byte) error {
	return r.out.Line(r.prefix, []byte(","), body[1:])
}

// Exit ends the process between two lines.
func (r *Response) Exit(code int) {
	r.out.mu.Lock()
	os.Exit(code)
}

// Done writes the last line of the request; failure may be nil.
func (r *Response) Done(failure *Failure) error {
	return r.Send(struct {
		Done  bool     `json:"done"`
		Error *Failure `json:"error,omitempty"`
	}{true, failure})
}
