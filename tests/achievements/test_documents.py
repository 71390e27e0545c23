"""Documents over HTTP, and the mail that tells a grantee."""

import hashlib
from email import message_from_bytes, policy
from typing import Any

import pytest
from httpx import Response
from sqlalchemy import text

from app.kit.problems import TooLarge
from app.kit.settings import Settings
from tests.achievements.test_achievements import achievement, count, published
from tests.market import Market, User

CONTENT = "证明文件".encode() * 100_000


async def upload(
    user: User, path: str, content: bytes = CONTENT, name: str = "证书.pdf", **form: Any
) -> Response:
    return await user.request(
        "POST",
        path + "/documents",
        files={"file": (name, content, "application/pdf")},
        data=form,
    )


async def test_a_document_comes_back_with_its_hash_as_etag(market: Market) -> None:
    user = await market.join("university")
    shown = await published(user)
    path = f"/achievements/{shown['id']}"
    response = await upload(user, path, audience="public")
    assert response.status_code == 201, response.text
    made = response.json()
    digest = hashlib.sha256(CONTENT).hexdigest()
    assert (made["sha256"], made["size_bytes"]) == (digest, len(CONTENT))
    assert made["media_type"] == "application/pdf"
    assert response.headers["location"] == f"/api/v1{path}/documents/{made['id']}"
    assert (await upload(user, path)).json() == made
    assert (await market.anonymous.get(path + "/documents")).json() == [made]
    got = await market.anonymous.get(f"{path}/documents/{made['id']}")
    assert got.content == CONTENT
    assert got.headers["etag"] == f'"{digest}"'
    assert got.headers["content-length"] == str(len(CONTENT))
    assert got.headers["content-disposition"].startswith("attachment; filename*=UTF-8''%E8%AF")
    same = await market.anonymous.get(
        f"{path}/documents/{made['id']}", headers={"If-None-Match": f'"{digest}"'}
    )
    assert (same.status_code, same.content) == (304, b"")
    assert await count(market, "document") == 1
    async with market.sessions() as session:
        actions = await session.execute(
            text("SELECT after->>'sha256' FROM audit_event WHERE action LIKE '%add_document'")
        )
        assert list(actions.scalars()) == [digest]


async def test_a_restricted_document_is_for_those_allowed_and_logged(market: Market) -> None:
    user = await market.join("university")
    firm = await market.join("enterprise")
    shown = await published(user)
    path = f"/achievements/{shown['id']}"
    made = (await upload(user, path)).json()
    assert made["audience"] == "restricted"
    place = f"{path}/documents/{made['id']}"
    assert (await market.anonymous.get(place)).status_code == 401
    assert (await firm.get(place)).json()["code"] == "details_not_granted"
    assert (await firm.get(path + "/documents")).json() == []
    assert await count(market, "disclosure") == 0
    await user.ok("POST", path + "/grants", {"organisation_id": str(firm.organisation_id)})
    assert (await firm.get(place)).content == CONTENT
    [row] = (await user.get(path + "/disclosures")).json()["items"]
    assert row["document_id"] == made["id"]
    assert row["organisation_id"] == str(firm.organisation_id)
    other = await published(user)
    assert (
        await user.get(f"/achievements/{other['id']}/documents/{made['id']}")
    ).status_code == 404


async def test_nobody_else_uploads_and_bad_files_are_refused(market: Market) -> None:
    user = await market.join("university")
    firm = await market.join("enterprise")
    draft = await user.ok("POST", "/achievements", achievement())
    path = f"/achievements/{draft['id']}"
    assert (await upload(firm, path)).status_code == 404
    assert (await upload(market.anonymous, path)).status_code == 401
    assert (await upload(user, path, b"")).json()["code"] == "document_empty"
    assert (await upload(user, path, name="x" * 201)).json()["code"] == "document_name_needed"
    assert (await upload(user, path, audience="all")).status_code == 422
    await user.ok("GET", path + "/documents")
    assert await count(market, "document") == 0
    named = await upload(user, path, name="../../etc/passwd")
    assert named.json()["name"] == "passwd"


class TestLimit:
    @pytest.fixture
    def settings(self, settings: Settings) -> Settings:
        return settings.model_copy(update={"upload_limit_bytes": 100_000})

    async def test_a_file_beyond_the_limit_is_refused(self, market: Market) -> None:
        user = await market.join("university")
        draft = await user.ok("POST", "/achievements", achievement())
        response = await upload(user, f"/achievements/{draft['id']}")
        assert (response.status_code, response.json()["code"]) == (413, TooLarge.code)
        assert await count(market, "document") == 0


async def test_a_grantee_with_an_address_is_told(market: Market) -> None:
    user = await market.join("university", "清河大学")
    firm = await market.join("enterprise")
    silent = await market.join("enterprise")
    own = f"/organisations/{firm.organisation_id}"
    await firm.patch(own, {"contact": "ip@firm.example"}, '"v2"')
    shown = await published(user)
    for grantee in (firm, silent):
        await user.ok(
            "POST",
            f"/achievements/{shown['id']}/grants",
            {"organisation_id": str(grantee.organisation_id)},
        )
    await market.settle()
    [path] = (market.settings.data_dir / "mail").iterdir()
    message = message_from_bytes(path.read_bytes(), policy=policy.default)
    assert message["To"] == "ip@firm.example"
    content = message.get_body().get_content()
    assert "清河大学" in content
    assert shown["id"] in content
    assert "工艺参数" not in content
