package render

import (
	"encoding/json"
	"errors"
	"fmt"
	"path"
	"strings"

	"sigs.k8s.io/kustomize/api/resmap"
	"sigs.k8s.io/kustomize/api/resource"
	"sigs.k8s.io/kustomize/kyaml/yaml"

	"kustodian.dev/engine/internal/carriers"
	"kustodian.dev/engine/internal/manifest"
	"kustodian.dev/engine/internal/protocol"
)

// originAnnotation is the annotation in which kustomize says where an object comes from.
const originAnnotation = "config.kubernetes.io/origin"

// origin is where an object comes from, relative to the root.
// Objects read from a file have a path; generated ones have configuredIn.
type origin struct {
	Path         string        `json:"path,omitempty"`
	ConfiguredIn string        `json:"configuredIn,omitempty"`
	ConfiguredBy *configuredBy `json:"configuredBy,omitempty"`
	Repo         string        `json:"repo,omitempty"`
	Ref          string        `json:"ref,omitempty"`
}

type configuredBy struct {
	APIVersion string `json:"apiVersion,omitempty"`
	Kind       string `json:"kind,omitempty"`
	Name       string `json:"name,omitempty"`
	Namespace  string `json:"namespace,omitempty"`
}

// maxRendered is the most that an overlay may render, in bytes.
const maxRendered = 32 << 20

// objects turns kustomize's result into JSON and moves provenance out of the
// annotations, except for those that the user's buildMetadata asks for.
func (b *build) objects(resources resmap.ResMap) ([]Object, error) {
	objects := make([]Object, resources.Size())
	known := map[string]json.RawMessage{} // many objects carry the same text
	for i, res := range resources.Resources() {
		objects[i].Origin = json.RawMessage("null")
		if !b.trace {
			continue
		}
		if text := res.GetAnnotations(originAnnotation)[originAnnotation]; text != "" {
			var err error
			if objects[i].Origin, err = b.origin(known, text); err != nil {
				return nil, err
			}
		}
	}
	if b.trace && !b.top.origin {
		if err := resources.RemoveOriginAnnotations(); err != nil {
			return nil, err
		}
	}
	b.places = placeTable{rel: b.fileInRoot}
	var buffer, places []byte
	size := 0
	for i, res := range resources.Resources() {
		var err error
		if buffer, err = manifest.AppendNode(buffer[:0], res.YNode()); errors.Is(err, manifest.ErrTooDeep) {
			var from origin
			_ = json.Unmarshal(objects[i].Origin, &from)
			failure := manifest.TooDeep(from.Path, 0)
			failure.Message = res.CurId().String() + ": " + failure.Message
			return nil, b.view.Refuse(failure)
		} else if err != nil {
			return nil, fmt.Errorf("%s: %w", res.CurId(), err)
		}
		if size += len(buffer); size > maxRendered {
			return nil, b.view.Refuse(&protocol.Failure{Code: protocol.CodeRenderedSize,
				Message: fmt.Sprintf("the objects have more than %d MiB as JSON", maxRendered>>20)})
		}
		objects[i].JSON = append(json.RawMessage(nil), buffer...)
		places = b.places.appendPlaces(places[:0], res.YNode())
		objects[i].Places = string(places)
		items := res.Field("items")
		hasItems := !items.IsNilOrEmpty() && items.Value.YNode().Kind == yaml.SequenceNode
		objects[i].mayCarry = carriers.May(buffer, res.GetApiVersion(), res.GetKind(), hasItems)
	}
	return objects, nil
}

// fileInRoot is a file's name relative to the root; that of a file outside (a remote base) stays as it is.
func (b *build) fileInRoot(file string) string {
	if rel, inside := b.tree.Rel(file); inside {
		return rel
	}
	return file
}

// open finds the objects inside the objects.
func (b *build) open(objects []Object) (*carriers.Set, *protocol.Failure) {
	raw := make([]json.RawMessage, len(objects))
	for i := range objects {
		raw[i] = objects[i].JSON
	}
	return carriers.Open(raw, func(i int) bool { return objects[i].mayCarry }, b.maxObjects())
}

// origin reads the annotation of an object; known are those that were read before.
func (b *build) origin(known map[string]json.RawMessage, text string) (json.RawMessage, error) {
	if raw, ok := known[text]; ok {
		return raw, nil
	}
	var from resource.Origin
	if err := yaml.Unmarshal([]byte(text), &from); err != nil {
		return nil, err
	}
	raw, err := json.Marshal(b.fromRoot(&from))
	known[text] = raw
	return raw, err
}

func outsideRoot(name string) bool { return name == ".." || strings.HasPrefix(name, "../") }

// fromRoot makes kustomize's paths, which are relative to the folder being
// built, relative to the root. Paths inside a remote repository stay as they are.
func (b *build) fromRoot(from *resource.Origin) origin {
	o := origin{Path: from.Path, ConfiguredIn: from.ConfiguredIn, Repo: from.Repo, Ref: from.Ref}
	if from.Repo == "" {
		if o.Path != "" {
			o.Path = path.Join(b.folder, o.Path)
		}
		if o.ConfiguredIn != "" {
			o.ConfiguredIn = path.Join(b.folder, o.ConfiguredIn)
		}
		if outsideRoot(o.Path) || outsideRoot(o.ConfiguredIn) {
			return origin{} // only helm could claim that
		}
	}
	if by := from.ConfiguredBy; by != (yaml.ResourceIdentifier{}) {
		o.ConfiguredBy = &configuredBy{by.APIVersion, by.Kind, by.Name, by.Namespace}
	}
	return o
}
