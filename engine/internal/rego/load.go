package rego

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/open-policy-agent/conftest/policy"
	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/loader"
	"github.com/open-policy-agent/opa/v1/storage"

	"kustodian.dev/engine/internal/hermetic"
	"kustodian.dev/engine/internal/limits"
	"kustodian.dev/engine/internal/protocol"
)

// Load compiles the policies and selects the namespaces of the options.
func Load(root string, options Options) (*Policy, error) {
	p, err := loadInTime(root, options)
	if err != nil {
		return nil, err
	}
	p.namespaces, err = p.selectNamespaces(options.Namespaces)
	return p, err
}

// loadLimit is far more than thousands of policies need.
const loadLimit = 20 * time.Second

func loadInTime(root string, options Options) (*Policy, error) {
	type outcome struct {
		policy *Policy
		err    error
	}
	loaded := make(chan outcome, 1)
	if limits.Within(loadLimit, func(context.Context) {
		policy, err := load(root, options)
		loaded <- outcome{policy, err}
	}) {
		result := <-loaded
		return result.policy, result.err
	}
	return nil, &protocol.Failure{Code: protocol.CodePolicyCompile,
		Message: fmt.Sprintf("loading the policies took longer than the limit of %s", loadLimit)}
}

func load(root string, options Options) (*Policy, error) {
	if options.Root != "" {
		root = options.Root
	}
	tree, err := hermetic.NewTree(root, 0)
	if err != nil {
		return nil, err
	}
	p := &Policy{root: tree.Root(), tree: tree}
	if len(options.Paths) == 0 {
		return nil, &protocol.Failure{Code: protocol.CodeNoPolicy, Message: "no policy path is given"}
	}
	policies, err := p.policies(options.Paths)
	if err != nil {
		return nil, err
	}
	if len(policies) == 0 {
		return nil, &protocol.Failure{Code: protocol.CodeNoPolicy,
			Message: fmt.Sprintf("no .rego file in %s", strings.Join(options.Paths, ", "))}
	}
	data, err := p.data(options.Data)
	if err != nil {
		return nil, err
	}
	p.engine, err = policy.LoadWithData(policies, nil, policy.CompilerOptions{RegoVersion: "v1", Capabilities: capabilities()})
	if err != nil {
		return nil, p.explain(err)
	}
	if err := storage.WriteOne(context.Background(), p.engine.Store(), storage.AddOp, storage.Path{}, data); err != nil {
		return nil, &protocol.Failure{Code: protocol.CodePolicyData, Message: err.Error()}
	}
	for _, text := range p.engine.Policies() {
		// Any mention counts: data["conftest"] and aliases reach the file, too.
		p.mayReadFile = p.mayReadFile || strings.Contains(text, "conftest")
	}
	return p, nil
}

// policies returns the absolute paths of the Rego files, each of which may be read.
func (p *Policy) policies(paths []string) ([]string, error) {
	files, err := p.files(paths, "policy", ".rego")
	if err != nil {
		return nil, err
	}
	for i, name := range files {
		file, err := p.tree.Read(name)
		if err != nil {
			return nil, p.unreadable(name, err)
		}
		if strings.Contains(name, ":") { // a prefix for OPA's loader
			return nil, &protocol.Failure{Code: protocol.CodePolicyCompile, File: name, Message: "the path of a policy must not contain a colon"}
		}
		if err := checkAnnotations(name, file.Content); err != nil {
			return nil, err
		}
		files[i] = p.tree.Abs(name)
	}
	return files, nil
}

// data returns the documents of the data files, merged.
func (p *Policy) data(paths []string) (map[string]any, error) {
	if len(paths) == 0 {
		return map[string]any{}, nil
	}
	existing, err := p.existing(paths, "data")
	if err != nil {
		return nil, err
	}
	documents, err := loader.NewFileLoader().WithFS(p.tree.FS()).Filtered(existing, otherThan(dataFiles))
	if err != nil {
		return nil, p.unreadable("", err)
	}
	return documents.Documents, nil
}

var dataFiles = []string{".yaml", ".yml", ".json"}

// otherThan returns a filter that leaves out files with other endings.
func otherThan(endings []string) loader.Filter {
	return func(_ string, info os.FileInfo, _ int) bool {
		return !info.IsDir() && !slices.Contains(endings, filepath.Ext(info.Name()))
	}
}

// files returns the files below paths that have one of the endings, relative to the
// root.
func (p *Policy) files(paths []string, what string, endings ...string) ([]string, error) {
	existing, err := p.existing(paths, what)
	if err != nil {
		return nil, err
	}
	files, err := loader.FilteredPathsFS(p.tree.FS(), existing, otherThan(endings))
	if err != nil {
		return nil, p.unreadable("", err)
	}
	return files, nil
}

// unreadable returns the failure for a policy or data file.
func (p *Policy) unreadable(name string, err error) *protocol.Failure {
	var failure *protocol.Failure
	var files loader.Errors
	if errors.As(err, &files) && len(files) > 0 {
		err = files[0]
	}
	if errors.As(err, &failure) {
		named := *failure
		if named.File == "" {
			named.File = name
		}
		return &named
	}
	return &protocol.Failure{Code: protocol.CodePolicyData, File: name, Message: p.relative(err.Error())}
}

// existing makes paths relative to the root. It refuses those that lead out of it or
// do not exist.
func (p *Policy) existing(paths []string, what string) ([]string, error) {
	var found []string
	for _, name := range paths {
		relative := path.Clean(filepath.ToSlash(name))
		if filepath.IsAbs(name) {
			inside, ok := p.tree.Rel(filepath.Clean(name))
			if !ok {
				return nil, p.outside(name, what)
			}
			relative = inside
		}
		_, err := fs.Stat(p.tree.FS(), relative)
		var refused *protocol.Failure
		switch {
		case errors.As(err, &refused):
			return nil, p.outside(name, what)
		case err != nil:
			message := fmt.Sprintf("there is no %s path %s", what, name)
			if close := nearest(path.Base(relative), p.siblings(relative)); close != "" {
				message += fmt.Sprintf("; did you mean %s?", path.Join(path.Dir(filepath.ToSlash(name)), close))
			}
			return nil, &protocol.Failure{Code: protocol.CodeNoPolicy, Message: message}
		}
		found = append(found, relative)
	}
	return found, nil
}

func (p *Policy) outside(name, what string) *protocol.Failure {
	return &protocol.Failure{Code: protocol.CodeOutsideRoot,
		Message: fmt.Sprintf("the %s path %s leads out of the repository; policies and their data must be inside", what, name)}
}

func (p *Policy) siblings(relative string) []string {
	entries, _ := fs.ReadDir(p.tree.FS(), path.Dir(relative))
	names := make([]string, 0, len(entries))
	for _, entry := range entries {
		names = append(names, entry.Name())
	}
	return names
}

var problematic = regexp.MustCompile(`rule in (.+) at line (\d+)`)

// explain turns an error of OPA's compiler into a failure with its position.
func (p *Policy) explain(err error) *protocol.Failure {
	detail := p.relative(err.Error())
	if first := firstError(err); first != nil {
		failure := &protocol.Failure{Code: protocol.CodePolicyCompile, Message: first.Code + ": " + p.relative(first.Message), Detail: detail}
		if message := explainUnavailable(first.Message); message != "" {
			failure.Message = message
		}
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
