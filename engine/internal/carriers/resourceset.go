package carriers

import (
	"encoding/base64"
	"encoding/json"
	"maps"
	"slices"
)

// resourceSetGroup is the group of ClusterResourceSet, whose objects are in the
// ConfigMaps and Secrets that it names.
const resourceSetGroup = "addons.cluster.x-k8s.io"

type reference struct{ kind, namespace, name string }

// resourceSets opens the ConfigMaps and Secrets that ClusterResourceSets name. One
// that is not in the overlay is for a rule to report.
func (o *opener) resourceSets() {
	if len(o.sets) == 0 {
		return
	}
	wanted := map[reference]bool{}
	for _, entry := range o.sets {
		value := object(entry.JSON)
		namespace := text(mapping(value["metadata"])["namespace"])
		for _, each := range sequence(mapping(value["spec"])["resources"]) {
			fields := mapping(each)
			wanted[reference{text(fields["kind"]), namespace, text(fields["name"])}] = true
		}
	}
	for _, entry := range slices.Concat(o.set.Objects, o.set.Opened) {
		var identity struct {
			Kind     string `json:"kind"`
			Metadata struct {
				Name      string `json:"name"`
				Namespace string `json:"namespace"`
			} `json:"metadata"`
		}
		if json.Unmarshal(entry.JSON, &identity) != nil ||
			!wanted[reference{identity.Kind, identity.Metadata.Namespace, identity.Metadata.Name}] {
			continue
		}
		value := object(entry.JSON)
		o.contents(entry, mapping(value["data"]), "data", identity.Kind == "Secret")
		o.contents(entry, mapping(value["stringData"]), "stringData", false)
		o.contents(entry, mapping(value["binaryData"]), "binaryData", true)
	}
}

// contents opens the values of a ConfigMap or Secret.
func (o *opener) contents(carrier *Entry, values map[string]any, field string, isEncoded bool) {
	w := walker{carrier: carrier}
	for _, key := range slices.Sorted(maps.Keys(values)) {
		content, path := text(values[key]), []any{field, key}
		if isEncoded {
			decoded, err := base64.StdEncoding.DecodeString(content)
			content = string(decoded)
			if err != nil {
				w.unread = append(w.unread, Unread{carrier, path})
				continue
			}
		}
		if !w.manifests(content, path) {
			w.unread = append(w.unread, Unread{carrier, path})
		}
	}
	o.set.Unread = append(o.set.Unread, w.unread...)
	for _, found := range w.found {
		o.add(found, false, 1)
	}
}
