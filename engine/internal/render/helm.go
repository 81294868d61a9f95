package render

import (
	"io/fs"
	"path"
	"strings"

	"kustodian.dev/engine/internal/protocol"
)

// refuseHelm refuses a kustomization that inflates a chart without helm being
// enabled, from outside of the repository, or from a remote one.
func (b *build) refuseHelm(rel string, document *document) *protocol.Failure {
	key := document.helmUse()
	if key == nil {
		return nil
	}
	if !b.options.EnableHelm {
		return &protocol.Failure{Code: protocol.CodeHelmDisabled, File: rel, Line: key.Line, Column: key.Column,
			Message: "this kustomization inflates a Helm chart, but helm is not enabled"}
	}
	for _, chart := range document.charts() {
		dir := path.Join(path.Dir(rel), chart.dir)
		if path.IsAbs(chart.dir) || dir == ".." || strings.HasPrefix(dir, "../") {
			return &protocol.Failure{Code: protocol.CodeOutsideRoot, File: rel, Line: chart.node.Line, Column: chart.node.Column,
				Message: "the chart folder " + chart.dir + " is outside of the repository"}
		}
		found, failure := b.recordChart(dir)
		if failure != nil {
			failure.File, failure.Line, failure.Column = rel, chart.node.Line, chart.node.Column
			return failure
		}
		if !found && chart.repo != "" && !b.options.AllowRemote {
			return remote(chart.repo, rel, chart.node.Line, chart.node.Column)
		}
	}
	return nil
}

// recordChart records the files of a local chart as read, because helm reads
// them itself. found is false if there is no such folder.
func (b *build) recordChart(dir string) (found bool, failure *protocol.Failure) {
	absolute := b.tree.Abs(dir)
	if !b.view.IsDir(absolute) {
		return false, b.view.Refusal()
	}
	err := b.view.Walk(absolute, func(name string, info fs.FileInfo, err error) error {
		if err != nil || info.IsDir() {
			return err
		}
		rel, _ := b.tree.Rel(name)
		file, err := b.tree.Read(rel)
		if err == nil {
			b.view.Record(rel, file)
		}
		return err
	})
	return true, protocol.AsFailure(err, protocol.CodeHelm)
}
