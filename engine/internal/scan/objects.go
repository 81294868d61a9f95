package scan

import (
	yamlv3 "go.yaml.in/yaml/v3"

	"kustodian.dev/engine/internal/manifest"
	"kustodian.dev/engine/internal/plainyaml"
	"kustodian.dev/engine/internal/protocol"
)

// objectsIn reads what identifies each object of a file.
func objectsIn(rel string, content []byte) ([]Object, *protocol.Failure) {
	objects := []Object{}
	for _, chunk := range manifest.Split(content) {
		if identity, ok := plainyaml.Identity(chunk.Text); ok {
			objects = append(objects, Object{chunk.ContentLine, identity})
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
		objects = append(objects, objectsOf(&node, chunk)...)
	}
	return objects, nil
}

func objectsOf(node *yamlv3.Node, chunk manifest.Chunk) []Object {
	if len(node.Content) == 0 || node.Content[0].Kind != yamlv3.MappingNode {
		return nil
	}
	return appendObjects(nil, node.Content[0], chunk.ContentLine, chunk.Line-1)
}

// appendObjects adds the object, or the objects of a List at their own lines.
func appendObjects(objects []Object, node *yamlv3.Node, line, offset int) []Object {
	identity := manifest.IdentityOf(node)
	if identity.APIVersion == "" || identity.Kind == "" {
		return objects
	}
	if items := manifest.Field(node, "items"); identity.Kind == "List" && items != nil && items.Kind == yamlv3.SequenceNode {
		for _, item := range items.Content {
			if item.Kind == yamlv3.MappingNode {
				objects = appendObjects(objects, item, item.Line+offset, offset)
			}
		}
		return objects
	}
	return append(objects, Object{line, identity})
}
