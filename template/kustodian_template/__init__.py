"""The template's own Python: what its hooks and its Jinja templates call.

Needs only what cookiecutter brings (Jinja, PyYAML): `cookiecutter template/` works without Kustodian.
"""
