package server

import (
	"encoding/json"
	"path/filepath"

	"kustodian.dev/engine/internal/limits"
	"kustodian.dev/engine/internal/protocol"
	"kustodian.dev/engine/internal/rego"
	"kustodian.dev/engine/internal/render"
)

func evaluatePolicy(request []byte, response *protocol.Response) error {
	var r struct {
		envelope
		Root   string        `json:"root"`
		Policy rego.Options  `json:"policy"`
		Limits render.Limits `json:"limits"`
		Inputs []struct {
			Name    string            `json:"name"`
			Objects []json.RawMessage `json:"objects"`
		} `json:"inputs"`
	}
	if err := decode(request, &r); err != nil {
		return err
	}
	root, err := filepath.Abs(r.Root)
	if err != nil {
		return err
	}
	policy, err := rego.Load(root, r.Policy)
	if err != nil {
		return err
	}
	for _, input := range r.Inputs {
		results, failure, abandoned := policy.Evaluate(r.Limits.Timeout(), filepath.Join(root, input.Name), input.Objects)
		_ = response.Send(struct {
			Kind   string            `json:"kind"`
			Name   string            `json:"name"`
			Policy *rego.Results     `json:"policy"`
			Error  *protocol.Failure `json:"error"`
		}{"policy", input.Name, results, failure})
		if abandoned {
			response.Exit(limits.ExitAbandoned)
		}
	}
	return nil
}

func verifyPolicy(request []byte, response *protocol.Response) error {
	var r struct {
		envelope
		Root   string       `json:"root"`
		Policy rego.Options `json:"policy"`
	}
	if err := decode(request, &r); err != nil {
		return err
	}
	root, err := filepath.Abs(r.Root)
	if err != nil {
		return err
	}
	tests, err := rego.Verify(root, r.Policy)
	for _, test := range tests {
		_ = response.Send(struct {
			Kind string `json:"kind"`
			rego.Test
		}{"test", test})
	}
	return err
}
