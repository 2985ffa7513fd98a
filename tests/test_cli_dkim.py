"""`newsletter dkim`: a key, and what to enter in the DNS for it."""

import re
import stat
from datetime import UTC, datetime
from pathlib import Path

import pytest
from commandline import Run, fails
from newsroom import SETTINGS
from signatures import an_issue, dns, verdicts

from newsletter.delivery.dkim import signer_of
from newsletter.delivery.signing_keys import SigningKey, make_key, read_key
from newsletter.settings import load

DOMAIN = "news.example.org"


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Settings alone, in whose folder we stand."""
    (tmp_path / "newsletter.toml").write_text(SETTINGS)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture(autouse=True)
def quick_rsa(monkeypatch: pytest.MonkeyPatch) -> None:
    """An RSA key is found once."""
    from signatures import rsa_key

    monkeypatch.setattr("newsletter.delivery.signing_keys.generate_private_key", lambda *_: rsa_key().private)


def sign_with(project: Path, selector: str) -> None:
    (project / "newsletter.toml").write_text(f'{SETTINGS}[dkim]\nselector = "{selector}"\n')


def month(kind: str) -> str:
    return f"{kind}{datetime.now(UTC):%Y%m}"


def test_a_new_key_is_told_with_its_record_and_signs_when_it_is_named(project: Path, run: Run) -> None:
    before = (project / "newsletter.toml").read_text()
    ran = run("dkim", "new")
    assert ran.status == 0, ran.err
    key = read_key(project, month("s"))
    record = key.record(DOMAIN)
    assert stat.S_IMODE((project / "keys" / f"{key.selector}.pem").stat().st_mode) == 0o600
    lines = ran.out.splitlines()
    assert f"name   {key.selector}._domainkey.{DOMAIN}" in lines
    assert "type   TXT" in lines
    assert f"value  {record.value}" in lines
    assert record.zone_line in lines
    assert "PRIVATE" not in ran.out
    assert "newsletter doctor" in ran.out
    # Nothing signs before the record is known.
    assert (project / "newsletter.toml").read_text() == before
    assert signer_of(load(project), project) is None
    (line,) = re.findall(r"below \[dkim\], set: (.*)", ran.out)
    (project / "newsletter.toml").write_text(f"{before}[dkim]\n{line}\n")
    signer = signer_of(load(project), project)
    assert signer
    assert verdicts(signer.sign(an_issue()), [key]) == [True]


def test_a_key_is_never_written_over(project: Path, run: Run) -> None:
    run("dkim", "new", "--selector", "mine", "--ed25519")
    before = (project / "keys" / "mine.pem").read_bytes()
    fails(run("dkim", "new", "--selector", "mine"), "keys/mine.pem exists already", "--selector")
    assert (project / "keys" / "mine.pem").read_bytes() == before


def test_a_wrong_name_is_told(project: Path, run: Run) -> None:
    fails(run("dkim", "new", "--selector", "../../etc/x"), "is no name for a key")
    assert not (project / "keys").exists()


def test_a_key_of_the_other_kind_signs_beside_the_one_that_signs(project: Path, run: Run) -> None:
    alone = run("dkim", "new", "--ed25519", "--selector", "lonely")
    assert 'set: selector = "lonely"' in alone.out
    assert "Let an RSA key sign too" in alone.out
    rsa = run("dkim", "new")
    assert f'set: selector = "{month("s")}"' in rsa.out
    sign_with(project, month("s"))
    both = run("dkim", "new", "--ed25519")
    assert f'set: selector = "{month("s")}, {month("e")}"' in both.out
    assert "Let an RSA key sign too" not in both.out
    # One of its own kind makes way: keys are changed so.
    sign_with(project, f"{month('s')}, {month('e')}")
    changed = run("dkim", "new", "--selector", "next")
    assert f'set: selector = "{month("e")}, next"' in changed.out


def test_all_keys_are_shown_and_which_of_them_sign(project: Path, run: Run) -> None:
    assert "There is no key" in run("dkim", "show").out
    keys = [make_key(project, selector, "ed25519") for selector in ("new", "old")]
    sign_with(project, "old")
    ran = run("dkim", "show")
    assert ran.status == 0
    assert "new (Ed25519): does not sign." in ran.out
    assert "old (Ed25519): signs." in ran.out
    told = dict(re.findall(r"name   (\S+)\ntype   TXT\nvalue  (.*)", ran.out))
    for key in keys:
        record = key.record(DOMAIN)
        assert told[record.name] == record.value
        assert record.zone_line in ran.out
    assert _verified(project, told, keys[1])


def _verified(project: Path, told: dict[str, str], key: SigningKey) -> bool:
    """Does what was told check what is signed?"""
    assert dns([key])(f"{key.selector}._domainkey.{DOMAIN}.".encode()) == told[f"old._domainkey.{DOMAIN}"].encode()
    signer = signer_of(load(project), project)
    return signer is not None and verdicts(signer.sign(an_issue()), [key]) == [True]


def test_a_key_that_is_missing_or_broken_hides_no_other(project: Path, run: Run) -> None:
    make_key(project, "good", "ed25519")
    (project / "keys" / "broken.pem").write_text("nothing")
    sign_with(project, "gone")
    ran = run("dkim", "show")
    assert ran.status == 3
    assert "good (Ed25519): does not sign." in ran.out
    assert "keys/broken.pem holds no private key" in ran.err
    assert "There is no keys/gone.pem" in ran.err


def test_without_a_newsletter_there_is_no_key(tmp_path: Path, run: Run) -> None:
    fails(run("dkim", "new", "--project", tmp_path / "nowhere"), "There is no newsletter.toml")
    assert not (tmp_path / "nowhere").exists()
