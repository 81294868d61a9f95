// Package server reads requests and dispatches them to the packages that do the
// work. A request that fails is answered with an error; the process goes on.
package server

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"runtime/debug"
	"strings"
	"sync"

	"kustodian.dev/engine/internal/protocol"
	"kustodian.dev/engine/internal/scan"
)

type operation func(request []byte, response *protocol.Response) error

var operations = map[string]operation{
	"scan": scanRepository, "parse": parse, "render": renderOverlays, "policy": evaluatePolicy, "verify": verifyPolicy,
	"open": openObjects,
}

const opNames = "scan, parse, render, policy, verify, open"

// Serve answers requests until in ends and every answer is written.
func Serve(in io.Reader, out *protocol.Writer) error {
	reader := bufio.NewReaderSize(in, 64<<10)
	var running sync.WaitGroup
	defer running.Wait()
	for {
		line, err := reader.ReadBytes('\n')
		if request := bytes.TrimSpace(line); len(request) > 0 {
			running.Go(func() { answer(request, out) })
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return fmt.Errorf("reading requests: %w", err)
		}
	}
}

func answer(request []byte, out *protocol.Writer) {
	var common envelope
	err := json.Unmarshal(request, &common)
	response := protocol.NewResponse(out, common.ID)
	defer func() {
		if r := recover(); r != nil {
			_ = response.Done(&protocol.Failure{Code: protocol.CodeInternal, Message: fmt.Sprint(r), Detail: string(debug.Stack())})
		}
	}()
	if err != nil {
		_ = response.Done(&protocol.Failure{Code: protocol.CodeBadRequest, Message: "the request is not a JSON object: " + err.Error()})
		return
	}
	run, known := operations[common.Op]
	if !known {
		_ = response.Done(&protocol.Failure{Code: protocol.CodeUnknownOp,
			Message: fmt.Sprintf("unknown op %q; the ops are %s", common.Op, opNames)})
		return
	}
	_ = response.Done(protocol.AsFailure(run(request, response), protocol.CodeInternal))
}

// decode reads a request and refuses unknown fields.
func decode(request []byte, into any) error {
	decoder := json.NewDecoder(bytes.NewReader(request))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(into); err != nil {
		message := strings.TrimPrefix(err.Error(), "json: ")
		var mismatch *json.UnmarshalTypeError
		if errors.As(err, &mismatch) {
			message = fmt.Sprintf("field %s cannot be a %s", mismatch.Field, mismatch.Value)
		}
		return &protocol.Failure{Code: protocol.CodeBadRequest, Message: message}
	}
	return nil
}

// entriesPerLine is the maximum number of scanned files in a line.
const entriesPerLine = 128

// envelope holds the fields that every request has.
type envelope struct {
	ID json.RawMessage `json:"id"`
	Op string          `json:"op"`
}

func scanRepository(request []byte, response *protocol.Response) error {
	var r struct {
		envelope
		Root         string `json:"root"`
		MaxFileBytes int64  `json:"maxFileBytes"`
	}
	if err := decode(request, &r); err != nil {
		return err
	}
	// A repository has thousands of small files. A line for each would cost the
	// engine and the client more than reading them.
	var mu sync.Mutex
	var entries []any
	out := newQueue(response)
	send := func() {
		if len(entries) > 0 {
			out.send(map[string]any{"kind": "found", "entries": entries})
		}
		entries = entries[:0]
	}
	err := scan.Repository(r.Root, r.MaxFileBytes, func(found any) {
		mu.Lock()
		defer mu.Unlock()
		if entries = append(entries, found); len(entries) == entriesPerLine {
			send()
		}
	})
	send()
	out.wait()
	return err
}

// queue sends lines in order without blocking its owner: the client may still
// be starting, and a pipe holds only part of the answer to a scan.
type queue struct {
	lines chan []byte
	sent  chan struct{}
}

// queuedLines is enough for a scan of half a million files.
const queuedLines = 4096

func newQueue(response *protocol.Response) *queue {
	q := &queue{make(chan []byte, queuedLines), make(chan struct{})}
	go func() {
		defer close(q.sent)
		for line := range q.lines {
			_ = response.SendRaw(line)
		}
	}()
	return q
}

// send queues a value, which must be one that marshals.
func (q *queue) send(value any) {
	line, err := json.Marshal(value)
	if err != nil {
		panic(err)
	}
	q.lines <- line
}

// wait returns when everything is sent.
func (q *queue) wait() {
	close(q.lines)
	<-q.sent
}
