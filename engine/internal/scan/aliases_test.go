package scan

import "testing"

func TestAliasesAndEscapes(t *testing.T) {
	const bomb = "a: &a [x,x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b,*b]\n" +
		"d: &d [*c,*c,*c,*c,*c,*c,*c,*c,*c,*c]\ne: &e [*d,*d,*d,*d,*d,*d,*d,*d,*d,*d]\nf: [*e,*e,*e,*e,*e,*e,*e,*e,*e,*e]\n"
	for name, test := range map[string]struct {
		text    string
		kind    string
		failure int // its line
	}{
		"alias":          {"x: &k Pod\napiVersion: v1\nkind: *k\n", "Pod", 0},
		"version":        {"x: &k v1\napiVersion: *k\nkind: Pod\n", "Pod", 0},
		"merge":          {"x: &k {kind: Pod}\napiVersion: v1\n<<: *k\n", "Pod", 0},
		"list of merges": {"x: &k {kind: Pod}\ny: &l {<<: *k}\napiVersion: v1\n<<: [*l, {kind: Job}]\n", "Pod", 0},
		"own key first":  {"x: &k {kind: Pod}\napiVersion: v1\n<<: *k\nkind: Job\n", "Job", 0},
		"key":            {"x: &k kind\napiVersion: v1\n*k : Pod\n", "Pod", 0},
		"item":           {"x: &p {apiVersion: v1, kind: Pod}\napiVersion: v1\nkind: List\nitems: [*p]\n", "Pod", 0},
		"items":          {"x: &p [{apiVersion: v1, kind: Pod}]\napiVersion: v1\nkind: List\nitems: *p\n", "Pod", 0},
		"contains itself": {"a: b\n---\napiVersion: v1\nkind: List\nitems: &a\n- apiVersion: v1\n  kind: List\n  items: *a\n",
			"", 8},
		"bomb": {bomb + "apiVersion: v1\nkind: Pod\n", "", 6},
	} {
		t.Run(name, func(t *testing.T) {
			objects, failure := objectsIn("a.yaml", []byte(test.text))
			if test.failure > 0 {
				if failure == nil || failure.Line != test.failure {
					t.Fatalf("got %v", failure)
				}
				return
			}
			if failure != nil || len(objects) != 1 || objects[0].Kind != test.kind || objects[0].APIVersion != "v1" {
				t.Fatalf("got %v, %v", objects, failure)
			}
		})
	}
	if !looksLikeObject([]byte(`{"api\u0056ersion": "v1", "kind": "Pod"}`)) {
		t.Error("a key with an escape")
	}
}
