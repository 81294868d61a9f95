//go:build !unpatched

package render

import (
	"errors"
	"regexp"
	"strconv"
	"strings"

	yamlv3 "go.yaml.in/yaml/v3"
	"sigs.k8s.io/kustomize/kyaml/place"

	"kustodian.dev/engine/internal/manifest"
)

// placeTable numbers the sources of an overlay's values, in the order in which they are met.
type placeTable struct {
	numbers map[int]int // by the number that kustomize's nodes have
	sources []Source
	rel     func(string) string

	last   int   // the source of the value before
	inside []int // how many values are in each that is still to come
}

// appendPlaces appends where a node and everything in it was written, in the order of its JSON. For each value:
// SOURCE@LINE.COLUMN, without SOURCE@ if it is that of the value before, then ! if it was computed, then +N if there
// are N values in it.
func (t *placeTable) appendPlaces(dst []byte, node *yamlv3.Node) []byte {
	t.last, t.inside = -1, t.inside[:0]
	t.count(node)
	return t.append(dst, node)
}

// count lists how many values are in each value, in the order of the JSON.
func (t *placeTable) count(node *yamlv3.Node) {
	node = resolved(node)
	position := len(t.inside)
	t.inside = append(t.inside, 0)
	first, step := entries(node)
	for i := first; i < len(node.Content); i += step {
		t.count(node.Content[i])
	}
	t.inside[position] = len(t.inside) - position - 1
}

func (t *placeTable) append(dst []byte, node *yamlv3.Node) []byte {
	node = resolved(node)
	source, line, computed := place.Split(node.Line)
	if source != t.last {
		t.last = source
		dst = append(strconv.AppendInt(dst, int64(t.number(source)), 10), '@')
	}
	dst = strconv.AppendInt(dst, int64(line), 10)
	dst = strconv.AppendInt(append(dst, '.'), int64(node.Column), 10)
	if computed {
		dst = append(dst, '!')
	}
	if t.inside[0] > 0 {
		dst = strconv.AppendInt(append(dst, '+'), int64(t.inside[0]), 10)
	}
	t.inside = t.inside[1:]
	dst = append(dst, ' ')
	first, step := entries(node)
	for i := first; i < len(node.Content); i += step {
		dst = t.append(dst, node.Content[i])
	}
	return dst
}

// resolved is the node that an alias or a document stands for.
func resolved(node *yamlv3.Node) *yamlv3.Node {
	for {
		switch {
		case node.Kind == yamlv3.AliasNode:
			node = node.Alias
		case node.Kind == yamlv3.DocumentNode && len(node.Content) > 0:
			node = node.Content[0]
		default:
			return node
		}
	}
}

// entries says which nodes of the content are values: the position of the first and the distance to the next.
func entries(node *yamlv3.Node) (first, step int) {
	if node.Kind == yamlv3.MappingNode {
		return 1, 2
	}
	return 0, 1
}

func (t *placeTable) number(source int) int {
	if number, known := t.numbers[source]; known {
		return number
	}
	if t.numbers == nil {
		t.numbers = map[int]int{}
	}
	number := len(t.sources)
	t.numbers[source] = number
	t.sources = append(t.sources, Source{})
	s := place.SourceOf(source)
	described := Source{Field: s.Field, By: s.By, Removed: s.Removed}
	if s.File != "" {
		described.File = t.rel(s.File)
	}
	if s.Removed != "" {
		described.RemovedAt = t.at(s.RemovedAt, s.RemovedColumn)
	}
	if s.Inner != 0 {
		described.Inner = t.at(s.Inner, 0)
	}
	if s.Over != 0 {
		value := place.ValueOf(s.Over)
		described.Over, described.OverText = t.at(value.Line, value.Column), value.Text
	}
	t.sources[number] = described
	return number
}

func (t *placeTable) at(line, column int) *SourcePlace {
	source, number, _ := place.Split(line)
	return &SourcePlace{t.number(source), number, column}
}

// recordChains says whether the values that others replaced are recorded from now on.
func recordChains(on bool) { place.RecordChains(on) }

// errorPlace is where kustomize was when it failed: in a patch, a replacement, or an entry of a configuration. The
// line is 0 if that is not known.
func (b *build) errorPlace(err error) (file string, line, column int) {
	var located *place.Located
	if !errors.As(err, &located) {
		return "", 0, 0
	}
	source, line, _ := place.Of(located.Line)
	file = b.fileInRoot(source.File)
	if source.Field == "" {
		return file, line, 1
	}
	read, failed := b.tree.Read(file)
	if failed != nil || read == nil {
		return "", 0, 0
	}
	if node := entryNode(read.Content, source.Field, line); node != nil {
		return file, node.Line, node.Column
	}
	return "", 0, 0
}

var entryStep = regexp.MustCompile(`^([^#@]*)(#?)(?:@(\d+))?$`)

// entryNode follows the path of an entry (see Source) in a file; a line inside a text counts from its scalar.
func entryNode(content []byte, field string, line int) *yamlv3.Node {
	node := documentAt(content, 1)
	for _, word := range strings.Split(field, "/") {
		step := entryStep.FindStringSubmatch(word)
		if step == nil || node == nil {
			return nil
		}
		if step[1] != "" {
			if node = child(node, step[1]); node == nil {
				return nil
			}
		}
		if step[2] != "" { // the text of a block scalar begins on the next line
			at := yamlv3.Node{Line: node.Line, Column: 1}
			if line > 0 && node.Style&(yamlv3.LiteralStyle|yamlv3.FoldedStyle) != 0 {
				at.Line += line
			}
			return &at
		}
		if step[3] != "" {
			number, _ := strconv.Atoi(step[3])
			node = documentAt(content, number)
		}
	}
	return node
}

func child(node *yamlv3.Node, name string) *yamlv3.Node {
	switch node = unalias(node); node.Kind {
	case yamlv3.MappingNode:
		_, value := lookup(node, name)
		return value
	case yamlv3.SequenceNode:
		if i, err := strconv.Atoi(name); err == nil && i < len(node.Content) {
			return node.Content[i]
		}
	}
	return nil
}

// documentAt is the root of the document that contains a line, with lines of the file.
func documentAt(content []byte, line int) *yamlv3.Node {
	var found *yamlv3.Node
	for _, chunk := range manifest.Split(content) {
		var document yamlv3.Node
		if found != nil && chunk.Line > line || yamlv3.Unmarshal(chunk.Text, &document) != nil || len(document.Content) == 0 {
			continue
		}
		found = document.Content[0]
		place.Shift(chunk.Line-1, found)
	}
	return found
}
