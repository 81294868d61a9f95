"""The syntax of names, as the API server checks it."""

from __future__ import annotations

import pytest

from kustodian.kubernetes.syntax.names import (
    is_config_key,
    is_dns_1035_label,
    is_dns_label,
    is_dns_subdomain,
    is_env_name,
    is_label_value,
    is_path_segment,
    is_port_name,
    is_qualified_name,
)

OLD, NEW = (1, 31), (1, 32)


@pytest.mark.parametrize(("text", "label", "label_1035", "subdomain"), [
    ("a", True, True, True),
    ("iris-2", True, True, True),
    ("2-iris", True, False, True),
    ("a.b", False, False, True),
    ("a" * 63, True, True, True),
    ("a" * 64, False, False, True),
    ("a." * 126 + "a", False, False, True),
    ("a." * 126 + "aa", False, False, False),
    ("", False, False, False),
    ("-a", False, False, False),
    ("a-", False, False, False),
    ("A", False, False, False),
    ("a_b", False, False, False),
    ("a..b", False, False, False),
    (".a", False, False, False),
    ("a.", False, False, False),
    ("a\n", False, False, False),
    ("é", False, False, False),
])  # fmt: skip
def test_dns_names(text: str, label: bool, label_1035: bool, subdomain: bool) -> None:
    assert is_dns_label(text) is label
    assert is_dns_1035_label(text) is label_1035
    assert is_dns_subdomain(text) is subdomain


@pytest.mark.parametrize(("text", "valid"), [
    ("system:node", True), ("A b", True), ("a.b", True), ("...", True),
    (".", False), ("..", False), ("a/b", False), ("a%2F", False),
])  # fmt: skip
def test_path_segment(text: str, valid: bool) -> None:
    assert is_path_segment(text) is valid


@pytest.mark.parametrize(("text", "valid"), [
    ("app", True),
    ("App_1.x-y", True),
    ("app.kubernetes.io/name", True),
    ("a" * 63, True),
    ("a" * 64, False),
    ("x.io/" + "a" * 63, True),
    ("x.io/" + "a" * 64, False),
    ("a." * 126 + "a/b", True),
    ("a." * 126 + "aa/b", False),
    ("", False),
    ("/name", False),
    ("x.io/", False),
    ("X.io/name", False),
    ("a/b/c", False),
    ("-a", False),
    ("a_", False),
    ("a b", False),
])  # fmt: skip
def test_qualified_name(text: str, valid: bool) -> None:
    assert is_qualified_name(text) is valid


@pytest.mark.parametrize(("text", "valid"), [
    ("", True), ("a", True), ("A_b.c-1", True), ("1.0", True), ("a" * 63, True),
    ("a" * 64, False), ("-a", False), ("a.", False), ("a b", False), ("a/b", False), ("a\n", False),
])  # fmt: skip
def test_label_value(text: str, valid: bool) -> None:
    assert is_label_value(text) is valid


@pytest.mark.parametrize(("text", "valid"), [
    ("http", True), ("h2c", True), ("grpc-web", True), ("1a", True), ("a" * 15, True),
    ("a" * 16, False), ("8080", False), ("8-0", False), ("a--b", False), ("-a", False), ("a-", False), ("HTTP", False), ("", False),
])  # fmt: skip
def test_port_name(text: str, valid: bool) -> None:
    assert is_port_name(text) is valid


@pytest.mark.parametrize(("text", "valid"), [
    ("config.yaml", True), (".hidden", True), ("_A-1", True), ("...", False), ("a..", True), ("a" * 253, True),
    ("a" * 254, False), (".", False), ("..", False), ("..data", False), ("a/b", False), ("", False), ("a b", False),
])  # fmt: skip
def test_config_key(text: str, valid: bool) -> None:
    assert is_config_key(text) is valid


@pytest.mark.parametrize(("text", "old", "new"), [
    ("MODEL_URI", True, True),
    ("a.b-c", True, True),
    ("1A", False, True),
    ("A B", False, True),
    ("A<B>", False, True),
    ("..A", False, True),
    (".", False, True),
    ("A=B", False, False),
    ("=", False, False),
    ("É", False, False),
    ("A\n", False, False),
    ("", False, False),
])  # fmt: skip
def test_env_name(text: str, old: bool, new: bool) -> None:
    assert is_env_name(text, OLD) is old
    assert is_env_name(text, NEW) is new
