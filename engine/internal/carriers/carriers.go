// Package carriers finds objects inside objects: those that a controller creates
// from the fields of another object, and the items of Lists.
package carriers

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"kustodian.dev/engine/internal/manifest"
	"kustodian.dev/engine/internal/protocol"
)

const (
	// maxDepth is how deep objects may be inside each other.
	maxDepth = 8
	// maxBytes is the most JSON that all opened objects of an overlay may have.
	maxBytes = 32 << 20
)

// Entry is an object. Carrier is the object that it was found in, nil for an object
// of the input, and Path leads to it there. Document is its position in the text at
// Path, nil if the value at Path is the object itself.
type Entry struct {
	JSON     json.RawMessage
	From     int // the position in the input of the object, or of the outermost carrier
	Carrier  *Entry
	Path     []any
	Document *int
	Item     *int // its position in a List that is this document
	// Partial is set if something completes the object before it is created.
	Partial bool
}

// Unread is a text with manifests that do not parse, as templates do not.
type Unread struct {
	Carrier *Entry
	Path    []any
}

// Set is the result of Open.
type Set struct {
	Objects []*Entry // what is applied: the input without Lists, with their items instead
	Opened  []*Entry // what was found inside other objects
	Lists   []*Entry
	Unread  []Unread
}

// All returns every object: the applied ones first, then the opened ones, then Lists.
func (s *Set) All() []*Entry { return slices.Concat(s.Objects, s.Opened, s.Lists) }

// May reports whether an object may carry others. hasItems says whether it has a
// field `items` with a list. It may be wrong in favour of true.
func May(object []byte, apiVersion, kind string, hasItems bool) bool {
	if hasItems || groupOf(apiVersion) == resourceSetGroup {
		return true
	}
	return !isBuiltIn(apiVersion, kind) && bytes.Count(object, []byte("apiVersion")) > 1
}

// Open finds the objects in those objects for which may is true. It fails if they are
// too deep inside each other, or more than limit objects.
func Open(objects []json.RawMessage, may func(int) bool, limit int) (*Set, *protocol.Failure) {
	o := opener{set: &Set{Objects: make([]*Entry, 0, len(objects))}, limit: limit}
	for i, object := range objects {
		entry := &Entry{JSON: object, From: i}
		if !may(i) {
			o.set.Objects = append(o.set.Objects, entry)
		} else {
			o.add(entry, true, 0)
		}
	}
	o.resourceSets()
	if o.failure != nil {
		return nil, o.failure
	}
	return o.set, nil
}

type opener struct {
	set     *Set
	limit   int
	bytes   int
	sets    []*Entry // ClusterResourceSets
	failure *protocol.Failure
}

// add takes an object and all objects inside it. isApplied says that it is applied
// where the overlay is.
func (o *opener) add(entry *Entry, isApplied bool, depth int) {
	value := object(entry.JSON)
	if o.failure != nil || value == nil {
		if isApplied {
			o.set.Objects = append(o.set.Objects, entry)
		}
		return
	}
	o.bound(entry, value, depth)
	if o.failure != nil {
		return
	}
	items, isList := value["items"].([]any)
	if isList && isListOf(text(value["kind"]), items) {
		o.set.Lists = append(o.set.Lists, entry)
		o.addItems(entry, value, items, isApplied, depth)
		return
	}
	if isApplied {
		o.set.Objects = append(o.set.Objects, entry)
	} else {
		o.set.Opened = append(o.set.Opened, entry)
	}
	if groupOf(text(value["apiVersion"])) == resourceSetGroup {
		o.sets = append(o.sets, entry)
	}
	for _, found := range o.inside(entry, value) {
		o.add(found, false, depth+1)
	}
}

func (o *opener) bound(entry *Entry, value map[string]any, depth int) {
	if entry.Carrier != nil {
		o.bytes += len(entry.JSON)
	}
	name := text(value["kind"]) + " " + text(mapping(value["metadata"])["name"])
	switch {
	case depth > maxDepth:
		o.failure = &protocol.Failure{Code: protocol.CodeTooDeep,
			Message: fmt.Sprintf("%s is inside more than %d other objects, the limit", name, maxDepth)}
	case len(o.set.Objects)+len(o.set.Opened)+len(o.set.Lists) >= o.limit:
		o.failure = &protocol.Failure{Code: protocol.CodeTooManyObjects,
			Message: fmt.Sprintf("more than the limit of %d objects with those inside other objects", o.limit)}
	case o.bytes > maxBytes:
		o.tooLarge()
	}
}

func (o *opener) tooLarge() {
	o.failure = &protocol.Failure{Code: protocol.CodeRenderedSize,
		Message: fmt.Sprintf("the objects inside other objects have more than %d MiB as JSON", maxBytes>>20)}
}

// addItems takes the items of a List. Those of a typed list, such as a PodList, need
// no kind of their own.
func (o *opener) addItems(list *Entry, value map[string]any, items []any, isApplied bool, depth int) {
	for i, item := range items {
		fields, ok := item.(map[string]any)
		if !ok {
			continue
		}
		manifest.CompleteItem(fields, text(value["apiVersion"]), text(value["kind"]))
		o.add(inner(list, fields, "items", i), isApplied, depth+1)
	}
}

// isListOf reports whether an object of this kind with these items is applied as its
// items: a List, or an object of any kind whose items are objects, as for kubectl and
// Argo CD.
func isListOf(kind string, items []any) bool {
	if strings.HasSuffix(kind, "List") {
		return true
	}
	for _, item := range items {
		if fields, ok := item.(map[string]any); !ok || text(fields["kind"]) == "" || text(fields["apiVersion"]) == "" {
			return false
		}
	}
	return len(items) > 0
}

// inside finds the objects directly inside one.
func (o *opener) inside(carrier *Entry, value map[string]any) []*Entry {
	apiVersion, kind := text(value["apiVersion"]), text(value["kind"])
	if isBuiltIn(apiVersion, kind) {
		return nil
	}
	w := walker{carrier: carrier, isPartial: !complete[groupOf(apiVersion)+"/"+kind]}
	for _, key := range slices.Sorted(maps.Keys(value)) {
		switch {
		case key == "metadata" || key == "status":
		case key == "objects" && kind == "Template":
			w.walk(o.withDefaults(value), key)
		default:
			w.walk(value[key], key)
		}
	}
	if generators[groupOf(apiVersion)] {
		w.generated(value)
	}
	o.set.Unread = append(o.set.Unread, w.unread...)
	return w.found
}

// inner is the object at a path of its carrier.
func inner(carrier *Entry, value map[string]any, path ...any) *Entry {
	encoded, err := json.Marshal(value)
	if err != nil { // it was decoded from JSON
		panic(err)
	}
	return &Entry{JSON: encoded, From: carrier.From, Carrier: carrier, Path: path, Partial: carrier.Partial}
}

// object decodes a JSON object, with numbers as they are written; nil for another value.
func object(raw []byte) map[string]any {
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.UseNumber()
	var value map[string]any
	if decoder.Decode(&value) != nil {
		return nil
	}
	return value
}

func text(value any) string {
	found, _ := value.(string)
	return found
}

func mapping(value any) map[string]any {
	found, _ := value.(map[string]any)
	return found
}

func sequence(value any) []any {
	found, _ := value.([]any)
	return found
}

func groupOf(apiVersion string) string {
	group, _, found := strings.Cut(apiVersion, "/")
	if !found {
		return ""
	}
	return group
}
