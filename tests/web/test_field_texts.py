"""Labels of fields in refusals: people read them instead of paths."""

import re
from pathlib import Path

import pytest

import app
from app.web.field_texts import field_name

_FIELD = re.compile(r"""field=f?"((?:body|listing)\.[^"]+)\"""")


def test_every_field_that_a_refusal_names_has_a_label() -> None:
    named = {
        path
        for file in Path(app.__path__[0]).rglob("*.py")
        for path in _FIELD.findall(file.read_text(encoding="utf-8"))
    }
    assert len(named) > 100
    unlabelled = {
        path
        for path in named
        if not path.endswith("}")
        and path != "body.1"  # the header of an imported file, which no page takes
        and (field_name(path, "zh") == "" or field_name(path, "en") == "")
    }
    assert unlabelled == set()


@pytest.mark.parametrize(
    ("path", "zh", "en"),
    [
        ("body.credit_code", "统一社会信用代码", "Unified social credit code"),
        ("body.owners.0.share_bp", "份额(第 1 项)", "Share (1)"),
        ("body.ipc.1", "国际专利分类(第 2 项)", "IPC (2)"),
        ("body.values.royalty_bp", "评分项", "Scored terms"),
        ("query.cursor", "", ""),
        ("", "", ""),
    ],
)
def test_a_label_tells_the_place_in_a_list(path: str, zh: str, en: str) -> None:
    assert (field_name(path, "zh"), field_name(path, "en")) == (zh, en)
