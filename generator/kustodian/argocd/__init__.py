"""Argo CD objects: Applications, ApplicationSet generators, value files; knows no rule."""
