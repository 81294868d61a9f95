package carriers

import (
	"encoding/json"
	"fmt"
	"regexp"
)

var parameter = regexp.MustCompile(`\$\{\{?(\w+)\}\}?`)

// withDefaults returns the objects of an OpenShift Template with the values that its
// parameters have if none are given. `${NAME}` stands in a text; `${{NAME}}` is a
// whole value of any type. Parameters without a value stay as they are.
func (o *opener) withDefaults(template map[string]any) any {
	values := map[string]string{}
	for _, each := range sequence(template["parameters"]) {
		if value, ok := mapping(each)["value"]; ok {
			values[text(mapping(each)["name"])] = fmt.Sprint(value)
		}
	}
	if len(values) == 0 {
		return template["objects"]
	}
	f := filler{values: values, left: maxBytes}
	objects := f.fill(template["objects"])
	if f.left < 0 {
		o.tooLarge()
	}
	return objects
}

// filler replaces parameters until the values are larger than the limit for opened
// objects altogether, which ends the opening.
type filler struct {
	values map[string]string
	left   int
}

func (f *filler) value(name string) (string, bool) {
	given, ok := f.values[name]
	if ok {
		f.left -= len(given)
	}
	return given, ok && f.left >= 0
}

func (f *filler) fill(value any) any {
	switch value := value.(type) {
	case map[string]any:
		filled := make(map[string]any, len(value))
		for key, each := range value {
			filled[key] = f.fill(each)
		}
		return filled
	case []any:
		filled := make([]any, len(value))
		for i, each := range value {
			filled[i] = f.fill(each)
		}
		return filled
	case string:
		if match := parameter.FindStringSubmatch(value); match != nil && match[0] == value && value[2] == '{' {
			var typed any
			if given, ok := f.value(match[1]); ok && json.Unmarshal([]byte(given), &typed) == nil {
				return typed
			}
		}
		return parameter.ReplaceAllStringFunc(value, func(found string) string {
			if given, ok := f.value(parameter.FindStringSubmatch(found)[1]); ok {
				return given
			}
			return found
		})
	}
	return value
}
