# Facts of the organisation.
#
# What the policies compare with. A generated repository has its own values here; the policies are the same everywhere.
package organisation

# Images come from these registries; an entry may go down to a path.
registries := ["{{ cookiecutter.registry }}"]

# The domain under which each environment has its host names.
domains := {
{% for name, settings in environments(cookiecutter).items() %}
	"{{ name }}": "{{ settings.domain }}",
{% endfor %}
}
