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

// moduleSource is one entry of modules.json: where the CRDs of a project are.
type moduleSource struct {
	Module  string `json:"module"`
	Version string `json:"version"`
	// Sum is the module's h1 checksum, as in a go.sum file.
	Sum string `json:"sum"`
	// License is the SPDX id of the project whose schemas are shipped.
	License string `json:"license"`
	// CRDs are glob patterns below the module's folder.
	CRDs []string `json:"crds"`
	// OnlyNew are patterns of files from which only kinds are taken that no CRDs pattern provides.
	OnlyNew []string `json:"onlyNew,omitempty"`
	// Note is for readers of modules.json.
	Note string `json:"note,omitempty"`
	// Skipped, if set, is why the module is not downloaded. The entry stays so that nobody adds it again.
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
		return nil, fmt.Errorf("%s lists no modules", path)
	}
	return list.Modules, nil
}

// fetch downloads a module into a cache folder of its own and returns the module's folder and checksum.
// The checksum database is not used, because the committed checksum is the stronger check.
func fetch(goCommand string, source moduleSource, cache string) (dir, sum string, err error) {
	command := exec.Command(goCommand, "mod", "download", "-json", source.String())
	command.Dir = cache // without a go.mod, only the named module is read
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
