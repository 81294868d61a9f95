package server

import (
	"encoding/json"
	"strconv"

	"kustodian.dev/engine/internal/carriers"
	"kustodian.dev/engine/internal/protocol"
)

// defaultOpened is the most objects of an input with those inside them.
const defaultOpened = 20_000

func openObjects(request []byte, response *protocol.Response) error {
	var r struct {
		envelope
		MaxObjects int               `json:"maxObjects"`
		Objects    []json.RawMessage `json:"objects"`
	}
	if err := decode(request, &r); err != nil {
		return err
	}
	if r.MaxObjects <= 0 {
		r.MaxObjects = defaultOpened
	}
	set, failure := carriers.Open(r.Objects, func(i int) bool { return mayCarry(r.Objects[i]) }, r.MaxObjects)
	if failure != nil {
		return response.Send(struct {
			Kind  string            `json:"kind"`
			Error *protocol.Failure `json:"error"`
		}{"opened", failure})
	}
	line := appendSet([]byte(`{"kind":"opened"`), set, func(line []byte, entry *carriers.Entry) []byte {
		line = strconv.AppendInt(append(line, `{"from":`...), int64(entry.From), 10)
		if entry.Carrier != nil {
			line = append(append(line, `,"object":`...), entry.JSON...)
		}
		return line
	})
	return response.SendRaw(append(line, '}'))
}

// mayCarry reports whether an object may carry others.
func mayCarry(object json.RawMessage) bool {
	var identity struct {
		APIVersion string          `json:"apiVersion"`
		Kind       string          `json:"kind"`
		Items      json.RawMessage `json:"items"`
	}
	if json.Unmarshal(object, &identity) != nil {
		return false
	}
	hasItems := len(identity.Items) > 0 && identity.Items[0] == '['
	return carriers.May(object, identity.APIVersion, identity.Kind, hasItems)
}

// appendSet appends the fields of a set. begin appends an entry without its carrier
// and closing brace.
func appendSet(line []byte, set *carriers.Set, begin func([]byte, *carriers.Entry) []byte) []byte {
	position := map[*carriers.Entry]int{}
	if len(set.Opened)+len(set.Lists)+len(set.Unread) > 0 {
		for i, entry := range set.All() {
			position[entry] = i
		}
	}
	for _, part := range []struct {
		name    string
		entries []*carriers.Entry
	}{{"objects", set.Objects}, {"opened", set.Opened}, {"lists", set.Lists}} {
		if part.name != "objects" && len(part.entries) == 0 {
			continue
		}
		line = append(append(append(line, `,"`...), part.name...), `":[`...)
		for i, entry := range part.entries {
			if i > 0 {
				line = append(line, ',')
			}
			line = begin(line, entry)
			if entry.Carrier != nil {
				line = append(line, `,"inside":`...)
				line = appendJSON(line, inside{position[entry.Carrier], entry.Path, entry.Document, entry.Item, entry.Partial})
			}
			line = append(line, '}')
		}
		line = append(line, ']')
	}
	if len(set.Unread) > 0 {
		unread := make([]inside, len(set.Unread))
		for i, each := range set.Unread {
			unread[i] = inside{Carrier: position[each.Carrier], Path: each.Path}
		}
		line = appendJSON(append(line, `,"unread":`...), unread)
	}
	return line
}

// inside is where an object is: in the object at position Carrier of objects, opened
// and lists together.
type inside struct {
	Carrier  int   `json:"carrier"`
	Path     []any `json:"path"`
	Document *int  `json:"document,omitempty"`
	Item     *int  `json:"item,omitempty"`
	Partial  bool  `json:"partial,omitempty"`
}
