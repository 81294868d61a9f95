// Package rego evaluates policies with conftest's own policy package:
// compiled once, evaluated in memory, one input document for each object.
package rego

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/open-policy-agent/conftest/output"
	"github.com/open-policy-agent/conftest/policy"
	"github.com/open-policy-agent/opa/v1/topdown"

	"kustodian.dev/engine/internal/hermetic"
	"kustodian.dev/engine/internal/limits"
	"kustodian.dev/engine/internal/manifest"
	"kustodian.dev/engine/internal/protocol"
)

// Options say which policies to load. Paths may be absolute or relative to
// the root of the request.
type Options struct {
	// Root is the folder that policies and data are read from, instead of the repository that is checked.
	Root       string   `json:"root"`
	Paths      []string `json:"paths"`
	Data       []string `json:"data"`
	Namespaces []string `json:"namespaces"`
}

// Result is one message of a policy about one object.
type Result struct {
	Object    int              `json:"object"`
	Namespace string           `json:"namespace"`
	Query     string           `json:"query"`
	Level     string           `json:"level"` // failure, warning or exception
	Message   string           `json:"message"`
	Location  *output.Location `json:"location,omitempty"`
	Metadata  map[string]any   `json:"metadata"`
}

// Results are the results of one input.
type Results struct {
	Results   []Result `json:"results"`
	Successes int      `json:"successes"`
}

// Policy is a compiled set of policies.
type Policy struct {
	root       string // absolute, symlinks resolved
	tree       *hermetic.Tree
	engine     *policy.Engine
	namespaces []string
	// conftest keeps the current file in its store, as data.conftest.file. Policies
	// that may read it are evaluated for one file at a time.
	mayReadFile bool
	running     sync.RWMutex
}

// Evaluate runs every selected namespace on each object, within a time limit.
// Policies read the file name as data.conftest.file. An evaluation that fails does
// not end the others: the first failure is returned beside their results. abandoned
// is true if the evaluation could not be interrupted and still runs.
func (p *Policy) Evaluate(limit time.Duration, file string, objects []json.RawMessage) (results *Results, failure *protocol.Failure, abandoned bool) {
	if !p.mayReadFile {
		p.running.RLock()
		results, failure, abandoned = p.evaluateWithin(limit, file, objects)
		p.running.RUnlock()
		if results != nil || abandoned {
			return results, failure, abandoned
		}
		// A slow evaluation holds up the others, because conftest writes to its store
		// before each. Which one is slow shows when each is alone.
	}
	p.running.Lock()
	defer p.running.Unlock()
	results, failure, abandoned = p.evaluateWithin(limit, file, objects)
	if results == nil {
		results = &Results{Results: []Result{}}
	}
	return results, failure, abandoned
}

// evaluateWithin returns nil results if the evaluation takes too long.
func (p *Policy) evaluateWithin(limit time.Duration, file string, objects []json.RawMessage) (results *Results, failure *protocol.Failure, abandoned bool) {
	limit = limits.Current(limit)
	var outcome struct {
		results *Results
		failure *protocol.Failure
		late    bool
	}
	finished := limits.Within(limit, func(ctx context.Context) {
		outcome.results, outcome.failure = p.evaluate(ctx, file, objects)
		outcome.late = ctx.Err() != nil
	})
	if finished && !outcome.late {
		return outcome.results, outcome.failure, false
	}
	return nil, &protocol.Failure{Code: protocol.CodePolicyEval,
		Message: fmt.Sprintf("evaluating the policies took longer than the limit of %s", limit)}, !finished
}

func (p *Policy) evaluate(ctx context.Context, file string, objects []json.RawMessage) (results *Results, failure *protocol.Failure) {
	results = &Results{Results: []Result{}}
	fail := func(err error) {
		if failure == nil {
			failure = p.evaluationFailure(err)
		}
	}
	for index, raw := range objects {
		// Plain Unmarshal: numbers become float64, as in conftest's YAML parser.
		var object any
		if err := json.Unmarshal(raw, &object); err != nil {
			fail(err)
			continue
		}
		for _, namespace := range p.namespaces {
			if ctx.Err() != nil {
				return results, failure
			}
			checked, err := p.check(ctx, map[string]any{file: object}, namespace)
			if err != nil {
				fail(err)
			}
			for _, check := range checked {
				if hasDeepMetadata(check) {
					fail(fmt.Errorf("a result in namespace %s is nested more than %d levels deep", namespace, manifest.MaxDepth))
					continue
				}
				results.add(index, check)
			}
		}
	}
	slices.SortFunc(results.Results, func(a, b Result) int {
		return cmp.Or(cmp.Compare(a.Object, b.Object), cmp.Compare(a.Namespace, b.Namespace),
			cmp.Compare(a.Query, b.Query), cmp.Compare(a.Level, b.Level), cmp.Compare(a.Message, b.Message))
	})
	return results, failure
}

// check evaluates one namespace. Some built-in functions panic on absurd operands.
func (p *Policy) check(ctx context.Context, input map[string]any, namespace string) (checked output.CheckResults, err error) {
	defer func() {
		if r := recover(); r != nil {
			checked, err = nil, fmt.Errorf("OPA failed on this input: %v", r)
		}
	}()
	return p.engine.Check(ctx, input, namespace)
}

func (p *Policy) evaluationFailure(err error) *protocol.Failure {
	failure := &protocol.Failure{Code: protocol.CodePolicyEval, Message: p.relative(err.Error())}
	var where *topdown.Error
	if errors.As(err, &where) {
		failure.Message, failure.Detail = where.Code+": "+p.relative(where.Message), failure.Message
		if where.Location != nil {
			failure.File, failure.Line, failure.Column = p.rel(where.Location.File), where.Location.Row, where.Location.Col
		}
	}
	return failure
}

// hasDeepMetadata reports whether the client could not read a result.
func hasDeepMetadata(check output.CheckResult) bool {
	for _, results := range [][]output.Result{check.Failures, check.Warnings} {
		for _, result := range results {
			if encoded, err := json.Marshal(result.Metadata); err != nil || manifest.IsTooDeep(encoded) {
				return true
			}
		}
	}
	return false
}

func (r *Results) add(object int, check output.CheckResult) {
	r.Successes += check.Successes
	add := func(level, query string, one output.Result) {
		metadata := map[string]any{}
		for key, value := range one.Metadata {
			if key != "query" {
				metadata[key] = value
			}
		}
		r.Results = append(r.Results, Result{Object: object, Namespace: check.Namespace, Level: level, Message: one.Message,
			Query: strings.TrimPrefix(query, "data."+check.Namespace+"."), Location: one.Location, Metadata: metadata})
	}
	for _, failure := range check.Failures {
		add("failure", queryOf(failure), failure)
	}
	for _, warning := range check.Warnings {
		add("warning", queryOf(warning), warning)
	}
	// The message of an exception is its own query. The rule that it excuses is
	// the query that conftest ran next.
	for i := 0; i+1 < len(check.Queries); i += 2 {
		for _, result := range check.Queries[i].Results {
			if result.Passed() && slices.ContainsFunc(check.Exceptions, func(e output.Result) bool { return e.Message == check.Queries[i].Query }) {
				add("exception", check.Queries[i+1].Query, output.Result{Message: check.Queries[i].Query})
			}
		}
	}
}

func queryOf(result output.Result) string {
	query, _ := result.Metadata["query"].(string)
	return query
}
