package plainyaml

import (
	"io/fs"
	"math/rand"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"kustodian.dev/engine/internal/manifest"
)

// realTexts returns the documents of this repository's manifests, and of those
// below KUSTODIAN_CORPUS if it is set.
func realTexts(t *testing.T) (texts []string) {
	t.Helper()
	folders := []string{"../../../base", "../../../overlays"}
	if corpus := os.Getenv("KUSTODIAN_CORPUS"); corpus != "" {
		folders = append(folders, corpus)
	}
	for _, folder := range folders {
		err := filepath.WalkDir(folder, func(name string, entry fs.DirEntry, err error) error {
			if err != nil || !entry.Type().IsRegular() || filepath.Ext(name) != ".yaml" {
				return err
			}
			content, err := os.ReadFile(name)
			for _, chunk := range manifest.Split(content) {
				texts = append(texts, string(chunk.Text))
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return texts
}

// eachChanged calls check with every text as it is and with random changes, at
// least total times, and fewer times for large texts.
func eachChanged(texts []string, total int, check func(text string)) {
	random := rand.New(rand.NewSource(1))
	for _, text := range texts {
		rounds := max(5, total/len(texts))
		if len(text) > 16<<10 {
			rounds = 2
		}
		for round := range rounds {
			given := text
			for range round % 4 {
				given = changed(random, given)
			}
			check(given)
		}
	}
}

// changed breaks, or only changes, a text in one place.
func changed(random *rand.Rand, text string) string {
	signs := []rune(" \n:-#'\"{}[],&*!|>%@`?~ab0\t\\\r\v\x7fé：\u0085\u00a0\u2028\ufeff\ufffe😀")
	at := random.Intn(len(text) + 1)
	sign := string(signs[random.Intn(len(signs))])
	lines := strings.SplitAfter(text, "\n")
	line := random.Intn(len(lines))
	switch random.Intn(6) {
	case 0:
		return text[:at] + sign + text[at:]
	case 1:
		return text[:at] + text[min(at+1, len(text)):]
	case 2:
		lines[line] = " " + lines[line]
	case 3:
		lines[line] = strings.TrimPrefix(lines[line], " ")
	case 4:
		lines[line] = ""
	case 5:
		other := random.Intn(len(lines))
		lines[line], lines[other] = lines[other], lines[line]
	}
	return strings.Join(lines, "")
}
