package server

import (
	"encoding/json"
	"path/filepath"
	"strconv"
	"time"

	"kustodian.dev/engine/internal/carriers"
	"kustodian.dev/engine/internal/hermetic"
	"kustodian.dev/engine/internal/limits"
	"kustodian.dev/engine/internal/protocol"
	"kustodian.dev/engine/internal/rego"
	"kustodian.dev/engine/internal/render"
)

func renderOverlays(request []byte, response *protocol.Response) error {
	var r struct {
		envelope
		render.Options
		Policy *rego.Options `json:"policy"`
	}
	if err := decode(request, &r); err != nil {
		return err
	}
	root, err := filepath.Abs(r.Root)
	if err != nil {
		return err
	}
	compiled := func() *rego.Policy { return nil }
	if r.Policy != nil {
		compiled = compileInBackground(root, *r.Policy, response)
	}
	return render.Overlays(r.Options, func(overlay render.Overlay) {
		line := appendOverlay(nil, overlay)
		policy, abandoned := compiled(), overlay.Abandoned
		if policy == nil || overlay.Failure != nil {
			line = append(line, `,"policy":null}`...)
		} else {
			file := filepath.Join(root, filepath.FromSlash(overlay.Path))
			line, abandoned = appendPolicy(line, policy, r.Limits.Timeout(), file, overlay)
		}
		if abandoned && !r.Sequential && len(r.Overlays) > 1 {
			response.Exit(limits.ExitUnclear)
		}
		_ = response.SendRaw(line)
		if abandoned {
			response.Exit(limits.ExitAbandoned)
		}
	})
}

// compileInBackground compiles the policies while the overlays render, and
// returns a function that waits for them. Policies that do not load are reported
// once; the function then returns nil.
func compileInBackground(root string, options rego.Options, response *protocol.Response) func() *rego.Policy {
	var policy *rego.Policy
	ready := make(chan struct{})
	go func() {
		defer close(ready)
		loaded, err := rego.Load(root, options)
		if err != nil {
			_ = response.Send(struct {
				Kind  string            `json:"kind"`
				Error *protocol.Failure `json:"error"`
			}{"policy-error", protocol.AsFailure(err, protocol.CodePolicyCompile)})
			return
		}
		policy = loaded
	}()
	return func() *rego.Policy {
		<-ready
		return policy
	}
}

// appendOverlay appends the answer for an overlay, without its policy results
// and closing brace. The objects are JSON already, and json.Marshal would parse
// and copy these megabytes again.
func appendOverlay(line []byte, overlay render.Overlay) []byte {
	line = append(line, `{"kind":"overlay","overlay":`...)
	line = appendJSON(line, overlay.Path)
	set := overlay.Set
	if set == nil {
		set = &carriers.Set{}
	}
	line = appendSet(line, set, func(line []byte, entry *carriers.Entry) []byte {
		object := overlay.Objects[entry.From]
		line = append(append(line, `{"object":`...), entry.JSON...)
		line = append(append(line, `,"origin":`...), object.Origin...)
		if entry.Carrier != nil {
			return line // its place is that of the field of the carrier
		}
		return append(append(append(line, `,"places":"`...), object.Places...), '"')
	})
	line = appendJSON(append(line, `,"sources":`...), overlay.Sources)
	files, absent := overlay.Files, overlay.Absent
	if files == nil {
		files = []hermetic.Source{}
	}
	if absent == nil {
		absent = []string{}
	}
	line = appendJSON(append(line, `,"files":`...), files)
	line = appendJSON(append(line, `,"absent":`...), absent)
	line = appendJSON(append(line, `,"error":`...), overlay.Failure)
	line = append(line, `,"milliseconds":`...)
	return strconv.AppendInt(line, overlay.Milliseconds, 10)
}

func appendPolicy(line []byte, policy *rego.Policy, limit time.Duration, file string, overlay render.Overlay) (_ []byte, abandoned bool) {
	entries := overlay.Set.All()
	objects := make([]json.RawMessage, len(entries))
	for i, entry := range entries {
		objects[i] = entry.JSON
	}
	results, failure, abandoned := policy.Evaluate(limit, file, objects)
	line = appendJSON(append(line, `,"policy":`...), results)
	if failure != nil {
		line = appendJSON(append(line, `,"policyError":`...), failure)
	}
	return append(line, '}'), abandoned
}

// appendJSON appends a value that always marshals: one without channels,
// functions or cycles.
func appendJSON(line []byte, value any) []byte {
	encoded, err := json.Marshal(value)
	if err != nil {
		panic(err)
	}
	return append(line, encoded...)
}
