package plainyaml

import (
	"bytes"
	"regexp"
	"slices"
	"strings"
)

// JSON turns a document into the JSON that the parser would give, byte for
// byte. ok is false where the parser has to decide.
func JSON(text []byte) (document []byte, ok bool) {
	p := jsonReader{endsWithNewline: bytes.HasSuffix(text, []byte("\n"))}
	for raw := range bytes.SplitSeq(bytes.TrimSuffix(text, []byte("\n")), []byte("\n")) {
		if !isPrintableASCII(raw) {
			return nil, false
		}
		content := bytes.TrimLeft(raw, " ")
		p.lines = append(p.lines, jsonLine{raw, len(raw) - len(content), bytes.TrimRight(content, " ")})
	}
	if len(p.lines) > 0 && string(p.lines[0].raw) == "---" {
		p.at = 1
	}
	p.skip()
	if p.at == len(p.lines) || p.lines[p.at].isDash() {
		return nil, false
	}
	value, ok := p.mapping(p.lines[p.at].indent)
	if !ok || p.at < len(p.lines) {
		return nil, false
	}
	return appendJSON(make([]byte, 0, len(text)), value), true
}

type jsonLine struct {
	raw     []byte
	indent  int
	content []byte // without the spaces on both sides
}

// isDash is true for an item of a sequence, and for document markers: both
// are refused where a mapping is expected.
func (l jsonLine) isDash() bool {
	return l.content[0] == '-' && (len(l.content) == 1 || l.content[1] == ' ' || l.content[1] == '-')
}

// field is one entry of a mapping.
type field struct {
	key   string
	value any
}

// literal is a value that is written alike in YAML and JSON: a number, true,
// false or null.
type literal string

// jsonReader reads values: []field, []any, string or literal.
type jsonReader struct {
	lines           []jsonLine
	at              int
	endsWithNewline bool
}

// skip goes to the next line with content.
func (p *jsonReader) skip() {
	for p.at < len(p.lines) && (len(p.lines[p.at].content) == 0 || p.lines[p.at].content[0] == '#') {
		p.at++
	}
}

// deeper reports whether the next line with content is indented further.
func (p *jsonReader) deeper(indent int) bool {
	p.skip()
	return p.at < len(p.lines) && p.lines[p.at].indent > indent
}

func (p *jsonReader) block() (any, bool) {
	if p.lines[p.at].isDash() {
		return p.sequence(p.lines[p.at].indent)
	}
	return p.mapping(p.lines[p.at].indent)
}

func (p *jsonReader) mapping(indent int) (any, bool) {
	fields := []field{}
	for p.skip(); p.at < len(p.lines) && p.lines[p.at].indent == indent && !p.lines[p.at].isDash(); p.skip() {
		name, rest, ok := cutKey(p.lines[p.at].content)
		key := string(name)
		if !ok || len(fields) == mostFields || !isText(key) || hasKey(fields, key) {
			return nil, false
		}
		p.at++
		value, ok := p.value(rest, indent, true)
		if !ok {
			return nil, false
		}
		fields = append(fields, field{key, value})
	}
	return fields, !p.deeper(indent)
}

func (p *jsonReader) sequence(indent int) (any, bool) {
	items := []any{}
	for p.skip(); p.at < len(p.lines) && p.lines[p.at].indent == indent && p.lines[p.at].isDash(); p.skip() {
		line := &p.lines[p.at]
		rest := bytes.TrimLeft(line.content[1:], " ")
		var item any
		var isKey, ok bool
		if len(rest) > 0 {
			_, _, isKey = cutKey(rest)
		}
		switch {
		case isKey:
			line.indent, line.content = indent+len(line.content)-len(rest), rest
			item, ok = p.mapping(line.indent)
		case len(rest) > 0 && rest[0] == '-':
			return nil, false
		default:
			p.at++
			item, ok = p.value(rest, indent, false)
		}
		if !ok {
			return nil, false
		}
		items = append(items, item)
	}
	return items, !p.deeper(indent)
}

// value reads what follows a key or a dash, on its line or below.
func (p *jsonReader) value(text []byte, indent int, isBehindKey bool) (any, bool) {
	text = bytes.TrimSpace(text)
	switch {
	case len(text) == 0 || text[0] == '#':
		if p.deeper(indent) {
			return p.block()
		}
		// A sequence below a key may be at the column of the key.
		if isBehindKey && p.at < len(p.lines) && p.lines[p.at].indent == indent && p.lines[p.at].isDash() {
			return p.sequence(indent)
		}
		return literal("null"), true
	case string(text) == "|" || string(text) == "|-":
		return p.blockScalar(indent, len(text) == 1)
	}
	value, rest, ok := inlineValue(text)
	return value, ok && isNothing(rest) && !p.deeper(indent)
}

// blockScalar reads the lines that are indented further than parent.
func (p *jsonReader) blockScalar(parent int, keepsNewline bool) (any, bool) {
	if p.at == len(p.lines) || len(p.lines[p.at].content) == 0 || p.lines[p.at].indent <= parent {
		return nil, false
	}
	indent := p.lines[p.at].indent
	var found []string
	for ; p.at < len(p.lines); p.at++ {
		line := p.lines[p.at]
		switch {
		case len(line.content) == 0:
			if len(line.raw) > indent {
				return nil, false // its spaces are part of the text
			}
			found = append(found, "")
			continue
		case line.indent > parent && line.indent < indent:
			return nil, false
		}
		if line.indent <= parent {
			break
		}
		found = append(found, string(line.raw[indent:]))
	}
	if p.at == len(p.lines) && !p.endsWithNewline {
		return nil, false
	}
	text := strings.TrimRight(strings.Join(found, "\n"), "\n")
	if keepsNewline {
		text += "\n"
	}
	return text, true
}

var (
	flowText  = regexp.MustCompile(`^-*[A-Za-z0-9_./][A-Za-z0-9_./=-]*`)
	wholeText = regexp.MustCompile(`^(?:[A-Za-z_/]|\.{1,2}/)`)
	integer   = regexp.MustCompile(`^(?:0|[1-9][0-9]{0,15})$`)
	version   = regexp.MustCompile(`^[0-9]+\.[0-9]+\.[0-9]+(?:[.+-][A-Za-z0-9.+-]*)?$`)
)

// inlineValue reads a value on one line and returns what follows it.
func inlineValue(text []byte) (value any, rest []byte, ok bool) {
	switch text[0] {
	case '"', '\'':
		end := bytes.IndexByte(text[1:], text[0])
		if end < 0 || bytes.IndexByte(text[:end+1], '\\') >= 0 {
			return nil, nil, false
		}
		return string(text[1 : end+1]), text[end+2:], !bytes.HasPrefix(text[end+2:], text[:1])
	case '[', '{':
		return flow(text)
	}
	if comment := bytes.Index(text, []byte(" #")); comment >= 0 {
		text, rest = text[:comment], text[comment:]
	}
	text = bytes.TrimRight(text, " ")
	if bytes.Contains(text, []byte(": ")) || text[len(text)-1] == ':' {
		return nil, nil, false
	}
	value, ok = scalar11(string(text))
	return value, rest, ok
}

// scalar11 reads an unquoted scalar whose type is the same in YAML 1.1 and 1.2.
func scalar11(word string) (any, bool) {
	switch {
	case word == "true" || word == "false" || word == "null" || integer.MatchString(word):
		return literal(word), true
	case version.MatchString(word) || wholeText.MatchString(word) && isText(word):
		return word, true
	}
	return nil, false
}

// isText reports whether YAML 1.1, too, reads an unquoted word as a string.
func isText(word string) bool {
	return !isReserved(word) && (word[0] < '0' || word[0] > '9')
}

// flow reads a flow sequence or mapping, whose plain texts are single words.
func flow(text []byte) (value any, rest []byte, ok bool) {
	isMapping, closing := text[0] == '{', byte(']')
	if isMapping {
		closing = '}'
	}
	items, fields := []any{}, []field{}
	rest = bytes.TrimLeft(text[1:], " ")
	for len(rest) > 0 && rest[0] != closing {
		var key string
		if isMapping {
			var name []byte
			name, rest, ok = cutKey(rest)
			if key = string(name); !ok || len(fields) == mostFields || !isText(key) || hasKey(fields, key) {
				return nil, nil, false
			}
			rest = bytes.TrimLeft(rest, " ")
		}
		var item any
		if item, rest, ok = flowItem(rest); !ok {
			return nil, nil, false
		}
		items, fields = append(items, item), append(fields, field{key, item})
		rest = bytes.TrimLeft(rest, " ")
		switch {
		case len(rest) > 0 && rest[0] == ',':
			rest = bytes.TrimLeft(rest[1:], " ")
		case len(rest) == 0 || rest[0] != closing:
			return nil, nil, false
		}
	}
	if len(rest) == 0 {
		return nil, nil, false
	}
	if isMapping {
		return fields, rest[1:], true
	}
	return items, rest[1:], true
}

func flowItem(text []byte) (item any, rest []byte, ok bool) {
	if len(text) == 0 {
		return nil, nil, false
	}
	if bytes.IndexByte([]byte(`"'[{`), text[0]) >= 0 {
		return inlineValue(text)
	}
	word := flowText.Find(text)
	item, ok = scalar11(string(word))
	return item, text[len(word):], ok
}

// mostFields keeps the search for equal keys short.
const mostFields = 500

func hasKey(fields []field, key string) bool {
	return slices.ContainsFunc(fields, func(f field) bool { return f.key == key })
}

// appendJSON writes a value as encoding/json does: keys are sorted, <, > and &
// escaped.
func appendJSON(out []byte, value any) []byte {
	switch value := value.(type) {
	case []field:
		slices.SortFunc(value, func(a, b field) int { return strings.Compare(a.key, b.key) })
		out = append(out, '{')
		for i, f := range value {
			if i > 0 {
				out = append(out, ',')
			}
			out = appendString(out, f.key)
			out = append(out, ':')
			out = appendJSON(out, f.value)
		}
		return append(out, '}')
	case []any:
		out = append(out, '[')
		for i, item := range value {
			if i > 0 {
				out = append(out, ',')
			}
			out = appendJSON(out, item)
		}
		return append(out, ']')
	case literal:
		return append(out, value...)
	default:
		return appendString(out, value.(string))
	}
}

func appendString(out []byte, text string) []byte {
	out = append(out, '"')
	for _, c := range []byte(text) {
		switch c {
		case '"', '\\':
			out = append(out, '\\', c)
		case '\n':
			out = append(out, '\\', 'n')
		case '<', '>', '&':
			out = append(out, '\\', 'u', '0', '0', "0123456789abcdef"[c>>4], "0123456789abcdef"[c&15])
		default:
			out = append(out, c)
		}
	}
	return append(out, '"')
}
