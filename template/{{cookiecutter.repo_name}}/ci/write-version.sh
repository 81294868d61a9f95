{% set c = cookiecutter %}
{% set first = environments(c) | list | first %}
#!/bin/sh
# Write a new image into the version file of {{ first }}, on a branch of its own, and commit it.
#   ci/write-version.sh IMAGE DIGEST COMMIT     IMAGE without tag; COMMIT is what it was built from
set -eu
image="$1" digest="$2" commit="$3"
case "$digest" in sha256:*) ;; *) echo "the registry gave no digest: $digest" >&2; exit 1 ;; esac
version="$(printf %.12s "$commit")"
# Only this file changes: promotion copies it from here on.
file=overlays/{{ first }}/version.yaml
sed -i \
  -e "s|^  image: .*|  image: $image@$digest|" \
  -e "s|^  version: .*|  version: \"$version\"|" \
{% if c.model_storage == 'baked-in' %}
  -e "s|^  modelRevision: .*|  modelRevision: \"$commit\"|" \
{% endif %}
  "$file"
git switch --create "image/$version"
git commit --message "{{ first }}: image $version" -- "$file"
