"""Rules of the topic "network"."""

from kustodian.policy.rule import Rule
from kustodian.policy.rules.network import (
    allow_all_network_policy,
    egress_blocks_dns,
    exposed_service_type,
    extension_outside_cluster,
    external_ips,
    gateway_without_tls,
    ingress_without_tls,
    insecure_api_service,
    network_policy_peer_selects_nothing,
    network_policy_selects_nothing,
    no_default_deny_egress,
    no_default_deny_ingress,
    pod_without_network_policy,
    unauthenticated_model_endpoint,
)

RULES: tuple[Rule, ...] = (
    pod_without_network_policy.RULE,
    no_default_deny_ingress.RULE,
    no_default_deny_egress.RULE,
    egress_blocks_dns.RULE,
    network_policy_selects_nothing.RULE,
    network_policy_peer_selects_nothing.RULE,
    allow_all_network_policy.RULE,
    exposed_service_type.RULE,
    external_ips.RULE,
    extension_outside_cluster.RULE,
    insecure_api_service.RULE,
    ingress_without_tls.RULE,
    gateway_without_tls.RULE,
    unauthenticated_model_endpoint.RULE,
)
