"""Whose server takes in an address."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.delivery.providers import is_shared, provider_of


@pytest.mark.parametrize(
    ("address", "provider"),
    [
        ("ada@gmail.com", "gmail.com"),
        ("ada@GoogleMail.com", "gmail.com"),
        ("ada@hotmail.com", "outlook.com"),
        ("ada@hotmail.co.uk", "outlook.com"),
        ("ada@live.fr", "outlook.com"),
        ("ada@live.com.au", "outlook.com"),
        ("ada@msn.com", "outlook.com"),
        ("ada@outlook.de", "outlook.com"),
        ("ada@yahoo.com.br", "yahoo.com"),
        ("ada@yahoo.fr", "yahoo.com"),
        ("ada@ymail.com", "yahoo.com"),
        ("ada@rocketmail.com", "yahoo.com"),
        ("ada@aol.de", "yahoo.com"),
        ("ada@me.com", "icloud.com"),
        ("ada@mac.com", "icloud.com"),
        ("ada@gmx.at", "gmx.net"),
        ("ada@web.de", "gmx.net"),
        ("ada@protonmail.com", "proton.me"),
    ],
)
def test_the_domains_of_one_provider_count_together(address: str, provider: str) -> None:
    assert provider_of(address) == provider
    assert is_shared(provider)


@pytest.mark.parametrize(
    ("address", "provider"),
    [
        ("ada@Example.ORG", "example.org"),
        ("ada@example.org.", "example.org"),
        ("ada@mail.example.org", "mail.example.org"),
        ("ada@yahoo.co.jp", "yahoo.co.jp"),  # another company
        ("ada@live.example.org", "live.example.org"),
        ("ada@outlook.example", "outlook.example"),
        ("ada@notgmail.com", "notgmail.com"),
        ("ada@mygmx.de", "mygmx.de"),
        ('"ada@gmail.com"@example.org', "example.org"),
        ("ada@büro.example", "büro.example"),
    ],
)
def test_everybody_else_stands_for_themselves(address: str, provider: str) -> None:
    assert provider_of(address) == provider
    assert not is_shared(provider)


def test_a_bare_domain_is_understood_too() -> None:
    assert provider_of("hotmail.com") == "outlook.com"


@given(st.text(max_size=100))
def test_a_providers_name_is_its_own_provider(address: str) -> None:
    provider = provider_of(address)
    assert provider_of(provider) == provider
