// Package render builds overlays with kustomize as a library: in parallel,
// inside the repository only, and with the provenance of every object.
package render

import (
	"context"
	"encoding/json"
	"fmt"
	"os/exec"
	"path"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strings"
	"sync"
	"time"

	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/api/resmap"
	"sigs.k8s.io/kustomize/api/types"

	"kustodian.dev/engine/internal/carriers"
	"kustodian.dev/engine/internal/hermetic"
	"kustodian.dev/engine/internal/limits"
	"kustodian.dev/engine/internal/protocol"
)

// Limits bound one request. Zero means the default.
type Limits struct {
	MaxFileBytes   int64   `json:"maxFileBytes"`
	MaxObjects     int     `json:"maxObjects"`
	TimeoutSeconds float64 `json:"timeoutSeconds"`
}

// Defaults of Limits.
const (
	defaultMaxObjects = 20_000
	defaultTimeout    = 5 * time.Minute
)

// Timeout returns the time limit for rendering an overlay, which is also that for
// its policies.
func (l Limits) Timeout() time.Duration {
	if l.TimeoutSeconds > 0 {
		return time.Duration(l.TimeoutSeconds * float64(time.Second))
	}
	return defaultTimeout
}

// Options are those of a render request.
type Options struct {
	Root        string   `json:"root"`
	Overlays    []string `json:"overlays"`
	Limits      Limits   `json:"limits"`
	AllowRemote bool     `json:"allowRemote"`
	EnableHelm  bool     `json:"enableHelm"`
	HelmCommand string   `json:"helmCommand"`
	Sequential  bool     `json:"sequential"`
	Chains      bool     `json:"chains"` // record the values that others replaced
}

// Overlay is one rendered overlay.
type Overlay struct {
	Path         string
	Objects      []Object
	Set          *carriers.Set // the objects with those inside them, nil after a failure
	Files        []hermetic.Source
	Absent       []string
	Sources      []Source // those of the places in Objects
	Failure      *protocol.Failure
	Abandoned    bool // the time limit ended it, but it still runs
	Milliseconds int64
}

// Object is one rendered object with its provenance, all of it JSON.
type Object struct {
	JSON     json.RawMessage // the object
	Origin   json.RawMessage // null when unknown
	Places   string          // where each value was written: see placeTable.appendPlaces
	mayCarry bool
}

// Overlays renders every overlay of the request, as many at a time as there are
// cores, and calls done for each as soon as it is ready, from several goroutines.
// With Sequential it renders one at a time, in the order of the request.
func Overlays(options Options, done func(Overlay)) error {
	tree, err := hermetic.NewTree(options.Root, options.Limits.MaxFileBytes)
	if err != nil {
		return err
	}
	if options.EnableHelm {
		if options.HelmCommand == "" {
			options.HelmCommand = "helm"
		}
		if options.HelmCommand, err = globals.lookPath(options.HelmCommand); err != nil {
			return &protocol.Failure{Code: protocol.CodeHelm, Message: err.Error()}
		}
	}
	if options.Chains {
		recordChains(true)
	}
	queue := make(chan string)
	var workers sync.WaitGroup
	atATime := min(runtime.GOMAXPROCS(0), len(options.Overlays))
	if options.Sequential {
		atATime = 1
	}
	for range atATime {
		workers.Go(func() {
			for overlay := range queue {
				done(renderOne(tree, options, overlay))
			}
		})
	}
	for _, overlay := range options.Overlays {
		queue <- overlay
	}
	close(queue)
	workers.Wait()
	return nil
}

// lookPath finds a command on the PATH that the process was started with.
func (g *gate) lookPath(command string) (string, error) {
	if strings.ContainsRune(command, filepath.Separator) {
		return filepath.Abs(command)
	}
	for _, dir := range filepath.SplitList(g.path) {
		if found, err := exec.LookPath(filepath.Join(dir, command)); err == nil {
			return found, nil
		}
	}
	return "", fmt.Errorf("%s is not on PATH", command)
}

// renderOne renders an overlay within its time limit. kustomize cannot be
// interrupted: its file system is stopped, and the build fails at its next access.
// A build that does not even do that is abandoned.
func renderOne(tree *hermetic.Tree, options Options, overlay string) Overlay {
	started := time.Now()
	limit := limits.Current(options.Limits.Timeout())
	b := &build{tree: tree, options: options, overlay: path.Clean(filepath.ToSlash(overlay)), view: tree.View()}
	var outcome struct {
		objects []Object
		set     *carriers.Set
		failure *protocol.Failure
		late    bool
	}
	finished := limits.Within(limit, func(ctx context.Context) {
		defer context.AfterFunc(ctx, b.view.Stop)()
		outcome.objects, outcome.failure = b.run()
		if outcome.failure == nil {
			outcome.set, outcome.failure = b.open(outcome.objects)
		}
		outcome.late = ctx.Err() != nil
	})
	result := Overlay{Path: b.overlay, Abandoned: !finished}
	if finished && !outcome.late {
		result.Objects, result.Set, result.Failure = outcome.objects, outcome.set, outcome.failure
	} else {
		result.Failure = &protocol.Failure{Code: protocol.CodeTimeout,
			Message: fmt.Sprintf("rendering took longer than the limit of %s", limit)}
	}
	if result.Failure != nil {
		result.Objects, result.Set = nil, nil
	}
	result.Files, result.Absent = b.view.Files(), b.view.Absent()
	result.Sources = b.places.sources
	result.Milliseconds = time.Since(started).Milliseconds()
	return result
}

// build is the build of one overlay.
type build struct {
	tree    *hermetic.Tree
	options Options
	overlay string // relative to the root
	folder  string // the overlay with symlinks followed, as kustomize names it
	view    *hermetic.View

	loads  int              // kustomizations read, each time that it is read
	alone  bool             // must not share kustomize's schema with other builds
	trace  bool             // ask kustomize for provenance
	forged bool             // a file that was read holds annotations with the names of kustomize's provenance
	top    topKustomization // the overlay's own
	places placeTable       // of the objects
}

// errNeedsSchema interrupts a build that shares the schema but names its own.
var errNeedsSchema = &protocol.Failure{Code: protocol.CodeInternal, Message: "the build needs a schema of its own"}

func (b *build) run() (objects []Object, failure *protocol.Failure) {
	defer func() {
		if r := recover(); r != nil {
			objects, failure = nil, &protocol.Failure{Code: protocol.CodeBuild,
				Message: fmt.Sprintf("kustomize failed on this input: %v", r), Detail: string(debug.Stack())}
		}
	}()
	if rel, inside := b.tree.Rel(b.tree.Abs(b.overlay)); !inside || path.IsAbs(b.overlay) || rel != b.overlay {
		return nil, &protocol.Failure{Code: protocol.CodeOutsideRoot, Message: b.overlay + " is not a folder below the root"}
	}
	if failure := b.exists(); failure != nil {
		return nil, failure
	}
	b.view.Inspect = b.inspect
	b.view.Rewrite = b.unforged
	b.view.AllowClones = b.options.AllowRemote
	objects, failure = b.attempt(true)
	if failure != nil && failure.Code != protocol.CodeBuild || failure == nil && !b.forged && !b.sensitive() {
		return objects, failure
	}
	// Either kustomize failed, or the two added annotations or the annotations that
	// were hidden from it might have changed the result. What it does without them is what counts.
	provenance := objects
	b.view.Reset()
	if objects, failure = b.attempt(false); failure == nil && len(provenance) == len(objects) {
		for i := range objects { // kustomize keeps the order
			objects[i].Origin = provenance[i].Origin
		}
	}
	return objects, failure
}

// attempt builds once, with or without asking for provenance.
func (b *build) attempt(trace bool) ([]Object, *protocol.Failure) {
	b.trace = trace
	resources, err := b.kustomize()
	if b.view.Refusal() == errNeedsSchema {
		b.alone = true
		b.view.Reset()
		resources, err = b.kustomize()
	}
	if err != nil {
		return nil, b.component(b.explain(err))
	}
	if limit := b.maxObjects(); resources.Size() > limit {
		return nil, &protocol.Failure{Code: protocol.CodeTooManyObjects,
			Message: fmt.Sprintf("%d objects, more than the limit of %d", resources.Size(), limit)}
	}
	objects, err := b.objects(resources)
	if err != nil {
		return nil, b.explain(err)
	}
	return objects, b.hidden()
}

func (b *build) maxObjects() int {
	if b.options.Limits.MaxObjects > 0 {
		return b.options.Limits.MaxObjects
	}
	return defaultMaxObjects
}

// exists reports a missing folder or kustomization, in plainer words than
// kustomize would.
func (b *build) exists() *protocol.Failure {
	folder := b.tree.Abs(b.overlay)
	if dir, _, err := b.view.CleanedAbs(folder); err == nil {
		b.folder, _ = b.tree.Rel(dir.String())
	}
	if !b.view.IsDir(folder) {
		if refused := b.view.Refusal(); refused != nil {
			return refused
		}
		if b.view.Exists(folder) {
			return &protocol.Failure{Code: protocol.CodeNoKustomization, File: b.overlay, Message: b.overlay + " is a file, not a folder"}
		}
		return &protocol.Failure{Code: protocol.CodeNoKustomization, Message: "there is no folder " + b.overlay}
	}
	for _, name := range kustomizationNames {
		if b.view.Exists(filepath.Join(folder, name)) {
			return nil
		}
	}
	if refused := b.view.Refusal(); refused != nil {
		return refused
	}
	return &protocol.Failure{Code: protocol.CodeNoKustomization,
		Message: b.overlay + " holds no kustomization.yaml, kustomization.yml or Kustomization"}
}

var kustomizationNames = []string{"kustomization.yaml", "kustomization.yml", "Kustomization"}

func (b *build) kustomize() (resmap.ResMap, error) {
	leave := globals.enter(mode{remote: b.options.AllowRemote, alone: b.alone})
	defer leave()
	b.loads = 0
	options := krusty.MakeDefaultOptions()
	options.Reorder = krusty.ReorderOptionUnspecified // as the CLI: sortOptions, or else the legacy order
	if b.options.EnableHelm {
		options.PluginConfig.HelmConfig = types.HelmConfig{Enabled: true, Command: b.options.HelmCommand}
	}
	return krusty.MakeKustomizer(options).Run(b.view, b.tree.Abs(b.overlay))
}

// inspect reads every kustomization before kustomize does: it refuses some, and
// adds the request for provenance to the overlay's own.
func (b *build) inspect(rel string, content []byte) ([]byte, error) {
	if failure := b.complexity(rel); failure != nil {
		return nil, failure
	}
	isTop := path.Dir(rel) == b.folder
	lower := strings.ToLower(string(content))
	if !b.alone && strings.Contains(lower, "openapi") {
		return nil, errNeedsSchema
	}
	if failure := b.refuse(rel, content, lower); failure != nil {
		return nil, failure
	}
	if !isTop {
		return content, nil
	}
	b.top = traced(content)
	if b.top.file = rel; b.top.component {
		b.top.line = kindLine(content)
	}
	if !b.trace {
		return content, nil
	}
	return b.top.content, nil
}

// component explains a failed build of a Component. Most Components change the
// objects of the overlay that lists them and cannot build without it; those that
// only add objects can.
func (b *build) component(failure *protocol.Failure) *protocol.Failure {
	if !b.top.component || failure.Code != protocol.CodeBuild {
		return failure
	}
	return &protocol.Failure{Code: protocol.CodeComponent, File: b.top.file, Line: b.top.line, Column: 1, Detail: failure.Message,
		Message: b.overlay + " is a Component that does not build on its own: it changes the overlay that lists it"}
}

// kindLine returns the line of the field `kind`, or 1.
func kindLine(content []byte) int {
	if document := parseKustomization(content); document != nil {
		if key, _ := document.field("kind"); key != nil {
			return key.Line
		}
	}
	return 1
}

// refuse returns why a kustomization must not reach kustomize, or nil.
func (b *build) refuse(rel string, content []byte, lower string) *protocol.Failure {
	checkRemote := !b.options.AllowRemote && mayBeRemote(content)
	checkHelm := strings.Contains(lower, "helmchart")
	if !checkRemote && !checkHelm {
		return nil
	}
	document := parseKustomization(content)
	if document == nil {
		return nil // kustomize reports what is wrong with it
	}
	if checkRemote {
		for _, ref := range document.references() {
			if isRemote(ref) && !(ref.directory && b.isFile(path.Join(path.Dir(rel), ref.value))) {
				return remote(ref.value, rel, ref.line, ref.column)
			}
		}
	}
	if checkHelm {
		return b.refuseHelm(rel, document)
	}
	return nil
}

func remote(url, file string, line, column int) *protocol.Failure {
	return &protocol.Failure{Code: protocol.CodeRemoteBase, File: file, Line: line, Column: column, URL: url,
		Message: url + " is remote; the engine fetches nothing unless remote bases are allowed"}
}

func (b *build) isFile(rel string) bool {
	file, err := b.tree.Read(rel)
	return err == nil && file != nil
}
