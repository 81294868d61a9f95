package manifest

import (
	"bytes"

	yamlv3 "go.yaml.in/yaml/v3"

	"kustodian.dev/engine/internal/protocol"
)

// A file with aliases may expand to at most this many nodes and bytes.
// Real manifests stay below a hundredth of it.
const (
	maxExpandedNodes = 1_000_000
	maxExpandedBytes = 64 << 20
)

// CheckAliases refuses a file whose aliases expand beyond a bound, or whose
// anchor contains itself. Text without both an anchor and an alias is not
// parsed, and invalid YAML is left to the parser that reads the file.
func CheckAliases(name string, content []byte) *protocol.Failure {
	if !mayHaveAlias(content) {
		return nil
	}
	decoder := yamlv3.NewDecoder(bytes.NewReader(content))
	for {
		var node yamlv3.Node
		if decoder.Decode(&node) != nil { // the end, or invalid YAML
			return nil
		}
		m := measure{cost: map[*yamlv3.Node]size{}, open: map[*yamlv3.Node]bool{}}
		total := m.of(&node)
		if m.cyclic != nil {
			return &protocol.Failure{Code: protocol.CodeAliasBomb, File: name, Line: m.cyclic.Line, Column: m.cyclic.Column,
				Message: "YAML anchor " + m.cyclic.Value + " contains itself"}
		}
		// A file without aliases is only large, and bounded by its size.
		if m.heaviest != nil && (total.nodes > maxExpandedNodes || total.bytes > maxExpandedBytes) {
			return &protocol.Failure{Code: protocol.CodeAliasBomb, File: name, Line: m.heaviest.Line, Column: m.heaviest.Column,
				Message: "YAML aliases expand beyond the bound of 1,000,000 nodes or 64 MiB"}
		}
	}
}

// mayHaveAlias is a cheap scan for "&name" and "*name" in value position.
func mayHaveAlias(content []byte) bool {
	return hasSigil(content, '&') && hasSigil(content, '*')
}

func hasSigil(content []byte, sigil byte) bool {
	for pos := 0; ; {
		i := bytes.IndexByte(content[pos:], sigil)
		if i < 0 {
			return false
		}
		pos += i
		if (pos == 0 || bytes.IndexByte([]byte(" \t\n[{,:-"), content[pos-1]) >= 0) &&
			pos+1 < len(content) && bytes.IndexByte([]byte(" \t\r\n&*,[]{}"), content[pos+1]) < 0 {
			return true
		}
		pos++
	}
}

type size struct{ nodes, bytes int }

// measure computes the expanded size of nodes.
type measure struct {
	cost     map[*yamlv3.Node]size
	open     map[*yamlv3.Node]bool // nodes that are being measured
	cyclic   *yamlv3.Node          // an alias inside the node that it names
	heaviest *yamlv3.Node          // the alias that expands to most nodes
	most     int                   // how many
}

// of returns the size of a node with its aliases expanded. Sums saturate:
// once a bound is passed the exact figure no longer matters.
func (m *measure) of(node *yamlv3.Node) size {
	if known, ok := m.cost[node]; ok {
		return known
	}
	if node.Kind == yamlv3.AliasNode {
		if m.open[node.Alias] {
			m.cyclic = node
			return size{1, 1}
		}
		expanded := m.of(node.Alias)
		if expanded.nodes > m.most {
			m.most, m.heaviest = expanded.nodes, node
		}
		return expanded
	}
	m.open[node] = true
	total := size{1, len(node.Value) + 1}
	for _, child := range node.Content {
		s := m.of(child)
		total.nodes = min(total.nodes+s.nodes, 2*maxExpandedNodes)
		total.bytes = min(total.bytes+s.bytes, 2*maxExpandedBytes)
	}
	delete(m.open, node)
	m.cost[node] = total
	return total
}
