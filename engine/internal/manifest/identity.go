package manifest

import yamlv3 "go.yaml.in/yaml/v3"

// Identity is what identifies an object, without its content.
type Identity struct {
	APIVersion string `json:"apiVersion"`
	Kind       string `json:"kind"`
	Name       string `json:"name"`
	Namespace  string `json:"namespace"`
	// The group and kind that a CustomResourceDefinition defines. With them a
	// client knows which file to parse for the schema of a kind.
	DefinesGroup string `json:"definesGroup,omitempty"`
	DefinesKind  string `json:"definesKind,omitempty"`
}

// IdentityOf returns the identity of the object in a mapping. Fields that are
// missing, null or not scalars are empty.
func IdentityOf(object *yamlv3.Node) Identity {
	found := Identity{APIVersion: scalar(object, "apiVersion"), Kind: scalar(object, "kind")}
	if metadata := Field(object, "metadata"); metadata != nil {
		found.Name, found.Namespace = scalar(metadata, "name"), scalar(metadata, "namespace")
	}
	if spec := Field(object, "spec"); found.Kind == "CustomResourceDefinition" && spec != nil {
		found.DefinesGroup = scalar(spec, "group")
		if names := Field(spec, "names"); names != nil {
			found.DefinesKind = scalar(names, "kind")
		}
	}
	return found
}

// Field returns the value of a key of a mapping, or nil. Aliases and merge keys are
// followed: the document must have passed CheckAliases.
func Field(mapping *yamlv3.Node, key string) *yamlv3.Node {
	mapping = Target(mapping)
	if mapping.Kind != yamlv3.MappingNode {
		return nil
	}
	for i := 0; i+1 < len(mapping.Content); i += 2 {
		if Target(mapping.Content[i]).Value == key {
			return Target(mapping.Content[i+1])
		}
	}
	for i := 0; i+1 < len(mapping.Content); i += 2 {
		if mapping.Content[i].ShortTag() == "!!merge" {
			if found := merged(mapping.Content[i+1], key); found != nil {
				return found
			}
		}
	}
	return nil
}

// merged returns the field of the mapping, or of the first of a list of mappings, that a merge key names.
func merged(source *yamlv3.Node, key string) *yamlv3.Node {
	source = Target(source)
	if source.Kind != yamlv3.SequenceNode {
		return Field(source, key)
	}
	for _, one := range source.Content {
		if found := Field(one, key); found != nil {
			return found
		}
	}
	return nil
}

// Target returns what an alias stands for, and any other node itself.
func Target(node *yamlv3.Node) *yamlv3.Node {
	if node.Kind == yamlv3.AliasNode {
		return node.Alias
	}
	return node
}

func scalar(mapping *yamlv3.Node, key string) string {
	if node := Field(mapping, key); node != nil && node.Kind == yamlv3.ScalarNode && node.ShortTag() != "!!null" {
		return node.Value
	}
	return ""
}
