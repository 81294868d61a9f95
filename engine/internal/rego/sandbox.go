package rego

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/topdown"

	"kustodian.dev/engine/internal/protocol"
)

// unavailable are the built-in functions that reach beyond the input and the data:
// the network, and the environment variables of the process.
var unavailable = []string{ast.HTTPSend.Name, ast.NetLookupIPAddr.Name, ast.OPARuntime.Name}

// capabilities are OPA's, without the functions in unavailable. A policy that calls
// one of them does not compile. Left in place, a refused call would only be
// undefined, and the rule would never apply.
func capabilities() *ast.Capabilities {
	all := ast.CapabilitiesForThisVersion()
	all.AllowNet = []string{}
	all.Builtins = slices.DeleteFunc(all.Builtins, func(builtin *ast.Builtin) bool {
		return slices.Contains(unavailable, builtin.Name)
	})
	return all
}

// explainUnavailable returns a message for the call of an unavailable function, or
// "" for any other message of the compiler.
func explainUnavailable(message string) string {
	for _, name := range unavailable {
		if strings.HasSuffix(message, "undefined function "+name) {
			return name + " is not available: policies have no network and cannot read the environment"
		}
	}
	return ""
}

// The JSON schema functions load whatever a schema refers to, also files. OPA's
// capabilities restrict only references to hosts.
func init() {
	for name, schemaAt := range map[string]int{ast.JSONSchemaVerify.Name: 0, ast.JSONMatchSchema.Name: 1} {
		original := topdown.GetBuiltin(name)
		topdown.RegisterBuiltinFunc(name, func(context topdown.BuiltinContext, operands []*ast.Term, iter func(*ast.Term) error) error {
			if reference := foreignReference(schemaOf(operands[schemaAt].Value)); reference != "" {
				// Any other error would make the call undefined.
				return topdown.Halt{Err: &topdown.Error{Code: topdown.BuiltinErr, Location: context.Location,
					Message: fmt.Sprintf("%s: %s", name, foreignMessage(reference))}}
			}
			return original(context, operands, iter)
		})
	}
}

func foreignMessage(reference string) string {
	return fmt.Sprintf("the schema refers to %q; only references that begin with # are allowed", reference)
}

// schemaOf returns the JSON value of a schema, which a policy gives as an object or
// as text. It is nil for what is neither.
func schemaOf(value ast.Value) any {
	var schema any
	if text, isText := value.(ast.String); isText {
		if json.Unmarshal([]byte(text), &schema) != nil {
			return nil
		}
		return schema
	}
	schema, _ = ast.JSON(value)
	return schema
}

// foreignReference returns a reference of a JSON schema to something outside the
// schema, or "". The id of a schema is the base of its references.
func foreignReference(schema any) string {
	switch schema := schema.(type) {
	case map[string]any:
		for key, value := range schema {
			text, isText := value.(string)
			switch {
			case isText && key == "$ref" && !strings.HasPrefix(text, "#"),
				isText && (key == "$id" || key == "id") && strings.HasPrefix(strings.ToLower(text), "file:"):
				return text
			}
			if found := foreignReference(value); found != "" {
				return found
			}
		}
	case []any:
		for _, value := range schema {
			if found := foreignReference(value); found != "" {
				return found
			}
		}
	}
	return ""
}

// checkAnnotations refuses a policy whose metadata has a schema with a foreign
// reference. The compiler would load it.
func checkAnnotations(name string, content []byte) error {
	if !strings.Contains(string(content), "schemas") {
		return nil
	}
	module, err := ast.ParseModuleWithOpts(name, string(content), ast.ParserOptions{ProcessAnnotation: true, RegoVersion: ast.RegoV1})
	if err != nil || module == nil {
		return nil // the compiler reports it
	}
	for _, annotations := range module.Annotations {
		for _, schema := range annotations.Schemas {
			if schema.Definition == nil {
				continue
			}
			if reference := foreignReference(*schema.Definition); reference != "" {
				failure := &protocol.Failure{Code: protocol.CodePolicyCompile, File: name, Message: foreignMessage(reference)}
				if annotations.Location != nil {
					failure.Line, failure.Column = annotations.Location.Row, annotations.Location.Col
				}
				return failure
			}
		}
	}
	return nil
}
