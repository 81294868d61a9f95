package render

import (
	"bytes"
	"path"
	"strings"

	yamlv3 "go.yaml.in/yaml/v3"

	"kustodian.dev/engine/internal/hermetic"
)

// sensitive reports whether the two added annotations could change what
// kustomize makes of the files that were read.
func (b *build) sensitive() bool {
	var suspects []string
	b.view.Each(func(rel string, file *hermetic.File) bool {
		if file.Sensitive(touchesAnnotations) {
			suspects = append(suspects, rel)
		}
		return true
	})
	if len(suspects) == 0 {
		return false
	}
	use := b.uses()
	for _, rel := range suspects {
		file, err := b.tree.Read(rel)
		if err != nil || needsHash(file.Content) || !use.harmless(rel, file.Content) {
			return true
		}
	}
	return false
}

// uses are the paths, relative to the root, that the fields of the kustomizations
// name. A file that is reached through a symlink is in none of the sets.
type uses struct {
	resources, configurations, others map[string]bool
	// unclear is set if the use of files cannot be determined: a folder that
	// generators or transformers name lists their configurations as resources.
	unclear bool
}

func (b *build) uses() *uses {
	use := &uses{resources: map[string]bool{}, configurations: map[string]bool{}, others: map[string]bool{}}
	b.view.Each(func(rel string, file *hermetic.File) bool {
		if hermetic.IsKustomization(rel) {
			use.add(path.Dir(rel), parseKustomization(file.Content))
		}
		use.unclear = use.unclear || strings.Contains(rel, "$(") // looks like a variable where it is quoted
		return !use.unclear
	})
	return use
}

func (u *uses) add(folder string, document *document) {
	if document == nil {
		u.unclear = true
		return
	}
	for i := 0; i+1 < len(document.root.Content); i += 2 {
		into := u.others
		switch strings.ToLower(document.root.Content[i].Value) {
		case "generators", "transformers", "validators":
			u.unclear = true
		case "resources":
			into = u.resources
		case "configurations":
			into = u.configurations
		}
		eachText(document.root.Content[i+1], func(text string) {
			into[path.Join(folder, text)] = true
			if _, file, named := strings.Cut(text, "="); named {
				into[path.Join(folder, file)] = true
			}
		})
	}
}

// harmless reports whether a file cannot act on annotations although it mentions
// them. Objects cannot: schemas of custom resources often describe annotations.
// Nor can varReference, because the two added annotations contain no variables.
func (u *uses) harmless(rel string, content []byte) bool {
	if u.unclear || u.others[rel] {
		return false
	}
	if !u.configurations[rel] {
		return u.resources[rel]
	}
	config := parseKustomization(content)
	if config == nil || u.resources[rel] {
		return false
	}
	found := false
	for i := 0; i+1 < len(config.root.Content); i += 2 {
		if !strings.EqualFold(config.root.Content[i].Value, "varReference") {
			eachText(config.root.Content[i+1], func(text string) { found = found || strings.Contains(text, "metadata") })
		}
	}
	return !found
}

func eachText(node *yamlv3.Node, fn func(string)) {
	node = unalias(node)
	if node.Kind == yamlv3.ScalarNode {
		fn(node.Value)
	}
	for _, child := range node.Content {
		eachText(child, fn)
	}
}

func needsHash(content []byte) bool {
	return bytes.Contains(content, []byte("kustomize.config.k8s.io/needs-hash"))
}

// touchesAnnotations reports whether a file could make kustomize act on the two
// added annotations: with a JSON patch, a replacement or a field spec on
// metadata.annotations (or all of metadata), or with a hash over a whole object.
// Such an overlay is built again without them.
func touchesAnnotations(content []byte) bool {
	if needsHash(content) {
		return true
	}
	word := []byte("metadata")
	for pos := 0; ; {
		i := bytes.Index(content[pos:], word)
		if i < 0 {
			return false
		}
		start := pos + i
		pos = start + len(word)
		rest := content[pos:]
		if bytes.HasPrefix(rest, []byte("/annotations")) {
			return true
		}
		if after, is := bytes.CutPrefix(rest, []byte(".annotations")); is {
			if namesOtherAnnotation(after) {
				continue
			}
			return true
		}
		ends := len(rest) == 0 || bytes.IndexByte([]byte("\"', \r\n}]"), rest[0]) >= 0
		if !ends || bytes.HasPrefix(rest, []byte(`":`)) {
			continue
		}
		before := bytes.TrimRight(content[:start], `"'`)
		if len(before) > 0 && before[len(before)-1] == '/' {
			return true
		}
		before = bytes.TrimRight(before, " ")
		if bytes.HasSuffix(before, []byte("\n-")) || bytes.HasSuffix(before, []byte(" -")) ||
			bytes.HasSuffix(before, []byte("fieldPath:")) || bytes.HasSuffix(before, []byte("[")) {
			return true
		}
	}
}

// namesOtherAnnotation reports whether a field path continues with one annotation
// that is not among the added ones: `.[example.com/key]`, `.key`.
func namesOtherAnnotation(rest []byte) bool {
	key, is := bytes.CutPrefix(rest, []byte("."))
	if end := bytes.IndexAny(key, "\r\n"); end >= 0 {
		key = key[:end]
	}
	if !is || len(key) == 0 || bytes.Contains(key, []byte("*")) || bytes.Contains(key, []byte("kubernetes")) {
		return false
	}
	return key[0] == '[' && bytes.IndexByte(key, ']') > 1 && bytes.IndexByte(key, '=') < 0 ||
		key[0] >= 'A' && key[0] <= 'z' && key[0] != '[' && key[0] != '\\' && key[0] != ']'
}
