package carriers

import (
	"maps"
	"regexp"
	"slices"
	"strings"

	"kustodian.dev/engine/internal/manifest"
)

// complete are the kinds that hold objects as they are created. Other kinds may
// complete them first, as a Composition does.
var complete = map[string]bool{
	"work.open-cluster-management.io/ManifestWork":           true,
	"work.open-cluster-management.io/ManifestWorkReplicaSet": true,
	"work.karmada.io/Work":                                   true,
	"placement.kubernetes-fleet.io/Work":                     true,
	"hive.openshift.io/SyncSet":                              true,
	"hive.openshift.io/SelectorSyncSet":                      true,
	"template.openshift.io/Template":                         true,
	"/Template":                                              true,
	"kubernetes.crossplane.io/Object":                        true,
	"kubernetes.m.crossplane.io/Object":                      true,
	"argoproj.io/Workflow":                                   true,
	"argoproj.io/WorkflowTemplate":                           true,
	"argoproj.io/ClusterWorkflowTemplate":                    true,
	"argoproj.io/CronWorkflow":                               true,
	"fleet.cattle.io/Bundle":                                 true,
}

// generators are the API groups of Kyverno, whose rules name the kind of an object
// beside its content.
var generators = map[string]bool{"kyverno.io": true}

// notCreated are fields that hold objects which are only compared, or deleted.
var notCreated = map[string]bool{"mustnothave": true, "delete": true, "get": true}

// isBuiltIn reports whether an API group is Kubernetes' own, whose objects do not
// carry others. OpenShift's Template once was in the core group.
func isBuiltIn(apiVersion, kind string) bool {
	switch group := groupOf(apiVersion); group {
	case "":
		return kind != "Template"
	case "apps", "batch", "autoscaling", "policy", "extensions":
		return true
	default:
		return strings.HasSuffix(group, ".k8s.io") && !strings.HasSuffix(group, ".x-k8s.io")
	}
}

// walker finds the objects at any depth of a value.
type walker struct {
	carrier   *Entry
	isPartial bool
	size      int // of what was found, as JSON
	found     []*Entry
	unread    []Unread
}

func (w *walker) walk(value any, path ...any) {
	if w.size > maxBytes {
		return // enough to fail
	}
	switch value := value.(type) {
	case map[string]any:
		if isObject(value) {
			w.add(inner(w.carrier, value, slices.Clone(path)...))
			return
		}
		if notCreated[text(value["complianceType"])] || notCreated[text(value["action"])] {
			return
		}
		for _, key := range slices.Sorted(maps.Keys(value)) {
			w.walk(value[key], append(path, key)...)
		}
	case []any:
		for i, item := range value {
			w.walk(item, append(path, i)...)
		}
	case string:
		w.text(value, path)
	}
}

func (w *walker) add(entry *Entry) {
	entry.Partial = entry.Partial || w.isPartial
	w.found = append(w.found, entry)
	w.size += len(entry.JSON)
}

// isObject reports whether a mapping is an object, and not just a reference to one.
func isObject(value map[string]any) bool {
	if text(value["apiVersion"]) == "" || text(value["kind"]) == "" {
		return false
	}
	for _, key := range []string{"metadata", "spec"} {
		if _, ok := value[key].(map[string]any); ok {
			return true
		}
	}
	_, isList := value["items"].([]any)
	return isList
}

var (
	// firstLine matches texts that begin like a manifest or a template of one.
	firstLine = regexp.MustCompile(`\A(?:\s|#[^\n]*\n|---[^\n]*\n)*(?:[A-Za-z"'-]+:|\{|- )`)
	aKind     = regexp.MustCompile(`(?m)^(?:- | *)?"?'?kind"?'?: *\S`)
	aVersion  = regexp.MustCompile(`(?m)^(?:- | *)?"?'?apiVersion"?'?: *\S`)
)

// text takes the objects of a text that looks like manifests.
func (w *walker) text(content string, path []any) {
	if len(content) < 20 || !strings.Contains(content, "apiVersion") || !strings.Contains(content, "kind") {
		return
	}
	if !strings.HasPrefix(strings.TrimSpace(content), "{") &&
		!(firstLine.MatchString(content) && aKind.MatchString(content) && aVersion.MatchString(content)) {
		return
	}
	if !w.manifests(content, path) {
		w.unread = append(w.unread, Unread{w.carrier, slices.Clone(path)})
	}
}

// manifests takes the objects of a text. ok is false if it does not parse.
func (w *walker) manifests(content string, path []any) (ok bool) {
	documents, failure := manifest.Parse("text.yaml", []byte(content))
	if failure != nil {
		return false
	}
	for _, document := range documents {
		value := object(document.Object)
		if text(value["apiVersion"]) == "" || text(value["kind"]) == "" {
			continue
		}
		entry := inner(w.carrier, value, slices.Clone(path)...)
		entry.Document = &document.Index
		if document.Item != nil {
			entry.Item = document.Item
		}
		w.add(entry)
	}
	return true
}

// generated takes the objects that the rules of a Kyverno policy generate.
func (w *walker) generated(policy map[string]any) {
	for i, rule := range sequence(mapping(policy["spec"])["rules"]) {
		generate := mapping(mapping(rule)["generate"])
		w.generate(generate, "spec", "rules", i, "generate")
		for j, each := range sequence(generate["foreach"]) {
			w.generate(mapping(each), "spec", "rules", i, "generate", "foreach", j)
		}
	}
}

func (w *walker) generate(rule map[string]any, path ...any) {
	data := mapping(rule["data"])
	if data == nil || isObject(data) || text(rule["kind"]) == "" {
		return // an object with its own kind was found already
	}
	value := maps.Clone(data)
	metadata := map[string]any{}
	maps.Copy(metadata, mapping(data["metadata"]))
	for _, key := range []string{"name", "namespace"} {
		if given := text(rule[key]); given != "" {
			metadata[key] = given
		}
	}
	value["apiVersion"], value["kind"], value["metadata"] = rule["apiVersion"], rule["kind"], metadata
	if text(value["apiVersion"]) == "" {
		value["apiVersion"] = "v1"
	}
	w.add(inner(w.carrier, value, append(path, "data")...))
}
