package main_test

import data.main

_deployment(image) := {
	"kind": "Deployment",
	"metadata": {"name": "iris"},
	"spec": {"template": {"spec": {"containers": [{"name": "server", "image": image}]}}},
}

_denied(object) := count(messages) if {
	messages := main.deny_unapproved_registry with input as object
		with data.organisation.registries as ["registry.example.com/ml", "mirror.example.com:5000"]
}

test_approved_registries_pass if {
	every image in ["registry.example.com/ml/iris@sha256:0", "mirror.example.com:5000/python:3.13"] {
		_denied(_deployment(image)) == 0
	}
}

test_other_registries_are_denied if {
	every image in [
		"iris",
		"docker.io/library/python:3.13",
		"registry.example.com/other/iris:1",
		"registry.example.com.evil.org/ml/iris:1",
		"registry.example.com/mlx/iris:1",
	] {
		_denied(_deployment(image)) == 1
	}
}

test_every_container_of_every_workload_counts if {
	container := {"name": "x", "image": "docker.io/x"}
	_denied({"kind": "Pod", "metadata": {"name": "x"}, "spec": {"containers": [container]}}) == 1
	_denied({"kind": "Pod", "metadata": {"name": "x"}, "spec": {"initContainers": [container]}}) == 1
	_denied({
		"kind": "CronJob",
		"metadata": {"name": "x"},
		"spec": {"jobTemplate": {"spec": {"template": {"spec": {"containers": [container]}}}}},
	}) == 1
}

test_objects_without_pods_pass if {
	_denied({"kind": "ConfigMap", "metadata": {"name": "x"}, "data": {"image": "docker.io/x"}}) == 0
	_denied({"kind": "ApplicationSet", "metadata": {"name": "x"}, "spec": {"template": {"spec": {"project": "x"}}}}) == 0
}

test_the_message_names_the_field if {
	some result in main.deny_unapproved_registry with input as _deployment("docker.io/x")
		with data.organisation.registries as ["registry.example.com/ml"]
	result.field == "spec.template.spec.containers[0].image"
	contains(result.msg, "container server runs docker.io/x, which is in none of registry.example.com/ml")
}
