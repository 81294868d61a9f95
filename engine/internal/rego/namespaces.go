package rego

import (
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"

	"kustodian.dev/engine/internal/protocol"
)

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
