package main_test

import data.main

test_owner_label_is_enough if {
	count(main.deny_missing_owner) == 0 with input as {"kind": "Service", "metadata": {"name": "iris", "labels": {"owner": "ml-platform"}}}
}

test_the_message_names_the_object if {
	some result in main.deny_missing_owner with input as {"kind": "Service", "metadata": {"name": "iris"}}
	contains(result.msg, "Service iris has no label owner")
}

test_missing_and_empty_owner_labels_are_denied if {
	every metadata in [{"name": "iris"}, {"name": "iris", "labels": {}}, {"name": "iris", "labels": {"owner": ""}}] {
		count(main.deny_missing_owner) == 1 with input as {"kind": "Service", "metadata": metadata}
	}
}
