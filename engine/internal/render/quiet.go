package render

import (
	"log"
	"os"
	"runtime"
	"strings"
)

// Quiet keeps kustomize's output off stderr: the checker reports its warnings as
// findings. A crash still reaches stderr, because the Go runtime writes to the
// descriptor.
func Quiet() {
	log.SetOutput(silencer{})
	if null, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0); err == nil {
		os.Stderr = null
	}
}

// silencer drops log lines. kustomize calls log.Fatal in some places, which would
// end the process with all its builds. The silencer panics instead, which ends
// only the build that logs.
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
