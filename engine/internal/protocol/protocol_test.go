package protocol

import (
	"errors"
	"fmt"
	"testing"
)

func TestAsFailure(t *testing.T) {
	if AsFailure(nil, CodeBuild) != nil {
		t.Error("nil became a failure")
	}
	inner := &Failure{Code: CodeYAML, Line: 3}
	if got := AsFailure(fmt.Errorf("outer: %w", inner), CodeBuild); got != inner {
		t.Errorf("got %+v", got)
	}
	if got := AsFailure(errors.New("x"), CodeBuild); got.Code != CodeBuild || got.Message != "x" {
		t.Errorf("got %+v", got)
	}
}
