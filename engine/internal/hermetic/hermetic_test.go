package hermetic

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"kustodian.dev/engine/internal/protocol"
	"kustodian.dev/engine/internal/testtree"
)

func open(t *testing.T, files map[string]string, limit int64) (*View, string) {
	t.Helper()
	root := testtree.Write(t, files)
	tree, err := NewTree(root, limit)
	if err != nil {
		t.Fatal(err)
	}
	return tree.View(), root
}

func TestNothingOutsideOfTheRootIsRead(t *testing.T) {
	secret := filepath.Join(testtree.Write(t, map[string]string{"secret.yaml": "a: 1\n"}), "secret.yaml")
	view, root := open(t, map[string]string{
		"inside.yaml":     "a: 1\n",
		"ok.yaml ->":      "inside.yaml",
		"link.yaml ->":    secret,
		"folder ->":       filepath.Dir(secret),
		"relative ->":     "../../../../../../etc/hosts",
		"through/link ->": "../link.yaml",
	}, 0)
	if content, err := view.ReadFile(filepath.Join(root, "ok.yaml")); err != nil || string(content) != "a: 1\n" {
		t.Errorf("a link inside the root: %q, %v", content, err)
	}
	for _, path := range []string{secret, root + "/link.yaml", root + "/folder/secret.yaml", root + "/relative",
		root + "/through/link", root + "/../" + filepath.Base(filepath.Dir(secret)) + "/secret.yaml", "/etc/hosts"} {
		_, err := view.ReadFile(path)
		var failure *protocol.Failure
		if !errors.As(err, &failure) || failure.Code != protocol.CodeOutsideRoot {
			t.Errorf("%s: %v", path, err)
		}
		if _, _, err := view.CleanedAbs(path); err == nil {
			t.Errorf("%s: CleanedAbs accepts it", path)
		}
		if view.Exists(path) {
			t.Errorf("%s: Exists reports it", path)
		}
	}
	if refusal := view.Refusal(); refusal == nil || refusal.Code != protocol.CodeOutsideRoot {
		t.Errorf("refusal: %v", refusal)
	}
}

func TestWhatWasReadAndWhatWasAbsent(t *testing.T) {
	view, root := open(t, map[string]string{
		"base/a.yaml":      "a: 1\n",
		"base/b.yaml":      "b: 1\n",
		"linked ->":        "base",
		"overlay/alias ->": "../base/b.yaml",
	}, 0)
	for _, path := range []string{"linked/a.yaml", "overlay/alias", "base/a.yaml", "base/none.yaml"} {
		_, _ = view.ReadFile(filepath.Join(root, path))
	}
	_, _, _ = view.CleanedAbs(filepath.Join(root, "linked"))
	_ = view.Exists(filepath.Join(root, "gone"))
	var files []string
	for _, file := range view.Files() {
		files = append(files, file.Path)
		if len(file.Hash) != 64 {
			t.Errorf("hash of %s: %q", file.Path, file.Hash)
		}
	}
	// The names of links are there too: retargeting one changes the answer.
	if want := []string{"base/a.yaml", "base/b.yaml", "linked/a.yaml", "linked/b.yaml", "overlay/alias"}; !slices.Equal(files, want) {
		t.Errorf("files %v, want %v", files, want)
	}
	if absent, want := view.Absent(), []string{"base/none.yaml", "gone"}; !slices.Equal(absent, want) {
		t.Errorf("absent %v, want %v", absent, want)
	}
}

func TestBounds(t *testing.T) {
	view, root := open(t, map[string]string{
		"big.yaml":  strings.Repeat("a", 101),
		"bomb.yaml": "a: &a\n  b: *a\n",
	}, 100)
	for name, code := range map[string]string{"big.yaml": protocol.CodeFileTooLarge, "bomb.yaml": protocol.CodeAliasBomb} {
		view.Reset()
		_, err := view.ReadFile(filepath.Join(root, name))
		var failure *protocol.Failure
		if !errors.As(err, &failure) || failure.Code != code || failure.File != name {
			t.Errorf("%s: %v", name, err)
		}
		if refusal := view.Refusal(); refusal != failure {
			t.Errorf("%s: refusal %v", name, refusal)
		}
	}
}

func TestTheViewIsReadOnly(t *testing.T) {
	view, root := open(t, map[string]string{"a.yaml": "a: 1\n"}, 0)
	path := filepath.Join(root, "a.yaml")
	_, create := view.Create(root + "/new")
	_, open := view.Open(path)
	for name, err := range map[string]error{
		"Create": create, "Open": open, "Mkdir": view.Mkdir(root + "/d"), "MkdirAll": view.MkdirAll(root + "/d/e"),
		"WriteFile": view.WriteFile(path, nil), "RemoveAll": view.RemoveAll(path),
	} {
		if err == nil {
			t.Errorf("%s succeeded", name)
		}
	}
	if content, err := os.ReadFile(path); err != nil || string(content) != "a: 1\n" {
		t.Errorf("the file changed: %q, %v", content, err)
	}
}

func TestAStoppedViewAnswersNothing(t *testing.T) {
	view, root := open(t, map[string]string{"a.yaml": "a: 1\n"}, 0)
	view.Stop()
	if _, err := view.ReadFile(filepath.Join(root, "a.yaml")); err == nil {
		t.Error("it still reads")
	}
}

func TestInspectMayReplaceOrRefuse(t *testing.T) {
	view, root := open(t, map[string]string{"a/kustomization.yaml": "old\n", "b/Kustomization": "x\n", "a/other.yaml": "old\n"}, 0)
	view.Inspect = func(rel string, content []byte) ([]byte, error) {
		if rel == "b/Kustomization" {
			return nil, &protocol.Failure{Code: protocol.CodeRemoteBase}
		}
		return []byte("new " + rel), nil
	}
	if got, _ := view.ReadFile(root + "/a/kustomization.yaml"); string(got) != "new a/kustomization.yaml" {
		t.Errorf("got %q", got)
	}
	if got, _ := view.ReadFile(root + "/a/other.yaml"); string(got) != "old\n" {
		t.Errorf("got %q", got)
	}
	if _, err := view.ReadFile(root + "/b/Kustomization"); err == nil || view.Refusal().Code != protocol.CodeRemoteBase {
		t.Errorf("got %v", err)
	}
}

func TestRootMustBeAFolder(t *testing.T) {
	root := testtree.Write(t, map[string]string{"file": ""})
	for _, path := range []string{"", root + "/none", root + "/file"} {
		if _, err := NewTree(path, 0); err == nil {
			t.Errorf("%q accepted", path)
		}
	}
}
