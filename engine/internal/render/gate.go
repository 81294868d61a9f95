package render

import (
	"context"
	"errors"
	"net"
	"net/http"
	"os"
	"sync"

	"sigs.k8s.io/kustomize/kyaml/openapi"
)

// kustomize keeps its OpenAPI schema in globals, finds git through PATH and
// fetches through http.DefaultTransport. A mode is one state of those globals;
// builds of the same mode run together, builds of different modes never do.
type mode struct {
	// remote allows git and HTTP.
	remote bool
	// alone is for builds that change the schema: they share it with no one.
	alone bool
}

var errOffline = errors.New("the network is off in the engine")

type gate struct {
	mu      sync.Mutex
	free    *sync.Cond
	active  int
	current mode
	set     bool              // current describes the process; false before the first build
	path    string            // the PATH that the process was started with
	online  http.RoundTripper // the transport that the process was started with
}

// globals is the one gate of the process.
var globals = newGate()

func newGate() *gate {
	g := &gate{path: os.Getenv("PATH"), online: http.DefaultTransport}
	g.free = sync.NewCond(&g.mu)
	return g
}

// offline keeps the type *http.Transport, which other libraries assert.
func offline() *http.Transport {
	refuse := func(context.Context, string, string) (net.Conn, error) { return nil, errOffline }
	return &http.Transport{DialContext: refuse, DialTLSContext: refuse}
}

func (g *gate) change(m mode) {
	g.current, g.set = m, true
	if m.remote {
		http.DefaultTransport = g.online
		_ = os.Setenv("PATH", g.path)
		return
	}
	http.DefaultTransport = offline()
	_ = os.Setenv("PATH", "")
}

// enter waits until a build of this mode may run and returns its exit.
func (g *gate) enter(m mode) (leave func()) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for g.active > 0 && (g.current != m || m.alone) {
		g.free.Wait()
	}
	if g.current != m || !g.set {
		g.change(m)
	}
	if m.alone {
		openapi.ResetOpenAPI()
	} else {
		// The schema is read without a lock while it is being parsed, so it is
		// parsed before the first of several builds.
		openapi.Schema()
	}
	g.active++
	return func() {
		g.mu.Lock()
		defer g.mu.Unlock()
		g.active--
		if m.alone {
			openapi.ResetOpenAPI()
		}
		g.free.Broadcast()
	}
}

// Warm parses kustomize's built-in schema ahead of the first build.
func Warm() { globals.enter(mode{})() }
