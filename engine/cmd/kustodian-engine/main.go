// Command kustodian-engine renders kustomizations and evaluates Rego policies
// for the kustodian checker. It reads requests from stdin and answers on
// stdout, one JSON object per line; see the README of this module.
package main

import (
	"fmt"
	"os"

	"kustodian.dev/engine/internal/limits"
	"kustodian.dev/engine/internal/protocol"
	"kustodian.dev/engine/internal/render"
	"kustodian.dev/engine/internal/server"
)

func main() {
	stderr := os.Stderr
	if err := run(); err != nil {
		fmt.Fprintln(stderr, "kustodian-engine:", err)
		os.Exit(1)
	}
}

func run() error {
	out := protocol.NewWriter(os.Stdout)
	if err := out.Value(protocol.Announce()); err != nil {
		return err
	}
	if len(os.Args) > 1 {
		if len(os.Args) == 2 && os.Args[1] == "--version" {
			return nil
		}
		return fmt.Errorf("unknown arguments %q; the only flag is --version", os.Args[1:])
	}
	tuneGC()
	limits.Memory()
	render.Quiet()
	go render.Warm() // while the client is still starting
	return server.Serve(os.Stdin, out)
}
