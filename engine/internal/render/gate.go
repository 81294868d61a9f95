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
	// alone is for builds that change the schema, so that no other may run.
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

// globals is the gate that every build of the process goes through.
var globals = newGate()

func newGate() *gate {
	g := &gate{path: os.Getenv("PATH"), online: http.DefaultTransport}
	g.free = sync.NewCond(&g.mu)
	return g
}

// offline returns a transport that cannot connect. Other libraries assert the
// type *http.Transport.
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

// enter waits until a build of this mode may run. The build calls leave when it
// is done.
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
		// kustomize parses the schema on first use without a lock, so it is parsed
		// here before several builds can use it.
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
