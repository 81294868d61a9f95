package scan

import (
	"bytes"
	"regexp"
)

// plainHead reads what identifies an object from a document in the plain block
// style that nearly all manifests are written in, and makes sure of every line
// on the way. ok is false for anything that it does not know to be valid YAML;
// the parser, ten times slower, then decides. A test holds the two together.
func plainHead(text []byte, line int) (head Head, ok bool) {
	reader := plainReader{head: Head{Line: line}}
	for len(text) > 0 {
		raw := text
		if end := bytes.IndexByte(text, '\n'); end >= 0 {
			raw, text = text[:end], text[end+1:]
		} else {
			text = nil
		}
		if !reader.read(raw) {
			return head, false
		}
	}
	head = reader.head
	// Of a definition or a list more is asked for.
	special := head.Kind == "List" || head.Kind == "CustomResourceDefinition"
	return head, head.APIVersion != "" && head.Kind != "" && !special
}

// collection is a block mapping or sequence that lines may still be added to.
type collection struct {
	indent     int
	isSequence bool
	key        string // of a mapping: the last one, at the depths that matter
}

type plainReader struct {
	head  Head
	stack []collection
	// What the last line left open: an empty value, which a deeper line may
	// fill, or a block scalar, whose lines are indented further than parent.
	open struct {
		value, scalar  bool
		parent, indent int
	}
	seen map[string]bool
}

// flowWords is a sequence of words on one line: ["a", b, --c=d].
var flowWords = regexp.MustCompile(`^\[(?: *` + flowWord + `(?: *, *` + flowWord + `)*)? *\]`)

const flowWord = `(?:"[^"\\]*"|'[^']*'|-*[A-Za-z0-9_./][A-Za-z0-9_./=-]*)`

const longestPlainLine = 1000 // YAML ends an implicit key at 1024 characters

func (r *plainReader) read(raw []byte) bool {
	if !isPlainASCII(raw) {
		return false
	}
	content := bytes.TrimLeft(raw, " ")
	indent := len(raw) - len(content)
	if r.open.scalar {
		if taken, ok := r.inScalar(indent, len(content) == 0); taken || !ok {
			return ok
		}
	}
	if len(content) == 0 || content[0] == '#' {
		return true
	}
	if len(raw) > longestPlainLine {
		return false
	}
	if indent == 0 && bytes.HasPrefix(content, []byte("---")) {
		return len(r.stack) == 0 && isNothing(content[3:])
	}
	return r.item(content, indent, true)
}

// isPlainASCII is false where a line holds tabs, other controls, or more than ASCII.
func isPlainASCII(line []byte) bool {
	for _, c := range line {
		if c < ' ' || c > '~' {
			return false
		}
	}
	return true
}

// inScalar takes a line of a block scalar. Less deep lines end it.
func (r *plainReader) inScalar(indent int, isBlank bool) (taken, ok bool) {
	scalar := &r.open
	switch {
	case isBlank:
		// More spaces in front of the text than the text has are an error.
		return true, scalar.indent > 0 || indent <= scalar.parent+1
	case indent <= scalar.parent:
		scalar.scalar = false
		return false, true
	case scalar.indent == 0:
		scalar.indent = indent
		return true, true
	default:
		return true, indent >= scalar.indent
	}
}

// item reads "- …" or "key: …" at a column. isFirst is false behind a dash.
func (r *plainReader) item(content []byte, indent int, isFirst bool) bool {
	isDash := content[0] == '-' && (len(content) == 1 || content[1] == ' ')
	if isFirst && !r.enter(indent, isDash) {
		return false
	}
	if !isFirst {
		r.stack = append(r.stack, collection{indent: indent, isSequence: isDash})
	}
	if isDash {
		rest := bytes.TrimLeft(content[1:], " ")
		if isNothing(content[1:]) {
			r.open.value = true
			return true
		}
		column := indent + len(content) - len(rest)
		if _, _, isKey := cutKey(rest); isKey || rest[0] == '-' && (len(rest) == 1 || rest[1] == ' ') {
			return r.item(rest, column, false)
		}
		_, ok := r.value(rest, indent)
		return ok
	}
	key, rest, ok := cutKey(content)
	if !ok {
		return false
	}
	r.stack[len(r.stack)-1].key = key
	value, ok := r.value(rest, indent)
	return ok && r.note(value)
}

// enter goes to the collection that a line belongs to.
func (r *plainReader) enter(indent int, isDash bool) bool {
	opened := r.open.value
	r.open.value = false
	if len(r.stack) == 0 {
		r.stack = append(r.stack, collection{indent: indent, isSequence: isDash})
		return !isDash
	}
	top := r.stack[len(r.stack)-1]
	// A sequence may stand below its key without being indented.
	if opened && (indent > top.indent || indent == top.indent && isDash && !top.isSequence) {
		r.stack = append(r.stack, collection{indent: indent, isSequence: isDash})
		return true
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

// value reads what follows a key or a dash on its line.
func (r *plainReader) value(text []byte, parent int) (string, bool) {
	if isNothing(text) {
		r.open.value = true
		return "", true
	}
	text = bytes.TrimLeft(text, " ")
	switch c := text[0]; c {
	case '|', '>':
		return "", r.blockScalar(text, parent)
	case '"', '\'':
		end := bytes.IndexByte(text[1:], c)
		if end < 0 || bytes.IndexByte(text[:end+1], '\\') >= 0 {
			return "", false
		}
		return string(text[1 : end+1]), isNothing(text[end+2:])
	case '{':
		return "", len(text) > 1 && text[1] == '}' && isNothing(text[2:])
	case '[':
		match := flowWords.Find(text)
		return "", match != nil && isNothing(text[len(match):])
	}
	if comment := bytes.Index(text, []byte(" #")); comment >= 0 {
		text = text[:comment]
	}
	text = bytes.TrimRight(text, " ")
	return plainValue(text)
}

// plainValue is a scalar without quotes, "" for null.
func plainValue(text []byte) (string, bool) {
	switch c := text[0]; {
	case c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || bytes.IndexByte([]byte("_./+$(=^;"), c) >= 0:
	case c == '-' && len(text) > 1 && text[1] != ' ':
	case c == '~' && len(text) == 1:
		return "", true
	default:
		return "", false
	}
	if bytes.Contains(text, []byte(": ")) || text[len(text)-1] == ':' {
		return "", false
	}
	switch word := string(text); word {
	case "null", "Null", "NULL":
		return "", true
	default:
		return word, true
	}
}

// blockScalar begins one without an explicit indentation.
func (r *plainReader) blockScalar(header []byte, parent int) bool {
	rest := header[1:]
	if len(rest) > 0 && (rest[0] == '-' || rest[0] == '+') {
		rest = rest[1:]
	}
	if !isNothing(rest) {
		return false
	}
	r.open.scalar, r.open.parent, r.open.indent = true, parent, 0
	return true
}

// note keeps a value that identifies the object. A key that is there twice is
// left to the parser.
func (r *plainReader) note(value string) bool {
	var field *string
	path := r.path()
	switch path {
	case "apiVersion":
		field = &r.head.APIVersion
	case "kind":
		field = &r.head.Kind
	case "metadata.name":
		field = &r.head.Name
	case "metadata.namespace":
		field = &r.head.Namespace
	default:
		if len(r.stack) > 1 {
			return true
		}
	}
	if r.seen[path] {
		return false
	}
	if r.seen == nil {
		r.seen = map[string]bool{}
	}
	r.seen[path] = true
	if field != nil {
		*field = value
	}
	return true
}

// path is where the last key stands, "" deeper than anything that matters.
func (r *plainReader) path() string {
	switch {
	case len(r.stack) == 1:
		return r.stack[0].key
	case len(r.stack) == 2 && !r.stack[1].isSequence && r.stack[0].key == "metadata":
		return "metadata." + r.stack[1].key
	}
	return ""
}

// cutKey cuts "key: rest" at its colon; the key may stand in quotes.
func cutKey(text []byte) (key string, rest []byte, ok bool) {
	if c := text[0]; c == '"' || c == '\'' {
		end := bytes.IndexByte(text[1:], c)
		if end < 1 || bytes.IndexByte(text[:end+1], '\\') >= 0 {
			return "", nil, false
		}
		key, rest = string(text[1:end+1]), text[end+2:]
		if len(rest) == 0 || rest[0] != ':' {
			return "", nil, false
		}
	} else {
		length := 0
		for length < len(text) && isKeyByte(text[length], length == 0) {
			length++
		}
		if length == 0 || length == len(text) || text[length] != ':' {
			return "", nil, false
		}
		key, rest = string(text[:length]), text[length:]
	}
	rest = rest[1:]
	return key, rest, len(rest) == 0 || rest[0] == ' '
}

func isKeyByte(c byte, isFirst bool) bool {
	switch {
	case c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_':
		return true
	}
	return !isFirst && (c == '.' || c == '/' || c == '-')
}

// isNothing is true for spaces, and for spaces and a comment.
func isNothing(text []byte) bool {
	trimmed := bytes.TrimLeft(text, " ")
	return len(trimmed) == 0 || trimmed[0] == '#' && (len(trimmed) < len(text) || len(text) == 0)
}
