package server

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"kustodian.dev/engine/internal/protocol"
)

// FuzzServe: every request is answered by valid lines, the last of which says that it is done, and none is a defect.
func FuzzServe(f *testing.F) {
	for _, text := range []string{
		`{"id":1,"op":"parse","content":{"a.yaml":"kind: A\n---\nkind: B\n"},"lines":{"a.yaml":[1,9]}}`,
		`{"id":"x","op":"parse","content":{"a.json":"[{}"},"files":[]}`, `{"id":1,"op":"parse","files":["a.yaml"]}`,
		`{"id":1,"op":"render","overlays":["."],"limits":{"timeoutSeconds":1e300}}`, `{"id":{},"op":"scan"}`,
		`{"id":1,"op":"policy","objects":[]}`, `{"id":1,"op":"verify"}`, `[]`, `{"id":1,"id":2,"OP":"scan"}`, "\x00\n\n{", `{"op":7}`,
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		if namesRoot(text) {
			return // it would read folders of the machine
		}
		requests := 0
		for line := range bytes.SplitSeq(text, []byte("\n")) {
			if len(bytes.TrimSpace(line)) > 0 {
				requests++
			}
		}
		var out bytes.Buffer
		if err := Serve(bytes.NewReader(text), protocol.NewWriter(&out)); err != nil {
			t.Fatal(err)
		}
		done := 0
		for answer := range strings.SplitSeq(strings.TrimSuffix(out.String(), "\n"), "\n") {
			if answer == "" {
				continue
			}
			var read line
			if err := json.Unmarshal([]byte(answer), &read); err != nil {
				t.Fatalf("%v: %s", err, answer)
			}
			if read.Done {
				done++
				if read.Error != nil && read.Error.Code == protocol.CodeInternal && read.Error.Detail != "" {
					t.Fatalf("a defect: %s", answer)
				}
			}
		}
		if done != requests {
			t.Fatalf("%d requests, %d answers: %s", requests, done, out.String())
		}
	})
}

// namesRoot reports whether a request has a field "root", in any spelling.
func namesRoot(text []byte) bool {
	for line := range bytes.SplitSeq(text, []byte("\n")) {
		var fields map[string]json.RawMessage
		if json.Unmarshal(line, &fields) != nil {
			continue
		}
		for name := range fields {
			if strings.EqualFold(name, "root") {
				return true
			}
		}
	}
	return false
}
