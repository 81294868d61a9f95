package scan

import (
	"bytes"
	"regexp"
)

// A document below this size is parsed; above it, what names the object is
// looked for line by line first. Almost all large documents are schemas of
// custom resources, of which only the first lines matter here.
const largeDocument = 16 << 10

var (
	blockKey    = regexp.MustCompile(`^([A-Za-z][A-Za-z0-9_-]*):(?:[ \t]+(.*))?$`)
	plainScalar = regexp.MustCompile(`^(?:([A-Za-z][A-Za-z0-9./-]*)|"([A-Za-z][A-Za-z0-9./-]*)"|'([A-Za-z][A-Za-z0-9./-]*)')[ \t]*(?:#.*)?$`)
	emptyValue  = regexp.MustCompile(`^[ \t]*(?:#.*)?$`)
)

// block is a mapping in block style: its keys with the text behind each colon,
// and the lines below it that are indented further.
type block map[string]*entry

type entry struct {
	value  string
	nested [][]byte
}

// quickHead reads what identifies an object from a plain block mapping. ok is
// false for anything else: flow style, anchors, tags, templates, keys in quotes or twice.
func quickHead(text []byte, line int) (head Head, ok bool) {
	if bytes.Contains(text, []byte("{{")) {
		return head, false // a template, which the parser may refuse
	}
	top, ok := readBlock(bytes.Split(text, []byte("\n")))
	if !ok {
		return head, false
	}
	head.Line = line
	if head.APIVersion, ok = top.word("apiVersion"); !ok || head.APIVersion == "" {
		return head, false
	}
	if head.Kind, ok = top.word("kind"); !ok || head.Kind == "" || head.Kind == "List" {
		return head, false
	}
	metadata, ok := top.below("metadata")
	if !ok {
		return head, false
	}
	if head.Name, ok = metadata.word("name"); !ok {
		return head, false
	}
	if head.Namespace, ok = metadata.word("namespace"); !ok || head.Kind != "CustomResourceDefinition" {
		return head, ok
	}
	spec, ok := top.below("spec")
	if !ok {
		return head, false
	}
	if head.DefinesGroup, ok = spec.word("group"); !ok {
		return head, false
	}
	names, ok := spec.below("names")
	if !ok {
		return head, false
	}
	head.DefinesKind, ok = names.word("kind")
	return head, ok
}

// readBlock reads one level of a block mapping. Lines that are indented
// further belong to the key above them, whatever they hold.
func readBlock(lines [][]byte) (block, bool) {
	found := block{}
	indent := -1
	var last *entry
	for _, raw := range lines {
		content := bytes.TrimLeft(raw, " ")
		deep := len(raw) - len(content)
		content = bytes.TrimRight(content, "\r")
		switch {
		case len(content) == 0 || content[0] == '#':
			continue
		case indent < 0 && bytes.HasPrefix(content, []byte("---")) && deep == 0 && emptyValue.Match(content[3:]):
			continue
		case indent < 0:
			indent = deep
		case deep > indent || deep == indent && content[0] == '-' && last != nil:
			if last == nil {
				return nil, false
			}
			last.nested = append(last.nested, raw)
			continue
		case deep < indent:
			return nil, false
		}
		match := blockKey.FindSubmatch(content)
		if match == nil || found[string(match[1])] != nil {
			return nil, false
		}
		last = &entry{value: string(match[2])}
		found[string(match[1])] = last
	}
	return found, indent >= 0
}

// word is a key's plain value, "" where there is no such key.
func (b block) word(key string) (string, bool) {
	found := b[key]
	if found == nil {
		return "", true
	}
	match := plainScalar.FindStringSubmatch(found.value)
	if match == nil || len(found.nested) > 0 {
		return "", false
	}
	word := match[1] + match[2] + match[3]
	return word, match[1] == "" || !reserved(word)
}

// below is the mapping under a key; empty where there is no such key.
func (b block) below(key string) (block, bool) {
	found := b[key]
	if found == nil {
		return block{}, true
	}
	if !emptyValue.MatchString(found.value) || len(found.nested) == 0 {
		return nil, false
	}
	return readBlock(found.nested)
}

// reserved reports whether YAML reads an unquoted word as something else.
func reserved(word string) bool {
	switch string(bytes.ToLower([]byte(word))) {
	case "null", "true", "false", "yes", "no", "on", "off", "y", "n":
		return true
	}
	return false
}
