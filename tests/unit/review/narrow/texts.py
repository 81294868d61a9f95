"""The files that the random repositories consist of, as templates."""

from __future__ import annotations

from string import Template

#: A file with this prefix is a symbolic link to the path after it.
LINK = "-> "
A, B = "a" * 64, "b" * 64

KUSTOMIZATION = "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\n"
COMPONENT = "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\n"
#: Pins the image x; the entry before it is for another image.
IMAGES_WITH_DIGESTS = f"""\
images:
  - name: y
    digest: sha256:{B}
  - name: x
    digest: sha256:{B}
"""
NAMESPACE = Template("apiVersion: v1\nkind: Namespace\nmetadata: {name: $name}\n")
SECRET = "kind: Secret\napiVersion: v1\nmetadata: {name: s}\nstringData: {a: b}\n"
GENERATOR = "apiVersion: builtin\nkind: ConfigMapGenerator\nmetadata: {name: s}\nfiles: [settings.txt]\n"
PREFIX = Template("""\
apiVersion: builtin
kind: PrefixTransformer
metadata: {name: t}
prefix: $prefix-
fieldSpecs: [{path: metadata/name}]
""")
DEPLOYMENT = Template("""\
apiVersion: apps/v1
kind: Deployment
metadata: {name: $name}
spec:
  replicas: $replicas
  selector: {matchLabels: {app: $name}}
  template:
    metadata: {labels: {app: $name}}
    spec:
      containers:
        - name: server
          image: $image$comment
          resources: {limits: {memory: 1Gi$gpu}}
""")
SCALER = Template("""\
---
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: $name}
spec:
  minReplicas: 1
  maxReplicas: 3
  scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: $name}
""")
PATCH = Template("""\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: $name
  annotations: {argocd.argoproj.io/sync-wave: "$wave"}
spec: {template: {spec: {hostNetwork: $host_network}}}
""")
CRD = Template("""\
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: widgets.example.com}
spec:
  group: example.com
  scope: Namespaced
  names: {kind: Widget, plural: widgets}
  versions:
    - name: v1
      served: true
      storage: true
      schema:
        openAPIV3Schema:
          type: object
          properties:
            spec:
              type: object
              properties:
                size: {type: $type}
""")
WIDGET = "---\napiVersion: example.com/v1\nkind: Widget\nmetadata: {name: w}\nspec: {size: 3}\n"
APPLICATION = Template("""\
apiVersion: argoproj.io/v1alpha1
kind: Application
metadata: {name: $name, namespace: argocd}
spec:
  project: $project
  source: {repoURL: https://git.example.com/fleet.git, path: $path, targetRevision: main}
  destination: {namespace: team, server: https://kubernetes.default.svc}
""")
APPLICATION_SET = """\
apiVersion: argoproj.io/v1alpha1
kind: ApplicationSet
metadata: {name: all, namespace: argocd}
spec:
  generators: [{git: {repoURL: https://git.example.com/fleet.git, directories: [{path: 'apps/*/overlays/*'}]}}]
  template:
    metadata: {name: '{{path.basename}}'}
    spec:
      project: fleet
      source: {repoURL: https://git.example.com/fleet.git, path: '{{path}}', targetRevision: main}
      destination: {namespace: team, server: https://kubernetes.default.svc}
"""
CONFIG = Template("""\
environments:
  dev: {paths: ['apps/*/overlays/dev']}
  staging: {paths: ['apps/*/overlays/staging']}
  prod: {paths: ['apps/*/overlays/prod'], gpuBudget: $budget}
exclude: [excluded]
""")
CONFIG_REGO = "rego: {policy: [policies], data: [limits.yaml]}\n"
CONFIG_SCHEMAS = "schemas: [crds/widget.yaml]\n"
CONFIG_WAIVER = """\
waivers:
  - {rule: unpinned-image, object: 'Deployment/*', reason: later, owner: ml, expires: 2999-01-01}
"""
WAIVER_COMMENT = '  # kustodian: allow unpinned-image reason="later" owner=ml expires=2999-01-01'
POLICY = Template("""\
package main

import rego.v1

$kind contains msg if {
  input.kind == "Deployment"
  input.spec.replicas > data.limits.replicas
  msg := "$message"
}
""")


def deployment(name: str, image: str, replicas: int = 1, gpu: str = "", comment: str = "") -> str:
    """A Deployment; `gpu` is appended to its limits, `comment` to the line of its image."""
    return DEPLOYMENT.substitute(name=name, image=image, replicas=replicas, gpu=gpu, comment=comment)


def patch(name: str, wave: int, *, host_network: bool) -> str:
    """A strategic-merge patch of a Deployment."""
    return PATCH.substitute(name=name, wave=wave, host_network=str(host_network).lower())


def application(name: str, project: str, path: str) -> str:
    """An Argo CD Application."""
    return APPLICATION.substitute(name=name, project=project, path=path)
