"""The table: what a change inside an old finding is, and what it is not."""

from __future__ import annotations

from typing import NamedTuple

from tests.hostile.worse.objects import (
    DIGEST,
    Manifest,
    binding,
    capabilities,
    config_map,
    container,
    deployment,
    environment,
    everyone,
    ingress,
    namespace,
    pod,
    policy,
    resources,
    role,
    rule,
    secret,
    service,
    subject,
    with_context,
)

Content = list[Manifest] | dict[str, str]


class Row(NamedTuple):
    """A rule, and what an overlay contains before and after: objects, or files beside its kustomization.

    `status` is that of the finding which the change adds or makes worse.
    """

    name: str
    rule: str
    before: Content
    after: Content
    status: str = "worse"

    @property
    def folder(self) -> str:
        """The folder of the overlay."""
        return "rows/" + "".join(letter if letter.isalnum() else "-" for letter in self.name)


TOKEN, OTHER = "hf_" + "aB3dE6gH9k" * 3 + "lmnop", "hf_" + "zY7xW4vU1t" * 3 + "srqpo"
ADMINS = [subject("User", name) for name in ("ann", "bob", "cid")]
JAVA = "-Xmx2g -Dstore.password={} -Dlog={}"
SCRIPT = ["sh", "-c", "echo {}\nmysql -p{} -e 'select 1'\n"]


def image(text: str) -> list[Manifest]:
    """A Pod that runs this image."""
    return pod(container(image=text))


def host_path(path: str, *, read_only: bool = True) -> list[Manifest]:
    """A Pod that mounts a path of the node."""
    mount = {"name": "v", "mountPath": "/v", "readOnly": read_only}
    return pod(container(volumeMounts=[mount]), volumes=[{"name": "v", "hostPath": {"path": path}}])


def port(number: int, **fields: str) -> list[Manifest]:
    """A Pod that binds a port of the node."""
    return pod(container(ports=[{"containerPort": 8080, "hostPort": number, **fields}]))


def sysctls(**values: str) -> list[Manifest]:
    """A Pod with kernel parameters; underscores are dots."""
    entries = [{"name": name.replace("_", "."), "value": value} for name, value in values.items()]
    return pod(securityContext={"sysctls": entries})


def command(*words: str) -> list[Manifest]:
    """A Pod that runs a command."""
    return pod(container(command=list(words)))


def says(*messages: str) -> list[Manifest]:
    """A ConfigMap of which the Rego policy of the repository says these messages."""
    return config_map({f"say{index}": message for index, message in enumerate(messages)}, a="b")


def surge(amount: str) -> list[Manifest]:
    """A Deployment whose update starts so many more pods."""
    found = deployment(container(), replicas=10)
    found[0]["spec"]["strategy"] = {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": amount}}
    return found


def volume(**source: Manifest) -> list[Manifest]:
    """A Pod with a volume."""
    return pod(volumes=[{"name": "v", **source}])


def generator(**literals: str) -> dict[str, str]:
    """A secretGenerator with literals, whose Secret a Pod has in its environment."""
    entries = "".join(f"\n      - {key}={value}" for key, value in literals.items())
    return {
        "kustomization.yaml": f"secretGenerator:\n  - name: s\n    literals:{entries}\nresources: [x.yaml]\n",
        "x.yaml": "apiVersion: v1\nkind: Pod\nmetadata: {name: x}\nspec:\n  containers:\n"
        f"    - {{name: c, image: 'registry.example.com/team/app{DIGEST}', envFrom: [{{secretRef: {{name: s}}}}]}}\n",
    }


def two_generators(**literals: str) -> dict[str, str]:
    """The same with a second secretGenerator before the first."""
    files = generator(**literals)
    entry = "secretGenerator:\n  - {name: t, literals: [token=geheim99y]}\n"
    return {**files, "kustomization.yaml": files["kustomization.yaml"].replace("secretGenerator:\n", entry)}


def renamed(manifests: list[Manifest]) -> list[Manifest]:
    """The objects with another name."""
    return [{**each, "metadata": {**each["metadata"], "name": "y"}} for each in manifests]


def from_secret(name: str) -> list[Manifest]:
    """A Pod that needs a Secret."""
    return pod(volumes=[{"name": "v", "secret": {"secretName": name}}])


def probe(number: int) -> list[Manifest]:
    """A Pod whose liveness probe uses a port that the container lacks."""
    check = {"httpGet": {"path": "/", "port": number}}
    return pod(container(ports=[{"containerPort": 8080}], livenessProbe=check))


def killed_after(failures: int) -> list[Manifest]:
    """A Pod with the same liveness and readiness probe; it is killed after so many failures."""
    same = {"httpGet": {"path": "/", "port": 8080}, "periodSeconds": 10}
    return pod(container(
        ports=[{"containerPort": 8080}],
        livenessProbe=same | {"failureThreshold": failures}, readinessProbe=same | {"failureThreshold": 9},
    ))  # fmt: skip


def calls(host: str) -> list[Manifest]:
    """A Pod whose probe calls a host."""
    return pod(container(livenessProbe={"httpGet": {"host": host, "path": "/", "port": 80}}))


def shell(comment: str, password: str) -> list[Manifest]:
    """A Pod that runs a script with a password in it."""
    return command(*SCRIPT[:2], SCRIPT[2].format(comment, password))


def as_one(*names: str, **fields: Manifest) -> list[Manifest]:
    """A Pod with containers of these names, all alike."""
    return pod(*(container(name, **fields) for name in names))


WORSE = (
    Row("another capability", "added-capabilities", capabilities("NET_ADMIN"), capabilities("SYS_ADMIN")),
    Row("every capability", "added-capabilities", capabilities("NET_ADMIN"), capabilities("ALL")),
    Row("capability of two", "added-capabilities", capabilities("NET_ADMIN", "SYS_TIME"),
        capabilities("SYS_ADMIN", "NET_ADMIN"), "new"),
    Row("default capability", "capabilities-not-dropped", capabilities("CHOWN", drop=("ALL",)),
        capabilities("SETUID", drop=("ALL",))),
    Row("fewer dropped", "capabilities-not-dropped", capabilities(drop=("NET_RAW", "SETUID")),
        capabilities(drop=("NET_RAW",))),
    Row("evil1 to evil2", "unapproved-registry", image(f"evil.example.net/one{DIGEST}"),
        image(f"evil.example.net/two{DIGEST}")),
    Row("evil host", "unapproved-registry", image(f"one.example.net/x{DIGEST}"),
        image(f"two.example.net/x{DIGEST}")),
    Row("latest of another", "unpinned-image", image("registry.example.com/team/app:latest"),
        image("registry.example.com/team/miner:latest")),
    Row("no digest of another", "image-without-digest", image("registry.example.com/team/app:1.2"),
        image("registry.example.com/team/miner:1.2")),
    Row("retired image", "retired-registry", image(f"docker.io/bitnami/redis{DIGEST}"),
        image(f"docker.io/bitnami/kafka{DIGEST}")),
    Row("hostPort 22", "host-port", port(8080), port(22)),
    Row("hostPort everywhere", "host-port", port(8080, hostIP="127.0.0.1"), port(8080)),
    Row("sysctl value", "unsafe-sysctls", sysctls(kernel_msgmax="65536"), sysctls(kernel_msgmax="99999999")),
    Row("host path", "host-path-volume", host_path("/var/log"), host_path("/")),
    Row("host path beside", "host-path-volume", host_path("/var/log"), host_path("/var/log2")),
    Row("host path dots", "host-path-volume", host_path("/var/log"), host_path("/var/log/../..")),
    Row("host path written", "host-path-volume", host_path("/var/log"),
        host_path("/var/log", read_only=False)),
    Row("runtime socket", "container-runtime-socket", host_path("/run/containerd"), host_path("/run")),
    Row("nfs server", "restricted-volume-types", volume(nfs={"server": "a", "path": "/"}),
        volume(nfs={"server": "b", "path": "/"})),
    Row("probed host", "host-probe-target", calls("a.example.com"), calls("169.254.169.254")),
    Row("selinux user", "selinux-options", with_context(seLinuxOptions={"user": "a_u"}),
        with_context(seLinuxOptions={"user": "sysadm_u"})),
    Row("one more unset", "run-as-non-root", as_one("a"), as_one("a", "b")),
    Row("one more unfiltered", "seccomp-not-set", as_one("a"), as_one("a", "b")),
    Row("env secret", "literal-secret-in-env", environment(API_TOKEN=TOKEN), environment(API_TOKEN=OTHER)),
    Row("env options", "literal-secret-in-env", environment(JAVA_OPTS=JAVA.format("hunter22x", "a")),
        environment(JAVA_OPTS=JAVA.format("geheim99y", "a"))),
    Row("command secret", "secret-in-command-line", command("app", f"--api-token={TOKEN}"),
        command("app", f"--api-token={OTHER}")),
    Row("script secret", "secret-in-command-line", shell("a", "hunter22x"), shell("a", "geheim99y")),
    Row("second token", "secret-in-config-map", config_map(app__properties=f"a=b\napi.token={TOKEN}\n"),
        config_map(app__properties=f"a=b\napi.token={TOKEN}\nhub.token={OTHER}\n")),
    Row("other token in json", "secret-in-config-map", config_map(a__json=f'{{"token": "{TOKEN}"}}'),
        config_map(a__json=f'{{"token": "{TOKEN}", "hub": {{"password": "{OTHER}"}}}}')),
    Row("Secret key", "plaintext-secret", secret(password="hunter22x"),
        secret(password="hunter22x", token=TOKEN)),
    Row("Secret value", "plaintext-secret", secret(password="hunter22x"), secret(password="geheim99y")),
    Row("generator literal", "plaintext-secret", generator(password="hunter22x"),
        generator(password="geheim99y")),
    Row("unencrypted file", "unencrypted-secret-file", {"s.enc.env": "PASSWORD=hunter22x\n"},
        {"s.enc.env": "PASSWORD=hunter22x\nTOKEN=geheim99y\n"}),
    Row("reads more", "role-reads-secrets", role(rule("core", "secrets", "get")),
        role(rule("core", "secrets", "get list watch"))),
    Row("all verbs", "role-reads-secrets", role(rule("core", "secrets", "get")),
        role(rule("core", "secrets", "*"))),
    Row("all groups", "wildcard-role", role(rule("apps", "*", "get")), role(rule("*", "*", "get"))),
    Row("all names", "wildcard-role", role(rule("core", "secrets", "*", "one")),
        role(rule("core", "secrets", "*"))),
    Row("more verbs", "wildcard-role", role(rule("apps", "*", "get")), role(rule("apps", "*", "get delete"))),
    Row("escalates more", "role-can-escalate", role(rule("rbac.authorization.k8s.io", "roles", "bind")),
        role(rule("rbac.authorization.k8s.io", "roles", "bind escalate"))),
    Row("attaches too", "role-can-exec", role(rule("core", "pods/exec", "create")),
        role(rule("core", "pods/exec pods/attach", "create"))),
    Row("jobs too", "role-creates-workloads", role(rule("apps batch", "deployments", "create")),
        role(rule("apps batch", "deployments jobs", "create"))),
    Row("exec into all", "role-can-exec", role(rule("core", "pods/exec", "create", "one")),
        role(rule("core", "pods/exec", "create"))),
    Row("every host without TLS", "ingress-without-tls", ingress("a.example.com"), ingress("")),
    Row("one more admin", "cluster-admin-binding", binding("ClusterRoleBinding", "cluster-admin", *ADMINS[:1]),
        binding("ClusterRoleBinding", "cluster-admin", *ADMINS[:2])),
    Row("anonymous admin", "anonymous-subject",
        binding("ClusterRoleBinding", "view", subject("Group", "system:unauthenticated")),
        binding("ClusterRoleBinding", "admin", subject("Group", "system:unauthenticated"))),
    Row("foreign admin", "cross-namespace-subject",
        binding("RoleBinding", "view", subject("ServiceAccount", "ci", "ci")),
        binding("RoleBinding", "cluster-admin", subject("ServiceAccount", "ci", "ci"))),
    Row("external IP", "external-ips", service(80, externalIPs=["203.0.113.1"]),
        service(80, externalIPs=["203.0.113.1", "203.0.113.2"])),
    Row("NodePort to LoadBalancer", "exposed-service-type", service(80, type="NodePort"),
        service(80, type="LoadBalancer")),
    Row("exposed port", "exposed-service-type", service(80, type="LoadBalancer"),
        service(80, 22, type="LoadBalancer")),
    Row("policy port", "allow-all-network-policy", policy(everyone(443)), policy(everyone(443, 22))),
    Row("policy all ports", "allow-all-network-policy", policy(everyone(443)), policy(everyone())),
    Row("policy all pods", "allow-all-network-policy",
        policy(everyone(), select={"matchLabels": {"app": "x"}}), policy(everyone())),
    Row("host without TLS", "ingress-without-tls", ingress("a.example.com"),
        ingress("a.example.com", "b.example.com")),
    Row("privileged namespace", "namespace-without-pod-security-label", namespace(enforce="baseline"),
        namespace(enforce="privileged")),
    Row("rego message", "rego/main/deny", says("one"), says("two")),
    Row("second rego message", "rego/main/deny", says("one", "two"), says("two", "three")),
    Row("memory ratio", "excessive-limit-ratio", resources(requests="1Gi", limits="8Gi"),
        resources(requests="1Gi", limits="16Gi")),
    Row("surge", "unbounded-surge", surge("80%"), surge("100%")),
    Row("missing secret", "missing-secret", from_secret("one"), from_secret("two")),
    Row("probe port", "probe-port-not-declared", probe(81), probe(82)),
    Row("killed sooner", "liveness-equals-readiness", killed_after(4), killed_after(2)),
)  # fmt: skip

#: Another place: its finding is new, and counts just the same.
NEW = (
    Row("another host namespace", "host-namespaces", pod(hostNetwork=True), pod(hostNetwork=True, hostPID=True),
        "new"),
    Row("a capability that is not allowed", "added-capabilities", capabilities("NET_BIND_SERVICE"),
        capabilities("SYS_ADMIN"), "new"),
    Row("secrets of one to all", "role-reads-secrets", role(rule("core", "secrets", "get", "one")),
        role(rule("core", "secrets", "*")), "new"),
    Row("another sysctl", "unsafe-sysctls", sysctls(kernel_msgmax="1"), sysctls(kernel_sem="1"), "new"),
    Row("root in the container too", "run-as-root-user", pod(securityContext={"runAsUser": 0}),
        pod(container(securityContext={"runAsUser": 0}), securityContext={"runAsUser": 0}), "new"),
    Row("unconfined too", "seccomp-unconfined", pod(securityContext={"seccompProfile": {"type": "Unconfined"}}),
        pod(container(securityContext={"seccompProfile": {"type": "Unconfined"}}),
            securityContext={"seccompProfile": {"type": "Unconfined"}}), "new"),
    Row("another container", "added-capabilities",
        pod(container("a", securityContext={"capabilities": {"add": ["NET_ADMIN"]}}), container("b")),
        pod(container("a"), container("b", securityContext={"capabilities": {"add": ["NET_ADMIN"]}})), "new"),
    Row("another object", "host-port", port(8080), renamed(port(8080)), "new"),
    Row("a second generator", "plaintext-secret", generator(password="hunter22x"),
        two_generators(password="hunter22x"), "new"),
)  # fmt: skip

NOT_WORSE = (
    Row("capabilities in another order", "added-capabilities", capabilities("NET_ADMIN", "SYS_TIME"),
        capabilities("SYS_TIME", "NET_ADMIN")),
    Row("one capability fewer", "added-capabilities", capabilities("NET_ADMIN", "SYS_TIME"),
        capabilities("SYS_TIME")),
    Row("one capability of ALL", "added-capabilities", capabilities("ALL"), capabilities("NET_ADMIN")),
    Row("more dropped", "capabilities-not-dropped", capabilities(drop=("NET_RAW",)),
        capabilities(drop=("NET_RAW", "SETUID"))),
    Row("containers in another order", "added-capabilities",
        as_one("a", "b", securityContext={"capabilities": {"add": ["NET_ADMIN"]}}),
        as_one("b", "a", securityContext={"capabilities": {"add": ["NET_ADMIN"]}})),
    Row("another field of the container", "privileged-container", with_context(privileged=True),
        pod(container(securityContext={"privileged": True}, workingDir="/"))),
    Row("another field beside the port", "host-port", port(8080), port(8080, protocol="TCP")),
    Row("hostPort on one address", "host-port", port(8080), port(8080, hostIP="127.0.0.1")),
    Row("another moving tag", "unpinned-image", image("registry.example.com/team/app:latest"),
        image("registry.example.com/team/app:main")),
    Row("next tag", "image-without-digest", image("registry.example.com/team/app:1.2"),
        image("registry.example.com/team/app:1.3")),
    Row("next unapproved tag", "unapproved-registry", image("evil.example.net/one:1"),
        image(f"evil.example.net/one{DIGEST}")),
    Row("sysctls in another order", "unsafe-sysctls", sysctls(kernel_msgmax="1", kernel_sem="2"),
        sysctls(kernel_sem="2", kernel_msgmax="1")),
    Row("host path inside", "host-path-volume", host_path("/"), host_path("/var/log")),
    Row("host path only read", "host-path-volume", host_path("/var/log", read_only=False),
        host_path("/var/log")),
    Row("renamed container", "run-as-non-root", as_one("a"), as_one("b")),
    Row("env in another order", "literal-secret-in-env", environment(A="b", API_TOKEN=TOKEN),
        environment(API_TOKEN=TOKEN, A="c")),
    Row("other options", "literal-secret-in-env", environment(JAVA_OPTS=JAVA.format("hunter22x", "a")),
        environment(JAVA_OPTS=JAVA.format("hunter22x", "b"))),
    Row("other word of the command", "secret-in-command-line", command("app", f"--api-token={TOKEN}"),
        command("application", f"--api-token={TOKEN}")),
    Row("other line of the script", "secret-in-command-line", shell("a", "hunter22x"),
        shell("b", "hunter22x")),
    Row("other line of the file", "secret-in-config-map",
        config_map(app__properties=f"a=b\napi.token={TOKEN}\n"),
        config_map(app__properties=f"x=y\n\na=c\napi.token={TOKEN}\n")),
    Row("one token fewer", "secret-in-config-map",
        config_map(app__properties=f"api.token={TOKEN}\nhub.token={OTHER}\n"),
        config_map(app__properties=f"hub.token={OTHER}\n")),
    Row("other key of the json", "secret-in-config-map", config_map(a__json=f'{{"token": "{TOKEN}"}}'),
        config_map(a__json=f'{{"level": "debug", "token": "{TOKEN}"}}')),
    Row("one key of the Secret fewer", "plaintext-secret", secret(password="hunter22x", token=TOKEN),
        secret(token=TOKEN)),
    Row("keys in another order", "plaintext-secret", secret(password="hunter22x", token=TOKEN),
        secret(token=TOKEN, password="hunter22x")),
    Row("another hash in the name", "secret-as-environment", generator(password="hunter22x"),
        generator(password="geheim99y")),
    Row("rules in another order", "role-reads-secrets",
        role(rule("core", "secrets", "get"), rule("core", "pods", "get")),
        role(rule("core", "pods", "get"), rule("core", "secrets", "get"))),
    Row("resources in another order", "role-reads-secrets", role(rule("core", "pods secrets", "get list")),
        role(rule("core", "secrets pods", "list get"))),
    Row("a harmless resource", "role-reads-secrets", role(rule("core", "secrets", "get")),
        role(rule("core", "secrets endpoints", "get"))),
    Row("fewer verbs", "role-reads-secrets", role(rule("core", "secrets", "get list")),
        role(rule("core", "secrets", "get"))),
    Row("one group of all", "wildcard-role", role(rule("*", "*", "get")), role(rule("apps", "*", "get"))),
    Row("some verbs of all", "wildcard-role", role(rule("*", "*", "*", "a")),
        role(rule("*", "*", "get list", "a"))),
    Row("one admin fewer", "cluster-admin-binding", binding("ClusterRoleBinding", "cluster-admin", *ADMINS),
        binding("ClusterRoleBinding", "cluster-admin", *ADMINS[1:])),
    Row("admins in another order", "cluster-admin-binding",
        binding("ClusterRoleBinding", "cluster-admin", *ADMINS),
        binding("ClusterRoleBinding", "cluster-admin", *reversed(ADMINS))),
    Row("anonymous viewer", "anonymous-subject",
        binding("ClusterRoleBinding", "admin", subject("Group", "system:unauthenticated")),
        binding("ClusterRoleBinding", "view", subject("Group", "system:unauthenticated"))),
    Row("one external IP fewer", "external-ips", service(80, externalIPs=["203.0.113.1", "203.0.113.2"]),
        service(80, externalIPs=["203.0.113.2"])),
    Row("LoadBalancer to NodePort", "exposed-service-type", service(80, 22, type="LoadBalancer"),
        service(80, type="NodePort")),
    Row("another field of the Service", "exposed-service-type", service(80, type="NodePort"),
        service(80, type="NodePort", sessionAffinity="ClientIP")),
    Row("fewer ports", "allow-all-network-policy", policy(everyone(443, 22)), policy(everyone(443))),
    Row("fewer pods", "allow-all-network-policy", policy(everyone()),
        policy(everyone(), select={"matchLabels": {"app": "x"}})),
    Row("policy rules in another order", "allow-all-network-policy", policy(everyone(443), everyone(80)),
        policy(everyone(80), everyone(443))),
    Row("one host fewer", "ingress-without-tls", ingress("a.example.com", "b.example.com"),
        ingress("b.example.com")),
    Row("rego messages in another order", "rego/main/deny", says("one", "two"), says("two", "one")),
    Row("one rego message fewer", "rego/main/deny", says("one", "two"), says("two")),
    Row("smaller memory ratio", "excessive-limit-ratio", resources(requests="1Gi", limits="16Gi"),
        resources(requests="1Gi", limits="8Gi")),
    Row("same memory ratio", "excessive-limit-ratio", resources(requests="1Gi", limits="8Gi"),
        resources(requests="2Gi", limits="16Gi")),
    Row("smaller surge", "unbounded-surge", surge("100%"), surge("80%")),
    Row("killed later", "liveness-equals-readiness", killed_after(2), killed_after(4)),
)  # fmt: skip
