// The program that turns the CustomResourceDefinitions of other projects' Go modules into the
// JSON Schemas which Kustodian ships. A module of its own: the engine must not depend on it.
module kustodian.dev/crds

go 1.24

require sigs.k8s.io/yaml v1.6.0

require go.yaml.in/yaml/v2 v2.4.2 // indirect
