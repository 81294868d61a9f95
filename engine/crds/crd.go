package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io/fs"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"sigs.k8s.io/yaml"
)

// definition has the fields of a CustomResourceDefinition (apiextensions.k8s.io/v1) that are used.
type definition struct {
	Kind string `json:"kind"`
	Spec struct {
		Group string `json:"group"`
		Scope string `json:"scope"`
		Names struct {
			Kind   string `json:"kind"`
			Plural string `json:"plural"`
		} `json:"names"`
		Versions []definitionVersion `json:"versions"`
	} `json:"spec"`
}

type definitionVersion struct {
	Name               string `json:"name"`
	Served             bool   `json:"served"`
	Storage            bool   `json:"storage"`
	Deprecated         bool   `json:"deprecated"`
	DeprecationWarning string `json:"deprecationWarning"`
	Schema             struct {
		Open schema `json:"openAPIV3Schema"`
	} `json:"schema"`
	Subresources struct {
		Status *struct{} `json:"status"`
	} `json:"subresources"`
}

var documentSeparator = regexp.MustCompile(`(?m)^---[ \t]*(#.*)?\r?$`)

// readDefinitions returns the CRDs in the files below a folder that match the glob patterns. A pattern that
// matches no file is an error: a release that moved its CRDs must not silently lose them.
func readDefinitions(folder fs.FS, patterns []string) ([]definition, error) {
	var out []definition
	for _, pattern := range patterns {
		names, err := fs.Glob(folder, pattern)
		if err != nil {
			return nil, fmt.Errorf("pattern %q: %w", pattern, err)
		}
		if len(names) == 0 {
			return nil, fmt.Errorf("no file matches %q", pattern)
		}
		for _, name := range names {
			found, err := readFile(folder, name)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", name, err)
			}
			out = append(out, found...)
		}
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("no CustomResourceDefinition in %s", strings.Join(patterns, ", "))
	}
	return out, nil
}

func readFile(folder fs.FS, name string) ([]definition, error) {
	if ext := filepath.Ext(name); ext != ".yaml" && ext != ".yml" {
		return nil, fmt.Errorf("not a YAML file")
	}
	content, err := fs.ReadFile(folder, name)
	if err != nil {
		return nil, err
	}
	var out []definition
	for _, document := range documentSeparator.Split(string(content), -1) {
		if !strings.Contains(document, "CustomResourceDefinition") {
			continue
		}
		asJSON, err := yaml.YAMLToJSON([]byte(document))
		if err != nil {
			return nil, err
		}
		var crd definition
		decoder := json.NewDecoder(bytes.NewReader(asJSON))
		decoder.UseNumber() // bounds such as 9223372036854775807 do not fit a float64
		if err := decoder.Decode(&crd); err != nil {
			return nil, err
		}
		if crd.Kind == "CustomResourceDefinition" {
			out = append(out, crd)
		}
	}
	return out, nil
}

// versionOrder matches versions in the API server's order: v10 > v2 > v1 > v1beta2 > v1beta1 > v1alpha1 > anything else.
// https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definition-versioning/#version-priority
var versionOrder = regexp.MustCompile(`^v(\d+)(?:(alpha|beta)(\d+))?$`)

// priority returns a version's stage, major number and stage number; higher ones come first.
func priority(version string) [3]int {
	parts := versionOrder.FindStringSubmatch(version)
	if parts == nil {
		return [3]int{}
	}
	stage := map[string]int{"alpha": 1, "beta": 2, "": 3}[parts[2]]
	return [3]int{stage, number(parts[1]), number(parts[3])}
}

func number(digits string) int {
	n := 0
	for _, digit := range digits {
		n = n*10 + int(digit-'0')
	}
	return n
}

// replacement returns the version to use instead of one that is deprecated or no longer served: the one with
// the highest priority that is served and not deprecated, or "".
func replacement(versions []definitionVersion, of definitionVersion) string {
	if of.Served && !of.Deprecated {
		return ""
	}
	var names []string
	for _, version := range versions {
		if version.Served && !version.Deprecated {
			names = append(names, version.Name)
		}
	}
	if len(names) == 0 {
		return ""
	}
	return slices.MaxFunc(names, func(a, b string) int {
		left, right := priority(a), priority(b)
		return slices.Compare(left[:], right[:])
	})
}
