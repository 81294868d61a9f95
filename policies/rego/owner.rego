# Every object says who owns it.
#
# Whoever is called at night reads the label `owner` to know whom to wake.
package main

deny_missing_owner contains {"msg": msg, "field": "metadata.labels"} if {
	object.get(input, ["metadata", "labels", "owner"], "") == ""
	msg := sprintf("%s %s has no label owner: name the team that answers for it", [input.kind, input.metadata.name])
}
