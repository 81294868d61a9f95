package render

import (
	"log"
	"os"
	"runtime"
	"strings"
)

// Quiet keeps what kustomize prints off stderr: its warnings are findings of
// the checker. A crash still reaches stderr, which the Go runtime writes to by
// descriptor.
func Quiet() {
	log.SetOutput(silencer{})
	if null, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0); err == nil {
		os.Stderr = null
	}
}

// silencer drops log lines. In some corners kustomize calls log.Fatal, which
// would end the process and every other build in it: that becomes a panic,
// which ends the one build.
type silencer struct{}

func (silencer) Write(line []byte) (int, error) {
	callers := make([]uintptr, 16)
	frames := runtime.CallersFrames(callers[:runtime.Callers(2, callers)])
	for {
		frame, more := frames.Next()
		if strings.HasPrefix(frame.Function, "log.Fatal") || strings.HasPrefix(frame.Function, "log.(*Logger).Fatal") {
			panic(strings.TrimSpace(string(line)))
		}
		if !more {
			return len(line), nil
		}
	}
}
