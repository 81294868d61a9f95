package rego

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/tester"

	"kustodian.dev/engine/internal/protocol"
)

// Test is the outcome of one test rule.
type Test struct {
	Name      string `json:"name"`
	Namespace string `json:"namespace"`
	Status    string `json:"status"` // pass, fail, skip or error
	Message   string `json:"message"`
	File      string `json:"file"`
	Line      int    `json:"line"`
}

// Verify runs the test_ rules of the policies, as `conftest verify` does.
func Verify(root string, options Options) ([]Test, error) {
	p, err := loadInTime(root, options)
	if err != nil {
		return nil, err
	}
	found, err := tester.NewRunner().
		SetCompiler(p.engine.Compiler()).
		SetStore(p.engine.Store()).
		SetModules(p.engine.Modules()).
		SetRuntime(p.engine.Runtime()).
		RunTests(context.Background(), nil)
	if err != nil {
		return nil, &protocol.Failure{Code: protocol.CodePolicyEval, Message: p.relative(err.Error())}
	}
	tests := []Test{}
	for result := range found {
		test := Test{Name: result.Name, Namespace: strings.TrimPrefix(result.Package, "data."), Status: "pass"}
		if result.Location != nil {
			test.File, test.Line = p.rel(result.Location.File), result.Location.Row
		}
		switch {
		case result.Error != nil:
			test.Status, test.Message = "error", p.relative(result.Error.Error())
		case result.Fail:
			test.Status, test.Message = "fail", fmt.Sprintf("%s.%s is not true", result.Package, result.Name)
		case result.Skip:
			test.Status, test.Message = "skip", fmt.Sprintf("%s.%s is marked to be skipped", result.Package, result.Name)
		}
		tests = append(tests, test)
	}
	slices.SortFunc(tests, func(a, b Test) int {
		return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Name, b.Name))
	})
	return tests, nil
}
