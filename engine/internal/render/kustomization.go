package render

import (
	"bytes"
	"encoding/json"
	"fmt"
	"path"
	"regexp"
	"strings"

	yamlv3 "go.yaml.in/yaml/v3"
	"sigs.k8s.io/kustomize/api/types"
	"sigs.k8s.io/yaml"
)

// reference is a path or URL that a kustomization names.
type reference struct {
	field  string
	value  string
	line   int
	column int
	// directory is set for fields that may also name a folder or a git
	// repository, not only a file.
	directory bool
}

// pathFields are the fields whose entries are plain paths. The value is whether
// an entry may be a folder or git repository.
var pathFields = map[string]bool{
	"resources": true, "bases": true, "components": true, "generators": true, "transformers": true, "validators": true,
	"crds": false, "configurations": false, "patchesstrategicmerge": false,
}

// document is a kustomization file with positions.
type document struct{ root *yamlv3.Node }

// parseKustomization parses content with positions. It returns nil unless it is
// a mapping.
func parseKustomization(content []byte) *document {
	var node yamlv3.Node
	if yamlv3.Unmarshal(content, &node) != nil || len(node.Content) == 0 || node.Content[0].Kind != yamlv3.MappingNode {
		return nil
	}
	return &document{root: node.Content[0]}
}

// field returns the key and value nodes of a top-level field. kustomize
// decodes JSON, so its keys are not case-sensitive.
func (d *document) field(name string) (key, value *yamlv3.Node) {
	return lookup(d.root, name)
}

func lookup(mapping *yamlv3.Node, name string) (key, value *yamlv3.Node) {
	if mapping == nil || mapping.Kind != yamlv3.MappingNode {
		return nil, nil
	}
	for i := 0; i+1 < len(mapping.Content); i += 2 {
		if strings.EqualFold(mapping.Content[i].Value, name) {
			key, value = mapping.Content[i], unalias(mapping.Content[i+1])
		}
	}
	return key, value
}

func unalias(node *yamlv3.Node) *yamlv3.Node {
	if node.Kind == yamlv3.AliasNode {
		return node.Alias
	}
	return node
}

// references lists everything that kustomize may load for the kustomization.
func (d *document) references() []reference {
	var refs []reference
	add := func(field string, node *yamlv3.Node, value string, directory bool) {
		if value != "" && !strings.Contains(value, "\n") { // several lines are an inline document
			refs = append(refs, reference{field, value, node.Line, node.Column, directory})
		}
	}
	each := func(list *yamlv3.Node, fn func(*yamlv3.Node)) {
		if list != nil && list.Kind == yamlv3.SequenceNode {
			for _, item := range list.Content {
				fn(unalias(item))
			}
		}
	}
	for i := 0; i+1 < len(d.root.Content); i += 2 {
		name, value := d.root.Content[i].Value, unalias(d.root.Content[i+1])
		lower := strings.ToLower(name)
		if directory, ok := pathFields[lower]; ok {
			each(value, func(item *yamlv3.Node) { add(name, item, item.Value, directory) })
			continue
		}
		switch lower {
		case "patches", "patchesjson6902", "replacements":
			each(value, func(item *yamlv3.Node) {
				if _, file := lookup(item, "path"); file != nil {
					add(name, file, file.Value, false)
				}
			})
		case "configmapgenerator", "secretgenerator":
			each(value, func(item *yamlv3.Node) {
				for _, key := range []string{"files", "envs", "env"} {
					_, list := lookup(item, key)
					if list != nil && list.Kind == yamlv3.ScalarNode {
						add(name, list, list.Value, false)
					}
					each(list, func(source *yamlv3.Node) {
						add(name, source, source.Value, false)
						if _, file, found := strings.Cut(source.Value, "="); found { // key=path
							add(name, source, file, false)
						}
					})
				}
			})
		case "openapi":
			if _, file := lookup(value, "path"); file != nil {
				add(name, file, file.Value, false)
			}
		case "helmcharts", "helmchartinflationgenerator":
			each(value, func(item *yamlv3.Node) {
				if _, file := lookup(item, "valuesFile"); file != nil {
					add(name, file, file.Value, false)
				}
				_, list := lookup(item, "additionalValuesFiles")
				each(list, func(file *yamlv3.Node) { add(name, file, file.Value, false) })
			})
		}
	}
	return refs
}

// Every remote reference contains one of these; a file without any of them is
// not parsed a second time.
var remoteHints = [][]byte{[]byte("http:"), []byte("https:"), []byte("ssh:"), []byte("file:"), []byte("git::"), []byte("github.com"), []byte("@")}

func mayBeRemote(content []byte) bool {
	lower := bytes.ToLower(content)
	for _, hint := range remoteHints {
		if bytes.Contains(lower, hint) {
			return true
		}
	}
	return false
}

var (
	remoteScheme = regexp.MustCompile(`(?i)^(https?|ssh|file)://`)
	remoteFile   = regexp.MustCompile(`(?i)^https?:`)
	remoteUser   = regexp.MustCompile(`^[a-zA-Z][a-zA-Z0-9-]*@`)
	remoteGitHub = regexp.MustCompile(`(?i)^github\.com[/:]`)
)

// isRemote reports whether kustomize would fetch or clone a reference. The
// forms are those of kustomize's "remote targets": a URL with a scheme,
// user@host:path, and github.com/org/repo without a scheme.
func isRemote(ref reference) bool {
	if remoteFile.MatchString(ref.value) {
		return true
	}
	if !ref.directory {
		return false
	}
	value := ref.value
	if len(value) > 5 && strings.EqualFold(value[:5], "git::") {
		value = value[5:]
	}
	if remoteScheme.MatchString(value) {
		return true
	}
	user := remoteUser.FindString(value)
	if user == "" && !remoteGitHub.MatchString(value) {
		return false
	}
	// scp style: the host ends at the first ":" or "/", and a repository has
	// at least two segments or one of the markers of a repository path.
	host := strings.IndexAny(value[len(user):], ":/")
	if host < 0 {
		return false
	}
	repository, _, _ := strings.Cut(value[len(user)+host+1:], "?")
	return strings.Count(repository, "/") >= 1 || strings.Contains(repository, ".git") || strings.Contains(repository, "_git/")
}

// helmUse returns the first helm entry of the kustomization, if any.
func (d *document) helmUse() *yamlv3.Node {
	for _, name := range []string{"helmCharts", "helmChartInflationGenerator"} {
		if key, value := d.field(name); value != nil && len(value.Content) > 0 {
			return key
		}
	}
	return nil
}

// chart is a helm chart that a kustomization inflates.
type chart struct {
	dir  string // relative to the kustomization
	repo string
	node *yamlv3.Node
}

// charts lists the charts with the folder where kustomize looks for each.
func (d *document) charts() []chart {
	home := types.HelmDefaultHome
	if _, globals := d.field("helmGlobals"); globals != nil {
		if _, value := lookup(globals, "chartHome"); value != nil && value.Value != "" {
			home = value.Value
		}
	}
	var charts []chart
	text := func(item *yamlv3.Node, key string) string {
		if _, value := lookup(item, key); value != nil {
			return value.Value
		}
		return ""
	}
	for _, keys := range [][5]string{
		{"helmCharts", "name", "version", "repo", ""},
		{"helmChartInflationGenerator", "chartName", "chartVersion", "chartRepoUrl", "chartHome"},
	} {
		_, list := d.field(keys[0])
		if list == nil || list.Kind != yamlv3.SequenceNode {
			continue
		}
		for _, item := range list.Content {
			item = unalias(item)
			name, version, repo := text(item, keys[1]), text(item, keys[2]), text(item, keys[3])
			dir := home
			if keys[4] != "" && text(item, keys[4]) != "" {
				dir = text(item, keys[4])
			}
			if version != "" && repo != "" {
				dir = path.Join(dir, fmt.Sprintf("%s-%s", name, version))
			}
			charts = append(charts, chart{path.Join(dir, name), repo, item})
		}
	}
	return charts
}

// topKustomization is the kustomization in the folder of the overlay.
type topKustomization struct {
	content   []byte // as kustomize reads it, with the annotation requested
	file      string // relative to the repository
	line      int    // of its kind
	component bool
	origin    bool // the user requests the annotation, which stays in the output
}

// traced adds the request for kustomize's annotation of origin, in memory.
// Content that kustomize refuses is left as it is, so that the error is about
// what the user wrote; a kustomization without any field stays empty.
func traced(content []byte) topKustomization {
	plain := topKustomization{content: content}
	asJSON, err := yaml.YAMLToJSON(content)
	if err != nil {
		return plain
	}
	var fields map[string]json.RawMessage
	var known types.Kustomization
	if json.Unmarshal(asJSON, &fields) != nil || len(fields) == 0 || json.Unmarshal(asJSON, &known) != nil {
		return plain
	}
	plain.component = known.Kind == types.ComponentKind
	for _, option := range known.BuildMetadata {
		plain.origin = plain.origin || option == types.OriginAnnotations
	}
	known.FixKustomization()
	if known.CheckEmpty() != nil {
		return plain
	}
	wanted := known.BuildMetadata
	if !plain.origin {
		wanted = append(wanted, types.OriginAnnotations)
	}
	for key := range fields {
		if strings.EqualFold(key, "buildMetadata") {
			delete(fields, key)
		}
	}
	list, _ := json.Marshal(wanted)
	fields["buildMetadata"] = list
	changed, err := json.Marshal(fields)
	if err != nil {
		return plain
	}
	plain.content = changed
	return plain
}
