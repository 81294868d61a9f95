package main

// schema is one node of an openAPIV3Schema, as decoded from JSON.
type schema = map[string]any

// copiedKeywords mean the same in JSON Schema 2020-12 as in a CRD.
var copiedKeywords = []string{
	"enum", "maxItems", "maxLength", "maxProperties", "minItems", "minLength", "minProperties",
	"multipleOf", "pattern", "required",
	// Not a keyword of JSON Schema: validators ignore it.
	"x-kubernetes-list-map-keys",
}

// sharedFormats mean the same to the API server and in JSON Schema. "duration" does not: Kubernetes means Go's
// "1h30m", JSON Schema means ISO 8601. JSON Schema has no formats such as int32, byte and password.
// https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/#validation
var sharedFormats = map[string]bool{
	"date": true, "date-time": true, "email": true, "hostname": true,
	"ipv4": true, "ipv6": true, "uri": true, "uuid": true,
}

// rootSchema returns the strict JSON Schema for one version of a kind, from its openAPIV3Schema. If status is a
// subresource, any status is valid: the API server drops it without validation.
func rootSchema(group, version, kind string, open schema, statusSubresource bool) schema {
	out := strict(open)
	properties := propertiesOf(out)
	if _, ok := properties["status"]; ok && statusSubresource {
		properties["status"] = true
	}
	out["$schema"] = "https://json-schema.org/draft/2020-12/schema"
	out["$defs"] = schema{"metadata": objectMeta()}
	out["type"] = "object"
	properties["apiVersion"] = schema{"const": group + "/" + version}
	properties["kind"] = schema{"const": kind}
	properties["metadata"] = metadata(open)
	out["required"] = union([]any{"apiVersion", "kind"}, out["required"])
	return out
}

// strict translates a node of a structural schema as the API server applies it under strict field validation:
// a field that the schema does not define is refused, unless the node preserves unknown fields.
func strict(in schema) schema {
	out := checks(in)
	preserves := in["x-kubernetes-preserve-unknown-fields"] == true
	intOrString := in["x-kubernetes-int-or-string"] == true

	if intOrString {
		// anyOf beside it only repeats the two types.
		delete(out, "anyOf")
		out["type"] = []any{"integer", "string"}
	} else if kind, ok := in["type"].(string); ok {
		out["type"] = kind
	}
	if items, ok := in["items"].(schema); ok {
		out["items"] = strict(items)
	}
	if in["x-kubernetes-list-type"] == "set" {
		out["uniqueItems"] = true
	}
	strictObject(in, out, preserves)
	if in["x-kubernetes-embedded-resource"] == true {
		embed(in, out)
	}
	if in["nullable"] == true {
		allowNull(out)
	}
	return out
}

// strictObject translates what a node says about the fields of an object.
func strictObject(in, out schema, preserves bool) {
	fields, _ := in["properties"].(schema)
	required := map[any]bool{}
	for _, name := range listOf(in["required"]) {
		required[name] = true
	}
	if len(fields) > 0 {
		properties := schema{}
		for name, field := range fields {
			child := strict(asSchema(field))
			_, defaulted := asSchema(field)["default"]
			// The API server drops a null before it validates, or replaces it with the default. So null is
			// wrong only for a required field without a default.
			if defaulted || !required[name] {
				allowNull(child)
			}
			properties[name] = child
		}
		out["properties"] = properties
	}
	switch additional := in["additionalProperties"].(type) {
	case schema:
		value := strict(additional)
		allowNull(value)
		out["additionalProperties"] = value
	case bool:
		out["additionalProperties"] = additional
	default:
		if (in["type"] == "object" || len(fields) > 0) && !preserves {
			out["additionalProperties"] = false
		}
	}
}

// checks translates the keywords that are also allowed inside allOf, anyOf, oneOf and not. There, a structural
// schema may only restrict values: it sets no types and refuses no unknown fields.
// https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/#specifying-a-structural-schema
func checks(in schema) schema {
	out := schema{}
	for _, keyword := range copiedKeywords {
		if value, ok := in[keyword]; ok {
			out[keyword] = value
		}
	}
	if format, ok := in["format"].(string); ok && sharedFormats[format] {
		out["format"] = format
	}
	bound(in, out, "minimum", "exclusiveMinimum")
	bound(in, out, "maximum", "exclusiveMaximum")
	for _, keyword := range []string{"allOf", "anyOf", "oneOf"} {
		if list, ok := in[keyword].([]any); ok {
			narrowed := make([]any, len(list))
			for i, item := range list {
				narrowed[i] = narrow(asSchema(item))
			}
			out[keyword] = narrowed
		}
	}
	if not, ok := in["not"].(schema); ok {
		out["not"] = narrow(not)
	}
	return out
}

// narrow translates a schema inside a combinator, where unknown fields are not refused.
func narrow(in schema) schema {
	out := checks(in)
	if kind, ok := in["type"]; ok {
		out["type"] = kind
	}
	if items, ok := in["items"].(schema); ok {
		out["items"] = narrow(items)
	}
	if fields, ok := in["properties"].(schema); ok {
		properties := schema{}
		for name, field := range fields {
			properties[name] = narrow(asSchema(field))
		}
		out["properties"] = properties
	}
	if additional, ok := in["additionalProperties"].(schema); ok {
		out["additionalProperties"] = narrow(additional)
	}
	return out
}

// bound translates OpenAPI 3.0's pair (minimum: 0, exclusiveMinimum: true) into JSON Schema's one keyword.
func bound(in, out schema, inclusive, exclusive string) {
	limit, ok := in[inclusive]
	if !ok {
		return
	}
	if in[exclusive] == true {
		out[exclusive] = limit
		return
	}
	out[inclusive] = limit
}

// allowNull makes null valid. The node's combinators then apply to other values only: null would match every
// branch of "exactly one of these fields", so it would fail.
func allowNull(node schema) {
	switch types := node["type"].(type) {
	case string:
		node["type"] = []any{types, "null"}
	case []any:
		node["type"] = union(types, []any{"null"})
	}
	if values, ok := node["enum"].([]any); ok {
		node["enum"] = union(values, []any{nil})
	}
	narrowing := schema{}
	for _, keyword := range []string{"allOf", "anyOf", "oneOf", "not"} {
		if value, ok := node[keyword]; ok {
			narrowing[keyword] = value
			delete(node, keyword)
		}
	}
	if len(narrowing) > 0 {
		node["if"] = schema{"not": schema{"type": "null"}}
		node["then"] = narrowing
	}
}

// embed lets a node hold a whole Kubernetes object (x-kubernetes-embedded-resource).
func embed(in, out schema) {
	properties := propertiesOf(out)
	properties["apiVersion"] = schema{"type": "string", "minLength": 1}
	properties["kind"] = schema{"type": "string", "minLength": 1}
	properties["metadata"] = metadata(in)
	out["required"] = union([]any{"apiVersion", "kind"}, out["required"])
}

// metadata returns the schema of ObjectMeta with the restrictions that a CRD may add: on name and generateName.
func metadata(parent schema) schema {
	out := schema{"$ref": "#/$defs/metadata"}
	fields, _ := parent["properties"].(schema)
	if own, ok := fields["metadata"].(schema); ok {
		for keyword, value := range narrow(own) {
			if keyword != "type" {
				out[keyword] = value
			}
		}
	}
	return out
}

// objectMeta returns the schema of meta/v1 ObjectMeta, which CRDs do not contain.
// https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/object-meta/
func objectMeta() schema {
	text := schema{"type": []any{"string", "null"}}
	number := schema{"type": []any{"integer", "null"}}
	time := schema{"type": []any{"string", "null"}, "format": "date-time"}
	texts := schema{
		"type": []any{"object", "null"}, "additionalProperties": schema{"type": []any{"string", "null"}},
	}
	list := func(items schema) schema { return schema{"type": []any{"array", "null"}, "items": items} }
	return schema{
		"type": []any{"object", "null"},
		"properties": schema{
			"annotations": texts, "labels": texts,
			"name": text, "generateName": text, "namespace": text, "selfLink": text, "uid": text,
			"resourceVersion": text, "generation": number, "deletionGracePeriodSeconds": number,
			"creationTimestamp": time, "deletionTimestamp": time,
			"finalizers":    list(schema{"type": "string"}),
			"managedFields": list(schema{"type": "object"}),
			"ownerReferences": list(schema{
				"type": "object", "required": []any{"apiVersion", "kind", "name", "uid"},
				"properties": schema{
					"apiVersion": schema{"type": "string"}, "kind": schema{"type": "string"},
					"name": schema{"type": "string"}, "uid": schema{"type": "string"},
					"controller":         schema{"type": []any{"boolean", "null"}},
					"blockOwnerDeletion": schema{"type": []any{"boolean", "null"}},
				},
				"additionalProperties": false,
			}),
		},
		"additionalProperties": false,
	}
}

func asSchema(value any) schema {
	node, _ := value.(schema)
	return node
}

func listOf(value any) []any {
	list, _ := value.([]any)
	return list
}

// propertiesOf returns the properties of a node, after adding an empty set if it has none.
func propertiesOf(node schema) schema {
	properties, ok := node["properties"].(schema)
	if !ok {
		properties = schema{}
		node["properties"] = properties
	}
	return properties
}

// union returns list with the values of more that it does not contain.
func union(list []any, more any) []any {
	out := append([]any{}, list...)
	for _, value := range listOf(more) {
		found := false
		for _, have := range out {
			found = found || have == value
		}
		if !found {
			out = append(out, value)
		}
	}
	return out
}
