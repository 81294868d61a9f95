package scan

import (
	yamlv3 "go.yaml.in/yaml/v3"

	"kustodian.dev/engine/internal/manifest"
	"kustodian.dev/engine/internal/protocol"
)

// manifests reads what identifies each object of a file.
func manifests(rel string, content []byte) ([]Head, *protocol.Failure) {
	heads := []Head{}
	for _, chunk := range manifest.Split(content) {
		if head, ok := plainHead(chunk.Text, chunk.Head); ok {
			heads = append(heads, head)
			continue
		}
		if len(chunk.Text) > largeDocument {
			if head, ok := quickHead(chunk.Text, chunk.Head); ok {
				heads = append(heads, head)
				continue
			}
		}
		var node yamlv3.Node
		if err := yamlv3.Unmarshal(chunk.Text, &node); err != nil {
			// The slow way words the error and finds its line.
			if _, failure := manifest.Decode(rel, chunk); failure != nil {
				return heads, failure
			}
			continue
		}
		heads = append(heads, headsOf(&node, chunk)...)
	}
	return heads, nil
}

func headsOf(node *yamlv3.Node, chunk manifest.Chunk) []Head {
	if len(node.Content) == 0 || node.Content[0].Kind != yamlv3.MappingNode {
		return nil
	}
	return appendHeads(nil, node.Content[0], chunk.Head, chunk.Line-1)
}

// appendHeads adds the object, or the objects of a List at their own lines.
func appendHeads(heads []Head, object *yamlv3.Node, line, offset int) []Head {
	head := Head{Line: line, APIVersion: scalar(object, "apiVersion"), Kind: scalar(object, "kind")}
	if head.APIVersion == "" || head.Kind == "" {
		return heads
	}
	if items := child(object, "items"); head.Kind == "List" && items != nil && items.Kind == yamlv3.SequenceNode {
		for _, item := range items.Content {
			if item.Kind == yamlv3.MappingNode {
				heads = appendHeads(heads, item, item.Line+offset, offset)
			}
		}
		return heads
	}
	if metadata := child(object, "metadata"); metadata != nil {
		head.Name, head.Namespace = scalar(metadata, "name"), scalar(metadata, "namespace")
	}
	if spec := child(object, "spec"); head.Kind == "CustomResourceDefinition" && spec != nil {
		head.DefinesGroup = scalar(spec, "group")
		if names := child(spec, "names"); names != nil {
			head.DefinesKind = scalar(names, "kind")
		}
	}
	return append(heads, head)
}

func child(mapping *yamlv3.Node, key string) *yamlv3.Node {
	if mapping.Kind == yamlv3.AliasNode {
		mapping = mapping.Alias
	}
	if mapping.Kind != yamlv3.MappingNode {
		return nil
	}
	for i := 0; i+1 < len(mapping.Content); i += 2 {
		if mapping.Content[i].Value == key {
			return mapping.Content[i+1]
		}
	}
	return nil
}

func scalar(mapping *yamlv3.Node, key string) string {
	if node := child(mapping, key); node != nil && node.Kind == yamlv3.ScalarNode && node.ShortTag() != "!!null" {
		return node.Value
	}
	return ""
}
