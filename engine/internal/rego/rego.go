// Package rego evaluates policies with conftest's own policy package:
// compiled once, evaluated in memory, one input document for each object.
package rego

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/open-policy-agent/conftest/output"
	"github.com/open-policy-agent/conftest/policy"
	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/loader"

	"kustodian.dev/engine/internal/protocol"
)

// Options say which policies to load. Paths may be absolute or relative to
// the root of the request.
type Options struct {
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
	root       string
	engine     *policy.Engine
	namespaces []string
	// conftest keeps the current file in its store, as data.conftest.file. Policies
	// that may read it are evaluated for one file at a time.
	mayReadFile bool
	oneFile     sync.Mutex
}

// Load compiles the policies and selects the namespaces of the options.
func Load(root string, options Options) (*Policy, error) {
	p, err := load(root, options)
	if err != nil {
		return nil, err
	}
	p.namespaces, err = p.selectNamespaces(options.Namespaces)
	return p, err
}

func load(root string, options Options) (*Policy, error) {
	p := &Policy{root: root}
	paths, err := p.existing(options.Paths, "policy")
	if err != nil {
		return nil, err
	}
	if len(paths) == 0 {
		return nil, &protocol.Failure{Code: protocol.CodeNoPolicy, Message: "no policy path is given"}
	}
	data, err := p.existing(options.Data, "data")
	if err != nil {
		return nil, err
	}
	capabilities := ast.CapabilitiesForThisVersion()
	capabilities.AllowNet = []string{} // policies have no network
	p.engine, err = policy.LoadWithData(paths, data, policy.CompilerOptions{RegoVersion: "v1", Capabilities: capabilities})
	if err != nil {
		return nil, p.explain(err, options)
	}
	for _, text := range p.engine.Policies() {
		// Any mention counts: data["conftest"] and aliases reach the file, too.
		p.mayReadFile = p.mayReadFile || strings.Contains(text, "conftest")
	}
	return p, nil
}

// existing makes paths absolute and refuses those that do not exist.
func (p *Policy) existing(paths []string, what string) ([]string, error) {
	var found []string
	for _, name := range paths {
		absolute := filepath.FromSlash(name)
		if !filepath.IsAbs(absolute) {
			absolute = filepath.Join(p.root, absolute)
		}
		if _, err := os.Stat(absolute); err != nil {
			message := fmt.Sprintf("there is no %s path %s", what, name)
			if close := nearest(filepath.Base(absolute), siblings(absolute)); close != "" {
				message += fmt.Sprintf("; did you mean %s?", path.Join(path.Dir(filepath.ToSlash(name)), close))
			}
			return nil, &protocol.Failure{Code: protocol.CodeNoPolicy, Message: message}
		}
		found = append(found, absolute)
	}
	return found, nil
}

func siblings(absolute string) []string {
	entries, _ := os.ReadDir(filepath.Dir(absolute))
	names := make([]string, 0, len(entries))
	for _, entry := range entries {
		names = append(names, entry.Name())
	}
	return names
}

var problematic = regexp.MustCompile(`rule in (.+) at line (\d+)`)

// explain turns an error of OPA's compiler into a failure with its position.
func (p *Policy) explain(err error, options Options) *protocol.Failure {
	detail := p.relative(err.Error())
	if strings.Contains(detail, "no policies found in") {
		return &protocol.Failure{Code: protocol.CodeNoPolicy,
			Message: fmt.Sprintf("no .rego file in %s", strings.Join(options.Paths, ", "))}
	}
	if first := firstError(err); first != nil {
		failure := &protocol.Failure{Code: protocol.CodePolicyCompile, Message: first.Code + ": " + p.relative(first.Message), Detail: detail}
		if first.Location != nil {
			failure.File, failure.Line, failure.Column = p.rel(first.Location.File), first.Location.Row, first.Location.Col
		}
		return failure
	}
	failure := &protocol.Failure{Code: protocol.CodePolicyCompile, Message: detail}
	if match := problematic.FindStringSubmatch(err.Error()); match != nil {
		failure.File = p.rel(match[1])
		failure.Line, _ = strconv.Atoi(match[2])
		failure.Message = "the rule uses 'if' without 'contains', so it yields no messages"
	}
	if strings.Contains(detail, "load documents") || strings.Contains(detail, "documents store") {
		failure.Code = protocol.CodePolicyData
	}
	return failure
}

// firstError returns the first error with a position from OPA's lists of errors.
func firstError(err error) *ast.Error {
	var one *ast.Error
	if errors.As(err, &one) {
		return one
	}
	var many ast.Errors
	if errors.As(err, &many) && len(many) > 0 {
		return many[0]
	}
	var files loader.Errors
	if errors.As(err, &files) {
		for _, each := range files {
			if found := firstError(each); found != nil {
				return found
			}
		}
	}
	return nil
}

func (p *Policy) relative(text string) string {
	return strings.ReplaceAll(text, strings.TrimSuffix(p.root, "/")+string(filepath.Separator), "")
}

func (p *Policy) rel(file string) string {
	return filepath.ToSlash(p.relative(filepath.Clean(file)))
}

// selectNamespaces resolves names and patterns; an empty list means every
// namespace. A name without rules is an error, because it would check nothing.
func (p *Policy) selectNamespaces(wanted []string) ([]string, error) {
	all := p.withRules()
	if len(wanted) == 0 {
		wanted = []string{"*"}
	}
	var selected []string
	for _, pattern := range wanted {
		found := false
		for _, name := range all {
			matched, err := path.Match(pattern, name)
			if err != nil {
				return nil, &protocol.Failure{Code: protocol.CodeBadRequest, Message: fmt.Sprintf("namespace pattern %q: %v", pattern, err)}
			}
			if matched {
				found = true
				selected = append(selected, name)
			}
		}
		if found {
			continue
		}
		message := "no policy has a deny, violation or warn rule"
		if pattern != "*" {
			message = fmt.Sprintf("no policy in namespace %s has a deny, violation or warn rule", pattern)
			if close := nearest(pattern, all); close != "" {
				message += fmt.Sprintf("; did you mean %s?", close)
			} else if len(all) > 0 {
				message += "; namespaces with such rules: " + strings.Join(all, ", ")
			}
		}
		return nil, &protocol.Failure{Code: protocol.CodeNoPolicy, Message: message}
	}
	slices.Sort(selected)
	return slices.Compact(selected), nil
}

var decides = regexp.MustCompile(`^(warn|deny|violation)(_[a-zA-Z0-9]+)*$`)

// withRules lists the namespaces that can produce a result, sorted.
func (p *Policy) withRules() []string {
	var names []string
	for _, module := range p.engine.Modules() {
		if slices.ContainsFunc(module.Rules, func(rule *ast.Rule) bool { return decides.MatchString(rule.Head.Name.String()) }) {
			names = append(names, strings.TrimPrefix(module.Package.Path.String(), "data."))
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// Evaluate runs every selected namespace on each object. Policies read the file
// name as data.conftest.file.
func (p *Policy) Evaluate(file string, objects []json.RawMessage) (*Results, error) {
	if p.mayReadFile {
		p.oneFile.Lock()
		defer p.oneFile.Unlock()
	}
	results := &Results{Results: []Result{}}
	for index, raw := range objects {
		// Plain Unmarshal: numbers become float64, as in conftest's YAML parser.
		var object any
		if err := json.Unmarshal(raw, &object); err != nil {
			return nil, err
		}
		for _, namespace := range p.namespaces {
			checked, err := p.engine.Check(context.Background(), map[string]any{file: object}, namespace)
			if err != nil {
				return nil, &protocol.Failure{Code: protocol.CodePolicyEval, Message: p.relative(err.Error())}
			}
			for _, check := range checked {
				results.add(index, check)
			}
		}
	}
	slices.SortFunc(results.Results, func(a, b Result) int {
		return cmp.Or(cmp.Compare(a.Object, b.Object), cmp.Compare(a.Namespace, b.Namespace),
			cmp.Compare(a.Query, b.Query), cmp.Compare(a.Level, b.Level), cmp.Compare(a.Message, b.Message))
	})
	return results, nil
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

// nearest returns the candidate that was most likely meant, or "".
func nearest(name string, candidates []string) string {
	best, distance := "", len(name)/3+1
	for _, candidate := range candidates {
		if d := editDistance(name, candidate); d <= distance {
			best, distance = candidate, d-1
		}
	}
	return best
}

func editDistance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := 1; i <= len(a); i++ {
		diagonal := row[0]
		row[0] = i
		for j := 1; j <= len(b); j++ {
			change := diagonal
			if a[i-1] != b[j-1] {
				change++
			}
			diagonal = row[j]
			row[j] = min(change, row[j]+1, row[j-1]+1)
		}
	}
	return row[len(b)]
}
