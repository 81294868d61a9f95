// Package server reads requests and dispatches them to the rooms that do the
// work. A request that goes wrong answers with an error; the process goes on.
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
}

const names = "scan, parse, render, policy, verify"

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
	var envelope struct {
		ID json.RawMessage `json:"id"`
		Op string          `json:"op"`
	}
	err := json.Unmarshal(request, &envelope)
	response := protocol.NewResponse(out, envelope.ID)
	defer func() {
		if r := recover(); r != nil {
			_ = response.Done(&protocol.Failure{Code: protocol.CodeInternal, Message: fmt.Sprint(r), Detail: string(debug.Stack())})
		}
	}()
	if err != nil {
		_ = response.Done(&protocol.Failure{Code: protocol.CodeBadRequest, Message: "the request is not a JSON object: " + err.Error()})
		return
	}
	run, known := operations[envelope.Op]
	if !known {
		_ = response.Done(&protocol.Failure{Code: protocol.CodeUnknownOp,
			Message: fmt.Sprintf("unknown op %q; known are %s", envelope.Op, names)})
		return
	}
	_ = response.Done(protocol.AsFailure(run(request, response), protocol.CodeInternal))
}

// decode reads a request; an unknown field is a mistake of the caller.
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

// entriesPerLine is how many files of a repository one line names.
const entriesPerLine = 128

// envelope is the part that every request has.
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
	// A repository has thousands of small files: a line for each would cost
	// both sides more than reading them.
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

// queue sends lines in their order while its owner goes on: the other side may
// still be starting, and a pipe holds only a part of what a scan says.
type queue struct {
	lines chan []byte
	sent  chan struct{}
}

// queuedLines are more than a scan of half a million files has.
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

// send queues a value; one that is no JSON is a mistake of this program.
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
