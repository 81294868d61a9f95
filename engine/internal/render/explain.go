package render

import (
	"path"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"

	yamlv3 "go.yaml.in/yaml/v3"

	"kustodian.dev/engine/internal/hermetic"
	"kustodian.dev/engine/internal/manifest"
	"kustodian.dev/engine/internal/protocol"
)

// explain turns kustomize's nested error into one sentence with a file and, if
// possible, a line.
func (b *build) explain(err error) *protocol.Failure {
	detail := b.relative(err.Error())
	if refused := b.view.Refusal(); refused != nil {
		return b.explainRefusal(refused, detail)
	}
	if failure := b.malformed(); failure != nil {
		failure.Detail = detail
		return failure
	}
	where, message := b.unnest(detail)
	failure := &protocol.Failure{Code: protocol.CodeBuild, Message: message, Detail: detail, File: where}
	switch {
	case strings.Contains(detail, errOffline.Error()):
		b.explainFetch(failure)
	case strings.Contains(detail, "external plugins disabled"), strings.Contains(detail, "only builtin plugins allowed"),
		strings.Contains(detail, "unable to load external plugin"):
		failure.Code = protocol.CodeExecPlugin
	case strings.Contains(detail, "unable to run: '"):
		failure.Code = protocol.CodeHelm
	}
	if file, line, column := b.errorPlace(err); line > 0 && failure.Code != protocol.CodeRemoteBase {
		failure.File, failure.Line, failure.Column = file, line, column
	}
	if failure.Line == 0 {
		b.point(failure)
	}
	return failure
}

// relative removes the absolute path of the repository from a text.
func (b *build) relative(text string) string {
	text = strings.ReplaceAll(text, b.tree.Root()+string(filepath.Separator), "")
	return strings.ReplaceAll(text, b.tree.Root(), ".")
}

// explainRefusal points at the line that names what was refused.
func (b *build) explainRefusal(refused *protocol.Failure, detail string) *protocol.Failure {
	failure := *refused
	failure.Message = b.relative(failure.Message)
	if failure.Detail == "" && failure.Code == protocol.CodeOutsideRoot {
		failure.Detail = detail
	}
	if failure.File != "" || failure.Code != protocol.CodeOutsideRoot {
		return &failure
	}
	target, _, _ := strings.Cut(refused.Message, " leads out of ")
	b.eachReference(func(rel string, ref reference) bool {
		named := filepath.Join(b.tree.Abs(path.Dir(rel)), ref.value)
		inRoot, _ := b.tree.Rel(named)
		if named != target && inRoot != target {
			return true
		}
		failure.File, failure.Line, failure.Column = rel, ref.line, ref.column
		failure.Message = ref.value + " leads out of the repository; the engine reads nothing outside of it"
		return false
	})
	return &failure
}

// malformed returns the failure of the first file read that does not parse, or
// nil.
func (b *build) malformed() (failure *protocol.Failure) {
	b.view.Each(func(rel string, file *hermetic.File) bool {
		if !hermetic.IsKustomization(rel) && !b.isManifest(rel) {
			return true
		}
		_, failure = manifest.Parse(rel, file.Content)
		if failure != nil && (failure.Code != protocol.CodeYAML || strings.Contains(failure.Message, "is set twice") && hermetic.IsKustomization(rel)) {
			failure = nil // kustomize accepts these
		}
		return failure == nil
	})
	return failure
}

// hidden returns the failure of the first file that has a document which kustomize
// ignores, or nil. What generators use as data may look like anything.
func (b *build) hidden() (failure *protocol.Failure) {
	b.view.Each(func(rel string, file *hermetic.File) bool {
		if failure = file.Hidden(rel); failure != nil && b.isData(rel) {
			failure = nil
		}
		return failure == nil
	})
	return failure
}

// isManifest is false for files that generators use as data.
func (b *build) isManifest(rel string) bool {
	switch path.Ext(rel) {
	case ".yaml", ".yml", ".json":
	default:
		return false
	}
	return !b.isData(rel)
}

// isData reports whether a generator uses the file as data.
func (b *build) isData(rel string) bool {
	data := false
	b.eachReference(func(from string, ref reference) bool {
		lower := strings.ToLower(ref.field)
		data = path.Join(path.Dir(from), ref.value) == rel && strings.HasSuffix(lower, "generator")
		return !data
	})
	return data
}

func (b *build) eachReference(fn func(rel string, ref reference) (more bool)) {
	b.view.Each(func(rel string, file *hermetic.File) bool {
		if !hermetic.IsKustomization(rel) {
			return true
		}
		if document := parseKustomization(file.Content); document != nil {
			for _, ref := range document.references() {
				if !fn(rel, ref) {
					return false
				}
			}
		}
		return true
	})
}

// explainFetch names the URL that kustomize tried to fetch. No kustomization names
// it, but the configuration of a plugin can.
func (b *build) explainFetch(failure *protocol.Failure) {
	match := regexp.MustCompile(`Get \\*"([^"\\]+)`).FindStringSubmatch(failure.Detail)
	if match == nil {
		return
	}
	url := match[1]
	*failure = protocol.Failure{Code: protocol.CodeRemoteBase, URL: url, File: failure.File, Detail: failure.Detail,
		Message: url + " is remote; the engine fetches nothing unless remote bases are allowed"}
	b.view.Each(func(rel string, file *hermetic.File) bool {
		line := lineOf(file.Content, url)
		if line > 0 {
			failure.File, failure.Line = rel, line
		}
		return line == 0
	})
}

// kustomize prefixes an error with each step that led to it. A layer is one such
// prefix; the last folder that the layers name is where the error happened.
var layers = []*regexp.Regexp{
	regexp.MustCompile(`^accumulating (?:resources|components): `),
	regexp.MustCompile(`^accumulating resources from '[^']*': `),
	regexp.MustCompile(`^recursed (?:accumulation of|merging from) path '([^']*)': `),
	regexp.MustCompile(`^couldn't make target for path '([^']*)': `),
	regexp.MustCompile(`^invalid Kustomization: `),
	regexp.MustCompile(`^(?:loading generator plugins|failed to load generator): `),
	regexp.MustCompile(`^merging resources from '[^']*': `),
}

// attempt is "accumulation err='A': B": A is the error of loading the entry as a
// file, B that of loading it as a folder. A matters if the entry is not a folder.
var attempt = regexp.MustCompile(`(?s)^accumulation err='(.*?)': (recursed |couldn't make |must build at |new root |path "|cycle detected|expected kind|failed to |no 'git' |security;)(.*)$`)

var (
	quotedLayer  = regexp.MustCompile(`(?s)^(?:accumulateDirectory|loader\.New): "(.*)"$|^(?:accumulateDirectory:|loader\.New) "(.*)"$`)
	missing      = regexp.MustCompile(`evalsymlink failure on '([^']*)' : `)
	notInOrBelow = regexp.MustCompile(`security; file '([^']*)' is not in or below '([^']*)'`)
	sameID       = regexp.MustCompile(`may not add resource with an already registered id: (\S+)`)
)

// unnest strips the layers from an error and returns the kustomization in which
// it happened and the rest of the message.
func (b *build) unnest(text string) (file, message string) {
	dir := b.folder
	origin := ""
	for peeled := true; peeled; {
		peeled = false
		for _, layer := range layers {
			match := layer.FindStringSubmatch(text)
			if match == nil {
				continue
			}
			if len(match) > 1 {
				dir = match[1]
			} else if name, found := strings.CutPrefix(match[0], "merging resources from '"); found {
				origin = strings.TrimSuffix(name, "': ")
			}
			text, peeled = text[len(match[0]):], true
		}
		if match := quotedLayer.FindStringSubmatch(text); match != nil {
			inner := match[1] + match[2]
			if unquoted, err := strconv.Unquote(`"` + inner + `"`); err == nil {
				inner = unquoted
			}
			text, peeled = inner, true
		}
		if match := attempt.FindStringSubmatch(text); match != nil {
			text, peeled = match[2]+match[3], true
			if match[2] == "must build at " {
				text = match[1]
			}
		}
	}
	file = b.kustomizationIn(dir)
	switch {
	case missing.MatchString(text):
		name := missing.FindStringSubmatch(text)[1]
		message = name + " does not exist"
	case notInOrBelow.MatchString(text):
		match := notInOrBelow.FindStringSubmatch(text)
		message = match[1] + " is outside of " + match[2] + "; kustomize loads files only from the folder of the kustomization that names them, or below it"
	case sameID.MatchString(text):
		message = "the object " + sameID.FindStringSubmatch(text)[1] + " is defined twice"
		if origin != "" {
			message += "; the second definition is in " + path.Join(dir, origin)
		}
	default:
		message = strings.TrimSpace(text)
		if first, rest, found := strings.Cut(message, "\n"); found && strings.TrimSpace(rest) != "" {
			message = strings.TrimRight(first, " :`")
		}
	}
	return file, message
}

func (b *build) kustomizationIn(dir string) string {
	for _, name := range kustomizationNames {
		rel := path.Join(dir, name)
		if _, err := b.tree.Read(rel); err == nil {
			return rel
		}
	}
	return ""
}

var unknownField = regexp.MustCompile(`unknown field "([^"]+)"`)

// point sets the line of the kustomization that the message is about: that of the
// entry that it names, or of the key that kustomize does not know.
func (b *build) point(failure *protocol.Failure) {
	if failure.File == "" {
		return
	}
	read, err := b.tree.Read(failure.File)
	if err != nil {
		return
	}
	document := parseKustomization(read.Content)
	if document == nil {
		return
	}
	if match := unknownField.FindStringSubmatch(failure.Detail); match != nil {
		if key := findKey(document.root, match[1]); key != nil {
			failure.Line, failure.Column = key.Line, key.Column
			failure.Message = "kustomize does not know the field " + strconv.Quote(match[1])
		}
		return
	}
	names := map[string]bool{}
	for _, word := range strings.FieldsFunc(failure.Message, func(r rune) bool { return strings.ContainsRune(" '\";,", r) }) {
		names[word] = true
	}
	dir := path.Dir(failure.File)
	for _, ref := range document.references() {
		if names[ref.value] || names[path.Join(dir, ref.value)] {
			failure.Line, failure.Column = ref.line, ref.column
			return
		}
	}
}

func findKey(node *yamlv3.Node, name string) *yamlv3.Node {
	for i, child := range node.Content {
		if node.Kind == yamlv3.MappingNode && i%2 == 0 && child.Value == name {
			return child
		}
		if found := findKey(child, name); found != nil {
			return found
		}
	}
	return nil
}

// lineOf returns the 1-based line of the first occurrence of text, or 0.
func lineOf(content []byte, text string) int {
	before, _, found := strings.Cut(string(content), text)
	if !found {
		return 0
	}
	return 1 + strings.Count(before, "\n")
}
