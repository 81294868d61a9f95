package render

import (
	"log"
	"testing"
)

func TestFatalEndsTheBuildAndNotTheProcess(t *testing.T) {
	logger := log.New(silencer{}, "", 0)
	logger.Println("a warning is dropped")
	func() {
		defer func() {
			if r := recover(); r != "no way out" {
				t.Errorf("recovered %v", r)
			}
		}()
		logger.Fatalf("no way %s", "out")
	}()
	logger.Println("and the logger still works")
}
