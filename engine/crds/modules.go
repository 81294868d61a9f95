package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// A moduleSource is one entry of modules.json: where the CRDs of a project lie.
type moduleSource struct {
	Module  string `json:"module"`
	Version string `json:"version"`
	// Sum is the module's h1 checksum, as in a go.sum file.
	Sum string `json:"sum"`
	// License is the SPDX id of the project whose schema we ship.
	License string `json:"license"`
	// CRDs are glob patterns below the module's folder.
	CRDs []string `json:"crds"`
	// OnlyNew are patterns of files of which only those kinds are taken that CRDs did not have.
	OnlyNew []string `json:"onlyNew,omitempty"`
	// Note says what a reader of modules.json would ask.
	Note string `json:"note,omitempty"`
	// Skipped, if set, is why the module is not downloaded; the entry stays so that nobody adds it anew.
	Skipped string `json:"skipped,omitempty"`
}

func (m moduleSource) String() string { return m.Module + "@" + m.Version }

func readModules(path string) ([]moduleSource, error) {
	content, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var list struct {
		Modules []moduleSource `json:"modules"`
	}
	if err := json.Unmarshal(content, &list); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if len(list.Modules) == 0 {
		return nil, fmt.Errorf("%s names no module", path)
	}
	return list.Modules, nil
}

// fetch downloads a module into a cache folder of its own and returns the module's folder and checksum.
// The go command's checksum database is not asked: the committed checksum is the stronger check.
func fetch(goCommand string, source moduleSource, cache string) (dir, sum string, err error) {
	command := exec.Command(goCommand, "mod", "download", "-json", source.String())
	command.Dir = cache // no go.mod here: nothing but the named module is read
	command.Env = append(os.Environ(),
		"GOMODCACHE="+filepath.Join(cache, "mod"), "GOFLAGS=-modcacherw", "GOWORK=off",
		"GOTOOLCHAIN=local", "GONOSUMDB=*")
	var messages strings.Builder
	command.Stderr = &messages
	output, runErr := command.Output()
	var answer struct{ Dir, Sum, Error string }
	if err := json.Unmarshal(output, &answer); err != nil || answer.Error != "" || answer.Dir == "" {
		reason := strings.TrimSpace(answer.Error + "\n" + messages.String())
		return "", "", fmt.Errorf("cannot download %s: %s", source, errors.Join(runErr, errors.New(reason)))
	}
	return answer.Dir, answer.Sum, nil
}
