package plainyaml

import (
	"bytes"
	"regexp"
	"strings"
	"unicode/utf8"
)

// flowWords is a sequence of words on one line: ["a", b, --c=d].
var flowWords = regexp.MustCompile(`^\[(?: *` + flowWord + `(?: *, *` + flowWord + `)*)? *\]`)

const flowWord = `(?:"[^"\\]*"|'[^']*'|-*[A-Za-z0-9_./][A-Za-z0-9_./=-]*)`

// isDash reports whether a line begins an item of a sequence.
func isDash(content []byte) bool {
	return content[0] == '-' && (len(content) == 1 || content[1] == ' ')
}

// isPrintable reports whether YAML allows every character of a line, including
// tabs. Unicode's line separators and the byte order mark are left to the parser.
func isPrintable(line []byte) bool {
	if !utf8.Valid(line) {
		return false
	}
	for _, c := range string(line) {
		switch {
		case c == '\t' || c >= ' ' && c <= '~':
		case c < 0xa0 || c == 0x2028 || c == 0x2029 || c == 0xfeff || c == 0xfffe || c == 0xffff:
			return false
		}
	}
	return true
}

// value reads what follows a key or a dash on its line. field, if not nil,
// takes the text.
func (r *identityReader) value(text []byte, parent int, field *string) bool {
	r.open, r.parent, r.identifies = nothing, parent, field != nil
	if isNothing(text) {
		r.open = emptyValue
		return true
	}
	text = bytes.TrimLeft(text, " ")
	switch c := text[0]; c {
	case '|', '>':
		return field == nil && r.blockScalar(text[1:])
	case '"', '\'':
		return r.quoted(text[1:], c, field)
	case '{':
		return len(text) > 1 && text[1] == '}' && isNothing(text[2:])
	case '[':
		match := flowWords.Find(text)
		return match != nil && isNothing(text[len(match):])
	}
	if !beginsPlainText(text) {
		return false
	}
	text, ok := r.plain(text)
	if !ok || field == nil {
		return ok
	}
	switch word := string(text); word {
	case "~", "null", "Null", "NULL":
	default:
		*field = word
	}
	return true
}

func beginsPlainText(text []byte) bool {
	c := text[0]
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.IndexByte("_./+$(=^;", c) >= 0 ||
		c == '-' && len(text) > 1 && !isBlank(text[1]) || c == '~' && len(text) == 1
}

// plain reads a line of plain text, which the next line may continue unless a
// comment ends it. A colon that makes a key of the text is refused.
func (r *identityReader) plain(text []byte) ([]byte, bool) {
	r.open = plainText
	for at := 0; ; at++ {
		i := bytes.IndexByte(text[at:], '#')
		if i < 0 {
			break
		}
		if at += i; at > 0 && isBlank(text[at-1]) {
			text = text[:at]
			r.open = nothing
			break
		}
	}
	text = bytes.TrimRight(text, " \t")
	for at := 0; ; at++ {
		i := bytes.IndexByte(text[at:], ':')
		if i < 0 {
			return text, true
		}
		if at += i; at+1 == len(text) || isBlank(text[at+1]) {
			return nil, false
		}
	}
}

func isBlank(c byte) bool { return c == ' ' || c == '\t' }

// quoted reads a line of quoted text, up to the closing quote if it is there.
func (r *identityReader) quoted(text []byte, quote byte, field *string) bool {
	end, isRaw, ok := closingQuote(text, quote)
	if !ok {
		return false
	}
	if end < 0 {
		r.open, r.quote = quotedText, quote
		return field == nil
	}
	if field != nil {
		*field = string(text[:end])
	}
	return (isRaw || field == nil) && isNothing(text[end+1:])
}

// closingQuote returns the index of the quote that ends text, or -1. isRaw is
// false where text has escapes before it; ok is false where one is unknown.
func closingQuote(text []byte, quote byte) (end int, isRaw, ok bool) {
	isRaw = true
	for at := 0; at < len(text); at++ {
		switch c := text[at]; {
		case c == quote && quote == '\'' && at+1 < len(text) && text[at+1] == quote:
			isRaw = false
			at++
		case c == quote:
			return at, isRaw, true
		case c == '\\' && quote == '"':
			isRaw = false
			at++ // the end of the line may be escaped
			if at < len(text) && strings.IndexByte(`"\/abefnrtv0 `, text[at]) < 0 {
				return -1, false, false
			}
		}
	}
	return -1, false, true
}

// blockScalar reads the header of a block scalar, behind "|" or ">".
func (r *identityReader) blockScalar(header []byte) bool {
	if len(header) > 0 && (header[0] == '-' || header[0] == '+') {
		header = header[1:]
	}
	r.open, r.indent = blockScalar, 0
	return isNothing(header)
}

// continueText reads a line below an open text. taken is false where the line
// does not belong to the text.
func (r *identityReader) continueText(content []byte, indent int) (taken, ok bool) {
	switch {
	case r.open == blockScalar:
		return r.continueBlockScalar(content, indent)
	case len(content) == 0:
		return true, true
	case r.open == quotedText:
		r.open = nothing
		return true, indent > r.parent && !r.identifies && r.quoted(content, r.quote, nil)
	case indent <= r.parent || content[0] == '#':
		r.open = nothing
		return false, true
	}
	// Only blanks and a comment behind tabs are left to the parser.
	text := bytes.TrimLeft(content, " \t")
	if len(text) == 0 || text[0] == '#' || r.identifies {
		return true, false
	}
	_, ok = r.plain(text)
	return true, ok
}

func (r *identityReader) continueBlockScalar(content []byte, indent int) (taken, ok bool) {
	switch {
	case len(content) == 0:
		// Blank lines above the text must not have more spaces than the text.
		return true, r.indent > 0 || indent <= r.parent+1
	case indent <= r.parent:
		r.open = nothing
		return false, true
	case r.indent == 0:
		r.indent = indent
		return true, content[0] != '\t'
	default:
		return true, indent >= r.indent
	}
}
