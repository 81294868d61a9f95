"""Rules of the topic "secrets"."""

from kustodian.policy.rule import Rule
from kustodian.policy.rules.secrets import (
    literal_secret_in_env,
    plaintext_secret,
    rendered_plaintext_secret,
    secret_as_environment,
    secret_in_command_line,
    secret_in_config_map,
    unencrypted_secret_file,
)

RULES: tuple[Rule, ...] = (
    literal_secret_in_env.RULE,
    secret_in_config_map.RULE,
    secret_in_command_line.RULE,
    plaintext_secret.RULE,
    rendered_plaintext_secret.RULE,
    secret_as_environment.RULE,
    unencrypted_secret_file.RULE,
)
