//go:build !unpatched

package render

import (
	"strconv"

	yamlv3 "go.yaml.in/yaml/v3"
	"sigs.k8s.io/kustomize/kyaml/place"
)

// placeTable numbers the sources of an overlay's values, in the order in which they are met.
type placeTable struct {
	numbers map[place.Source]int
	sources []Source
	rel     func(string) string
}

// appendPlaces appends where a node and everything in it was written, in the order of its JSON. For each value:
// SOURCE@LINE.COLUMN, without SOURCE@ if it is that of the value before, then ! if it was computed, then +N if there
// are N values in it.
func (t *placeTable) appendPlaces(dst []byte, node *yamlv3.Node, last *int) []byte {
	switch node.Kind {
	case yamlv3.DocumentNode:
		if len(node.Content) > 0 {
			return t.appendPlaces(dst, node.Content[0], last)
		}
	case yamlv3.AliasNode:
		return t.appendPlaces(dst, node.Alias, last)
	}
	source, line, computed := place.Of(node.Line)
	if number := t.number(source); number != *last {
		*last = number
		dst = append(strconv.AppendInt(dst, int64(number), 10), '@')
	}
	dst = strconv.AppendInt(dst, int64(line), 10)
	dst = strconv.AppendInt(append(dst, '.'), int64(node.Column), 10)
	if computed {
		dst = append(dst, '!')
	}
	first, step := 0, 1
	if node.Kind == yamlv3.MappingNode {
		first, step = 1, 2
	}
	if len(node.Content) > 0 {
		dst = strconv.AppendInt(append(dst, '+'), int64(values(node)-1), 10)
	}
	dst = append(dst, ' ')
	for i := first; i < len(node.Content); i += step {
		dst = t.appendPlaces(dst, node.Content[i], last)
	}
	return dst
}

// values counts a node and the values in it, without keys.
func values(node *yamlv3.Node) int {
	if node.Kind == yamlv3.AliasNode {
		return values(node.Alias)
	}
	first, step, count := 0, 1, 1
	if node.Kind == yamlv3.MappingNode {
		first, step = 1, 2
	}
	for i := first; i < len(node.Content); i += step {
		count += values(node.Content[i])
	}
	return count
}

func (t *placeTable) number(s place.Source) int {
	if number, known := t.numbers[s]; known {
		return number
	}
	if t.numbers == nil {
		t.numbers = map[place.Source]int{}
	}
	number := len(t.sources)
	t.numbers[s] = number
	t.sources = append(t.sources, Source{})
	source := Source{Field: s.Field, By: s.By, Removed: s.Removed}
	if s.File != "" {
		source.File = t.rel(s.File)
	}
	if s.Removed != "" {
		source.RemovedAt = t.at(s.RemovedAt, s.RemovedColumn)
	}
	if s.Inner != 0 {
		source.Inner = t.at(s.Inner, 0)
	}
	if s.Over != 0 {
		value := place.ValueOf(s.Over)
		source.Over, source.OverText = t.at(value.Line, value.Column), value.Text
	}
	t.sources[number] = source
	return number
}

func (t *placeTable) at(line, column int) *SourcePlace {
	source, number, _ := place.Of(line)
	return &SourcePlace{t.number(source), number, column}
}

// recordChains says whether the values that others replaced are recorded from now on.
func recordChains(on bool) { place.RecordChains(on) }
