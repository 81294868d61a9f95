"""Rules as ValidatingAdmissionPolicies: the CEL of each rule, and the objects that the API server enforces."""
