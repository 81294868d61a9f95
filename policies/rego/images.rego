# Images come from the organisation's registries.
#
# Anything else has not been scanned and signed by us. The facts are in organisation.rego.
package main

import data.organisation

deny_unapproved_registry contains {"msg": msg, "field": field} if {
	some path, spec in _pod_specs
	some list in ["containers", "initContainers", "ephemeralContainers"]
	some index, container in spec[list]
	not _from_approved_registry(container.image)
	field := sprintf("%s.%s[%d].image", [path, list, index])
	msg := sprintf("%s %s: container %s runs %s, which is in none of %s", [
		input.kind,
		input.metadata.name,
		container.name,
		container.image,
		concat(", ", organisation.registries),
	])
}

# The trailing slash excludes registry.example.com.evil.org, which is another host.
_from_approved_registry(image) if {
	some registry in organisation.registries
	startswith(image, sprintf("%s/", [registry]))
}

# The pod spec by its path: in a Pod, a workload or a CronJob.
_pod_specs["spec"] := input.spec if input.kind == "Pod"

_pod_specs["spec.template.spec"] := input.spec.template.spec

_pod_specs["spec.jobTemplate.spec.template.spec"] := input.spec.jobTemplate.spec.template.spec
