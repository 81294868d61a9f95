# Host names belong to their environment.
#
# A staging object with prod's host name takes over its traffic. The facts are in organisation.rego.
package main

import data.organisation

deny_foreign_hostname contains {"msg": msg, "field": field} if {
	some field, host in _hosts
	not _environment
	msg := sprintf("%s %s has the host name %s but no label environment", [input.kind, input.metadata.name, host])
}

deny_foreign_hostname contains {"msg": msg, "field": field} if {
	some field, host in _hosts
	_environment
	not organisation.domains[_environment]
	msg := sprintf("%s %s: organisation.rego has no domain for the environment %s", [
		input.kind,
		input.metadata.name,
		_environment,
	])
}

deny_foreign_hostname contains {"msg": msg, "field": field} if {
	some field, host in _hosts
	domain := organisation.domains[_environment]
	_domain_of(host) != domain
	msg := sprintf("%s %s: the host name %s does not belong to %s, the domain of %s", [
		input.kind,
		input.metadata.name,
		host,
		domain,
		_environment,
	])
}

_environment := input.metadata.labels.environment

# The longest domain that matches: dev.example.com is not part of prod's example.com.
_domain_of(host) := max({[count(domain), domain] | some domain in organisation.domains; _within(host, domain)})[1]

_domain_of(host) := "none" if {
	every domain in organisation.domains {
		not _within(host, domain)
	}
}

_within(host, domain) if host == domain

_within(host, domain) if endswith(host, sprintf(".%s", [domain]))

# Host names by the path of their field.
_hosts[sprintf("spec.hostnames[%d]", [index])] := host if {
	input.kind in {"HTTPRoute", "GRPCRoute", "TLSRoute"}
	some index, host in input.spec.hostnames
}

_hosts[sprintf("spec.rules[%d].host", [index])] := rule.host if {
	input.kind == "Ingress"
	some index, rule in input.spec.rules
}

_hosts[sprintf("spec.listeners[%d].hostname", [index])] := listener.hostname if {
	input.kind == "Gateway"
	some index, listener in input.spec.listeners
}
