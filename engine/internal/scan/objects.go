package scan

import (
	"bytes"
	"cmp"
	"strings"

	yamlv3 "go.yaml.in/yaml/v3"

	"kustodian.dev/engine/internal/manifest"
	"kustodian.dev/engine/internal/plainyaml"
	"kustodian.dev/engine/internal/protocol"
)

// objectsIn reads what identifies each object of a file.
func objectsIn(rel string, content []byte) ([]Object, *protocol.Failure) {
	objects := []Object{}
	for _, chunk := range manifest.Split(content) {
		if identity, ok := plainyaml.Identity(chunk.Text); ok && !mayBeList(chunk.Text) {
			objects = append(objects, Object{chunk.ContentLine, identity, mayCarryArgo(chunk.Text, identity)})
			continue
		}
		var node yamlv3.Node
		if err := yamlv3.Unmarshal(chunk.Text, &node); err != nil {
			// Decode reports the line and a readable message.
			if _, failure := manifest.Decode(rel, chunk); failure != nil {
				return objects, failure
			}
			continue
		}
		if failure := manifest.CheckAliases(rel, chunk.Text); failure != nil {
			failure.Line += chunk.Line - 1
			return objects, failure
		}
		found := objectsOf(&node, chunk)
		for i := range found {
			found[i].MayCarryArgo = mayCarryArgo(chunk.Text, found[i].Identity)
		}
		objects = append(objects, found...)
	}
	return objects, nil
}

const argo = "argoproj.io/"

func mayCarryArgo(text []byte, identity manifest.Identity) bool {
	return !strings.HasPrefix(identity.APIVersion, argo) && bytes.Contains(text, []byte(argo+"v")) &&
		identity.Kind != "CustomResourceDefinition"
}

func objectsOf(node *yamlv3.Node, chunk manifest.Chunk) []Object {
	if len(node.Content) == 0 || node.Content[0].Kind != yamlv3.MappingNode {
		return nil
	}
	return appendObjects(nil, node.Content[0], chunk.ContentLine, chunk.Line-1)
}

// mayBeList reports whether a document in block style has a field `items`.
func mayBeList(text []byte) bool {
	return bytes.HasPrefix(text, []byte("items:")) || bytes.Contains(text, []byte("\nitems:"))
}

// appendObjects adds the object, or the objects of a List at their own lines.
func appendObjects(objects []Object, node *yamlv3.Node, line, offset int) []Object {
	return appendObject(objects, node, manifest.IdentityOf(node), line, offset)
}

func appendObject(objects []Object, node *yamlv3.Node, identity manifest.Identity, line, offset int) []Object {
	if identity.APIVersion == "" || identity.Kind == "" {
		return objects
	}
	items := manifest.Field(node, "items")
	if items == nil || items.Kind != yamlv3.SequenceNode || !isListOf(identity.Kind, items.Content) {
		return append(objects, Object{Line: line, Identity: identity})
	}
	for _, item := range items.Content {
		item = manifest.Target(item)
		if item.Kind != yamlv3.MappingNode {
			continue
		}
		found := manifest.IdentityOf(item)
		if kind := strings.TrimSuffix(identity.Kind, "List"); found.Kind == "" && kind != "" && kind != identity.Kind {
			found.APIVersion, found.Kind = cmp.Or(found.APIVersion, identity.APIVersion), kind
		}
		objects = appendObject(objects, item, found, item.Line+offset, offset)
	}
	return objects
}

// isListOf reports whether an object of this kind with these items is a List.
func isListOf(kind string, items []*yamlv3.Node) bool {
	if strings.HasSuffix(kind, "List") {
		return true
	}
	for _, item := range items {
		if identity := manifest.IdentityOf(item); identity.APIVersion == "" || identity.Kind == "" {
			return false
		}
	}
	return len(items) > 0
}
