"""CEL of the rules about Pod Security, images and resources."""

from __future__ import annotations

import re

from kustodian.kubernetes.api_lifecycle import USER_NAMESPACES_SINCE
from kustodian.kubernetes.pod_resources import POD_LEVEL_SINCE
from kustodian.kubernetes.syntax.image_reference import DIGEST_PATTERN
from kustodian.policy.admission.cel import Cel, context, each, literal, strings
from kustodian.policy.rule import Context
from kustodian.policy.rules.images.retired_registry import RETIRED
from kustodian.policy.rules.pod_security.added_capabilities import ALLOWED as CAPABILITIES
from kustodian.policy.rules.pod_security.host_probe_target import SINCE as HOST_PROBES_SINCE
from kustodian.policy.rules.pod_security.restricted_volume_types import ALLOWED as VOLUMES
from kustodian.policy.rules.pod_security.restricted_volume_types import FORBIDDEN as FORBIDDEN_VOLUMES
from kustodian.policy.rules.pod_security.seccomp_unconfined import ALLOWED as SECCOMP
from kustodian.policy.rules.pod_security.selinux_options import allowed_types
from kustodian.policy.rules.pod_security.unsafe_sysctls import SAFE_SINCE

_HUB = r"(docker\.io|index\.docker\.io|registry-1\.docker\.io)"


def pod_rules(contexts: dict[str, Context]) -> dict[str, Cel]:
    """The CEL of each rule by id; `contexts` holds version, registries and options of every rule."""
    return {
        **_security(contexts["privileged-container"].version),
        **_images(contexts),
        **_resources(contexts),
        **_others(),
    }


def _security(version: tuple[int, int]) -> dict[str, Cel]:
    windows = "variables.isWindows || "
    relaxed = "variables.userNamespace || " if version >= USER_NAMESPACES_SINCE else ""
    unmasked = each(f"{context('procMount', repr('Default'))} == 'Default'")
    sysctls = strings([name for name, since in SAFE_SINCE.items() if since <= version])
    rules = {
        "privileged-container": each(f"{context('privileged', 'false')} != true"),
        "host-namespaces": "['hostNetwork', 'hostPID', 'hostIPC'].all(f, "
        "!(f in variables.pod) || variables.pod[f] != true)",
        "host-path-volume": "variables.volumes.all(v, !has(v.hostPath))",
        "host-port": each("dyn(c).?ports.orValue([]).all(p, dyn(p).?hostPort.orValue(0) == 0)"),
        "host-process": "variables.contexts.all(s, dyn(s).?windowsOptions.?hostProcess.orValue(false) != true)",
        "added-capabilities": each(
            f"{context('capabilities.?add', '[]')}.all(a, a in {strings(CAPABILITIES)})"
        ),
        "apparmor-override": (
            "variables.contexts.all(s, !has(s.appArmorProfile) || "
            "dyn(s.appArmorProfile).?type.orValue('') in ['RuntimeDefault', 'Localhost']) && "
            "variables.podAnnotations.all(k, "
            "!k.startsWith('container.apparmor.security.beta.kubernetes.io/') || "
            "variables.podAnnotations[k] in ['', 'runtime/default'] || "
            "variables.podAnnotations[k].startsWith('localhost/'))"
        ),
        "selinux-options": (
            f"variables.contexts.all(s, dyn(s).?seLinuxOptions.?type.orValue('') in {strings(allowed_types(version))} && "
            "dyn(s).?seLinuxOptions.?user.orValue('') == '' && "
            "dyn(s).?seLinuxOptions.?role.orValue('') == '')"
        ),
        "unmasked-proc-mount": f"{relaxed}{unmasked}",
        "seccomp-unconfined": (
            "variables.contexts.all(s, !has(s.seccompProfile) || "
            f"dyn(s.seccompProfile).?type.orValue('') in {strings(SECCOMP)})"
        ),
        "unsafe-sysctls": f"dyn(variables.podContext).?sysctls.orValue([]).all(s, s.name in {sysctls})",
        "restricted-volume-types": (
            f"variables.volumes.all(v, {strings(VOLUMES)}.exists(t, t in v) || "
            f"!{strings(FORBIDDEN_VOLUMES)}.exists(t, t in v))"
        ),
        "privilege-escalation": windows + each(f"{context('allowPrivilegeEscalation', 'true')} == false"),
        "run-as-non-root": (
            f"{relaxed}(dyn(variables.podContext).?runAsNonRoot.orValue(true) != false && "
            + each(
                f"{context('runAsNonRoot', 'dyn(variables.podContext).?runAsNonRoot.orValue(false)')} == true"
            )
            + ")"
        ),
        "run-as-root-user": f"{relaxed}variables.contexts.all(s, dyn(s).?runAsUser.orValue(1) != 0)",
        "seccomp-not-set": (
            f"{windows}has(variables.podContext.seccompProfile) || "
            + each("has(c.securityContext) && has(c.securityContext.seccompProfile)")
        ),
        "capabilities-not-dropped": windows
        + each(
            f"'ALL' in {context('capabilities.?drop', '[]')} && "
            f"{context('capabilities.?add', '[]')}.all(a, a == 'NET_BIND_SERVICE' || !(a in {strings(CAPABILITIES)}))"
        ),
        "unmasked-proc-mount-in-user-namespace": (
            f"!variables.userNamespace || {unmasked}" if relaxed else "true"
        ),
        "writable-root-filesystem": windows
        + each(f"{context('readOnlyRootFilesystem', 'false')} == true", "lasting"),
    }
    if version >= HOST_PROBES_SINCE:
        rules["host-probe-target"] = each(
            "[dyn(c).?livenessProbe, dyn(c).?readinessProbe, dyn(c).?startupProbe, dyn(c).?lifecycle.?postStart, "
            "dyn(c).?lifecycle.?preStop].all(h, h.?httpGet.?host.orValue('') == '' && "
            "h.?tcpSocket.?host.orValue('') == '')"
        )
    return {name: Cel(admits) for name, admits in rules.items()}


def _images(contexts: dict[str, Context]) -> dict[str, Cel]:
    moving = "|".join(re.escape(tag) for tag in contexts["unpinned-image"].options["movingTags"])
    digest = f"@{DIGEST_PATTERN}$"
    retired = [*RETIRED, *(entry.strip("/") for entry in contexts["retired-registry"].options["retired"])]
    rules = {
        "unpinned-image": (
            f"variables.images.all(i, i.contains('@') || (i.matches({literal(':[^:/]+$')}) && "
            f"!i.lowerAscii().matches({literal(f':({moving})$')})))"
        ),
        "image-without-digest": "variables.images.all(i, i.contains('@'))",
        "malformed-digest": f"variables.images.all(i, !i.contains('@') || i.matches({literal('^[^@]*' + digest)}))",
        "retired-registry": f"variables.images.all(i, !i.lowerAscii().matches({literal('|'.join(map(_registry_pattern, retired)))}))",
    }
    registries = contexts["unapproved-registry"].registries
    if registries:
        allowed = "|".join(_registry_pattern(entry.strip("/")) for entry in registries)
        rules["unapproved-registry"] = f"variables.images.all(i, i.lowerAscii().matches({literal(allowed)}))"
    return {name: Cel(admits) for name, admits in rules.items()}


def _registry_pattern(entry: str) -> str:
    """A pattern for the images of a registry host, or of a path on one."""
    host, _, folder = entry.lower().partition("/")
    if not ("." in host or ":" in host or host == "localhost"):
        host, folder = "docker.io", entry.lower()
    end = f"/{re.escape(folder)}([/:@]|$)" if folder else "/"
    if host in ("docker.io", "index.docker.io", "registry-1.docker.io"):
        unnamed = f"^{re.escape(folder)}([/:@]|$)" if folder else r"^[^/]*$|^[^/.:]+/"
        if folder == "library":  # official images, which have no owner
            unnamed += r"|^[^/]+$"
        return f"^{_HUB}{end}|{unnamed}"
    pattern = r"[^/]*" + re.escape(host[1:]) if host.startswith("*.") else re.escape(host)
    return f"^{pattern}{end}"


def _resources(contexts: dict[str, Context]) -> dict[str, Cel]:
    pod_level = contexts["missing-memory-limit"].version >= POD_LEVEL_SINCE
    rules = {}
    for rule, side, resource in (
        ("missing-cpu-request", "requests", "cpu"),
        ("missing-memory-request", "requests", "memory"),
        ("missing-memory-limit", "limits", "memory"),
        ("missing-ephemeral-storage-limit", "limits", "ephemeral-storage"),
    ):
        if side == "requests" and contexts[rule].options["requireExplicit"]:
            continue  # the API server has copied the limit by then
        rules[rule] = _has_resource(side, resource, side == "requests", pod_level)
    policy = contexts["missing-cpu-limit"].options["policy"]
    if policy == "require":
        rules["missing-cpu-limit"] = _has_resource("limits", "cpu", False, pod_level)
    if policy == "forbid":
        own = each("!('cpu' in dyn(c).?resources.?limits.orValue({}))", "main") + (
            " && variables.init.all(c, dyn(c).?restartPolicy.orValue('') != 'Always' || "
            "!('cpu' in dyn(c).?resources.?limits.orValue({})))"
        )
        whole = "!('cpu' in dyn(variables.pod).?resources.?limits.orValue({}))"
        rules["cpu-limit-set"] = f"{own} && {whole}" if pod_level else own
    return {name: Cel(admits) for name, admits in rules.items()}


def _is_zero(optional: str) -> str:
    """CEL that is true if an optional quantity is absent or zero."""
    return f"quantity({optional}.orValue('0')).compareTo(quantity('0')) == 0"


def _has_resource(side: str, resource: str, or_limit: bool, pod_level: bool) -> str:
    sides = (side, "limits") if or_limit else (side,)
    value = "dyn(c).?resources.?{side}[?'" + resource + "']"
    # A request takes precedence if it is set, even to zero.
    chosen = value.format(side=sides[0]) + (f".or({value.format(side='limits')})" if or_limit else "")
    own = each(f"!({_is_zero(chosen)})", "lasting")
    if not pod_level or resource not in ("cpu", "memory"):
        return own
    of_pod = "dyn(variables.pod).?resources.?{side}[?'" + resource + "']"
    whole = of_pod.format(side=side) + (f".or({of_pod.format(side='limits')})" if side == "requests" else "")
    return f"!({_is_zero(whole)}) || {own}"


def _others() -> dict[str, Cel]:
    return {
        "secret-as-environment": Cel(
            each(
                "dyn(c).?env.orValue([]).all(e, !has(e.valueFrom) || !has(e.valueFrom.secretKeyRef)) && "
                "dyn(c).?envFrom.orValue([]).all(e, !has(e.secretRef))"
            )
        ),
        "unbounded-empty-dir": Cel(
            "variables.volumes.all(v, (has(v.emptyDir) ? (dyn(v.emptyDir).?medium.orValue('') != '' || "
            f"!({_is_zero('dyn(v.emptyDir).?sizeLimit')})) : v.size() > 1))"
        ),
    }
