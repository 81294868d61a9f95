package main_test

import data.main

_domains := {"dev": "dev.example.com", "prod": "example.com"}

_messages(object) := messages if {
	messages := main.deny_foreign_hostname with input as object
		with data.organisation.domains as _domains
}

_route(environment, host) := {
	"kind": "HTTPRoute",
	"metadata": {"name": "iris", "labels": {"environment": environment}},
	"spec": {"hostnames": [host]},
}

test_own_domain_passes if {
	_messages(_route("dev", "iris.dev.example.com")) == set()
	_messages(_route("prod", "iris.example.com")) == set()
	_messages(_route("prod", "example.com")) == set()
	_messages(_route("prod", "*.example.com")) == set()
}

test_foreign_domain_is_denied if {
	count(_messages(_route("dev", "iris.example.com"))) == 1
	count(_messages(_route("prod", "iris.example.org"))) == 1
	count(_messages(_route("prod", "iris.notexample.com"))) == 1
}

test_subdomain_of_another_environment_is_denied if {
	some result in _messages(_route("prod", "iris.dev.example.com"))
	contains(result.msg, "does not belong to example.com")
}

test_unknown_environment_is_denied if {
	some result in _messages(_route("qa", "iris.qa.example.com"))
	contains(result.msg, "no domain for the environment qa")
}

test_missing_environment_label_is_denied if {
	some result in _messages({"kind": "HTTPRoute", "metadata": {"name": "iris"}, "spec": {"hostnames": ["iris.example.com"]}})
	contains(result.msg, "no label environment")
}

test_ingresses_and_gateways_count if {
	metadata := {"name": "iris", "labels": {"environment": "dev"}}
	count(_messages({"kind": "Ingress", "metadata": metadata, "spec": {"rules": [{"host": "evil.example.org"}]}})) == 1
	count(_messages({"kind": "Gateway", "metadata": metadata, "spec": {"listeners": [{"hostname": "evil.example.org"}]}})) == 1
	_messages({"kind": "Service", "metadata": metadata, "spec": {}}) == set()
}

test_the_message_names_the_field if {
	some result in _messages(_route("dev", "iris.example.com"))
	result.field == "spec.hostnames[0]"
}
