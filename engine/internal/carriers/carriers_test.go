package carriers

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"kustodian.dev/engine/internal/protocol"
)

const pod = `{"apiVersion":"v1","kind":"Pod","metadata":{"name":"p"},"spec":{"replicas":10000000000000000001}}`

func open(t *testing.T, limit int, objects ...string) (*Set, *protocol.Failure) {
	t.Helper()
	raw := make([]json.RawMessage, len(objects))
	for i, object := range objects {
		if !json.Valid([]byte(object)) {
			t.Fatalf("not JSON: %s", object)
		}
		raw[i] = json.RawMessage(object)
	}
	return Open(raw, func(int) bool { return true }, limit)
}

func quoted(t *testing.T, text string) string {
	t.Helper()
	encoded, err := json.Marshal(text)
	if err != nil {
		t.Fatal(err)
	}
	return string(encoded)
}

func TestOpen(t *testing.T) {
	for name, c := range map[string]struct {
		objects                      []string
		applied, opened, lists, text int
		path                         []any // of the first opened object, or the last applied one
	}{
		"an object": {objects: []string{pod}, applied: 1},
		"a field of an object that is not one": {
			objects: []string{`{"apiVersion":"x.io/v1","kind":"A","spec":{"ref":{"apiVersion":"v1","kind":"Pod","name":"p"}}}`}, applied: 1,
		},
		"built-in kinds carry nothing": {
			objects: []string{`{"apiVersion":"apps/v1","kind":"StatefulSet","spec":{"volumeClaimTemplates":[` + pod + `]}}`}, applied: 1,
		},
		"status and metadata are not created": {
			objects: []string{`{"apiVersion":"x.io/v1","kind":"A","status":{"a":` + pod + `},"metadata":{"a":` + pod + `}}`}, applied: 1,
		},
		"a List":          {objects: []string{`{"apiVersion":"v1","kind":"List","items":[` + pod + `,` + pod + `]}`}, applied: 2, lists: 1, path: []any{"items", 1}},
		"a list of names": {objects: []string{`{"apiVersion":"x.io/v1","kind":"A","items":["a",1]}`}, applied: 1},
		"a list of any kind": {
			objects: []string{`{"apiVersion":"x.io/v1","kind":"A","items":[` + pod + `]}`}, applied: 1, lists: 1, path: []any{"items", 0},
		},
		"a deep field": {
			objects: []string{`{"apiVersion":"x.io/v1","kind":"A","a":[{"b":[` + pod + `]}]}`}, applied: 1, opened: 1, path: []any{"a", 0, "b", 0},
		},
		"what must not be there": {
			objects: []string{`{"apiVersion":"policy.open-cluster-management.io/v1","kind":"ConfigurationPolicy",
				"spec":{"object-templates":[{"complianceType":"mustnothave","objectDefinition":` + pod + `}]}}`}, applied: 1,
		},
		"a text": {
			objects: []string{`{"apiVersion":"x.io/v1","kind":"A","a":` + quoted(t, "# x\n---\napiVersion: v1\nkind: Pod\nmetadata: {name: p}\n") + `}`},
			applied: 1, opened: 1, path: []any{"a"},
		},
		"a text that is a template": {
			objects: []string{`{"apiVersion":"x.io/v1","kind":"A","a":` + quoted(t, "apiVersion: v1\nkind: Pod\n{{ if x }}\na: b\n{{ end }}\n") + `}`},
			applied: 1, text: 1,
		},
		"a script": {
			objects: []string{`{"apiVersion":"x.io/v1","kind":"A","a":` + quoted(t, "set -e\ncat <<EOF\napiVersion: v1\nkind: Pod\nEOF\n") + `}`}, applied: 1,
		},
	} {
		t.Run(name, func(t *testing.T) {
			set, failure := open(t, 100, c.objects...)
			if failure != nil {
				t.Fatal(failure)
			}
			got := []int{len(set.Objects), len(set.Opened), len(set.Lists), len(set.Unread)}
			if want := []int{c.applied, c.opened, c.lists, c.text}; !reflect.DeepEqual(got, want) {
				t.Fatalf("objects, opened, lists, unread: %v, want %v", got, want)
			}
			found := set.Objects[len(set.Objects)-1]
			if len(set.Opened) > 0 {
				found = set.Opened[0]
			}
			if !reflect.DeepEqual(found.Path, c.path) {
				t.Errorf("path %v, want %v", found.Path, c.path)
			}
		})
	}
}

func TestNumbersStayAsTheyAreWritten(t *testing.T) {
	set, _ := open(t, 100, `{"apiVersion":"x.io/v1","kind":"A","a":`+pod+`}`)
	if string(set.Opened[0].JSON) != pod {
		t.Errorf("%s", set.Opened[0].JSON)
	}
}

func TestItemsOfATypedListHaveItsKind(t *testing.T) {
	set, _ := open(t, 100, `{"apiVersion":"apps/v1","kind":"DeploymentList","items":[{"metadata":{"name":"a"}}]}`)
	if want := `{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"a"}}`; string(set.Objects[0].JSON) != want {
		t.Errorf("%s", set.Objects[0].JSON)
	}
}

func TestOnlyCompleteKindsHoldObjectsAsTheyAreCreated(t *testing.T) {
	for kind, partial := range map[string]bool{
		"work.open-cluster-management.io/v1 ManifestWork": false,
		"apiextensions.crossplane.io/v1 Composition":      true,
	} {
		version, kind, _ := strings.Cut(kind, " ")
		set, _ := open(t, 100, fmt.Sprintf(`{"apiVersion":%q,"kind":%q,"spec":{"a":%s}}`, version, kind, pod))
		if set.Opened[0].Partial != partial {
			t.Errorf("%s: partial %v", kind, !partial)
		}
	}
}

func TestGenerateRulesNameTheKind(t *testing.T) {
	set, _ := open(t, 100, `{"apiVersion":"kyverno.io/v1","kind":"ClusterPolicy","spec":{"rules":[{"generate":
		{"apiVersion":"v1","kind":"ConfigMap","name":"a","namespace":"x","data":{"metadata":{"labels":{"l":"m"}},"data":{"k":"v"}}}}]}}`)
	want := `{"apiVersion":"v1","data":{"k":"v"},"kind":"ConfigMap","metadata":{"labels":{"l":"m"},"name":"a","namespace":"x"}}`
	if string(set.Opened[0].JSON) != want {
		t.Errorf("%s", set.Opened[0].JSON)
	}
}

func TestResourceSets(t *testing.T) {
	set := `{"apiVersion":"addons.cluster.x-k8s.io/v1beta1","kind":"ClusterResourceSet","metadata":{"namespace":"x"},
		"spec":{"resources":[{"kind":"ConfigMap","name":"a"},{"kind":"Secret","name":"a"}]}}`
	data := quoted(t, "kind: Pod\napiVersion: v1\n---\nkind: Pod\napiVersion: v1\n")
	named := `{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a","namespace":"x"},"data":{"k":` + data + `}}`
	other := strings.Replace(named, `"a"`, `"b"`, 1)
	secret := `{"apiVersion":"v1","kind":"Secret","metadata":{"name":"a","namespace":"x"},"data":{"k":"a2luZDogUG9kCmFwaVZlcnNpb246IHYxCg==","bad":"!"}}`
	found, failure := open(t, 100, other, named, set, secret)
	if failure != nil || len(found.Opened) != 3 || len(found.Unread) != 1 {
		t.Fatalf("%+v %+v", failure, found)
	}
	for i, document := range []int{0, 1, 0} {
		if *found.Opened[i].Document != document {
			t.Errorf("object %d is document %d", i, *found.Opened[i].Document)
		}
	}
}

func TestLimits(t *testing.T) {
	deep := pod
	for range maxDepth {
		deep = `{"apiVersion":"x.io/v1","kind":"A","metadata":{"name":"d"},"spec":{"a":` + deep + `}}`
	}
	if _, failure := open(t, 100, deep); failure != nil {
		t.Error(failure)
	}
	deep = `{"apiVersion":"x.io/v1","kind":"A","metadata":{"name":"d"},"spec":{"a":` + deep + `}}`
	if _, failure := open(t, 100, deep); failure == nil || failure.Code != protocol.CodeTooDeep {
		t.Error(failure)
	}
	large := fmt.Sprintf(`{"apiVersion":"template.openshift.io/v1","kind":"Template","parameters":[{"name":"A","value":%q}],
		"objects":[{"apiVersion":"v1","kind":"Pod","metadata":{"name":%q}}]}`, strings.Repeat("x", 1<<20), strings.Repeat("${A}", 100_000))
	if _, failure := open(t, 100, large); failure == nil || failure.Code != protocol.CodeRenderedSize {
		t.Error(failure)
	}
	text := strings.Repeat("apiVersion: v1\nkind: Pod\nx: "+strings.Repeat("y", 1<<20)+"\n---\n", 5)
	texts := `{"apiVersion":"x.io/v1","kind":"A","a":[` + strings.Repeat(quoted(t, text)+",", 7) + `1]}`
	if _, failure := open(t, 100, texts); failure == nil || failure.Code != protocol.CodeRenderedSize {
		t.Error(failure)
	}
	many := `{"apiVersion":"v1","kind":"List","items":[` + strings.Repeat(pod+",", 99) + pod + `]}`
	if _, failure := open(t, 101, many); failure != nil {
		t.Error(failure)
	}
	if _, failure := open(t, 100, many); failure == nil || failure.Code != protocol.CodeTooManyObjects {
		t.Error(failure)
	}
}

func TestParametersOfATemplateHaveTheirDefaults(t *testing.T) {
	set, _ := open(t, 100, `{"apiVersion":"template.openshift.io/v1","kind":"Template","parameters":[{"name":"A","value":"true"},{"name":"B"}],
		"objects":[{"apiVersion":"v1","kind":"Pod","metadata":{"name":"x-${A}-${B}"},"spec":{"privileged":"${{A}}","b":"${{B}}","c":"${A}"}}]}`)
	want := `{"apiVersion":"v1","kind":"Pod","metadata":{"name":"x-true-${B}"},"spec":{"b":"${{B}}","c":"true","privileged":true}}`
	if string(set.Opened[0].JSON) != want {
		t.Errorf("%s", set.Opened[0].JSON)
	}
}
