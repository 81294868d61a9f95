package manifest

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"unicode/utf8"

	yamlv3 "go.yaml.in/yaml/v3"
)

// AppendNode appends a YAML node as JSON, or returns ErrTooDeep. The values are those of kustomize's
// own output (its RNode.MarshalJSON), without its detour through YAML text.
func AppendNode(dst []byte, node *yamlv3.Node) ([]byte, error) {
	return appendNode(dst, node, 0)
}

// ErrTooDeep is the error for a node that is nested too deeply.
var ErrTooDeep = errors.New("nested too deeply")

func appendNode(dst []byte, node *yamlv3.Node, depth int) ([]byte, error) {
	if depth > MaxDepth {
		return nil, ErrTooDeep
	}
	switch node.Kind {
	case yamlv3.DocumentNode:
		if len(node.Content) == 0 {
			return append(dst, "null"...), nil
		}
		return appendNode(dst, node.Content[0], depth)
	case yamlv3.AliasNode:
		return appendNode(dst, node.Alias, depth)
	case yamlv3.SequenceNode:
		return appendSequence(dst, node, depth)
	case yamlv3.MappingNode:
		return appendMapping(dst, node, depth)
	case yamlv3.ScalarNode:
		return appendScalar(dst, node)
	case 0:
		return append(dst, "null"...), nil
	}
	return nil, fmt.Errorf("unknown YAML node kind %d", node.Kind)
}

func appendSequence(dst []byte, node *yamlv3.Node, depth int) ([]byte, error) {
	dst = append(dst, '[')
	for i, child := range node.Content {
		if i > 0 {
			dst = append(dst, ',')
		}
		var err error
		if dst, err = appendNode(dst, child, depth+1); err != nil {
			return nil, err
		}
	}
	return append(dst, ']'), nil
}

func appendMapping(dst []byte, node *yamlv3.Node, depth int) ([]byte, error) {
	for i := 0; i+1 < len(node.Content); i += 2 {
		if tag := node.Content[i].ShortTag(); tag == "!!merge" {
			return appendDecoded(dst, node)
		} else if tag != "!!str" {
			return nil, fmt.Errorf("line %d: the key %s is not a string", node.Content[i].Line, node.Content[i].Value)
		}
	}
	if key := duplicate(node); key != "" {
		return nil, fmt.Errorf("key %q is set twice in the same mapping", key)
	}
	dst = append(dst, '{')
	for i := 0; i+1 < len(node.Content); i += 2 {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(appendString(dst, node.Content[i].Value), ':')
		var err error
		if dst, err = appendNode(dst, node.Content[i+1], depth+1); err != nil {
			return nil, err
		}
	}
	return append(dst, '}'), nil
}

func duplicate(node *yamlv3.Node) string {
	if len(node.Content) > 32 {
		seen := make(map[string]struct{}, len(node.Content)/2)
		for i := 0; i < len(node.Content); i += 2 {
			key := node.Content[i].Value
			if _, twice := seen[key]; twice {
				return key
			}
			seen[key] = struct{}{}
		}
		return ""
	}
	for i := 2; i < len(node.Content); i += 2 {
		for j := 0; j < i; j += 2 {
			if node.Content[i].Value == node.Content[j].Value {
				return node.Content[i].Value
			}
		}
	}
	return ""
}

func appendScalar(dst []byte, node *yamlv3.Node) ([]byte, error) {
	switch node.ShortTag() {
	case "!!str":
		return appendString(dst, node.Value), nil
	case "!!int":
		if number, err := strconv.ParseInt(node.Value, 10, 64); err == nil && strconv.FormatInt(number, 10) == node.Value {
			return append(dst, node.Value...), nil
		}
	case "!!bool":
		if node.Value == "true" || node.Value == "false" {
			return append(dst, node.Value...), nil
		}
	case "!!null":
		return append(dst, "null"...), nil
	}
	return appendDecoded(dst, node)
}

func appendDecoded(dst []byte, node *yamlv3.Node) ([]byte, error) {
	var value any
	if err := node.Decode(&value); err != nil {
		return nil, err
	}
	encoded, err := json.Marshal(value)
	var unsupported *json.UnsupportedTypeError
	if errors.As(err, &unsupported) {
		return nil, fmt.Errorf("line %d: a key is not a string", node.Line)
	}
	if IsTooDeep(encoded) {
		return nil, ErrTooDeep
	}
	return append(dst, encoded...), err
}

const hexDigits = "0123456789abcdef"

func appendString(dst []byte, s string) []byte {
	dst = append(dst, '"')
	if !utf8.ValidString(s) {
		encoded, _ := json.Marshal(s) // replaces what is not UTF-8
		return append(dst, encoded[1:]...)
	}
	start := 0
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c >= 0x20 && c != '"' && c != '\\' {
			continue
		}
		dst = append(dst, s[start:i]...)
		start = i + 1
		switch c {
		case '"', '\\':
			dst = append(dst, '\\', c)
		case '\n':
			dst = append(dst, '\\', 'n')
		case '\r':
			dst = append(dst, '\\', 'r')
		case '\t':
			dst = append(dst, '\\', 't')
		default:
			dst = append(dst, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
		}
	}
	return append(append(dst, s[start:]...), '"')
}
