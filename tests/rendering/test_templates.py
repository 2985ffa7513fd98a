"""An operator's templates: taken file by file, and a mistake is told with its file and line."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import jinja2
import pytest
from proofs import READER, SIGNER, card, edition, pick, read, recipe

from newsletter.errors import TemplateError
from newsletter.rendering.edition import check
from newsletter.rendering.look import look_in
from newsletter.rendering.sample import sample_cards, sample_recipes
from newsletter.rendering.templates import (
    COMPILED,
    DOCUMENT,
    FILES,
    compile_mjml,
    explain,
    load_sources,
    shipped_templates,
)

#: Each is quick, and they are many: together too much for the minute of the fast ones.
pytestmark = pytest.mark.slow


def shipped(name: str) -> str:
    return (shipped_templates() / name).read_text("utf-8")


def own(folder: Path, name: str, text: str) -> Path:
    """An operator's file; the path to it."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")
    return path


def inserted(name: str, line: int, text: str) -> str:
    """One of our templates with a line more before that one."""
    lines = shipped(name).splitlines(keepends=True)
    return "".join([*lines[: line - 1], text + "\n", *lines[line - 1 :]])


def line_with(name: str, text: str) -> int:
    return next(n for n, line in enumerate(shipped(name).splitlines(), 1) if text in line)


def tried(folder: Path) -> None:
    """What happens before an issue's first message."""
    issue = edition(folder)
    cards = sample_cards()
    try:
        for a_recipe in sample_recipes(SIGNER.key_id):
            check(issue, a_recipe, cards, READER, SIGNER)
    except (jinja2.TemplateError, TypeError, ValueError) as error:
        if explained := explain(error, folder):
            raise explained from error
        raise


def assert_told(folder: Path, path: Path, line: int, *words: str) -> None:
    with pytest.raises(TemplateError) as told:
        tried(folder)
    message = str(told.value)
    assert f"{path}, line {line}: " in message
    assert "\n" not in message
    for word in words:
        assert word in message


def test_our_own_templates_pass() -> None:
    tried(Path("no-such-folder"))


def test_an_operators_file_is_taken_and_the_rest_stays_ours(tmp_path: Path) -> None:
    own(tmp_path, "issue/reason.html", "OURS: {{ reason.words }}")
    tried(tmp_path)
    body = edition(tmp_path).assemble(recipe(pick(1)), {1: card(1)}, READER, SIGNER)
    html, text = read(body)
    assert "OURS: singing bridges" in html
    assert "Because you follow: singing bridges" in text
    sources = load_sources(tmp_path, look_in())
    usual = load_sources(tmp_path / "none", look_in())
    assert {name for name in sources if sources[name] != usual[name]} == {"issue/reason.html"}
    assert set(sources) == {*FILES, COMPILED} - {DOCUMENT}


def test_an_operators_own_file_can_be_included(tmp_path: Path) -> None:
    own(tmp_path, "issue/reason.html", '{% include "issue/why.html" %}')
    own(tmp_path, "issue/why.html", "WHY: {{ reason.words }}")
    html, _ = read(edition(tmp_path).assemble(recipe(pick(1)), {1: card(1)}, READER, SIGNER))
    assert "WHY: singing bridges" in html


def test_a_file_that_nothing_uses_is_told_with_the_name_it_may_have_meant(tmp_path: Path) -> None:
    own(tmp_path, "issue/crad.html", "{% never read")
    with pytest.raises(TemplateError, match=r"crad\.html is used by no template\. Did you mean issue/card\.html\?"):
        load_sources(tmp_path, look_in())


@pytest.mark.parametrize("name", FILES)
def test_a_mistake_in_jinja_names_file_and_line(tmp_path: Path, name: str) -> None:
    path = own(tmp_path, name, f"{shipped(name).rstrip()}\n{{% endwhile %}}\n")
    assert_told(tmp_path, path, shipped(name).rstrip().count("\n") + 2, "endwhile")


@pytest.mark.parametrize("name", [DOCUMENT, "issue/card.html", "issue/issue.txt", "issue/subject.txt"])
def test_an_unknown_filter_names_file_and_line(tmp_path: Path, name: str) -> None:
    line = line_with(name, "newsletter.title" if name in (DOCUMENT, "issue/issue.txt") else "pick.title")
    text = "{{ newsletter.title | shout }}"
    path = own(tmp_path, name, inserted(name, line, f"<mj-raw>{text}</mj-raw>" if name == DOCUMENT else text))
    assert_told(tmp_path, path, line, "shout")


@pytest.mark.parametrize("name", [name for name in FILES if name != DOCUMENT])
def test_an_unknown_variable_names_file_and_line(tmp_path: Path, name: str) -> None:
    path = own(tmp_path, name, f"{shipped(name).rstrip()}\n{{{{ nowhere }}}}\n")
    assert_told(tmp_path, path, shipped(name).rstrip().count("\n") + 2, "'nowhere' is undefined")


@pytest.mark.parametrize("anchor", ["{{ preheader }}", "issue/section.html", "issue/card.html", "issue/foot.html"])
def test_an_unknown_variable_in_the_document_names_the_line_of_the_mjml(tmp_path: Path, anchor: str) -> None:
    line = line_with(DOCUMENT, anchor)
    source = "<mj-raw>{{ nowhere }}</mj-raw>" if anchor == "{{ preheader }}" else "{{ newsletter.nowhere }}"
    text = inserted(DOCUMENT, line, source)
    if anchor != "{{ preheader }}":  # inside the text that includes the file
        lines = shipped(DOCUMENT).splitlines(keepends=True)
        lines[line - 1] = lines[line - 1].replace("{% include", f"{source}\n{{% include", 1)
        text = "".join(lines)
    path = own(tmp_path, DOCUMENT, text)
    assert_told(tmp_path, path, line, "nowhere")


def test_a_missing_include_names_file_and_line(tmp_path: Path) -> None:
    line = line_with(DOCUMENT, "issue/foot.html")
    path = own(tmp_path, DOCUMENT, shipped(DOCUMENT).replace("issue/foot.html", "issue/feet.html"))
    assert_told(tmp_path, path, line, "there is no template 'issue/feet.html'")


def test_an_unclosed_tag_names_file_and_line(tmp_path: Path) -> None:
    line = line_with(DOCUMENT, "issue/head.html")
    text = shipped(DOCUMENT).replace('{% include "issue/head.html" %}</mj-text>', '{% include "issue/head.html" %}')
    path = own(tmp_path, DOCUMENT, text)
    assert_told(tmp_path, path, line + 1, "mismatched tag")


def test_an_unknown_element_names_file_and_line(tmp_path: Path) -> None:
    line = line_with(DOCUMENT, "issue/head.html")
    path = own(tmp_path, DOCUMENT, inserted(DOCUMENT, line, "<mj-txt>x</mj-txt>"))
    assert_told(tmp_path, path, line, "there is no element <mj-txt>")


def test_a_less_than_in_a_tag_of_the_document_names_file_and_line(tmp_path: Path) -> None:
    line = line_with(DOCUMENT, "issue/head.html")
    text = "<mj-raw>{% if issue.count < 5 %}x{% endif %}</mj-raw>"
    path = own(tmp_path, DOCUMENT, inserted(DOCUMENT, line - 2, text))
    assert_told(tmp_path, path, line - 2, "'<' inside", "is lt")


def test_a_value_that_mjml_drops_names_file_and_line(tmp_path: Path) -> None:
    line = line_with(DOCUMENT, "issue/head.html") - 1
    text = shipped(DOCUMENT).replace("<mj-column>", '<mj-column mj-class="{{ issue.name }}">', 1)
    path = own(tmp_path, DOCUMENT, text)
    assert_told(tmp_path, path, line, "MJML drops")


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("issue/card.html", "{% if pick.reason == 'x' %}x{% endif %}", "pick.reason"),
        ("issue/card.html", "{{ pick.sentence | upper }}", "pick.sentence"),
        ("issue/card.html", "{% if pick.rest | length > 3 %}x{% endif %}", "pick.rest"),
        ("issue/outside.html", "{{ 'x' if pick.more else 'y' }}", "pick.more"),
        ("issue/foot.html", "{% if reader.name %}x{% endif %}", "reader.name"),
        ("issue/foot.html", "{% if not reader.address.startswith('a') %}x{% endif %}", "reader.address"),
        ("issue/head.html", "{% if reader.number == '1' %}x{% endif %}", "reader.number"),
        ("issue/reason.html", "{% if reason.words %}x{% endif %}", "reason.words"),
        ("issue/greeting.txt", "{{ reader.name | upper }}", "reader.name"),
        ("issue/issue.txt", "{{ links.leave | fill }}", "links.leave"),
        (DOCUMENT, "<mj-raw>{% if reader.number is odd %}x{% endif %}</mj-raw>", "reader.number"),
    ],
)
def test_a_readers_value_in_a_condition_names_file_and_line(tmp_path: Path, name: str, text: str, value: str) -> None:
    line = 2 if name != DOCUMENT else line_with(DOCUMENT, "<mj-wrapper")
    path = own(tmp_path, name, inserted(name, line, text))
    assert_told(tmp_path, path, line, value, "may only be printed")


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("issue/card.html", "{{ 'a' ~ pick.reason }}{% if pick.sentence and not pick.first %}x{% endif %}"),
        ("issue/card.html", "{% if pick.likes %}{{ pick.sentence }}{{ links.leave }}{% endif %}"),
        ("issue/greeting.html", "{% if not reader.name %}stranger{% endif %}"),
    ],
)
def test_a_readers_value_that_is_only_printed_is_fine(tmp_path: Path, name: str, text: str) -> None:
    own(tmp_path, name, inserted(name, 1, text))
    tried(tmp_path)


def test_a_readers_value_that_is_hidden_and_then_tested_is_found_all_the_same(tmp_path: Path) -> None:
    own(tmp_path, "issue/foot.html", "{% set who = reader.name %}{% if who %}{{ links.leave }}{% endif %}")
    with pytest.raises(TemplateError, match=r"templates' HTML uses a value of the reader's"):
        tried(tmp_path)


def test_a_template_that_is_no_text_is_told(tmp_path: Path) -> None:
    own(tmp_path, "issue/card.html", "").write_bytes(b"Caf\xe9")
    with pytest.raises(TemplateError, match=r"card\.html cannot be read: .*Save it as UTF-8 text"):
        load_sources(tmp_path, look_in())


def test_the_brands_colour_is_put_in_everywhere(tmp_path: Path) -> None:
    own(tmp_path, "issue/reason.html", '<b style="color:#a8401c">{{ reason.words }}</b>')
    sources = load_sources(tmp_path, look_in(brand="#0055aa"))
    assert "#0055aa" in sources["issue/reason.html"]
    assert not re.search("#a8401c|#f0936b", "".join(sources.values()))


def test_compiled_mjml_has_no_remote_fonts_and_keeps_its_conditionals() -> None:
    html = compile_mjml(look_in().apply(shipped(DOCUMENT), "x"), "x")
    assert "fonts.googleapis" not in html
    assert "<!--[if mso" in html
    assert "<mj-" not in html


def test_templates_are_found_inside_an_installed_package(tmp_path: Path) -> None:
    package = Path(__file__).resolve().parents[2] / "newsletter"
    shutil.copytree(package, tmp_path / "newsletter", ignore=shutil.ignore_patterns("__pycache__"))
    ask = "import newsletter.rendering.templates as t; print(t.shipped_templates())"

    def found() -> subprocess.CompletedProcess[str]:
        environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
        return subprocess.run(
            [sys.executable, "-c", ask], capture_output=True, text=True, check=False, env=environment, cwd=tmp_path
        )

    missing = found()
    assert missing.returncode == 1
    assert "TemplateError: The program's own templates are missing" in missing.stderr
    shutil.copytree(shipped_templates(), tmp_path / "newsletter" / "templates")
    assert found().stdout.strip() == str(tmp_path / "newsletter" / "templates")
