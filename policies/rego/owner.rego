# Every object names its owner.
#
# The label `owner` tells whoever is on call which team to contact.
package main

deny_missing_owner contains {"msg": msg, "field": "metadata.labels"} if {
	object.get(input, ["metadata", "labels", "owner"], "") == ""
	msg := sprintf("%s %s has no label owner: name the team that is responsible for it", [input.kind, input.metadata.name])
}
