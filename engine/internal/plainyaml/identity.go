package plainyaml

import (
	"bytes"

	"kustodian.dev/engine/internal/manifest"
)

// Identity reads what identifies an object from a document and checks every
// line of it. ok is false where the parser has to decide, and for a List.
func Identity(document []byte) (found manifest.Identity, ok bool) {
	r := identityReader{stack: make([]collection, 0, maxDepth)}
	for len(document) > 0 {
		line := document
		if end := bytes.IndexByte(document, '\n'); end >= 0 {
			line, document = document[:end], document[end+1:]
		} else {
			document = nil
		}
		if !r.read(bytes.TrimSuffix(line, []byte("\r"))) {
			return found, false
		}
	}
	found = r.found
	if found.Kind != "CustomResourceDefinition" {
		found.DefinesGroup, found.DefinesKind = "", ""
	}
	return found, r.open != quotedText && found.APIVersion != "" && found.Kind != "" && found.Kind != "List"
}

// identityReader reads a document line by line.
type identityReader struct {
	found manifest.Identity
	seen  identityKey
	stack []collection // from the document's mapping to the innermost collection
	// What the last line left open.
	open open
	// parent is the column of the key or dash that an open text belongs to.
	parent int
	// indent is the column of an open block scalar's text, 0 before its first line.
	indent int
	quote  byte // the quote that ends an open quoted text
	// identifies is set while the open text is a field of Identity.
	identifies bool
}

// collection is a block mapping or sequence to which lines may still be added.
type collection struct {
	indent     int
	isSequence bool
	place      place // of the mapping itself
	below      place // of the value of its last key
}

const maxDepth = 100 // go-yaml fails beyond 10,000

// open says how the next line may continue the last one.
type open uint8

const (
	nothing     open = iota
	emptyValue       // a collection may follow
	blockScalar      // text that is indented further belongs to it
	plainText        // the same, and a comment ends it
	quotedText       // it continues up to the closing quote
)

// read takes one line, without the characters that end it.
func (r *identityReader) read(line []byte) bool {
	content := bytes.TrimLeft(line, " ")
	indent := len(line) - len(content)
	if !isPrintableASCII(content) && !isPrintable(content) {
		return false
	}
	if r.open >= blockScalar {
		if taken, ok := r.continueText(content, indent); taken || !ok {
			return ok
		}
	}
	if len(content) == 0 || content[0] == '#' {
		return true
	}
	if indent == 0 && bytes.HasPrefix(content, []byte("---")) {
		return len(r.stack) == 0 && isNothing(content[3:])
	}
	return r.item(content, indent, true)
}

// item reads "- …" or "key: …" at a column. isFirst is false behind a dash.
func (r *identityReader) item(content []byte, indent int, isFirst bool) bool {
	dash := isDash(content)
	if isFirst && !r.enter(indent, dash) || !isFirst && !r.push(indent, dash, elsewhere) {
		return false
	}
	if dash {
		rest := bytes.TrimLeft(content[1:], " ")
		if isNothing(content[1:]) {
			r.open = emptyValue
			return true
		}
		if _, _, isKey := cutKey(rest); isKey || isDash(rest) {
			return r.item(rest, indent+len(content)-len(rest), false)
		}
		return r.value(rest, indent, nil)
	}
	key, rest, ok := cutKey(content)
	if !ok {
		return false
	}
	mapping := &r.stack[len(r.stack)-1]
	mapping.below = elsewhere
	if mapping.place == elsewhere {
		return r.value(rest, indent, nil)
	}
	var id identityKey
	var field *string
	id, mapping.below, field = r.lookUp(mapping.place, string(key))
	if r.seen&id != 0 {
		return false
	}
	r.seen |= id
	return r.value(rest, indent, field)
}

// enter finds the collection that a line belongs to, or begins one.
func (r *identityReader) enter(indent int, isDash bool) bool {
	mayBegin := r.open == emptyValue
	r.open = nothing
	if len(r.stack) == 0 {
		return !isDash && r.push(indent, false, inObject)
	}
	top := r.stack[len(r.stack)-1]
	// A sequence below a key may be at the column of the key.
	if mayBegin && (indent > top.indent || indent == top.indent && isDash && !top.isSequence) {
		return r.push(indent, isDash, top.below)
	}
	for len(r.stack) > 0 {
		top = r.stack[len(r.stack)-1]
		if top.indent == indent && top.isSequence == isDash {
			return true
		}
		if top.indent < indent || top.indent == indent && !top.isSequence {
			return false
		}
		r.stack = r.stack[:len(r.stack)-1]
	}
	return false
}

func (r *identityReader) push(indent int, isSequence bool, place place) bool {
	if isSequence {
		place = elsewhere
	}
	r.stack = append(r.stack, collection{indent: indent, isSequence: isSequence, place: place})
	return len(r.stack) < maxDepth
}

// place is the position of a mapping in the object.
type place uint8

const (
	elsewhere place = iota
	inObject
	inMetadata
	inSpec
	inNames
)

// identityKey is a set of the keys that lead to the fields of Identity.
type identityKey uint16

const (
	apiVersionKey identityKey = 1 << iota
	kindKey
	metadataKey
	nameKey
	namespaceKey
	specKey
	groupKey
	namesKey
	definedKindKey
)

// lookUp returns what a key at a place means: the key's bit, the place of the
// mapping below it, and the field of Identity that takes its value.
func (r *identityReader) lookUp(at place, key string) (id identityKey, below place, field *string) {
	switch at {
	case inObject:
		switch key {
		case "apiVersion":
			return apiVersionKey, elsewhere, &r.found.APIVersion
		case "kind":
			return kindKey, elsewhere, &r.found.Kind
		case "metadata":
			return metadataKey, inMetadata, nil
		case "spec":
			return specKey, inSpec, nil
		}
	case inMetadata:
		switch key {
		case "name":
			return nameKey, elsewhere, &r.found.Name
		case "namespace":
			return namespaceKey, elsewhere, &r.found.Namespace
		}
	case inSpec:
		switch key {
		case "group":
			return groupKey, elsewhere, &r.found.DefinesGroup
		case "names":
			return namesKey, inNames, nil
		}
	case inNames:
		if key == "kind" {
			return definedKindKey, elsewhere, &r.found.DefinesKind
		}
	}
	return 0, elsewhere, nil
}
