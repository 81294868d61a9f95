// Package plainyaml reads the plain style in which people write nearly all
// manifests and kustomizations, about ten times faster than a YAML parser. It
// never guesses: for any text that it does not know to be valid YAML of this
// style, ok is false and the caller uses the parser. The tests compare the two
// on thousands of real texts with random changes.
//
// Both functions read one document, a block mapping:
//
//	document = ["---"] mapping
//	mapping  = one or more of: key ":" value          all at the same column
//	sequence = one or more of: "-" value              all at the same column
//	         |                 "-" mapping            the mapping begins on the line of the dash
//	value    = nothing (null)
//	         | a mapping or sequence on the lines below, indented further
//	           (a sequence below a key may be at the column of the key)
//	         | plain text, or text in single or double quotes
//	         | a block scalar: the indented lines below "|"
//	         | a flow collection on one line
//	key      = letters, digits, "_", ".", "/", "-"; or text in quotes
//
// with blank lines and comments between the lines. They differ in the details:
//
//	                  Identity                       JSON
//	characters        Unicode, tabs inside text      printable ASCII
//	line ends         \n, \r\n                       \n
//	plain text        any type, several lines        strings, integers, booleans and null that every
//	                                                 version of YAML reads alike; one line
//	quoted text       escapes, several lines         one line without escapes
//	block scalars     |, > with -, +                 |, |- that begin with a line of text
//	flow collections  [] of words; {}                [], {} of words and collections
//	sequences         also behind a dash ("- - a")   on lines of their own
//	equal keys        only those that identify       none
//	                  nothing
//
// Everything else is left to the parser: anchors, aliases, tags, directives,
// merge keys, "? " keys, multi-line flow collections, indentation indicators.
package plainyaml

import (
	"bytes"
	"strings"
)

// YAML ends a key without "?" at 1024 characters.
const longestKey = 1000

// cutKey cuts "key: rest" at the colon. The key may be in quotes.
func cutKey(text []byte) (key, rest []byte, ok bool) {
	if c := text[0]; c == '"' || c == '\'' {
		end := bytes.IndexByte(text[1:], c)
		if end < 1 || bytes.IndexByte(text[:end+1], '\\') >= 0 {
			return nil, nil, false
		}
		key, rest = text[1:end+1], text[end+2:]
	} else {
		length := 0
		for length < len(text) && isKeyByte(text[length], length == 0) {
			length++
		}
		key, rest = text[:length], text[length:]
	}
	if len(key) == 0 || len(key) > longestKey || len(rest) == 0 || rest[0] != ':' || len(rest) > 1 && rest[1] != ' ' {
		return nil, nil, false
	}
	return key, rest[1:], true
}

func isKeyByte(c byte, isFirst bool) bool {
	switch {
	case c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_':
		return true
	}
	return !isFirst && (c == '.' || c == '/' || c == '-')
}

// isNothing reports whether text is blank or a comment. A comment needs a
// space in front of it.
func isNothing(text []byte) bool {
	trimmed := bytes.TrimLeft(text, " ")
	return len(trimmed) == 0 || trimmed[0] == '#' && len(trimmed) < len(text)
}

// isPrintableASCII is false for a line with tabs, other control characters or
// anything beyond ASCII.
func isPrintableASCII(line []byte) bool {
	for _, c := range line {
		if c < ' ' || c > '~' {
			return false
		}
	}
	return true
}

// isReserved reports whether some version of YAML reads an unquoted word as a
// boolean or null.
func isReserved(word string) bool {
	switch strings.ToLower(word) {
	case "null", "true", "false", "yes", "no", "on", "off", "y", "n":
		return true
	}
	return false
}
