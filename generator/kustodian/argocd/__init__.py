"""What Argo CD's objects say: Applications, ApplicationSet generators, value files."""
