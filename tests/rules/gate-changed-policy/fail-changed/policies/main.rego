package main  # expect: gate-changed-policy

import rego.v1

deny contains msg if {
  input.kind == "Pot"
  msg := "no pods"
}
