package hermetic

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"sigs.k8s.io/kustomize/kyaml/filesys"

	"kustodian.dev/engine/internal/protocol"
)

// View is the Tree as one build sees it. It implements filesys.FileSystem.
type View struct {
	tree *Tree
	// Inspect, when set, sees each kustomization file before kustomize does
	// and may replace its content or refuse it. The path is relative to root.
	Inspect func(rel string, content []byte) ([]byte, error)
	// Rewrite, when set, sees each file before Inspect and kustomize do and may
	// replace its content or refuse it.
	Rewrite func(rel string, content []byte) ([]byte, error)
	// AllowClones lets kustomize use the folders that it clones into.
	AllowClones bool

	mu      sync.Mutex
	order   []string            // files in the order they were first read
	read    map[string]*File    // by path relative to the root
	absent  map[string]struct{} // looked for and not found
	aliases map[string]string   // path with a symlink in it -> resolved, both relative
	refusal *protocol.Failure   // the first failure that this view returned
	stopped bool
}

var _ filesys.FileSystem = (*View)(nil)

// View returns a fresh view for one build.
func (t *Tree) View() *View {
	return &View{tree: t, read: map[string]*File{}, absent: map[string]struct{}{}, aliases: map[string]string{}}
}

// Stop makes every later access fail, which ends an abandoned build.
func (v *View) Stop() {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.stopped = true
}

// Refusal returns the first failure that this view answered with, or nil.
// kustomize nests and rewords errors, so the original is kept here.
func (v *View) Refusal() *protocol.Failure {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.refusal
}

// Reset forgets the refusal, for a second attempt under other conditions.
func (v *View) Reset() {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.refusal = nil
}

// Refuse records a failure as the reason why the build stops.
func (v *View) Refuse(failure *protocol.Failure) error {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.refusal == nil {
		v.refusal = failure
	}
	return failure
}

// Source is a file that a build has read.
type Source struct {
	Path string `json:"path"`
	Hash string `json:"sha256"`
}

// Files returns what was read so far, sorted by path. A file reached through
// a symlink is listed under both names, so a retargeted link is noticed.
func (v *View) Files() []Source {
	v.mu.Lock()
	defer v.mu.Unlock()
	files := make([]Source, 0, len(v.read))
	for path, file := range v.read {
		files = append(files, Source{path, file.Hash})
		for link, target := range v.aliases {
			if path == target {
				files = append(files, Source{link, file.Hash})
			} else if rest, ok := strings.CutPrefix(path, target+"/"); ok {
				files = append(files, Source{link + "/" + rest, file.Hash})
			}
		}
	}
	slices.SortFunc(files, func(a, b Source) int { return strings.Compare(a.Path, b.Path) })
	return slices.Compact(files)
}

// Absent returns the paths that were looked for and not found, sorted.
func (v *View) Absent() []string {
	v.mu.Lock()
	defer v.mu.Unlock()
	absent := make([]string, 0, len(v.absent))
	for path := range v.absent {
		absent = append(absent, path)
	}
	slices.Sort(absent)
	return absent
}

// Each calls fn for every file read so far, in the order of reading.
func (v *View) Each(fn func(rel string, file *File) (more bool)) {
	v.mu.Lock()
	order := slices.Clone(v.order)
	read := maps.Clone(v.read) // fn may take its time, and a stopped build may still add
	v.mu.Unlock()
	for _, rel := range order {
		if !fn(rel, read[rel]) {
			return
		}
	}
}

// Record adds a file that something other than this view reads, such as helm.
func (v *View) Record(rel string, file *File) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if _, known := v.read[rel]; !known {
		v.order = append(v.order, rel)
		v.read[rel] = file
	}
}

func (v *View) noteAbsent(absolute string) {
	if rel, inside := v.tree.Rel(absolute); inside {
		v.mu.Lock()
		defer v.mu.Unlock()
		v.absent[rel] = struct{}{}
	}
}

// locate resolves path and refuses it outside of the root.
func (v *View) locate(path string) (resolved string, dir bool, err error) {
	v.mu.Lock()
	stopped := v.stopped
	v.mu.Unlock()
	if stopped {
		return "", false, &protocol.Failure{Code: protocol.CodeTimeout, Message: "the build was abandoned"}
	}
	absolute, err := filepath.Abs(path)
	if err != nil {
		return "", false, err
	}
	if v.AllowClones && inClone(absolute) {
		resolved, err = filepath.EvalSymlinks(absolute)
		if err != nil {
			return "", false, err
		}
		if !inClone(resolved) {
			return "", false, v.Refuse(outside(path))
		}
		return resolved, isDir(resolved), nil
	}
	requested, inside := v.tree.Rel(absolute)
	if !inside {
		return "", false, v.Refuse(outside(path))
	}
	resolved, dir, err = v.tree.resolve(absolute)
	if err != nil {
		if notExist(err) {
			v.noteAbsent(absolute)
		}
		return "", false, err
	}
	target, inside := v.tree.Rel(resolved)
	if !inside {
		return "", false, v.Refuse(outside(requested))
	}
	if target != requested {
		v.mu.Lock()
		v.aliases[requested] = target
		v.mu.Unlock()
	}
	return resolved, dir, nil
}

// CleanedAbs splits path into a folder and a file name, as kustomize's own
// file system does.
func (v *View) CleanedAbs(path string) (filesys.ConfirmedDir, string, error) {
	resolved, dir, err := v.locate(path)
	if err != nil {
		return "", "", fmt.Errorf("evalsymlink failure on '%s' : %w", path, err)
	}
	if dir {
		return filesys.ConfirmedDir(resolved), "", nil
	}
	return filesys.ConfirmedDir(filepath.Dir(resolved)), filepath.Base(resolved), nil
}

// ReadFile returns the content of a file.
func (v *View) ReadFile(path string) ([]byte, error) {
	resolved, _, err := v.locate(path)
	if err != nil {
		return nil, err
	}
	rel, inside := v.tree.Rel(resolved)
	if !inside { // a clone: limited and inspected, but not part of the repository
		file, err := v.tree.load(resolved)
		if err != nil {
			return nil, v.keep(err)
		}
		return v.inspect(resolved, file)
	}
	file, err := v.tree.read(resolved)
	if err != nil {
		return nil, v.keep(err)
	}
	v.Record(rel, file)
	return v.inspect(rel, file)
}

func (v *View) inspect(rel string, file *File) ([]byte, error) {
	if file.Failure != nil {
		return nil, v.Refuse(file.Failure)
	}
	content, err := file.Content, error(nil)
	if v.Rewrite != nil {
		content, err = v.Rewrite(rel, content)
	}
	if err == nil && v.Inspect != nil && IsKustomization(rel) {
		content, err = v.Inspect(rel, content)
	}
	if err != nil {
		return nil, v.keep(err)
	}
	return content, nil
}

// keep remembers err as the refusal if it is one of the protocol's failures.
func (v *View) keep(err error) error {
	if failure, ok := err.(*protocol.Failure); ok {
		return v.Refuse(failure)
	}
	return err
}

// IsKustomization reports whether path has one of the names that kustomize
// recognises.
func IsKustomization(path string) bool {
	switch filepath.Base(path) {
	case "kustomization.yaml", "kustomization.yml", "Kustomization":
		return true
	}
	return false
}

// IsDir reports whether path is a folder inside the root.
func (v *View) IsDir(path string) bool {
	_, dir, err := v.locate(path)
	return err == nil && dir
}

// Exists reports whether path is inside the root and exists.
func (v *View) Exists(path string) bool {
	_, _, err := v.locate(path)
	return err == nil
}

// ReadDir lists a folder.
func (v *View) ReadDir(path string) ([]string, error) {
	resolved, _, err := v.locate(path)
	if err != nil {
		return nil, err
	}
	return filesys.MakeFsOnDisk().ReadDir(resolved)
}

// Glob lists matching paths; those outside of the root are left out.
func (v *View) Glob(pattern string) ([]string, error) {
	matches, err := filesys.MakeFsOnDisk().Glob(pattern)
	return slices.DeleteFunc(matches, func(path string) bool { return !v.Exists(path) }), err
}

// Walk walks a folder inside the root; it does not follow symlinks.
func (v *View) Walk(path string, walk filepath.WalkFunc) error {
	resolved, _, err := v.locate(path)
	if err != nil {
		return err
	}
	return filepath.Walk(resolved, walk)
}

// RemoveAll is allowed only for the folders that kustomize clones into.
func (v *View) RemoveAll(path string) error {
	if v.AllowClones && inClone(path) {
		return os.RemoveAll(path)
	}
	return readOnly("remove", path)
}

// Create refuses: the repository is never written to.
func (v *View) Create(path string) (filesys.File, error) { return nil, readOnly("create", path) }

// Mkdir refuses: the repository is never written to.
func (v *View) Mkdir(path string) error { return readOnly("create", path) }

// MkdirAll refuses: the repository is never written to.
func (v *View) MkdirAll(path string) error { return readOnly("create", path) }

// WriteFile refuses: the repository is never written to.
func (v *View) WriteFile(path string, _ []byte) error { return readOnly("write", path) }

// Open refuses: only ReadFile applies the limits.
func (v *View) Open(path string) (filesys.File, error) { return nil, readOnly("open", path) }

func readOnly(verb, path string) error {
	return fmt.Errorf("cannot %s %s: the engine's file system is read-only", verb, path)
}

// inClone reports whether an absolute path lies in a temporary folder of
// kustomize's cloner.
func inClone(path string) bool {
	temp, err := filepath.EvalSymlinks(os.TempDir())
	if err != nil {
		return false
	}
	rest, ok := strings.CutPrefix(path, temp+string(filepath.Separator)+"kustomize-")
	return ok && rest != "" && !strings.Contains(rest, "..")
}

func isDir(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}
